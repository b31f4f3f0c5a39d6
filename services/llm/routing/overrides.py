"""Joins the catalogue, the settings and what users changed into the roster. Pure: rows in, a state out."""

from collections.abc import Iterable, Mapping

from models.catalogue.provider_store import KeptModel, KeptProvider, ModelFields
from services.catalogue.catalogue import Catalogue, ModelInfo, ProviderInfo
from services.llm.routing.credentials import Given, credentials_of
from services.llm.routing.model_catalogue import unknown_model
from services.llm.routing.roster import Credentials, RosterState
from utils.secret_box import SecretBox

# Initial limits of an added provider where the user sets none.
CUSTOM_REQUESTS, CUSTOM_TOKENS = 60, 30_000
_CAPABILITIES = frozenset({"supports_cot", "supports_streaming", "supports_vision"})


def roster_state(
    catalogue: Catalogue,
    from_settings: Mapping[str, Given],
    providers: Mapping[str, KeptProvider],
    models: Iterable[KeptModel],
    box: SecretBox,
) -> RosterState:
    """Return the current providers and models; `services/llm/routing/credentials.py` decides which key goes where."""
    rows = [*catalogue.providers, *(custom_provider(row) for row in providers.values() if row.custom)]
    credentials = {}
    for info in rows:
        found = credentials_of(info, from_settings.get(info.id, Given()), providers.get(info.id), box)
        if found is not None:
            credentials[info.id] = found
    known = [_provider(row, providers.get(row.id)) for row in rows]
    known.sort(key=lambda info: info.last_resort)
    return RosterState(known, _models(catalogue, list(models)), credentials)


def credentials_by_settings(catalogue: Catalogue, from_settings: Mapping[str, Given]) -> dict[str, Credentials]:
    """Return how each provider is reached by the settings alone: by a key, or at an address of the user's own."""
    return dict(roster_state(catalogue, from_settings, {}, (), SecretBox()).credentials)


def custom_provider(row: KeptProvider) -> ProviderInfo:
    """Return a provider that a user added."""
    fields = row.fields
    return ProviderInfo(
        id=row.id,
        name=fields.get("name") or row.id,
        adapter="openai_compatible",
        base_url=fields.get("base_url") or "",
        default_model=fields.get("default_model_id") or "",
        champion_model=fields.get("champion_model_id") or "",
        requests_cap=fields.get("requests_per_minute"),
        tokens_cap=fields.get("tokens_per_minute"),
        enabled=fields.get("enabled") is not False,
        requests_per_minute=fields.get("requests_per_minute") or CUSTOM_REQUESTS,
        tokens_per_minute=fields.get("tokens_per_minute") or CUSTOM_TOKENS,
    )


def _provider(info: ProviderInfo, kept: KeptProvider | None) -> ProviderInfo:
    if kept is None or kept.custom:
        return info
    names = {"default_model_id": "default_model", "champion_model_id": "champion_model"}
    fields = {names.get(name, name): value for name, value in kept.fields.items() if name != "extra_config"}
    fields["requests_cap"] = kept.fields.get("requests_per_minute")
    fields["tokens_cap"] = kept.fields.get("tokens_per_minute")
    return info.model_copy(update={name: value for name, value in fields.items() if value is not None})


def _models(catalogue: Catalogue, kept: list[KeptModel]) -> list[ModelInfo]:
    """Return the models, each provider's in fallback order: what users ordered, else the catalogue's."""
    changed = {(row.provider, row.model): row.fields for row in kept}
    known = {(row.provider, row.id): row for row in catalogue.models}
    infos = dict(known)
    for (provider, model), fields in changed.items():
        if (provider, model) in known or fields:
            infos[provider, model] = _model(known.get((provider, model)) or unknown_model(provider, model), fields)
    places = {name: place for place, name in enumerate(infos)}
    return sorted(
        infos.values(),
        key=lambda row: (
            changed.get((row.provider, row.id), {}).get("fallback_priority", 1_000),
            places[row.provider, row.id],
        ),
    )


def _model(info: ModelInfo, fields: ModelFields) -> ModelInfo:
    names = {
        "max_tokens": "max_output",
        "supports_json_schema": "json_schema",
        "is_thinking_model": "supports_cot",
    }
    kept = {names[name]: value for name, value in fields.items() if name in names}
    kept |= {name: value for name, value in fields.items() if name not in names and value is not None}
    wanted = {name: value for name, value in kept.items() if name in ModelInfo.model_fields and value is not None}
    if by_user := sorted(wanted.keys() & _CAPABILITIES):
        wanted["evidence"] = "; ".join(filter(None, (info.evidence, f"set by a user: {', '.join(by_user)}")))
    return info.model_copy(update=wanted)
