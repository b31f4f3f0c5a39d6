"""The queries that there are. Nothing else can be asked of the data set in words, and no text becomes part of one.

A value of a query is a name of the vocabulary, a number, or a word to be found in topics; all are bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeAlias

from models.contract.answers.dataset import FilterName
from services.assistant.vocabulary import Naming

Group: TypeAlias = Literal[
    "topic", "practice_area", "difficulty", "sample_type", "jurisdiction", "provider", "model", "grounding", "batch_id",
    "day", "citation_verdict", "review",
]  # fmt: skip
Measure: TypeAlias = Literal["quality_score", "question_chars", "answer_chars", "reasoning_chars", "answer_words"]
Order: TypeAlias = Literal["newest", "oldest", "longest", "shortest"]
Lack: TypeAlias = Literal["", "authority", "reasoning", "grounding"]
Verdict: TypeAlias = Literal["", "verified", "unverified", "invalid"]
Review: TypeAlias = Literal["", "accepted", "rejected", "unreviewed"]
SpendGroup: TypeAlias = Literal["", "day", "provider", "model", "batch"]
FEW, MOST = 10, 100


@dataclass(frozen=True, slots=True)
class Part:
    """Which samples: all that is set must hold.

    Attributes:
        values: Values of a column; one of them is enough.
        excluded: Values of a column that no sample of it has; a sample without a value is none of them.
        about: Phrases of which one must stand in the topic, each of its words at the beginning of a word there.
        lacks: What the samples are without.
        verdict: The worst verdict on their citations.
        min_score, max_score: Bounds of the quality score, included.
    """

    values: Mapping[Naming, tuple[str, ...]] = field(default_factory=dict)
    excluded: Mapping[Naming, tuple[str, ...]] = field(default_factory=dict)
    about: tuple[str, ...] = ()
    lacks: Lack = ""
    verdict: Verdict = ""
    review: Review = ""
    min_score: float | None = None
    max_score: float | None = None

    @property
    def is_all(self) -> bool:
        """Whether it is the whole data set."""
        return self == Part()

    @property
    def exact(self) -> dict[FilterName, str] | None:
        """The same as filters of the API; None where those cannot say it."""
        if Part(values=self.values) != self:
            return None
        found: dict[FilterName, str] = {}
        for name, values in self.values.items():
            if name == "practice_area" or len(values) != 1:
                return None
            found[name] = values[0]
        return found


@dataclass(frozen=True, slots=True)
class Count:
    """How many samples."""

    of: Part = field(default_factory=Part)


@dataclass(frozen=True, slots=True)
class ListSamples:
    """Samples one by one."""

    of: Part = field(default_factory=Part)
    limit: int = FEW
    order: Order = "newest"


@dataclass(frozen=True, slots=True)
class WorstRows:
    """Samples by their quality score, the lowest first; the highest first where `best`."""

    of: Part = field(default_factory=Part)
    limit: int = FEW
    best: bool = False


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """How many samples each value of a column has; the rarest first where `fewest`."""

    by: Group
    of: Part = field(default_factory=Part)
    fewest: bool = False
    limit: int = MOST


@dataclass(frozen=True, slots=True)
class ThinnestCells:
    """The pairs of topic and difficulty with the fewest samples, also those of the catalogue with none."""

    of: Part = field(default_factory=Part)
    limit: int = FEW


@dataclass(frozen=True, slots=True)
class Averages:
    """The mean of a measure, of all or by a column."""

    measure: Measure = "quality_score"
    by: Group | None = None
    of: Part = field(default_factory=Part)


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Samples that are nearly the same as another."""

    limit: int = FEW


@dataclass(frozen=True, slots=True)
class Spend:
    """What calls of models used, in tokens and US dollars."""

    by: SpendGroup = ""


DatasetQuery: TypeAlias = Count | ListSamples | WorstRows | GroupCounts | ThinnestCells | Averages | Duplicates | Spend
EXAMPLES: tuple[str, ...] = (
    "how many UK samples do we have per difficulty",
    "which expert samples on trusts lack an authority",
    "show the 5 worst samples on contract law",
    "where is the data thinnest",
    "average score by model",
    "which samples have invalid citations",
    "how many tokens did we use by provider",
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A question that was understood.

    Attributes:
        text: As it was asked.
        unused: Words of it that had no part in the query; who reads the answer must know of them.
    """

    query: DatasetQuery
    text: str
    unused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A question that was not understood: why, and what could be asked."""

    reason: str
    suggestions: tuple[str, ...] = EXAMPLES


def as_data(query: DatasetQuery) -> dict[str, object]:
    """Return *query* as data, its kind as `kind`; what is not set is left out."""
    told: dict[str, object] = {"kind": type(query).__name__}
    for name, value in asdict(query).items():
        if name == "of":
            told.update({key: _plain(item) for key, item in value.items() if item not in ({}, (), "", None)})
        elif value not in ("", None, False):
            told[name] = value
    return told


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: list(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
