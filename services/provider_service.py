"""Managing providers: what they are like, keys, switches, providers of one's own, a test call."""

import re
from typing import Any

import orjson

from models.management import NewProvider, ProviderChange, ProviderConfigChange
from services.catalogue import ProviderInfo
from services.llm.credentials import seal_key
from services.llm.limit_headers import StatedLimit, stated_limits
from services.llm.roster import OWN_SERVERS
from services.llm.single_calls import CallLog, SingleCalls
from services.llm_service import Outcome, Preference, Prompt, Terms
from services.model_service import ModelService
from services.provider_registry import ProviderRegistry
from utils.addresses import AddressRule, origin, without_user
from utils.cancellation import time_limit
from utils.errors import ConfigurationError, ExistsError, GenerationError, InputError, NotFoundError, TimeLimitError

# Pages of our own beside /api/providers/<id>, which no provider may hide behind.
PAGES = ("all", "stats", "events")
_RESERVED = {*PAGES, "auto"}
_TEST_TOKENS = 64
# Limits may be used up, and the embedded model may have to be fetched: nobody waits for that here.
_TEST_S = 8.0


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

    # --- views ---------------------------------------------------------------------------

    def all(self, include_models: bool = True) -> list[dict[str, Any]]:
        """Return every provider, usable or not."""
        return [self._view(info, include_models) for info in self._registry.llm.roster.state.providers]

    def one(self, name: str) -> dict[str, Any]:
        """Return a provider with its models; NotFoundError when there is none."""
        return self._view(self._registry.provider(name), True)

    def config(self, name: str) -> dict[str, Any]:
        """Say what is stored of a provider's secrets, never what they are."""
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

    def stats(self) -> dict[str, Any]:
        """Count providers and models."""
        rows = []
        for info in self._registry.llm.roster.state.providers:
            models = self._models.of(info)
            enabled = sum(model["enabled"] for model in models)
            rows.append(
                {
                    "provider_id": info.id,
                    "provider_name": info.name,
                    "enabled": self._is_enabled(info),
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

    def add(self, wanted: NewProvider) -> dict[str, Any]:
        """Add an OpenAI-compatible provider.

        Raises:
            ExistsError: there is one of that id.
            InputError: the address must not be called, or the key cannot be kept.
        """
        name = wanted.id or re.sub(r"[^a-z0-9]+", "-", wanted.name.casefold()).strip("-")[:40]
        if not name or name in _RESERVED:
            raise InputError("id: cannot be used (it is empty or a word of ours); give another of a-z, 0-9, - and _")
        if self._registry.llm.roster.provider(name) is not None:
            raise ExistsError(f"provider {name!r}: exists already; change it with PUT /api/providers/{name}")
        given = wanted.model_dump(exclude={"id", "api_key"}, exclude_none=True)
        fields = {**given, "base_url": self._rule.base_url(wanted.base_url)}
        columns: dict[str, Any] = {"custom": True, "fields": fields}
        if wanted.api_key:
            columns["sealed_key"] = seal_key(self._registry.box, wanted.api_key, fields["base_url"])
        self._change("provider added", name, **columns)
        if wanted.default_model_id:
            self._models.know(name, wanted.default_model_id)
        return self.one(name)

    def update(self, name: str, wanted: ProviderChange) -> tuple[dict[str, Any], str]:
        """Change the named fields; null brings the catalogue's value back. Return the provider and what was done.

        A key that is stored for one host is never sent to another: a new address drops it.

        Raises:
            NotFoundError, InputError: no such provider, or a value cannot be.
        """
        info, kept = self._registry.provider(name), self._registry.kept(name)
        given = wanted.model_dump(exclude_unset=True)
        fields = {**(kept.fields if kept else {}), **given}
        columns: dict[str, Any] = {}
        message = f"Provider {name} updated"
        if given.get("base_url"):
            fields["base_url"] = self._rule.base_url(given["base_url"])
        now = self._registry.llm.factory.base_url(info)
        if "base_url" in given and origin(self._registry.address(name, fields)) != origin(now):
            columns["sealed_key"] = None
            message += "; its key belongs to the old address: store one for the new with PUT …/config"
        if kept is not None and kept.custom and not fields.get("base_url"):
            raise InputError("base_url: is empty, and no catalogue has one for this provider")
        for field in ("default_model_id", "champion_model_id"):
            if given.get(field) and kept is not None and kept.custom:
                self._models.know(name, given[field])
            elif given.get(field) and not self._models.has(given[field], name):
                raise NotFoundError(f"{field}: is no model of {name}; GET /api/models/all lists them")
        columns["fields"] = {key: value for key, value in fields.items() if value is not None}
        self._change("provider updated", name, **columns)
        return self.one(name), message

    def toggle(self, name: str) -> tuple[dict[str, Any], str]:
        """Switch a provider on or off; InputError when it has no key to be used with."""
        info, kept = self._registry.provider(name), self._registry.kept(name)
        on = not self._is_enabled(info)
        if on and self._registry.llm.roster.credentials_of(name) is None:
            raise InputError(
                f"{name}: has no key; store one with PUT /api/providers/{name}/config or set {info.key or 'an address'}"
            )
        fields = {**(kept.fields if kept else {}), "enabled": on}
        self._change("provider switched", name, fields=fields)
        return self.one(name), f"Provider {name} is {'enabled' if on else 'disabled'}"

    def set_config(self, name: str, wanted: ProviderConfigChange) -> tuple[dict[str, Any], str]:
        """Store or remove a provider's key and free settings, encrypted; an empty key removes it."""
        self._registry.provider(name)
        columns: dict[str, Any] = {}
        if "api_key" in wanted.model_fields_set:
            kept = self._registry.kept(name)
            fields = kept.fields if kept else {}
            columns["sealed_key"] = self._registry.sealed(name, wanted.api_key, fields) if wanted.api_key else None
        if "config" in wanted.model_fields_set:
            text = orjson.dumps(wanted.config).decode() if wanted.config else None
            columns["sealed_config"] = self._registry.box.seal(text) if text else None
        if not columns:
            raise InputError("api_key, config: are missing; give one of them (null or empty removes it)")
        self._change("provider configured", name, **columns)
        return self.config(name), f"Configuration of {name} stored"

    def remove(self, name: str) -> str:
        """Remove a provider that was added; InputError for one of the catalogue."""
        self._registry.provider(name)
        kept = self._registry.kept(name)
        if kept is None or not kept.custom:
            raise InputError(f"{name}: is in the catalogue and cannot be removed; switch it off with POST …/toggle")
        store = self._registry.store
        self._registry.change("provider removed", name, lambda: store.remove_provider(name))
        return f"Provider {name} removed"

    # --- a test call ---------------------------------------------------------------------

    def test(self, name: str, model: str | None) -> dict[str, Any]:
        """Make one small call and say what came of it; what closed the provider does not stand in the way.

        Only a limit that the vendor stated does: it is told, and no call is made.
        """
        info = self._registry.provider(name)
        llm = self._registry.llm
        if model is None and info in llm.factory.enabled() and not llm.models.usable(info):
            llm.models.refresh([name])  # it was added just now
            if not llm.models.usable(info):
                return self._unlisted(name)
        preference = Preference(name, model, allow_failover=False)
        llm.check(preference)
        target = llm.targets(preference)[0]
        if llm.router.reason(target) != "rate_limit":
            llm.router.forgive(name)
        calls = SingleCalls(self._calls)
        prompt = Prompt(({"role": "user", "content": "Reply with the word OK."},), None, None, _TEST_TOKENS, 0.0)
        try:
            with time_limit(_TEST_S, "the test") as cancel:
                outcome = llm.ask(prompt, preference, calls.on(Terms("test", cancel, cancel, max_wait_s=0.0)))
        except TimeLimitError:
            message = f"no answer within {_TEST_S:g} s; it waits where limits are used up: see GET /api/targets"
            return _untold(name, target.model.id, "timeout", message)
        except (GenerationError, ConfigurationError) as error:
            category = error.category if isinstance(error, GenerationError) else "configuration"
            return _untold(name, target.model.id, category, str(error))
        calls.used(outcome.usage)
        return {"provider": name, "model": target.model.id, **_told(outcome, info)}

    # --- inside --------------------------------------------------------------------------

    def _unlisted(self, name: str) -> dict[str, Any]:
        """Say why there is no model to call."""
        found = self._registry.llm.models.discovery(name)
        message = found.reason or "it lists no model that is enabled; name one as model, or set default_model_id"
        category = "connection_error" if found.listed is None else "model_unavailable"
        return _untold(name, None, category, message)

    def _change(self, what: str, name: str, **columns: Any) -> None:
        store = self._registry.store
        self._registry.change(what, name, lambda: store.put_provider(name, what, **columns))

    def _is_enabled(self, info: ProviderInfo) -> bool:
        return info in self._registry.llm.factory.enabled()

    def _view(self, info: ProviderInfo, include_models: bool) -> dict[str, Any]:
        kept = self._registry.kept(info.id)
        default = info.default_model or self._registry.llm.default_model(info)
        champion = info.champion_model or default
        has_key = self._registry.key_source(info) is not None
        view = {
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
        return {**view, "models": self._models.of(info)} if include_models else view


def _untold(provider: str, model: str | None, category: str, message: str) -> dict[str, Any]:
    """Return the answer of a test that made no call to its end."""
    fault = {"category": category, "message": message}
    return {"provider": provider, "model": model, "ok": False, "latency_ms": None, "limits": [], "error": fault}


def _told(outcome: Outcome, info: ProviderInfo) -> dict[str, Any]:
    completion, error = outcome.completion, outcome.error
    headers = completion.headers if completion is not None else error.headers if error is not None else {}
    fault = None
    if completion is None and error is not None:
        fault = {"category": error.category, "message": str(error)}
    return {
        "ok": completion is not None,
        "latency_ms": round(outcome.latency_s * 1000),
        "limits": [_limit(row) for row in stated_limits(headers, info.requests_header)],
        "error": fault,
    }


def _limit(row: StatedLimit) -> dict[str, Any]:
    return {
        "unit": row.unit,
        "window": row.window,
        "limit": row.limit,
        "remaining": row.remaining,
        "reset_s": row.reset_s,
    }
