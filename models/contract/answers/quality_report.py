"""Answer with the quality report of the whole data set."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from models.contract.answers.base import Answer, Success
from models.contract.answers.quality import Verdict

TextField: TypeAlias = Literal["question", "answer", "reasoning", "case_citation"]
Problem: TypeAlias = Literal[
    "validity", "citations", "contamination", "pii", "currency", "quality", "duplicates", "missing_fields"
]


class ValidRate(Answer):
    """Samples of a group that pass every check."""

    samples: int
    valid: int
    rate: Annotated[float, Field(description="Share of valid samples, 0 to 1")]


class Validity(Answer):
    """Samples that pass every check and cite nothing invalid."""

    valid: int
    rate: Annotated[float | None, Field(description="Share of all samples, 0 to 1; null without samples")]
    failed_checks: Annotated[dict[str, int], Field(description="Samples that fail each check, by its name")]
    by_jurisdiction: Annotated[dict[str, ValidRate], Field(description="unknown where a sample has none")]
    by_model: Annotated[dict[str, ValidRate], Field(description="unknown where a sample has none")]


class CitationFigures(Answer):
    """Citations of the data set."""

    samples_by_verdict: Annotated[
        dict[Verdict | Literal["none"], int],
        Field(description="Samples by their worst verdict; none for those that cite nothing"),
    ]
    by_verdict: Annotated[dict[Verdict, int], Field(description="Citations by verdict")]
    by_reason: Annotated[dict[str, int], Field(description="Citations by reason code")]


class AxisEntropy(Answer):
    """Evenness of each axis: entropy divided by that of an even distribution, 0 to 1; null without samples."""

    topic: float | None
    difficulty: float | None
    sample_type: float | None


class AxisValues(Answer):
    """Values of the catalogue that no sample has."""

    topic: list[str]
    difficulty: list[str]
    sample_type: list[str]


class ThinCell(Answer):
    """A combination with few samples."""

    cell: Annotated[str, Field(description='"topic × difficulty × sample type"')]
    samples: int


class Balance(Answer):
    """Samples by topic, difficulty and type."""

    topic: dict[str, int]
    difficulty: dict[str, int]
    sample_type: dict[str, int]
    entropy: AxisEntropy
    cells: Annotated[int, Field(description="Combinations of topic, difficulty and type that occur")]
    empty: AxisValues
    thinnest: Annotated[list[ThinCell], Field(description="The ten combinations with fewest samples")]


class DuplicateFigures(Answer):
    """Pairs of similar samples."""

    similar_pairs: Annotated[int, Field(description="Pairs with a similarity of 0.3 or more")]
    pairs_from_0_6: Annotated[int, Field(description="Pairs with a similarity of 0.6 or more")]
    samples_in_pairs: Annotated[int, Field(description="Samples in a pair with a similarity of 0.6 or more")]


class Contamination(Answer):
    """Overlap with benchmarks, in windows of 13 words."""

    benchmarks: Annotated[dict[str, int], Field(description="Windows of each benchmark, by its name")]
    samples_by_benchmark: Annotated[dict[str, int], Field(description="Samples that share a window with it")]


class Percentiles(Answer):
    """Percentiles of the length in words."""

    p1: int
    p25: int
    p50: int
    p75: int
    p99: int


class PersonalData(Answer):
    """Samples that seem to hold personal data."""

    e_mail: int
    phone: int
    ni_number: Annotated[int, Field(description="British national insurance numbers")]
    ssn: Annotated[int, Field(description="American social security numbers")]


class Currency(Answer):
    """How current the data set is."""

    by_month: Annotated[
        dict[str, int], Field(description='Samples by month of created_at, such as "2026-11", or unknown')
    ]
    repealed_law_cited: Annotated[
        dict[str, int], Field(description="Samples that cite law which is no longer in force")
    ]


class GroundingLevels(Answer):
    """Samples by how well they stand on the law of the documents that were here."""

    samples: int
    grounded: int
    partly: int
    none: int
    not_looked_at: Annotated[int, Field(description="Made before there was any document, or elsewhere")]


class Misgrounding(Answer):
    """What was wrong with what is said of provisions, by reason, such as number, quotation or wrong_section."""

    refused: Annotated[
        dict[str, int], Field(description="Drafts of batches that were refused; of the data set only, else empty")
    ]
    marked: Annotated[dict[str, int], Field(description="Doubts that samples are marked with (quality_issues)")]


class UsedProvision(Answer):
    """A provision that samples stand on."""

    instrument: str
    number: str
    samples: int


class UnusedProvisions(Answer):
    """A document with provisions that no sample stands on."""

    file_id: str
    instrument: str
    version: str
    provisions: int
    never_used: int
    numbers: Annotated[list[str], Field(description="The first ten that were never used")]


class GroundingFigures(Answer):
    """How samples stand on law, and how the law that is here is used."""

    total: GroundingLevels
    by_jurisdiction: Annotated[dict[str, GroundingLevels], Field(description="unknown where a sample has none")]
    by_model: Annotated[dict[str, GroundingLevels], Field(description="unknown where a sample has none")]
    quotations_proved: Annotated[int, Field(description="Kept with samples: five of a provision at most")]
    misgrounding: Misgrounding
    provisions_used: Annotated[int, Field(description="Different provisions that samples stand on")]
    most_used: Annotated[list[UsedProvision], Field(description="The twenty that most samples stand on")]
    provisions: Annotated[int, Field(description="With a number, of all documents that are ready; 0 for a file")]
    never_used: Annotated[int, Field(description="Those of them that no sample stands on")]
    unused: Annotated[
        list[UnusedProvisions], Field(description="The twenty documents with most provisions that were never used")
    ]


class WorstSample(Answer):
    """One of the ten samples in which a problem is worst."""

    id: str
    weight: Annotated[float, Field(description="How bad it is; comparable within a problem only")]
    why: str


class QualityFigures(Answer):
    """Quality of samples, of the data set or of any file."""

    samples: int
    validity: Validity
    citations: CitationFigures
    balance: Balance
    duplicates: DuplicateFigures
    contamination: Contamination
    lengths_in_words: Annotated[dict[TextField, Percentiles], Field(description="Empty without samples")]
    missing_fields: Annotated[dict[str, int], Field(description="Samples in which a field is empty, by field")]
    pii: PersonalData
    currency: Currency
    grounding: GroundingFigures
    worst: Annotated[
        dict[Problem, list[WorstSample]], Field(description="By problem, of those that occur; worst first")
    ]


class QualityReport(QualityFigures):
    """Quality of the data set."""

    is_current: Annotated[bool, Field(description="False while a newer report is being made")]


class QualityReportAnswer(Success):
    """Answer of `GET /api/quality/report`."""

    report: QualityReport
