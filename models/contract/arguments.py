"""Query arguments of requests. An argument without a value counts as absent."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.contract.answers.batches import BatchState
from models.contract.answers.dataset import FILTERS
from models.contract.answers.grounding import DocumentState
from models.contract.answers.leaderboard import MeasureName
from models.fields import HOLDS_SECRETS, LARGEST, Whole

Count = Annotated[int, Field(ge=0, le=LARGEST)]
Id = Annotated[int, Field(ge=0, le=2**63 - 1)]
Words = Annotated[str, Field(max_length=2_000)]


class NoArguments(BaseModel):
    """For endpoints that take no arguments."""

    model_config = ConfigDict(extra="forbid")


class Filters(BaseModel):
    """Exact values that samples must have."""

    topic: str = ""
    difficulty: str = ""
    jurisdiction: str = ""
    sample_type: str = ""
    provider: str = ""
    model: str = ""
    batch_id: str = ""
    grounding: str = Field("", description="grounded, partly or none")

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that are set."""
        return {name: value for name in FILTERS if (value := getattr(self, name))}


class SampleQueryArguments(Filters):
    """`GET /api/data`."""

    limit: Count | None = Field(None, description="Most samples to return; all by default")
    offset: Count = 0
    sort: str = Field("", description="newest, oldest, longest, shortest, or a column; a leading - reverses it")
    cursor: str = Field("", description="Where the previous page ended (X-Next-Cursor, next_cursor)")


class SampleName(BaseModel):
    """`GET`, `PUT` and `DELETE /api/sample`."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, description="The sample's id, escaped as any argument")]


class PageArguments(SampleQueryArguments):
    """`GET /api/samples/filter`."""

    limit: Annotated[int, Field(ge=0, le=10_000)] = 100


class RandomArguments(Filters):
    """`GET /api/samples/random`."""

    count: Annotated[int, Field(ge=-LARGEST, le=LARGEST)] = 5
    seed: Count | None = Field(None, description="The same seed draws the same samples")


class SearchArguments(Filters):
    """`GET /api/search`."""

    q: str = Field(
        "", description="Words; each must occur; required", json_schema_extra={"minLength": 1, "pattern": r"\S"}
    )
    field: str = Field("all", description="all, question, answer, topic, case_citation or reasoning")
    limit: Annotated[int, Field(ge=0, le=10_000)] = 100
    sort: str = Field("newest", description="newest or relevance")
    snippets: bool = False


class QueueArguments(Filters):
    """`GET /api/review/queue`."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=0, le=1_000)] = 50
    offset: Count = 0


class BrowseArguments(Filters):
    """A page of the list of samples, as people look through it."""

    review: Literal["", "waiting", "accepted", "rejected"] = ""
    verdict: Literal["", "verified", "unverified", "invalid", "none"] = Field(
        "", description="Worst verdict on the citations; none: nothing is cited"
    )
    q: Words = Field("", description="Words; each must occur")
    sort: str = Field("", description="As in a list; with words: newest or relevance")
    size: Annotated[int, Field(ge=1, le=100)] = 50
    page: Annotated[int, Field(ge=1, le=LARGEST)] = 1

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that are set, by column."""
        more = {"review": self.review, "citation_verdict": self.verdict}
        return {**super().chosen, **{name: value for name, value in more.items() if value}}


class ReportArguments(BaseModel):
    """`GET /api/quality/report`."""

    model_config = ConfigDict(extra="forbid")

    renew: bool = False


class LeaderboardArguments(Filters):
    """`GET /api/leaderboard`."""

    model_config = ConfigDict(extra="forbid")

    batches: str = Field("", max_length=2_000, description="Ids of batches, comma-separated: only what they made")
    since: str = Field("", description="A day, such as 2026-11-21: samples made, and batches begun, from then on")
    sort: MeasureName = Field("accepted", description="The measure by which the best is first")

    @property
    def named(self) -> list[str]:
        """The ids of batches."""
        return [name for part in self.batches.split(",") if (name := part.strip())]


class TopicArguments(BaseModel):
    """`GET /api/topics`."""

    jurisdiction: str = Field("", description="uk (default), us, eu, international or all")


class StatusArguments(BaseModel):
    """`GET /api/generate/batch/status`."""

    batch_id: str = ""


class HistoryArguments(BaseModel):
    """`GET /api/generate/batch/history`."""

    limit: Count | None = None
    offset: Count = 0
    status: BatchState | None = None


class StreamArguments(BaseModel):
    """`GET /api/generate/batch/stream`."""

    model_config = HOLDS_SECRETS

    access_token: str = Field("", description="For browsers' EventSource, which cannot send the header")


class GraphArguments(BaseModel):
    """`GET /api/agents/graph`."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "svg"] | None = None


