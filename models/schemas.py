"""The sample as it enters and leaves the service; requests and answers are in `models/contract/`.

The columns of `train.parquet` are derived from `Sample`, so that each field is
defined once.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from models.fields import (
    LARGEST,
    Characters,
    Difficulty,
    Identifier,
    Moment,
    Real,
    Text,
    Whole,
    blank_to_none,
    default_for,
    validated,
)
from models.sizes import CELL_BYTES, FILE_COLUMNS, ROW_BYTES, oversize, told
from utils.control_characters import put_right
from utils.errors import InputError


class Required(BaseModel):
    """The fields that every sample must have."""

    model_config = ConfigDict(extra="allow")

    id: Identifier
    question: Text
    answer: Text
    topic: Text
    difficulty: Difficulty
    case_citation: Characters  # some samples cite nothing
    reasoning: Text


REQUIRED_FIELDS = tuple(Required.model_fields)
_MAY_BE_EMPTY = "case_citation"


class Described(BaseModel):
    """What else a sample has. Extra columns are kept as they came."""

    model_config = ConfigDict(extra="allow", frozen=True)

    jurisdiction: Annotated[str, BeforeValidator(default_for("uk"))] = "uk"
    sample_type: Annotated[str, BeforeValidator(default_for("case_analysis"))] = "case_analysis"
    batch_id: str | None = None
    provider: str | None = None
    model: str | None = None
    created_at: Moment = None
    updated_at: Moment = None
    tokens_used: Whole | None = Field(None, ge=0, le=LARGEST)
    prompt_hash: str | None = None
    thinking: str | None = None
    failover_chain: str | None = None
    citation_verdict: Literal["verified", "unverified", "invalid"] | None = None
    citations: str | None = None
    quality_score: Real | None = Field(None, ge=0, le=1)
    quality_issues: str | None = None
    judge_score: Real | None = Field(None, ge=0, le=1)
    judgement: str | None = None
    review: Literal["accepted", "rejected"] | None = None
    grounding: Literal["grounded", "partly", "none"] | None = None
    sources: str | None = None
    thinking_source: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_of_bearable_size(cls, values: object) -> object:
        """Check the sizes before anything else is done with the values; then put their texts right."""
        if not isinstance(values, dict):
            return values
        if len(values) > FILE_COLUMNS:
            raise ValueError(f"holds {len(values)} fields, want at most {FILE_COLUMNS}")
        if problem := too_large(values):
            raise ValueError(problem)
        return {name: _put_right(name, value) for name, value in values.items()}

    @model_validator(mode="after")
    def _extra_columns_fit_a_table(self) -> Self:
        for name, value in (self.model_extra or {}).items():
            if not name.strip() or name.startswith("_") or not name.isprintable() or len(name) > 100:
                raise ValueError(f"{name[:40]!r} cannot be the name of a column; begin it with a letter")
            if not isinstance(value, str | int | float | bool | None):
                raise ValueError(f"{name}: got {type(value).__name__}, want text, a number, true, false or null")
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name}: got {value}, want a number that JSON can hold")
            # JSON readers turn longer integers into floats, which lose digits.
            if (
                isinstance(value, int | float)
                and abs(value) > LARGEST
                and (isinstance(value, int) or value.is_integer())
            ):
                raise ValueError(f"{name}: got a number of more than 53 bits")
            if isinstance(value, str):
                value.encode("utf-8")
        return self


class Sample(Described, Required):
    """One question with its answer."""


class ForeignSample(Described):
    """A sample that others made: only question and answer must say something."""

    id: Identifier
    question: Text
    answer: Text
    topic: Text
    difficulty: Text
    case_citation: Characters
    reasoning: Characters


def _put_right(name: object, value: object) -> object:
    return put_right(value) if isinstance(value, str) and name != "id" else value  # an id is refused, not changed


_NUMBERS: dict[str, type] = {"tokens_used": int, "quality_score": float, "judge_score": float}
COLUMNS: dict[str, type] = {name: _NUMBERS.get(name, str) for name in Sample.model_fields}


def new_sample(values: Mapping[str, object]) -> Sample:
    """Build a sample from outside; names all missing or empty fields at once.

    A citation may be sent empty: some samples cite nothing.

    Raises:
        InputError: a required field is missing or empty, or a value is unusable.
    """
    needed = [name for name in REQUIRED_FIELDS if name != _MAY_BE_EMPTY or not isinstance(values.get(name), str)]
    missing = [name for name in needed if blank_to_none(values.get(name)) is None]
    if missing:
        raise InputError(f"Missing required fields: {', '.join(missing)}")
    return validated(Sample, dict(values))


def foreign_sample(values: Mapping[str, object]) -> ForeignSample:
    """Build a sample of a file of others, whose missing fields were filled in (`foreign_fields.completed`).

    Raises:
        InputError: it has no question or no answer, or a value is unusable.
    """
    if missing := [name for name in ("question", "answer") if blank_to_none(values.get(name)) is None]:
        raise InputError(f"Missing required fields: {', '.join(missing)}")
    return validated(ForeignSample, dict(values))


def stamped(fields: dict[str, object]) -> dict[str, object]:
    """Return the *fields* of a new sample with the time of its last change: that of its creation."""
    return {**fields, "updated_at": fields.get("updated_at") or fields.get("created_at")}


def changed_fields(changes: Mapping[str, object]) -> dict[str, object]:
    """Check only the fields of an update: the sample's other values may come from outside.

    Raises:
        InputError: a required field would become empty, or a value is unusable.
    """
    if emptied := [name for name in REQUIRED_FIELDS if name in changes and blank_to_none(changes[name]) is None]:
        raise InputError(f"Missing required fields: {', '.join(emptied)}")
    return {name: value for name, value in new_sample({**_ANY, **changes}).model_dump().items() if name in changes}


_ANY = {**dict.fromkeys(REQUIRED_FIELDS, "-"), "difficulty": "basic"}


def too_large(values: Mapping[str, object]) -> str:
    """Return what is too large in a sample, or ""."""
    total = 0
    for name, value in values.items():
        size_bytes = _bytes_of(value)
        if size_bytes > CELL_BYTES:
            return oversize(name, size_bytes)
        total += len(name) + size_bytes
    return f"the sample holds {told(total)}, want at most {told(ROW_BYTES)} (4 MiB)" if total > ROW_BYTES else ""


def bytes_of(values: Mapping[str, object]) -> int:
    """Return the size of a sample in bytes, including the names of its columns."""
    return sum(len(name) + _bytes_of(value) for name, value in values.items())


def _bytes_of(value: object) -> int:
    """Return the size of a sample's value in bytes."""
    if not isinstance(value, str):
        return 8
    # At most four bytes per character: short text need not be encoded to be measured.
    return len(value) if 4 * len(value) <= CELL_BYTES else len(value.encode("utf-8", "surrogatepass"))
