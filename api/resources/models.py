"""Models: properties, switches and fallback order."""

from flask import Blueprint

from api.edge.deps import services
from api.edge.endpoint import Endpoint
from models.contract.answers.management import (
    AllModelsAnswer,
    ModelAnswer,
    ModelChangedAnswer,
    ModelMovedAnswer,
    ModelsReorderedAnswer,
)
from models.contract.arguments import ModelArguments, ModelChoice
from models.contract.management_bodies import ModelChange, ModelOrder, ModelPriority, ModelReference
from utils.access_tokens import Role
from utils.errors import InputError

_TAG = "Models"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*; ids may hold slashes and colons, unescaped."""
    routes = Blueprint(f"{name}_models", __name__)
    routes.get("/models/all")(all_models)
    routes.post("/models/reorder")(reorder)
    routes.get("/models/<model:model_id>")(one)
    routes.put("/models/<model:model_id>")(update)
    routes.post("/models/<model:model_id>/toggle")(toggle)
    routes.put("/models/<model:model_id>/priority")(move)
    return routes


@Endpoint(tag=_TAG, errors=(404,))
def all_models(query: ModelArguments) -> AllModelsAnswer:
    """List the models of every provider, or of one, usable or not."""
    rows = services().models.all(query.provider or None, query.enabled_only)
    return {"success": True, "models": rows, "count": len(rows)}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def reorder(body: ModelOrder) -> ModelsReorderedAnswer:
    """Set the fallback order of a provider's models."""
    rows = services().models.reorder(body.provider_id, body.model_order)
    return {"success": True, "models": rows, "message": f"Models of {body.provider_id} reordered"}


@Endpoint(tag=_TAG, errors=(404,))
def one(model_id: str, query: ModelChoice) -> ModelAnswer:
    """Return a model; `provider_id` picks between equal ids."""
    return {"success": True, "model": services().models.one(model_id, query.provider_id or None)}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def update(model_id: str, query: ModelChoice, body: ModelChange) -> ModelChangedAnswer:
    """Change the named fields; null restores the catalogue's value."""
    wanted = body.model_copy(update={"provider_id": _provider(query, body)})
    changed = services().models.update(model_id, wanted)
    return {"success": True, "model": changed, "message": f"Model {changed['id']} updated"}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def toggle(model_id: str, query: ModelChoice, body: ModelReference) -> ModelChangedAnswer:
    """Switch a model on or off."""
    changed, message = services().models.toggle(model_id, _provider(query, body))
    return {"success": True, "model": changed, "message": message}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def move(model_id: str, query: ModelChoice, body: ModelPriority) -> ModelMovedAnswer:
    """Move a model to a place of the fallback order, 0 being the first; the others shift."""
    place = body.fallback_priority if body.fallback_priority is not None else body.priority
    if place is None:
        raise InputError("fallback_priority: is missing; give a place, 0 is the first")
    models, provider = services().models, _provider(query, body)
    rows = models.set_priority(model_id, place, provider)
    moved = models.one(model_id, provider)
    return {
        "success": True,
        "model": moved,
        "message": f"Model {moved['id']} is at place {moved['fallback_priority']}",
        "provider_models": rows,
    }


def _provider(query: ModelChoice, body: ModelReference | ModelChange | ModelPriority) -> str | None:
    """Return the provider that picks between equal ids, wherever it was named."""
    return body.provider_id or query.provider_id or None
