"""What callers may ask for: topics, jurisdictions, sample types, levels, usable providers and models."""

from models.contract.answers.catalogue import (
    DifficultyRow,
    JurisdictionRow,
    Jurisdictions,
    ModelRow,
    Models,
    ProviderRow,
    Providers,
    SampleTypeRow,
    SampleTypes,
    TopicRow,
)
from services.catalogue.capabilities import capabilities_of
from services.catalogue.catalogue import BALANCE, Catalogue, Difficulty, Jurisdiction, ModelInfo, ProviderInfo
from services.llm_service import LLMService


class CatalogueService:
    """Lists the catalogue and the current models. Never waits for a vendor. Thread-safe."""

    def __init__(self, catalogue: Catalogue, llm: LLMService) -> None:
        self._catalogue = catalogue
        self._llm = llm

    def topics(self, jurisdiction: str | None) -> list[TopicRow]:
        """Return the topics of a jurisdiction; None for the default one, "all" for every one.

        Raises:
            NotFoundError: the jurisdiction is unknown.
        """
        wanted = jurisdiction or self._catalogue.default_jurisdiction
        if wanted != "all":
            self._catalogue.jurisdiction(wanted)
        return [
            {
                "practice_area": row.practice_area,
                "topic": row.topic,
                "difficulty": self._catalogue.difficulty(row.difficulty).id,
                "jurisdiction": row.jurisdiction,
            }
            for row in self._catalogue.topics_of(None if wanted == "all" else wanted)
        ]

    def jurisdictions(self) -> Jurisdictions:
        """Return the jurisdictions and the default one."""
        rows = [self._jurisdiction(row) for row in self._catalogue.jurisdictions]
        return {"jurisdictions": rows, "default": self._catalogue.default_jurisdiction}

    def jurisdiction_names(self) -> dict[str, str]:
        """Return what each jurisdiction is called, by its id."""
        return {row.id: row.name for row in self._catalogue.jurisdictions}

    def sample_types(self) -> SampleTypes:
        """Return the sample types, the mix of them, and the default one."""
        core = ", ".join(kind.id for kind in self._catalogue.core_types)
        balance: SampleTypeRow = {
            "id": BALANCE,
            "name": "Balanced mix",
            "description": f"Cycles through the core types: {core}",
            "focus": "an even mix of types",
            "example": "",
        }
        rows: list[SampleTypeRow] = [
            {
                "id": kind.id,
                "name": kind.name,
                "description": kind.description,
                "focus": kind.focus,
                "example": kind.example,
            }
            for kind in self._catalogue.sample_types
        ]
        return {"sample_types": [*rows, balance], "default": "case_analysis"}

    def difficulties(self) -> list[DifficultyRow]:
        """Return what each level asks."""
        return [_difficulty(row) for row in self._catalogue.difficulties]

    def providers(self) -> Providers:
        """Return the usable providers with their limits, and the default one."""
        rows = [self._provider(info) for info in self._llm.factory.enabled()]
        return {"providers": rows, "default_provider": self._llm.default_provider.id}

    def models(self) -> Models:
        """Return the usable models in fallback order, and the default ones."""
        llm = self._llm
        rows = [
            _model(model, info, position)
            for info in llm.factory.enabled()
            for position, model in enumerate(llm.models.usable(info))
        ]
        default = llm.default_provider
        return {"models": rows, "default_provider": default.id, "default_model": llm.default_model(default)}

    def _jurisdiction(self, row: Jurisdiction) -> JurisdictionRow:
        return {
            "id": row.id,
            "name": row.name,
            "legal_system": row.legal_system,
            "citation_format": row.citation_format,
            "enabled": True,
            "topic_count": len(self._catalogue.topics_of(row.id)),
        }

    def _provider(self, info: ProviderInfo) -> ProviderRow:
        default = self._llm.default_model(info)
        return {
            "id": info.id,
            "name": info.name,
            "enabled": True,
            "default_model": default,
            "champion_model": info.champion_model or default,
            "base_url": self._llm.factory.base_url(info),
            "requests_per_minute": info.requests_per_minute,
            "tokens_per_minute": info.tokens_per_minute,
        }


def _difficulty(row: Difficulty) -> DifficultyRow:
    return {
        "id": row.id,
        "min_words": row.min_words,
        "min_citations": row.min_citations,
        "min_reasoning_steps": row.min_reasoning_steps,
        "max_reasoning_steps": row.max_reasoning_steps,
        "min_reasoning_chars": row.min_reasoning_chars,
        "description": row.description,
    }


def _model(model: ModelInfo, info: ProviderInfo, position: int) -> ModelRow:
    return {
        "id": model.id,
        "name": model.id,
        "provider": info.id,
        "provider_name": info.name,
        "context_window": model.context_window,
        "owned_by": info.name,
        "fallback_priority": position,
        "supports_json_schema": model.json_schema,
        "is_thinking_model": model.thinks,
        **capabilities_of(model),
    }
