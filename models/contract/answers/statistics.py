"""Answers with numbers about the data set: `/api/stats`, `/api/stats/detailed`, `/api/stats/tokens`."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from models.contract.answers.base import Answer, Success

CountedField: TypeAlias = Literal["question", "answer", "reasoning", "case_citation", "topic"]


class FieldLengths(Answer):
    """Mean length of each text, in characters."""

    question: float
    answer: float
    reasoning: float
    case_citation: float


class _Counted(Answer):
    """How many samples have a value; older clients read `len`, newer ones `count`."""

    len: Annotated[int, Field(description="The same as count, for older clients")]
    count: Annotated[int, Field(description="Samples")]


class DifficultyCount(_Counted):
    """Samples of one difficulty."""

    difficulty: str


class TopicCount(_Counted):
    """Samples of one topic."""

    topic: str


class PracticeAreaCount(_Counted):
    """Samples of one practice area."""

    practice_area: Annotated[str, Field(description='The topic up to its first " - "')]


class Summary(Answer):
    """Figures from the index of the data set."""

    total: Annotated[int, Field(description="Samples in the data set")]
    columns: Annotated[list[str], Field(description="Names of the columns, those of the service first")]
    difficulty_distribution: Annotated[list[DifficultyCount], Field(description="Most frequent first")]
    top_topics: Annotated[list[TopicCount], Field(description="The ten most frequent topics, most frequent first")]
    sample_type_distribution: Annotated[dict[str, int], Field(description="Samples by sample type")]
    jurisdiction_distribution: Annotated[dict[str, int], Field(description="Samples by jurisdiction")]
    avg_lengths: Annotated[FieldLengths, Field(description="Mean lengths in characters; 0 without samples")]
    unique_topics: int
    total_topics: Annotated[int, Field(description="The same as unique_topics, for older clients")]
    unique_practice_areas: int
    total_difficulties: Annotated[int, Field(description="Difficulties that occur")]


class StatsAnswer(Summary):
    """Answer of `GET /api/stats`; without `success`."""

    file_size_kb: Annotated[float, Field(description="Size of train.parquet in KiB; 0 before it was written")]


class DifficultyBreakdown(Answer):
    """Samples of one difficulty and how long their texts are."""

    difficulty: str
    count: Annotated[int, Field(description="Samples")]
    avg_question_length: Annotated[float, Field(description="Mean length in characters")]
    avg_answer_length: Annotated[float, Field(description="Mean length in characters")]


class SampleTypeBreakdown(Answer):
    """Samples of one sample type."""

    sample_type: str
    count: Annotated[int, Field(description="Samples")]


class JurisdictionBreakdown(Answer):
    """Samples of one jurisdiction."""

    jurisdiction: str
    count: Annotated[int, Field(description="Samples")]


class ProviderBreakdown(Answer):
    """Samples by one provider."""

    provider: str
    count: Annotated[int, Field(description="Samples")]


class ModelBreakdown(Answer):
    """Samples by one model."""

    model: str
    count: Annotated[int, Field(description="Samples")]


class DayBreakdown(Answer):
    """Samples of one day."""

    day: Annotated[str, Field(description='First ten characters of created_at, such as "2026-11-21"')]
    count: Annotated[int, Field(description="Samples")]


class DetailedStats(Answer):
    """Every breakdown of the data set; a sample without the value in question is in none of its rows."""

    total_samples: int
    difficulty_breakdown: Annotated[
        list[DifficultyBreakdown], Field(description="Most frequent first, as all breakdowns")
    ]
    topic_breakdown: list[TopicCount]
    practice_areas: list[PracticeAreaCount]
    sample_type_breakdown: list[SampleTypeBreakdown]
    jurisdiction_breakdown: list[JurisdictionBreakdown]
    provider_breakdown: list[ProviderBreakdown]
    model_breakdown: list[ModelBreakdown]
    day_breakdown: list[DayBreakdown]
    avg_lengths: Annotated[FieldLengths, Field(description="Mean lengths in characters; 0 without samples")]
    unique_topics: int
    unique_practice_areas: int


class DetailedStatsAnswer(Success):
    """Answer of `GET /api/stats/detailed`."""

    stats: DetailedStats


class FieldTokens(Answer):
    """Tokens of one field over all samples."""

    total: Annotated[int, Field(description="Tokens")]
    avg_per_sample: Annotated[float, Field(description="Tokens per sample")]
    percentage: Annotated[float, Field(description="Share of all tokens, 0 to 100")]


class TokensByField(Answer):
    """Tokens of each field that is counted."""

    question: FieldTokens
    answer: FieldTokens
    reasoning: FieldTokens
    case_citation: FieldTokens
    topic: FieldTokens


class TokenSum(Answer):
    """Tokens of the samples that share a value."""

    total_tokens: int
    avg_tokens: Annotated[float, Field(description="Tokens per sample")]
    sample_count: int


class PracticeAreaTokens(Answer):
    """Tokens of the samples of one practice area."""

    practice_area: str
    total_tokens: int
    avg_tokens: Annotated[float, Field(description="Tokens per sample")]
    count: Annotated[int, Field(description="Samples")]


class EstimatedCost(Answer):
    """What it would cost to write as many tokens as the data set has with one model."""

    name: str
    cost_usd: Annotated[float, Field(description="US dollars, rounded to four decimals")]
    price_per_1m: Annotated[float, Field(description="US dollars per million output tokens")]


class TokenCounts(Answer):
    """Tokens of the data set, whatever they cost."""

    total_tokens: int
    total_samples: int
    avg_tokens_per_sample: float
    tokens_by_field: TokensByField
    tokens_by_difficulty: dict[str, TokenSum]
    tokens_by_practice_area: Annotated[
        list[PracticeAreaTokens], Field(description="The ten with most tokens, most first")
    ]
    tokens_by_sample_type: dict[str, TokenSum]
    tokens_by_jurisdiction: dict[str, TokenSum]
    tokens_by_provider: dict[str, TokenSum]
    tokens_by_model: dict[str, TokenSum]
    tokens_by_day: Annotated[dict[str, TokenSum], Field(description='By the day of created_at, such as "2026-11-21"')]
    encoding: Annotated[str, Field(description="Name of the vocabulary that the tokens are counted with")]


class TokenStats(TokenCounts):
    """Tokens of the data set."""

    estimated_costs: Annotated[
        dict[str, EstimatedCost], Field(description="By model id, of models whose price is known")
    ]


class TokenStatsAnswer(Success):
    """Answer of `GET /api/stats/tokens`."""

    stats: TokenStats
