"""What enters and leaves the service: samples and requests, as pydantic models.

The columns of `train.parquet` are derived from `Sample`, so that a field stands
in one place.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)

from utils.errors import InputError

ModelT = TypeVar("ModelT", bound=BaseModel)
REQUIRED_FIELDS = ("id", "question", "answer", "topic", "difficulty", "case_citation", "reasoning")
DIFFICULTIES = ("foundational", "basic", "intermediate", "advanced", "expert")


# What every JSON reader and Parquet agree on.
_LARGEST = 2**53


def _clean(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("holds half of a surrogate pair, which is no character; remove it") from None
    if not text.strip():
        raise ValueError("is empty")
    return text


def _blank_to_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _clean_id(text: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise ValueError("holds a control character; remove it")
    return text


def _clean_key(text: str) -> str:
    text = text.strip()
    if any(not 32 < ord(char) < 127 for char in text):
        raise ValueError("holds a space, line break or non-ASCII character; copy the key again")
    return text


def _utc(value: str | None) -> str | None:
    """Bring a time into UTC, so that times can be compared as text."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    except (ValueError, OverflowError):
        raise ValueError("want a time like 2026-11-21T09:30:00+00:00") from None


def _or(default: str) -> Callable[[object], object]:
    """Return what puts *default* in place of nothing."""
    return lambda value: default if value is None or (isinstance(value, str) and not value.strip()) else value


