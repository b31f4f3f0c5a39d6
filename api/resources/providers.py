"""Providers: properties, switches, keys, added providers, a test call."""

from flask import Blueprint

from api.edge.deps import services
from api.edge.endpoint import Endpoint
from models.contract.answers.management import (
    AllProvidersAnswer,
    ProviderAddedAnswer,
    ProviderAnswer,
    ProviderChangedAnswer,
    ProviderConfigAnswer,
    ProviderConfigChangedAnswer,
    ProviderEventsAnswer,
    ProviderStatsAnswer,
    ProviderTestAnswer,
    RemovedAnswer,
)
from models.contract.arguments import EventArguments, ProviderArguments
from models.contract.bodies import NothingNeeded
from models.contract.management_bodies import NewProvider, ProviderChange, ProviderConfigChange, ProviderTest
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


@Endpoint(tag=_TAG)
def all_providers(query: ProviderArguments) -> AllProvidersAnswer:
    """List every provider, usable or not, with its models."""
    return {"success": True, "providers": services().providers.all(query.include_models)}


@Endpoint(tag=_TAG)
def stats() -> ProviderStatsAnswer:
    """Count providers and models."""
    return {"success": True, "stats": services().providers.stats()}


@Endpoint(tag=_TAG)
def events(query: EventArguments) -> ProviderEventsAnswer:
    """List every change of providers and models, oldest first."""
    found = services().providers.events(query.after, query.limit)
    return {"success": True, "events": found, "count": len(found)}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(409,))
def add(body: NewProvider) -> ProviderAddedAnswer:
    """Add an OpenAI-compatible provider; it serves at once, unless it refuses the key."""
    made, check = services().providers.add(body)
    return {"success": True, "provider": made, "message": f"Provider {made['id']} added", "key_check": check}


@Endpoint(tag=_TAG, errors=(404,))
def one(provider_id: str) -> ProviderAnswer:
    """Return a provider with its models."""
    return {"success": True, "provider": services().providers.one(provider_id)}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def update(provider_id: str, body: ProviderChange) -> ProviderChangedAnswer:
    """Change the named fields, at once and for running batches; null restores the catalogue's value."""
    changed, message = services().providers.update(provider_id, body)
    return {"success": True, "provider": changed, "message": message}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def remove(provider_id: str) -> RemovedAnswer:
    """Remove a provider that was added."""
    return {"success": True, "message": services().providers.remove(provider_id)}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def toggle(provider_id: str, body: NothingNeeded) -> ProviderChangedAnswer:  # it has no fields
    """Switch a provider on or off."""
    changed, message = services().providers.toggle(provider_id)
    return {"success": True, "provider": changed, "message": message}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def config(provider_id: str) -> ProviderConfigAnswer:
    """Say whether a key and settings are stored, never their values."""
    found = services().providers.config(provider_id)
    return {"success": True, "message": f"Configuration of {provider_id}", "config": found}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def set_config(provider_id: str, body: ProviderConfigChange) -> ProviderConfigChangedAnswer:
    """Try and store a provider's key, and its free settings, encrypted; null or empty removes them."""
    changed, message, check = services().providers.set_config(provider_id, body)
    return {"success": True, "message": message, "config": changed, "key_check": check}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def test(provider_id: str, body: ProviderTest) -> ProviderTestAnswer:
    """Make one small call: latency and the vendor's limits, or the error with its category."""
    return {"success": True, **services().providers.test(provider_id, body.model)}
