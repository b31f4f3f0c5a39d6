"""Topics, jurisdictions, sample types, difficulties, providers and models."""

from flask import Blueprint

from api.edge.deps import services
from api.edge.endpoint import Endpoint
from models.contract.answers.catalogue import (
    DifficultiesAnswer,
    JurisdictionsAnswer,
    ModelsAnswer,
    ProvidersAnswer,
    SampleTypesAnswer,
    TopicsAnswer,
)
from models.contract.arguments import TopicArguments

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


@Endpoint(tag=_TAG, errors=(404,))
def topics(query: TopicArguments) -> TopicsAnswer:
    """List the topics."""
    return {"topics": services().catalogue.topics(query.jurisdiction)}


@Endpoint(tag=_TAG)
def jurisdictions() -> JurisdictionsAnswer:
    """List the jurisdictions."""
    return {"success": True, **services().catalogue.jurisdictions()}


@Endpoint(tag=_TAG)
def sample_types() -> SampleTypesAnswer:
    """List the sample types."""
    return {"success": True, **services().catalogue.sample_types()}


@Endpoint(tag=_TAG)
def difficulties() -> DifficultiesAnswer:
    """List what each level asks."""
    return {"success": True, "difficulties": services().catalogue.difficulties()}


@Endpoint(tag=_TAG)
def providers() -> ProvidersAnswer:
    """List the usable providers and their limits."""
    return {"success": True, **services().catalogue.providers()}


@Endpoint(tag=_TAG)
def models() -> ModelsAnswer:
    """List the usable models in fallback order; never waits for a vendor."""
    return {"success": True, **services().catalogue.models()}