Text = Annotated[str, AfterValidator(_clean)]
Identifier = Annotated[Text, AfterValidator(_clean_id), Field(max_length=500)]
Moment = Annotated[str | None, AfterValidator(_utc)]
Filter = Annotated[str | None, BeforeValidator(_blank_to_none)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Shares = Annotated[dict[str, Positive], Field(min_length=1, max_length=1000)]
Difficulty = Literal["foundational", "basic", "intermediate", "advanced", "expert"]


class Sample(BaseModel):
    """One question with its answer. Columns that we do not know are kept as they came."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: Identifier
    question: Text
    answer: Text
    topic: Text
    difficulty: Difficulty
    case_citation: Text
    reasoning: Text
    jurisdiction: Annotated[str, BeforeValidator(_or("uk"))] = "uk"
    sample_type: Annotated[str, BeforeValidator(_or("case_analysis"))] = "case_analysis"
    batch_id: str | None = None
    provider: str | None = None
    model: str | None = None
    created_at: Moment = None
    updated_at: Moment = None
    tokens_used: int | None = Field(None, ge=0, le=_LARGEST)
    prompt_hash: str | None = None
    thinking: str | None = None
    failover_chain: str | None = None
    citation_verdict: Literal["verified", "unverified", "invalid"] | None = None
    citations: str | None = None
    quality_score: float | None = Field(None, ge=0, le=1)
    quality_issues: str | None = None
    judge_score: float | None = Field(None, ge=0, le=1)
    judgement: str | None = None
    review: Literal["accepted", "rejected"] | None = None

    @model_validator(mode="after")
    def _extra_columns_fit_a_table(self) -> "Sample":
        for name, value in (self.model_extra or {}).items():
            if not name.strip() or name.startswith("_") or not name.isprintable() or len(name) > 100:
                raise ValueError(f"{name[:40]!r} cannot be the name of a column; begin it with a letter")
            if not isinstance(value, str | int | float | bool | None):
                raise ValueError(f"{name}: got {type(value).__name__}, want text, a number, true, false or null")
            # JSON readers turn longer whole numbers into floats, which are others.
            if isinstance(value, int | float) and abs(value) > _LARGEST and float(value).is_integer():
                raise ValueError(f"{name}: got a number of more than 53 bits")
            if isinstance(value, str):
                value.encode("utf-8")
        return self


_NUMBERS: dict[str, type] = {"tokens_used": int, "quality_score": float, "judge_score": float}
COLUMNS: dict[str, type] = {name: _NUMBERS.get(name, str) for name in Sample.model_fields}


class GenerateRequest(BaseModel):
    """Body of `POST /api/generate`."""

    practice_area: str = "Contract Law"
    topic: str = "Formation of Contracts"
    difficulty: str = "intermediate"
    provider: Filter = None
    model: Filter = None
    sample_type: str = "case_analysis"
    jurisdiction: str = "uk"
    reasoning_instruction: Filter = Field(None, max_length=4000)
    save: bool = False


# Each sample is a row that is planned at the start, in one commit.
MAX_BATCH = 100_000


class Mix(BaseModel):
    """Shares that the data set shall come closest to; any positive numbers, a value left out gets none."""

    model_config = ConfigDict(extra="forbid")

    topics: Shares | None = None
    difficulties: Shares | None = None
    sample_types: Shares | None = None


class JudgeRequest(BaseModel):
    """Another model that scores every sample of a batch; below `min_score` (0 to 1) it is rejected."""

    model_config = ConfigDict(extra="forbid")

    provider: Annotated[str, Field(min_length=1)]
    model: Filter = None
    min_score: float = Field(0.6, ge=0, le=1)


class BatchRequest(BaseModel):
    """Body of `POST /api/generate/batch/start`."""

    target_count: int | None = Field(None, ge=1, le=10_000_000)
    count: int | None = Field(None, ge=1, le=MAX_BATCH)
    provider: Filter = None
    model: Filter = None
    topic: Filter = None
    difficulty: Filter = None
    jurisdiction: Filter = None
    sample_type: Filter = None
    reasoning_instruction: Filter = Field(None, max_length=4000)
    smart_mode: bool = False
    allow_failover: bool = True
    providers: tuple[str, ...] = Field((), max_length=50)
    models: tuple[str, ...] = Field((), max_length=200)
    weights: dict[str, Positive] = Field(default_factory=dict, max_length=50)
    mix: Mix | None = None
    judge: JudgeRequest | None = None
    max_cost_usd: float | None = Field(None, gt=0, allow_inf_nan=False)
    max_tokens_total: int | None = Field(None, gt=0)
    max_minutes: float | None = Field(None, gt=0, allow_inf_nan=False)
    seed: int = Field(0, ge=0, lt=2**63)


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


class SampleIds(BaseModel):
    """Body of `POST /api/samples/download`."""

    sample_ids: list[str] = Field(default_factory=list, max_length=100_000)


class PushBody(BaseModel):
    """Body of `POST /api/huggingface/push`."""

    token: Filter = None
    repo_name: str = Field("legal-training-dataset", min_length=1, max_length=200)
    format: str = "parquet"
    private: bool = False
    license: str = Field("unknown", max_length=100)
    splits: str = ""
    include: str = ""
    seed: int = Field(0, ge=0, lt=2**63)
    topic: Filter = None
    difficulty: Filter = None
    jurisdiction: Filter = None
    sample_type: Filter = None
    provider: Filter = None
    model: Filter = None
    batch_id: Filter = None


class CitationText(BaseModel):
    """Body of `POST /api/citations/check`."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=1_000_000)]
    jurisdiction: Literal["uk", "us", "eu", "international"] | None = None


class Review(BaseModel):
    """Body of `POST /api/sample/<id>/review`."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["accept", "reject", "edit"]
    reason: Annotated[str, AfterValidator(_clean), Field(max_length=4000)]
    reviewer: Filter = Field(None, max_length=200)
    changes: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _an_edit_changes_something(self) -> "Review":
        if (self.decision == "edit") != bool(self.changes):
            raise ValueError("changes: give the changed fields with decision edit, and only then")
        return self


ProviderId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
ApiKey = Annotated[str, AfterValidator(_clean_key), Field(min_length=1, max_length=1000)]
Limit = Annotated[int, Field(gt=0, le=_LARGEST)]
Url = Annotated[str, Field(min_length=8, max_length=2000)]
Name = Annotated[Text, AfterValidator(_clean_id), Field(max_length=200)]


class NewProvider(BaseModel):
    """Body of `POST /api/providers`: an OpenAI-compatible provider."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    base_url: Url
    id: ProviderId | None = None
    api_key: ApiKey | None = None
    requests_per_minute: Limit | None = None
    tokens_per_minute: Limit | None = None
    default_model_id: Name | None = None


class ProviderChange(BaseModel):
    """Body of `PUT /api/providers/<id>`; null brings the catalogue's value back."""

    name: Name | None = None
    base_url: Url | None = None
    enabled: bool | None = None
    requests_per_minute: Limit | None = None
    tokens_per_minute: Limit | None = None
    default_model_id: Name | None = None
    champion_model_id: Name | None = None
    extra_config: dict[str, JsonValue] | None = None


class ProviderConfigChange(BaseModel):
    """Body of `PUT /api/providers/<id>/config`; null or empty removes what is stored."""

    api_key: Annotated[ApiKey | None, BeforeValidator(_blank_to_none)] = None
    config: dict[str, JsonValue] | None = None


class ProviderTest(BaseModel):
    """Body of `POST /api/providers/<id>/test`."""

    model_config = ConfigDict(extra="forbid")

    model: Filter = None


class ModelChange(BaseModel):
    """Body of `PUT /api/models/<id>`; null brings the catalogue's value back."""

    provider_id: Filter = None
    display_name: Name | None = None
    enabled: bool | None = None
    fallback_priority: int | None = Field(None, ge=0, le=10_000)
    max_tokens: Limit | None = None
    context_window: Limit | None = None
    supports_json_schema: bool | None = None
    is_thinking_model: bool | None = None
    extra_config: dict[str, JsonValue] | None = None


class ModelReference(BaseModel):
    """Body of `POST /api/models/<id>/toggle`."""

    provider_id: Filter = None


class ModelPriority(BaseModel):
    """Body of `PUT /api/models/<id>/priority`: one of the two names."""

    provider_id: Filter = None
    fallback_priority: int | None = Field(None, ge=0, le=10_000)
    priority: int | None = Field(None, ge=0, le=10_000)


class ModelOrder(BaseModel):
    """Body of `POST /api/models/reorder`."""

    provider_id: Annotated[str, Field(min_length=1)]
    model_order: list[str] = Field(min_length=1, max_length=10_000)


class NoFields(BaseModel):
    """Body of requests that take nothing."""

    model_config = ConfigDict(extra="forbid")


def validated(model: type[ModelT], values: object) -> ModelT:
    """Build *model* from what a caller sent.

    Raises:
        InputError: every fault in one sentence, with the field's name and what was got.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InputError("; ".join(_fault(item) for item in error.errors(include_url=False))) from None


def validated_day(name: str, text: str) -> str:
    """Return *text* as a day ("2026-11-21"), or "" for none; InputError when it is neither."""
    text = text.strip()
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise InputError(f"{name}: got {text[:40]!r}, want a day like 2026-11-21") from None


def new_sample(values: dict[str, Any]) -> Sample:
    """Build a sample from outside; names all missing or empty fields at once.

    Raises:
        InputError: a required field is missing or empty, or a value is unusable.
    """
    missing = [name for name in REQUIRED_FIELDS if _is_empty(values.get(name))]
    if missing:
        raise InputError(f"Missing required fields: {', '.join(missing)}")
    return validated(Sample, values)


def changed_fields(changes: dict[str, Any]) -> dict[str, Any]:
    """Check the fields of an update by themselves: what the sample holds besides need not be of our making.

    Raises:
        InputError: a required field would become empty, or a value is unusable.
    """
    return {name: value for name, value in new_sample({**_ANY, **changes}).model_dump().items() if name in changes}


_ANY = {**dict.fromkeys(REQUIRED_FIELDS, "-"), "difficulty": "basic"}


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _fault(item: Any) -> str:
    name = ".".join(str(part) for part in item["loc"]) or "body"
    message = item["msg"].removeprefix("Value error, ")
    got = item.get("input")
    shown = f" (got {str(got)[:80]!r})" if isinstance(got, str | int | float | bool) or got is None else ""
    return f"{name}: {message}{shown}"
