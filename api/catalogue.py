"""Topics, jurisdictions, sample types, difficulties, providers and models."""

from flask import Blueprint, Response

from api.deps import reply, services, success
from api.endpoint import endpoint
from models.answers.catalogue import (
    DifficultiesAnswer,
    JurisdictionsAnswer,
    ModelsAnswer,
    ProvidersAnswer,
    SampleTypesAnswer,
    TopicsAnswer,
)
from models.queries import TopicArguments
from services.catalogue import BALANCE

_TAG = "Catalogue"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_catalogue", __name__)
    routes.get("/topics")(topics)
    routes.get("/jurisdictions")(jurisdictions)
    routes.get("/sample-types")(sample_types)
    routes.get("/difficulties")(difficulties)
    routes.get("/providers")(providers)
    routes.get("/models")(models)
    return routes


@endpoint(TopicsAnswer, query=TopicArguments, tag=_TAG, errors=(404,))
def topics(query: TopicArguments) -> Response:
    """List the topics."""
    catalogue = services().catalogue
    wanted = query.jurisdiction or catalogue.default_jurisdiction
    if wanted != "all":
        catalogue.jurisdiction(wanted)
    rows = catalogue.topics_of(None if wanted == "all" else wanted)
    fields = {"practice_area", "topic", "difficulty", "jurisdiction"}
    return reply({"topics": [row.model_dump(include=fields) for row in rows]})


@endpoint(JurisdictionsAnswer, tag=_TAG)
def jurisdictions() -> Response:
    """List the jurisdictions."""
    catalogue = services().catalogue
    rows = [
        {**row.model_dump(), "enabled": True, "topic_count": len(catalogue.topics_of(row.id))}
        for row in catalogue.jurisdictions
    ]
    return success(jurisdictions=rows, default=catalogue.default_jurisdiction)


@endpoint(SampleTypesAnswer, tag=_TAG)
def sample_types() -> Response:
    """List the sample types."""
    catalogue = services().catalogue
    fields = {"id", "name", "description", "focus", "example"}
    rows = [row.model_dump(include=fields) for row in catalogue.sample_types]
    core = ", ".join(kind.id for kind in catalogue.core_types)
    balance = {
        "id": BALANCE,
        "name": "Balanced mix",
        "description": f"Cycles through the core types: {core}",
        "focus": "an even mix of types",
        "example": "",
    }
    return success(sample_types=[*rows, balance], default="case_analysis")


@endpoint(DifficultiesAnswer, tag=_TAG)
def difficulties() -> Response:
    """List what each level asks."""
    return success(difficulties=[row.model_dump() for row in services().catalogue.difficulties])


@endpoint(ProvidersAnswer, tag=_TAG)
def providers() -> Response:
    """List the usable providers and their limits."""
    llm = services().llm
    rows = [
        {
            "id": info.id,
            "name": info.name,
            "enabled": True,
            "default_model": llm.default_model(info),
            "champion_model": info.champion_model or llm.default_model(info),
            "base_url": llm.factory.base_url(info),
            "requests_per_minute": info.requests_per_minute,
            "tokens_per_minute": info.tokens_per_minute,
        }
        for info in llm.factory.enabled()
    ]
    return success(providers=rows, default_provider=llm.default_provider.id)


@endpoint(ModelsAnswer, tag=_TAG)
def models() -> Response:
    """List the usable models in fallback order; never waits for a vendor."""
    llm = services().llm
    rows = [
        {
            "id": model.id,
            "name": model.id,
            "provider": info.id,
            "provider_name": info.name,
            "context_window": model.context_window,
            "owned_by": info.name,
            "fallback_priority": position,
            "supports_json_schema": model.json_schema,
            "is_thinking_model": model.thinking,
        }
        for info in llm.factory.enabled()
        for position, model in enumerate(llm.models.usable(info))
    ]
    default = llm.default_provider
    return success(models=rows, default_provider=default.id, default_model=llm.default_model(default))
