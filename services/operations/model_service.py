"""Managing models: their properties, which may be chosen, and in which order."""

from collections.abc import Mapping, Sequence
from typing import cast

from models.catalogue.provider_store import KeptModel, ModelFields
from models.contract.answers.management import ModelView
from models.contract.management_bodies import ModelChange
from services.catalogue.capabilities import capabilities_of
from services.catalogue.catalogue import ModelInfo, ProviderInfo
from services.operations.provider_registry import ProviderRegistry
from utils.errors import InputError, NotFoundError
from utils.model_names import shown_model


class ModelService:
    """What an administrator does with models. Thread-safe."""

    def __init__(self, registry: ProviderRegistry) -> None:
        self._registry = registry

    def all(self, provider: str | None = None, enabled_only: bool = False) -> list[ModelView]:
        """Return the models of every provider, or of one; NotFoundError when it is unknown."""
        roster = self._registry.llm.roster
        infos = [self._registry.provider(provider)] if provider else roster.state.providers
        return [row for info in infos for row in self.of(info) if row["enabled"] or not enabled_only]

    def of(self, info: ProviderInfo) -> list[ModelView]:
        """Return the models of a provider, in fallback order."""
        kept = self._registry.kept_models()
        listed = self._registry.llm.models.discovery(info.id).listed
        llm = self._registry.llm
        usable = {model.id for model in llm.models.usable(info)}
        return [
            {
                **_view(model, kept.get((info.id, model.id)), place, None if listed is None else model.id in listed),
                "enabled": model.id in usable,
                "left_out": sorted(llm.accepted.of(f"{info.id}/{model.id}").left_out),
            }
            for place, model in enumerate(llm.models.all_of(info))
        ]

    def named(self, name: str, provider: str | None = None) -> tuple[ProviderInfo, ModelInfo]:
        """Return the model *name* (or of that `db_id`); the first provider's that has it, unless one is named.

        Within an address a name loses the slash that it begins with (llama.cpp calls a model by its file).

        Raises:
            NotFoundError: there is none.
        """
        infos = [self._registry.provider(provider)] if provider else self._registry.llm.roster.state.providers
        found = [(info, row) for info in infos for row in self._registry.llm.models.all_of(info)]
        by_name = next((pair for slash in ("", "/") for pair in found if pair[1].id == slash + name), None)
        if by_name is not None:
            return by_name
        ids = {row.model: row.provider for row in self._registry.kept_models().values() if str(row.db_id) == name}
        by_id = next((pair for pair in found if ids.get(pair[1].id) == pair[0].id), None)
        if by_id is None:
            at = f" at {provider}" if provider else ""
            raise NotFoundError(f"model {name[:100]!r}{at}: not found; GET /api/models/all lists them")
        return by_id

    def has(self, name: str, provider: str) -> bool:
        """Say whether *provider* has a model *name* (or of that `db_id`)."""
        try:
            self.named(name, provider)
        except NotFoundError:
            return False
        return True

    def supports_cot(self, provider: str | None, name: str | None) -> bool | None:
        """Say whether the model *name*, as samples name it, shows its reasoning; None where nobody knows."""
        llm = self._registry.llm
        infos = [info for info in llm.roster.state.providers if info.id == provider]
        rows = (row for info in infos for row in llm.models.all_of(info))
        return next((row.supports_cot for row in rows if shown_model(row.id) == name), None)

    def know(self, provider: str, name: str) -> None:
        """Enable a model that a user named for an added provider, which need not list it."""
        info = self._registry.provider(provider)
        if name not in {row.id for row in self._registry.llm.roster.models_of(provider)}:
            self._put(info, "model added", {name: {"enabled": True}})

    def one(self, name: str, provider: str | None = None) -> ModelView:
        """Return one model; NotFoundError when there is none."""
        info, model = self.named(name, provider)
        return next(row for row in self.of(info) if row["id"] == model.id)

    def update(self, name: str, wanted: ModelChange) -> ModelView:
        """Change the named fields; null restores the catalogue's value."""
        info, model = self.named(name, wanted.provider_id)
        self._put(info, "model updated", {model.id: _given(wanted)})
        if wanted.fallback_priority is not None:
            self.set_priority(model.id, wanted.fallback_priority, info.id)
        return self.one(model.id, info.id)

    def toggle(self, name: str, provider: str | None) -> tuple[ModelView, str]:
        """Switch a model on or off."""
        info, model = self.named(name, provider)
        now = self.one(model.id, info.id)
        on = not now["enabled"]
        if on and model.retired and not now["listed"]:
            instead = f"; use {model.replacement}" if model.replacement else ""
            raise InputError(f"{model.id}: was retired ({model.retired}) and {info.id} does not list it{instead}")
        if on and model.enabled and now["listed"] is False:
            raise InputError(f"{model.id}: is switched on, but {info.id} does not list it, so that it cannot be chosen")
        self._put(info, "model switched", {model.id: {"enabled": on}})
        return self.one(model.id, info.id), f"Model {model.id} is {'enabled' if on else 'disabled'}"

    def set_priority(self, name: str, priority: int, provider: str | None) -> list[ModelView]:
        """Move a model to place *priority* (0 is first), the others shift; return all of its provider."""
        info, model = self.named(name, provider)
        order = [row.id for row in self._registry.llm.models.all_of(info) if row.id != model.id]
        order.insert(min(priority, len(order)), model.id)
        self._order(info, order)
        return self.of(info)

    def reorder(self, provider: str, order: Sequence[str]) -> list[ModelView]:
        """Put the named models first, in this order; the others follow as before.

        Raises:
            InputError: an id is unknown or named twice.
        """
        info = self._registry.provider(provider)
        known = [row.id for row in self._registry.llm.models.all_of(info)]
        unknown = [name for name in order if name not in known]
        if unknown or len(set(order)) != len(order):
            what = f"{unknown[0][:100]!r} is not a model of {provider}" if unknown else "an id is named twice"
            raise InputError(
                f"model_order: {what}; known are {', '.join(known[:10])}{', …' if len(known) > 10 else ''}"
            )
        self._order(info, [*order, *(name for name in known if name not in order)])
        return self.of(info)

    # --- inside --------------------------------------------------------------------------

    def _order(self, info: ProviderInfo, order: Sequence[str]) -> None:
        fields: dict[str, ModelFields] = {name: {"fallback_priority": place} for place, name in enumerate(order)}
        known = {row.id for row in self._registry.llm.roster.models_of(info.id)}
        for row in self._registry.llm.models.all_of(info):
            # A place makes a model known that only the vendor's list had: it stays as it was.
            if row.id in fields and row.id not in known and not row.enabled:
                fields[row.id]["enabled"] = False
        self._put(info, "models reordered", fields)

    def _put(self, info: ProviderInfo, what: str, changes: Mapping[str, ModelFields]) -> None:
        """Write *changes* over what is kept; a None takes a field back."""
        kept = self._registry.kept_models()
        fields: dict[str, ModelFields] = {}
        for name, given in changes.items():
            before = kept.get((info.id, name))
            fields[name] = {**before.fields, **given} if before else given
        store = self._registry.store
        self._registry.change(what, info.id, lambda: store.put_models(info.id, what, fields))


