"""Bodies of requests about samples, batches, quality and publishing."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.contract.answers.dataset import FILTERS
from models.contract.arguments import ExportArguments
from models.fields import (
    HOLDS_SECRETS,
    Chosen,
    Difficulty,
    Filter,
    Flag,
    Identifier,
    Positive,
    Real,
    Shares,
    Text,
    Whole,
)
from models.schemas import Required


class JudgeRequest(BaseModel):
    """Another model that scores samples and rules on their claims of the law; one below `min_score` is rejected."""

    model_config = ConfigDict(extra="forbid")

    provider: Annotated[str, Field(min_length=1)]
    model: Filter = None
    min_score: Real = Field(0.6, ge=0, le=1)


class GenerateRequest(BaseModel):
    """Body of `POST /api/generate`."""

    practice_area: Text = "Contract Law"
    topic: Text = "Formation of Contracts"
    difficulty: str = "intermediate"
    provider: Filter = None
    model: Filter = None
    sample_type: str = "case_analysis"
    jurisdiction: Filter = None
    reasoning_instruction: Filter = Field(None, max_length=4000)
    use_rag: Flag = Field(default=False, description="Stand on provisions of the documents that are here")
    file_ids: Chosen = Field(
        default_factory=tuple, max_length=1_000, description="Only of these documents; implies use_rag"
    )
    judge: JudgeRequest | None = None
    save: Flag = False


# Each sample is a row that is planned at the start, in one commit.
MAX_BATCH = 100_000


class Mix(BaseModel):
    """Target shares of the data set; any positive numbers, a value left out gets none."""

    model_config = ConfigDict(extra="forbid")

    topics: Shares | None = None
    difficulties: Shares | None = None
    sample_types: Shares | None = None


class BatchRequest(BaseModel):
    """Body of `POST /api/generate/batch/start`."""

    target_count: Whole | None = Field(None, ge=1, le=10_000_000)
    count: Whole | None = Field(None, ge=1, le=MAX_BATCH)
    provider: Filter = None
    model: Filter = None
    topic: Filter = None
    difficulty: Filter = None
    jurisdiction: Filter = None
    sample_type: Filter = None
    reasoning_instruction: Filter = Field(None, max_length=4000)
    use_rag: Flag = Field(default=False, description="Stand on provisions of the documents that are here")
    file_ids: Chosen = Field(
        default_factory=tuple, max_length=1_000, description="Only of these documents; implies use_rag"
    )
    smart_mode: Flag = False
    fill_gaps: Flag = Field(default=False, description="Make only the levels that the data set lacks most")
    allow_failover: Flag = True
    providers: Chosen = Field(default_factory=tuple, max_length=50)
    models: Chosen = Field(default_factory=tuple, max_length=200)
    weights: dict[str, Positive] = Field(default_factory=dict, max_length=50)
    mix: Mix | None = None
    judge: JudgeRequest | None = None
    max_cost_usd: Real | None = Field(None, gt=0, allow_inf_nan=False)
    max_tokens_total: Whole | None = Field(None, gt=0)
    max_minutes: Real | None = Field(None, gt=0, allow_inf_nan=False)
    seed: Whole = Field(0, ge=0, lt=2**63)
    origin: Filter = Field(None, max_length=200, description="What asked for it; kept with the batch")

    @model_validator(mode="before")
    @classmethod
    def _limits_are_known(cls, body: object) -> object:
        """Refuse a misspelt limit, since it would cost money; other unknown fields are ignored."""
        names = [str(name) for name in body] if isinstance(body, dict) else []
        unknown = [name for name in names if name.startswith("max_") and name not in cls.model_fields]
        if unknown:
            known = ", ".join(name for name in cls.model_fields if name.startswith("max_"))
            raise ValueError(f"{unknown[0][:40]}: is not a limit of a batch, want one of {known}")
        return body


class PlanRequest(BatchRequest):
    """Body of `POST /api/generate/batch/plan`: what a start takes, and nothing else."""

    model_config = ConfigDict(extra="forbid")


class NamedBatch(BaseModel):
    """Body of requests that must name a batch."""

    model_config = ConfigDict(extra="forbid")

    batch_id: Annotated[str, Field(min_length=1)]


class BatchReference(BaseModel):
    """Body of requests that may name a batch; an empty name is a mistake, not all of them."""

    batch_id: Annotated[str, Field(min_length=1)] | None = None


class NewSample(Required):
    """Body of `POST /api/add`; further fields become columns, those that only the service sets as `imported_…`."""

    jurisdiction: str | None = None
    sample_type: str | None = None


class SampleChange(BaseModel):
    """Body of `PUT /api/sample/<id>`: any fields of a sample, also a new id."""

    model_config = ConfigDict(extra="allow")

    id: Identifier | None = None
    question: Text | None = None
    answer: Text | None = None
    topic: Text | None = None
    difficulty: Difficulty | None = None
    case_citation: Text | None = None
    reasoning: Text | None = None


class SampleIds(BaseModel):
    """Body of `POST /api/samples/download`."""

    sample_ids: list[str] = Field(min_length=1, max_length=100_000)


class BulkFilter(BaseModel):
    """Which samples: all that is given must hold."""

    model_config = ConfigDict(extra="forbid")

    topic: Filter = None
    difficulty: Filter = None
    jurisdiction: Filter = None
    sample_type: Filter = None
    provider: Filter = None
    model: Filter = None
    batch_id: Filter = None
    grounding: Filter = None
    q: Filter = Field(None, description="Words, as in a search")
    field: str = "all"
    ids: list[str] | None = Field(None, max_length=10_000)
    all: Flag = Field(False, description="Every sample, when nothing else is given")

    @model_validator(mode="after")
    def _says_which(self) -> "BulkFilter":
        """Refuse a filter that names nothing: it would be every sample."""
        is_empty = not self.chosen and not self.q and self.ids is None
        if is_empty != self.all:
            raise ValueError("say which samples, or all=true alone for every one")
        return self

    @property
    def chosen(self) -> dict[str, str]:
        """The exact values that are asked for."""
        return {name: value for name in FILTERS if (value := getattr(self, name))}

    @property
    def given(self) -> dict[str, object]:
        """What was given, for the record."""
        return self.model_dump(exclude_unset=True)


class BulkBody(BaseModel):
    """Body of `POST /api/samples/bulk`: `set` or `delete`, one of them."""

    model_config = ConfigDict(extra="forbid")

    filter: BulkFilter
    set: dict[str, str | bool | int | float | None] = Field(default_factory=dict, max_length=100)
    delete: Flag = False
    dry_run: Flag = False
    expect: Whole | None = Field(None, ge=0, description="How many must match; else nothing is changed")

    @model_validator(mode="after")
    def _does_one_thing(self) -> "BulkBody":
        if bool(self.set) == self.delete:
            raise ValueError("give set or delete=true, one of them")
        return self


class UndoBody(BaseModel):
    """Body of `POST /api/samples/bulk/undo`."""

    model_config = ConfigDict(extra="forbid")

    undo: Annotated[str, Field(min_length=1, max_length=100)]


class PushBody(BaseModel):
    """Body of `POST /api/huggingface/push`."""

    model_config = ConfigDict(**HOLDS_SECRETS, extra="forbid")

    token: Filter = None
    repo_name: str = Field("legal-training-dataset", min_length=1, max_length=200)
    format: str = "parquet"
    private: Flag = False
    revision: Filter = Field(
        None, max_length=200, description="Branch to push to, made if it is not there; main by default"
    )
    branch: Filter = Field(None, max_length=200, description="The same as revision")
    create_pr: Flag = Field(default=False, description="Open a pull request to main instead of changing it")
    commit_message: Filter = Field(None, max_length=5000, description="Its first line is the title")
    license: Filter = Field(None, max_length=100, description="Of the Hub's list; by default the card's own is kept")
    license_name: Filter = Field(None, max_length=200, description="Name of a licence that is other")
    license_link: Filter = Field(None, max_length=1000, description="Address of a licence that is other")
    splits: str = ""
    include: str = Field("", description="fit (default), accepted, unlicensed or all, as in an export")
    seed: Whole = Field(0, ge=0, lt=2**63)
    topic: Filter = None
    difficulty: Filter = None
    jurisdiction: Filter = None
    sample_type: Filter = None
    provider: Filter = None
    model: Filter = None
    batch_id: Filter = None
    grounding: Filter = Field(None, description="any (default), partly or grounded: so well or better")

    @model_validator(mode="after")
    def _one_branch_is_named(self) -> "PushBody":
        if self.revision and self.branch and self.revision != self.branch:
            raise ValueError("branch: is not the same as revision; send one of them")
        return self


class ImportBody(BaseModel):
    """JSON body of `POST /api/import`; a file may be sent instead, as it is or in a multipart body.

    Null is as if a field was not sent.
    """

    content: Annotated[str, Field(min_length=1)]
    format: str | None = ""
    on_duplicate: str | None = "error"
    dry_run: Flag | None = False
    mapping: str | None = ""
    encoding: str | None = ""


class CitationText(BaseModel):
    """Body of `POST /api/citations/check`."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=1_000_000)]
    jurisdiction: Literal["uk", "us", "eu", "international"] | None = None


