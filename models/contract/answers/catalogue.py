"""Answers with what can be chosen: topics, jurisdictions, sample types, difficulties, providers, models."""

from typing import Annotated, Literal

from pydantic import Field

from models.contract.answers.base import Answer, Success
from models.fields import Difficulty


class TopicRow(Answer):
    """A topic; clients send `"<practice_area> - <topic>"` back."""

    practice_area: str
    topic: str
    difficulty: Difficulty
    jurisdiction: str


class TopicsAnswer(Answer):
    """Answer of `GET /api/topics`; without `success`."""

    topics: list[TopicRow]


class JurisdictionRow(Answer):
    """A legal system that samples may belong to."""

    id: str
    name: str
    legal_system: str
    citation_format: Annotated[str, Field(description="Examples of how it is cited")]
    enabled: Literal[True]
    topic_count: int


class Jurisdictions(Answer):
    """The legal systems, and the default."""

    jurisdictions: list[JurisdictionRow]
    default: Annotated[str, Field(description="Id of the jurisdiction for requests that name none")]


class JurisdictionsAnswer(Success, Jurisdictions):
    """Answer of `GET /api/jurisdictions`."""


class SampleTypeRow(Answer):
    """A kind of sample."""

    id: str
    name: str
    description: str
    focus: str
    example: Annotated[str, Field(description="An example question; empty for balance")]


class SampleTypes(Answer):
    """The kinds of sample, and the default."""

    sample_types: Annotated[list[SampleTypeRow], Field(description="The mix balance comes last")]
    default: Literal["case_analysis"]


class SampleTypesAnswer(Success, SampleTypes):
    """Answer of `GET /api/sample-types`."""


class DifficultyRow(Answer):
    """What one difficulty asks of an answer and its reasoning."""

    id: Difficulty
    min_words: int
    min_citations: int
    min_reasoning_steps: int
    max_reasoning_steps: int
    min_reasoning_chars: int
    description: str


class DifficultiesAnswer(Success):
    """Answer of `GET /api/difficulties`."""

    difficulties: list[DifficultyRow]


class ProviderRow(Answer):
    """A provider that can be used."""

    id: str
    name: str
    enabled: Literal[True]
    default_model: str
    champion_model: str
    base_url: Annotated[str, Field(description="Address of its API")]
    requests_per_minute: Annotated[int, Field(description="Initial limit; corrected by what the vendor states")]
    tokens_per_minute: Annotated[int, Field(description="Initial limit; corrected by what the vendor states")]


class Providers(Answer):
    """The providers that can be used, and the default."""

    providers: list[ProviderRow]
    default_provider: str


class ProvidersAnswer(Success, Providers):
    """Answer of `GET /api/providers`."""


class Capabilities(Answer):
    """What a model can do; null where nobody knows."""

    supports_streaming: Annotated[bool | None, Field(description="Whether its answers come word by word")]
    supports_cot: Annotated[bool | None, Field(description="Whether it shows its reasoning; null when not known")]
    supports_vision: Annotated[bool | None, Field(description="Whether it takes images; null when not known")]
    evidence: Annotated[str | None, Field(description="Who says so; null where nobody does")]


class ModelRow(Capabilities):
    """A model that can be used."""

    id: str
    name: Annotated[str, Field(description="The same as id")]
    provider: str
    provider_name: str
    context_window: Annotated[int, Field(description="Tokens")]
    owned_by: Annotated[str, Field(description="The same as provider_name")]
    fallback_priority: Annotated[
        int, Field(description="Place among the models of its provider, from 0; lower ones first")
    ]
    supports_json_schema: bool
    is_thinking_model: Annotated[bool, Field(description="Whether supports_cot is true")]


class Models(Answer):
    """The models that can be used, and the default."""

    models: list[ModelRow]
    default_provider: str
    default_model: str


class ModelsAnswer(Success, Models):
    """Answer of `GET /api/models`."""
