"""Providers: what they are like, switches, keys, providers of one's own, a test call."""

from flask import Blueprint, Response

from api.deps import services, success
from api.endpoint import endpoint
from models.answers.management import (
    AllProvidersAnswer,
    ProviderAnswer,
    ProviderChangedAnswer,
    ProviderConfigAnswer,
    ProviderEventsAnswer,
    ProviderStatsAnswer,
    ProviderTestAnswer,
    RemovedAnswer,
)
from models.management import NewProvider, ProviderChange, ProviderConfigChange, ProviderTest
from models.queries import EventArguments, ProviderArguments
from models.requests import NothingNeeded
from utils.access_tokens import Role

_TAG = "Providers"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_providers", __name__)
    routes.get("/providers/all")(all_providers)
    routes.get("/providers/stats")(stats)
    routes.get("/providers/events")(events)
    routes.post("/providers")(add)
    routes.get("/providers/<provider:provider_id>")(one)
    routes.put("/providers/<provider:provider_id>")(update)
    routes.delete("/providers/<provider:provider_id>")(remove)
    routes.post("/providers/<provider:provider_id>/toggle")(toggle)
    routes.get("/providers/<provider:provider_id>/config")(config)
    routes.put("/providers/<provider:provider_id>/config")(set_config)
    routes.post("/providers/<provider:provider_id>/test")(test)
    return routes


@endpoint(AllProvidersAnswer, query=ProviderArguments, tag=_TAG)
def all_providers(query: ProviderArguments) -> Response:
    """List every provider, usable or not, with its models."""
    return success(providers=services().management.providers.all(query.include_models))


@endpoint(ProviderStatsAnswer, tag=_TAG)
def stats() -> Response:
    """Count providers and models."""
    return success(stats=services().management.providers.stats())


@endpoint(ProviderEventsAnswer, query=EventArguments, tag=_TAG)
def events(query: EventArguments) -> Response:
    """List every change of providers and models, oldest first."""
    found = services().management.registry.events(query.after, query.limit)
    return success(events=found, count=len(found))


@endpoint(ProviderChangedAnswer, body=NewProvider, role=Role.ADMIN, tag=_TAG, errors=(409,))
def add(body: NewProvider) -> Response:
    """Add an OpenAI-compatible provider; it serves at once."""
    made = services().management.providers.add(body)
    return success(provider=made, message=f"Provider {made['id']} added")


@endpoint(ProviderAnswer, tag=_TAG, errors=(404,))
def one(provider_id: str) -> Response:
    """Return a provider with its models."""
    return success(provider=services().management.providers.one(provider_id))


@endpoint(ProviderChangedAnswer, body=ProviderChange, role=Role.ADMIN, tag=_TAG, errors=(404,))
def update(provider_id: str, body: ProviderChange) -> Response:
    """Change the named fields, at once and for running batches; null brings the catalogue's value back."""
    changed, message = services().management.providers.update(provider_id, body)
    return success(provider=changed, message=message)


@endpoint(RemovedAnswer, role=Role.ADMIN, tag=_TAG, errors=(404,))
def remove(provider_id: str) -> Response:
    """Remove a provider that was added."""
    return success(message=services().management.providers.remove(provider_id))


@endpoint(ProviderChangedAnswer, body=NothingNeeded, role=Role.ADMIN, tag=_TAG, errors=(404,))
def toggle(provider_id: str, body: NothingNeeded) -> Response:  # there is nothing to read in it
    """Switch a provider on or off."""
    changed, message = services().management.providers.toggle(provider_id)
    return success(provider=changed, message=message)


@endpoint(ProviderConfigAnswer, role=Role.ADMIN, tag=_TAG, errors=(404,))
def config(provider_id: str) -> Response:
    """Tell whether a key and settings are stored, never what they are."""
    found = services().management.providers.config(provider_id)
    return success(message=f"Configuration of {provider_id}", config=found)


@endpoint(ProviderConfigAnswer, body=ProviderConfigChange, role=Role.ADMIN, tag=_TAG, errors=(404,))
def set_config(provider_id: str, body: ProviderConfigChange) -> Response:
    """Store a provider's key and free settings, encrypted; null or empty removes them."""
    changed, message = services().management.providers.set_config(provider_id, body)
    return success(message=message, config=changed)


@endpoint(ProviderTestAnswer, body=ProviderTest, role=Role.ADMIN, tag=_TAG, errors=(404,))
def test(provider_id: str, body: ProviderTest) -> Response:
    """Make one small call: latency, the vendor's limits, or what is wrong with its category."""
    return success(**services().management.providers.test(provider_id, body.model))
