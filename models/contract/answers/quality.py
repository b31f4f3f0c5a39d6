"""Answers about quality: citations, similar samples, review. The report is in `quality_report.py`."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, JsonValue

from models.contract.answers.base import Answer, StoredSample, Success

Verdict: TypeAlias = Literal["verified", "unverified", "invalid"]
Grounding: TypeAlias = Literal["grounded", "partly", "none"]
CitationKind: TypeAlias = Literal["case", "statute", "regulation", "treaty"]
Jurisdiction: TypeAlias = Literal["uk", "us", "eu", "international"]
CitingField: TypeAlias = Literal["case_citation", "answer", "reasoning"]
PairKind: TypeAlias = Literal["duplicate", "sibling", "similar"]
Difference: TypeAlias = Literal["", "jurisdiction", "provisions", "authorities", "concepts"]


class CheckedCitation(Answer):
    """A citation in a text and its verdict."""

    text: Annotated[str, Field(description="As written in the text")]
    start: Annotated[int, Field(description="Place of its first character, from 0")]
    end: Annotated[int, Field(description="One past its last character")]
    kind: CitationKind
    jurisdiction: Jurisdiction
    normalized: Annotated[str, Field(description="The reference in its usual form, without the name")]
    verdict: Verdict
    reason_code: Annotated[str, Field(description="A stable word for programs, such as in_index or year_mismatch")]
    reason: Annotated[str, Field(description="A sentence for people")]
    matched: Annotated[str | None, Field(description="The known authority; null when there is none")]


class SampleCitation(CheckedCitation):
    """A citation of a sample, with the field that holds it."""

    field: CitingField


class VerdictCounts(Answer):
    """Citations by verdict."""

    total: int
    verified: int
    unverified: int
    invalid: int


class TextCitations(Answer):
    """The citations of a text."""

    citations: Annotated[list[CheckedCitation], Field(description="In order of the text")]
    counts: VerdictCounts


class TextCitationsAnswer(Success, TextCitations):
    """Answer of `POST /api/citations/check`."""


class SampleCitations(Answer):
    """The citations of a stored sample."""

    citations: Annotated[list[SampleCitation], Field(description="Field by field")]
    counts: VerdictCounts


class SampleCitationsAnswer(Success, SampleCitations):
    """Answer of `GET /api/sample/<id>/citations`."""


class SimilarSample(Answer):
    """A sample that is similar to the one asked about."""

    id: str
    similarity: Annotated[float, Field(description="0 to 1")]
    differs_in: Annotated[Difference, Field(description="How its law differs; empty when it does not")]


class SimilarAnswer(Success):
    """Answer of `GET /api/sample/<id>/duplicates`."""

    similar: list[SimilarSample]
    count: int


class SimilarPair(Answer):
    """Two samples that are similar."""

    ids: Annotated[list[str], Field(min_length=2, max_length=2)]
    similarity: Annotated[float, Field(description="0 to 1")]
    kind: Annotated[PairKind, Field(description="A sibling is about other law")]
    exact: Annotated[bool, Field(description="True when question and answer are the same")]
    differs_in: Annotated[Difference, Field(description="How the law of a sibling differs; empty for other kinds")]


class Thresholds(Answer):
    """Similarities from which samples are reported and refused; 0 for never."""

    report: float
    refuse: float


class PairCounts(Answer):
    """Pairs by kind."""

    duplicates: int
    siblings: int
    similar: int
    beyond: Annotated[int, Field(description="Pairs that are not among those shown")]


class Duplicates(Answer):
    """The pairs of similar samples, as far as they are known."""

    samples: Annotated[int, Field(description="Samples in the data set")]
    indexed: Annotated[int, Field(description="Samples that were compared; the others follow in the background")]
    thresholds: Thresholds
    counts: PairCounts
    pairs: Annotated[list[SimilarPair], Field(description="Most similar first, at most a thousand")]


class DuplicatesAnswer(Success, Duplicates):
    """Answer of `GET /api/quality/duplicates`."""


class ReviewedAnswer(Success):
    """Answer of `POST /api/sample/<id>/review`."""

    message: str
    sample: Annotated[StoredSample, Field(description="The sample as it is now")]


class ReviewRow(Answer):
    """A decision about a sample."""

    sample_id: str
    at: Annotated[str, Field(description="ISO 8601")]
    decision: Annotated[
        Literal["accept", "reject", "edit", "change", "undo"],
        Field(description="change: an edit that decides nothing; undo: a decision taken back, the sample waits again"),
    ]
    reason: str
    reviewer: str | None
    before: Annotated[
        dict[str, JsonValue] | None,
        Field(
            description="The sample as it was before an edit or change, columns without a value left out or null; null"
            " for other decisions"
        ),
    ]
    changes: Annotated[
        dict[str, JsonValue],
        Field(description="The fields that an edit or change changed; empty for the other decisions"),
    ]


class ReviewsAnswer(Success):
    """Answer of `GET /api/sample/<id>/reviews`."""

    reviews: Annotated[list[ReviewRow], Field(description="Oldest first")]
    count: int


class ReviewQueueAnswer(Success):
    """Answer of `GET /api/review/queue`."""

    samples: Annotated[list[StoredSample], Field(description="Lowest quality score first")]
    count: Annotated[int, Field(description="Samples in this answer")]
    total: Annotated[int, Field(description="Samples that wait for a reviewer and match the filters")]


class Overlap(Answer):
    """A sample that shares windows of 13 words with benchmarks."""

    id: str
    windows: Annotated[dict[str, int], Field(description="How many, by the benchmark's name")]


class Overlaps(Answer):
    """What of the data set stands in benchmarks."""

    samples: int
    benchmarks: Annotated[dict[str, int], Field(description="Windows of each benchmark, by its name")]
    overlapping: Annotated[int, Field(description="Samples that share a window with any")]
    found: Annotated[list[Overlap], Field(description="The first thousand of them")]
