"""Managing providers: properties, keys, switches, added providers, a test call."""

import re
from dataclasses import replace
from typing import Unpack, cast

import orjson

from models.catalogue.provider_store import KeptProvider, ProviderColumns, ProviderFields
from models.contract.answers.management import (
    ChangeEvent,
    KeyCheck,
    ProviderConfigView,
    ProviderCount,
    ProviderCounts,
    ProviderSummary,
    ProviderTestResult,
    ProviderView,
)
from models.contract.management_bodies import NewProvider, ProviderChange, ProviderConfigChange
from services.catalogue.catalogue import ProviderInfo
from services.llm.routing.credentials import seal_key
from services.llm.routing.roster import OWN_SERVERS
from services.llm.single_calls import CallLog
from services.operations.model_service import ModelService
from services.operations.provider_registry import ProviderRegistry
from services.operations.trial import try_provider
from utils.addresses import AddressRule, origin, without_user
from utils.errors import ExistsError, InputError, NotFoundError

# Our routes beside /api/providers/<id>: a provider of that name could not be reached.
PAGES = ("all", "stats", "events")
_RESERVED = {*PAGES, "auto"}


class ProviderService:
    """What an administrator does with providers. Thread-safe."""

    def __init__(
        self,
        registry: ProviderRegistry,
        models: ModelService,
        calls: CallLog,
        rule: AddressRule,
    ) -> None:
        self._registry = registry
        self._models = models
        self._calls = calls
        self._rule = rule

    def know_all(self) -> None:
        """Give every provider and model that is known or listed a row of its own."""
        self._registry.know_all()

    def events(self, after: int, limit: int | None) -> list[ChangeEvent]:
        """Return the changes of providers and models after event *after*, oldest first."""
        return self._registry.events(after, limit)

    # --- views ---------------------------------------------------------------------------

    def all(self, include_models: bool = True) -> list[ProviderView | ProviderSummary]:
        """Return every provider, usable or not."""
        view = self._view if include_models else self._summary
        return [view(info) for info in self._registry.llm.roster.state.providers]

    def one(self, name: str) -> ProviderView:
        """Return a provider with its models; NotFoundError when there is none."""
        return self._view(self._registry.provider(name))

    def config(self, name: str) -> ProviderConfigView:
        """Say which secrets of a provider are stored, never their values."""
        info = self._registry.provider(name)
        kept, key_source = self._registry.kept(name), self._registry.key_source(info)
        return {
            "provider_id": name,
            "has_api_key": key_source is not None,
            "key_source": key_source,
            "key_usable": self._registry.llm.factory.has_key(info.id),
            "has_config": kept is not None and kept.sealed_config is not None,
            "created_at": kept.created_at if kept else None,
            "updated_at": kept.updated_at if kept else None,
        }

    def stats(self) -> ProviderCounts:
        """Count providers and models."""
        rows: list[ProviderCount] = []
        for info in self._registry.llm.roster.state.providers:
            models = self._models.of(info)
            is_enabled = self._is_enabled(info)
            # As many as GET /api/models offers.
            enabled = sum(model["enabled"] for model in models) if is_enabled else 0
            rows.append(
                {
                    "provider_id": info.id,
                    "provider_name": info.name,
                    "enabled": is_enabled,
                    "total_models": len(models),
                    "enabled_models": enabled,
                }
            )
        return {
            "total_providers": len(rows),
            "enabled_providers": sum(row["enabled"] for row in rows),
            "total_models": sum(row["total_models"] for row in rows),
            "enabled_models": sum(row["enabled_models"] for row in rows),
            "providers": rows,
        }

    # --- changes -------------------------------------------------------------------------

    def add(self, wanted: NewProvider) -> tuple[ProviderView, KeyCheck | None]:
        """Add an OpenAI-compatible provider, switched off where it refuses its key; return it and what became of that.

        Raises:
            ExistsError: there is one of that id.
            InputError: the address must not be called, or the key cannot be kept.
        """
        name = wanted.id or re.sub(r"[^a-z0-9]+", "-", wanted.name.casefold()).strip("-")[:40]
        if not name or name in _RESERVED:
            raise InputError("id: cannot be used (it is empty or reserved); give another of a-z, 0-9, - and _")
        if self._registry.llm.roster.provider(name) is not None:
            raise ExistsError(f"provider {name!r}: exists already; change it with PUT /api/providers/{name}")
        address = self._rule.base_url(wanted.base_url)
        fields: ProviderFields = {**_given(wanted), "base_url": address}
        key = seal_key(self._registry.box, wanted.api_key, address) if wanted.api_key else None
        check = self._registry.check(KeptProvider(name, True, fields, key, None, "", "")) if key else None
        columns: ProviderColumns = {"custom": True, "fields": _switched(fields, check)}
        if key:
            columns["sealed_key"] = key
        self._change("provider added", name, **columns)
        if wanted.default_model_id:
            self._models.know(name, wanted.default_model_id)
        return self.one(name), check

    def update(self, name: str, wanted: ProviderChange) -> tuple[ProviderView, str]:
        """Change the named fields; null restores the catalogue's value. Return the provider and what was done.

        A key that is stored for one host is never sent to another: a new address drops it.

        Raises:
            NotFoundError, InputError: no such provider, or a value is not allowed.
        """
        info, kept = self._registry.provider(name), self._registry.kept(name)
        given = _given(wanted)
        before: ProviderFields = kept.fields if kept else {}
        fields: ProviderFields = {**before, **given}
        columns: ProviderColumns = {"fields": fields}
        message = f"Provider {name} updated"
        if wanted.base_url:
            fields["base_url"] = self._rule.base_url(wanted.base_url)
        now = self._registry.llm.factory.base_url(info)
        if "base_url" in given and origin(self._registry.address(name, fields)) != origin(now):
            columns["sealed_key"] = None
            message += "; its key belongs to the old address: store one for the new with PUT …/config"
        if kept is not None and kept.custom and not fields.get("base_url"):
            raise InputError("base_url: is empty, and no catalogue has one for this provider")
        named = {"default_model_id": wanted.default_model_id, "champion_model_id": wanted.champion_model_id}
        for field, model in named.items():
            if model and kept is not None and kept.custom:
                self._models.know(name, model)
            elif model and not self._models.has(model, name):
                raise NotFoundError(f"{field}: is not a model of {name}; GET /api/models/all lists them")
        self._change("provider updated", name, **columns)
        return self.one(name), message

    def toggle(self, name: str) -> tuple[ProviderView, str]:
        """Switch a provider on or off; InputError when it has no key to be used with."""
        info, kept = self._registry.provider(name), self._registry.kept(name)
        on = not self._is_enabled(info)
        if on and self._registry.llm.roster.credentials_of(name) is None:
            raise InputError(
                f"{name}: has no key; store one with PUT /api/providers/{name}/config or set {info.key or 'an address'}"
            )
        before: ProviderFields = kept.fields if kept else {}
        self._change("provider switched", name, fields={**before, "enabled": on})
        return self.one(name), f"Provider {name} is {'enabled' if on else 'disabled'}"

    def set_config(self, name: str, wanted: ProviderConfigChange) -> tuple[ProviderConfigView, str, KeyCheck | None]:
        """Store or remove a provider's key and free settings, encrypted; an empty key removes it.

        A key is tried first: one that is accepted switches the provider on, one that is refused switches it off.
        """
        self._registry.provider(name)
        columns: ProviderColumns = {}
        check: KeyCheck | None = None
        if "api_key" in wanted.model_fields_set:
            kept = self._registry.kept(name) or KeptProvider(name, False, {}, None, None, "", "")
            key = self._registry.sealed(name, wanted.api_key, kept.fields) if wanted.api_key else None
            check = self._registry.check(replace(kept, sealed_key=key)) if key else None
            columns["sealed_key"] = key
            if check is not None:
                columns["fields"] = _switched(kept.fields, check)
        if "config" in wanted.model_fields_set:
            text = orjson.dumps(wanted.config).decode() if wanted.config else None
            columns["sealed_config"] = self._registry.box.seal(text) if text else None
        if not columns:
            raise InputError("api_key, config: are missing; give one of them (null or empty removes it)")
        self._change("provider configured", name, **columns)
        return self.config(name), f"Configuration of {name} stored{_outcome(check)}", check

    def remove(self, name: str) -> str:
        """Remove a provider that was added; InputError for one of the catalogue."""
        self._registry.provider(name)
        kept = self._registry.kept(name)
        if kept is None or not kept.custom:
            raise InputError(f"{name}: is in the catalogue and cannot be removed; switch it off with POST …/toggle")
        store = self._registry.store
        self._registry.change("provider removed", name, lambda: store.remove_provider(name))
        return f"Provider {name} removed"

    def test(self, name: str, model: str | None) -> ProviderTestResult:
        """Make one small call and return its result; see `try_provider`."""
        return try_provider(self._registry.llm, self._registry.provider(name), model, self._calls)

    # --- inside --------------------------------------------------------------------------

    def _change(self, what: str, name: str, **columns: Unpack[ProviderColumns]) -> None:
        store = self._registry.store
        self._registry.change(what, name, lambda: store.put_provider(name, what, **columns))

    def _is_enabled(self, info: ProviderInfo) -> bool:
        return info in self._registry.llm.factory.enabled()

    def _view(self, info: ProviderInfo) -> ProviderView:
        return {**self._summary(info), "models": self._models.of(info)}

    def _summary(self, info: ProviderInfo) -> ProviderSummary:
        kept = self._registry.kept(info.id)
        default = info.default_model or self._registry.llm.default_model(info)
        champion = info.champion_model or default
        has_key = self._registry.key_source(info) is not None
        return {
            "id": info.id,
            "name": info.name,
            "base_url": without_user(self._registry.llm.factory.base_url(info)),
            "enabled": self._is_enabled(info),
            "custom": kept is not None and kept.custom,
            "requests_per_minute": info.requests_per_minute,
            "tokens_per_minute": info.tokens_per_minute,
            "default_model": default,
            "default_model_id": default,
            "champion_model": champion,
            "champion_model_id": champion,
            "needs_key": bool(info.key) and info.adapter not in OWN_SERVERS,
            "api_key_configured": has_key,
            "has_api_key": has_key,
            "extra_config": (kept.fields.get("extra_config") if kept else None) or {},
            "created_at": kept.created_at if kept else None,
            "updated_at": kept.updated_at if kept else None,
        }


def _switched(fields: ProviderFields, check: KeyCheck | None) -> ProviderFields:
    """Return *fields* with the switch as the check of a key has it."""
    if check is None or check["result"] in {"not_reachable", "unclear"}:
        return fields
    if check["result"] == "refused":
        return {**fields, "enabled": False}
    return {**fields, "enabled": True} if fields.get("enabled") is False else fields


def _outcome(check: KeyCheck | None) -> str:
    if check is None:
        return ""
    if check["result"] == "refused":
        return f"; the vendor refused the key, so the provider is off: {check['reason']}"
    return "" if check["result"] == "accepted" else f"; the key could not be tried: {check['reason']}"


def _given(wanted: NewProvider | ProviderChange) -> ProviderFields:
    """Return the fields that were sent; id and key are no fields."""
    given = wanted.model_dump(exclude_unset=True, exclude={"id", "api_key"})
    return cast("ProviderFields", given)  # pydantic's dump has no types; the names are those of the bodies