class RunArguments(StreamArguments):
    """`GET /api/runs/<id>/events`."""

    after: Id = Field(0, description="Number of the last event received; the header Last-Event-ID goes before it")


class EventArguments(BaseModel):
    """`GET /api/batches/<id>/events` and `GET /api/providers/events`."""

    model_config = ConfigDict(extra="forbid")

    after: Id = Field(0, description="Id of the last event received")
    limit: Count | None = None


class UsageArguments(BaseModel):
    """`GET /api/usage`."""

    model_config = ConfigDict(extra="forbid")

    by: str = Field("", description="Some of day, provider, model, batch, comma-separated; all by default")
    since: str = Field("", description="A day, such as 2026-11-21")
    batch_id: str | None = None


class JobsArguments(BaseModel):
    """`GET /api/jobs`."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["report", "duplicates", "decontamination", "export"]
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class ExportArguments(Filters):
    """`GET /api/export`."""

    model_config = ConfigDict(extra="forbid")

    grounding: str = Field(
        "", description="any (default), partly or grounded: samples that stand on law so well or better"
    )

    format: str = Field(
        "jsonl",
        description="parquet, jsonl, json, csv, messages, sharegpt, alpaca, prompts, argilla, label_studio,"
        " preferences, preference_messages or preference_openai",
    )
    fields: str = Field("", description="Columns, comma-separated")
    system_prompt: str = ""
    reasoning: str = Field(
        "omit", description="omit, answer or think; think keeps the model's own thoughts in flat formats"
    )
    split: str = Field("", description="train, validation or test")
    splits: str = Field("", description="Shares of the three splits, such as 0.9,0.05,0.05")
    seed: Whole = Field(0, ge=0, lt=2**53)
    data_version: str = ""
    include: str = Field(
        "",
        description="accepted: only samples that a reviewer accepted; unlicensed: also samples that stand on documents"
        " whose licence does not allow it or is not known;"
        " all: these, samples with invalid citations, and rejected ones",
    )


# However it is encoded, it fits into a request line.
MAPPING_CHARS = 600


class ImportArguments(BaseModel):
    """`POST /api/import` with a file as the body; a multipart or JSON body holds these itself."""

    format: str = Field("", description="jsonl, json, csv, tsv, xlsx or parquet; detected by default")
    encoding: str = Field("", max_length=40, description="Of a text, such as cp1252; detected by default")
    on_duplicate: str = Field("error", description="error, skip or replace")
    dry_run: bool = False
    name: str = ""
    mapping: str = Field(
        "", max_length=MAPPING_CHARS, description="Columns of the fields, such as question:prompt,answer:completion"
    )


class ProviderArguments(BaseModel):
    """`GET /api/providers/all`."""

    include_models: bool = True


class ModelArguments(BaseModel):
    """`GET /api/models/all`."""

    provider: str = ""
    enabled_only: bool = False


class ModelChoice(BaseModel):
    """Picks between models of the same id."""

    provider_id: str = ""


class UploadArguments(BaseModel):
    """`POST /api/files/upload`."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", description="Name of the file, where it is the body itself")
    title: str = Field(
        "", max_length=500, description="Citations resolve by it; by default what the file, its first line or name says"
    )
    licence: str = Field("", max_length=100, description="Such as ogl-uk-3.0, cc-by-4.0, public-domain, own")
    jurisdiction: str = Field("", max_length=100, description="uk, us, eu or international")
    version: str = Field("", max_length=100, description="State of the text, as 2024-01-31")
    url: str = Field("", max_length=2000, description="Where it can be read")
    wait: bool = Field(
        default=False, description="Answer when it is read and its words find it, after ten minutes at the latest"
    )


class DocumentsArguments(BaseModel):
    """`GET /api/files`."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=0, le=1_000)] = 100
    offset: Count = 0
    status: DocumentState | None = None
    jurisdiction: str = ""


class PartsArguments(BaseModel):
    """`GET /api/files/<id>/pages` and `/chunks`."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=0, le=1_000)] = 100
    offset: Count = 0