class Review(BaseModel):
    """Body of `POST /api/sample/<id>/review`."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["accept", "reject", "edit"]
    reason: Annotated[Text, Field(max_length=4000)]
    reviewer: Filter = Field(None, max_length=200)
    changes: dict[str, object] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _an_edit_changes_something(self) -> "Review":
        if (self.decision == "edit") != bool(self.changes):
            raise ValueError("changes: give the changed fields with decision edit, and only then")
        return self


class ChatMessageBody(BaseModel):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[Text, Field(max_length=1_000_000)]


class ChatRequest(BaseModel):
    """Body of `POST /api/chat/completions`."""

    provider: Filter = None
    model: Filter = None
    messages: list[ChatMessageBody] = Field(min_length=1, max_length=1000)
    temperature: Real = Field(0.7, ge=0, le=2, allow_inf_nan=False)
    max_tokens: Whole = Field(2000, ge=1, le=1_000_000)
    stream: Flag = False


class ChatTest(BaseModel):
    """Body of `POST /api/chat/test`."""

    provider: Filter = None
    model: Filter = None
    prompt: Annotated[Text, Field(max_length=1_000_000)]
    system_instruction: Filter = None


class NothingNeeded(BaseModel):
    """Body of older requests that take nothing; its content is ignored."""


class FoldBody(BaseModel):
    """Body of `POST /api/dataset/fold`."""

    model_config = ConfigDict(extra="forbid")

    erase: Annotated[Flag, Field(description="Remove what was deleted or replaced from all files at once")] = False


class JobBody(BaseModel):
    """Body of `POST /api/jobs`."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["report", "duplicates", "decontamination", "export"]
    export: ExportArguments | None = Field(None, description="With export: what `GET /api/export` takes")

    @model_validator(mode="after")
    def _only_an_export_takes_more(self) -> "JobBody":
        if self.export is not None and self.kind != "export":
            raise ValueError(f"export: is not taken with kind {self.kind}")
        return self


class NoFields(BaseModel):
    """Body of requests that take nothing."""

    model_config = ConfigDict(extra="forbid")


class LawBody(BaseModel):
    """Body of `POST /api/law`."""

    model_config = ConfigDict(extra="forbid")

    reference: Annotated[Text, Field(max_length=500)] = Field(
        description="Such as legislation.gov.uk/ukpga/2006/46, eur-lex/32016R0679, uscode/17, caselaw/uksc/2015/67"
    )


class RetrieveBody(BaseModel):
    """Body of `POST /api/retrieve`."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[Text, Field(max_length=10_000)]
    top_k: Whole = Field(10, ge=1, le=100)
    file_ids: Chosen | None = Field(None, max_length=1_000, description="Only in these documents")
    jurisdiction: Literal["uk", "us", "eu", "international"] | None = None
    kind: Filter = Field(None, description="Only units of this kind: section, article, paragraph, …")
    min_score: Real = Field(0.0, ge=0, le=1, description="Leave out what scores less")
    explain: Flag = Field(default=False, description="Tell what each leg of the search says")