def _given(wanted: ModelChange) -> ModelFields:
    """Return the fields that were sent; the place is set by itself."""
    given = wanted.model_dump(exclude_unset=True, exclude={"provider_id", "fallback_priority"})
    if "is_thinking_model" in given:  # one name is kept
        given = {"supports_cot": given["is_thinking_model"]} | given
    if "supports_cot" in given:
        given["is_thinking_model"] = None
    return cast("ModelFields", given)  # pydantic's dump has no types; the names are those of the body


def _view(model: ModelInfo, kept: KeptModel | None, place: int, listed: bool | None) -> ModelView:
    return {
        "id": model.id,
        "model_id": model.id,
        "db_id": kept.db_id if kept else None,
        "display_name": model.display_name or model.id,
        "provider": model.provider,
        "fallback_priority": place,
        "enabled": model.enabled,
        "max_tokens": model.max_output,
        "context_window": model.context_window,
        "supports_json_schema": model.json_schema,
        "supports_json": model.json_schema,
        "is_thinking_model": model.thinks,
        **capabilities_of(model),
        "guided": model.guided,
        "extra_config": (kept.fields.get("extra_config") if kept else None) or {},
        "left_out": [],
        "retired": model.retired or None,
        "replacement": model.replacement or None,
        "listed": listed,
        "price_input": model.price_input,
        "price_output": model.price_output,
        "created_at": kept.created_at if kept else None,
        "updated_at": kept.updated_at if kept else None,
    }
