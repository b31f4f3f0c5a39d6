"""What a request asks for, and which targets may serve it, in which order."""

from dataclasses import dataclass, replace

from services.catalogue.catalogue import ModelInfo, ProviderInfo
from services.llm.routing.factory import LLMProviderFactory
from services.llm.routing.model_catalogue import ModelCatalogue
from services.llm.routing.router import Target
from utils.errors import ConfigurationError, InputError
from utils.installation import missing

AUTO = "auto"


@dataclass(frozen=True)
class Preference:
    """What a request asks for.

    Attributes:
        provider: A provider id, "auto" for all at once, or "" for the default.
        model: A model id, or None for the provider's default.
        allow_failover: Whether others may be used when these are closed.
        providers: Provider ids in order of preference; the only ones used, if any are given.
        models: Model ids ("model" or "provider/model") in order of preference, before all others.
        weights: Share of the load by provider, where several have room.
        priced_only: Use only models whose price is known.
        sees: Use only models that take pictures; of those of whom nobody knows it, only the one that `model` names.
    """

    provider: str = ""
    model: str | None = None
    allow_failover: bool = True
    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    weights: tuple[tuple[str, float], ...] = ()
    priced_only: bool = False
    sees: bool = False


class TargetChooser:
    """Ranks targets. Thread-safe."""

    def __init__(self, factory: LLMProviderFactory, models: ModelCatalogue, default_provider: str) -> None:
        self._factory = factory
        self._models = models
        self._roster = factory.roster
        self._default = default_provider
        self._kept: tuple[tuple[int, int], dict[Preference, list[list[Target]]]] = ((-1, -1), {})

    @property
    def default_provider(self) -> ProviderInfo:
        """The provider of requests that name none."""
        enabled = self._factory.enabled()
        chosen = next((provider for provider in enabled if provider.id == self._default), None)
        if chosen is None and not enabled:
            lack = missing("xllamacpp")
            other = f"use the embedded model: {lack}" if lack else "keep the embedded model enabled"
            raise InputError(f"no provider is usable; set a key in .env (see README.md) or {other}")
        return chosen or enabled[0]

    def check_default(self) -> None:
        """Refuse a default provider that is not usable; ConfigurationError lists those that are."""
        usable = [provider.id for provider in self._factory.enabled()]
        if self._default and self._default not in usable:
            raise ConfigurationError(
                f"DEFAULT_PROVIDER: got {self._default!r}, want one that is set up: {', '.join(usable)}"
            )

    def check(self, preference: Preference) -> None:
        """Refuse a preference that names an unknown provider or leaves no target; InputError lists the known ones."""
        named = [name for name in (preference.provider, *preference.providers, *dict(preference.weights)) if name]
        for name in named:
            if name != AUTO:
                self._factory.get_provider(name)
        self._check_models(preference)
        self._check_model(preference)
        self.check_sight(preference)
        if not any(self.groups(preference)):
            raise InputError(
                "max_cost_usd: no model of the chosen providers has a known price; add price_input, price_output, "
                "price_source and price_date in catalog/models.toml, or use max_tokens_total"
                if preference.priced_only
                else "no model may serve this request; see GET /api/models"
            )

    def check_sight(self, preference: Preference) -> None:
        """Refuse a preference for models that see, where those that may serve it do not; InputError says what to do."""
        if not preference.sees or any(self.groups(preference)) or not any(self.groups(replace(preference, sees=False))):
            return
        who = f"{preference.model[:100]} takes none" if preference.model else "no model that may be used takes any"
        raise InputError(
            f"pictures: {who}; name a model that sees (supports_vision in GET /api/models), "
            "or upload the page as a document, so that its text is recognised"
        )

    def _check_model(self, preference: Preference) -> None:
        if not preference.model or preference.provider == AUTO:
            return
        info = self._roster.provider(preference.provider) or self.default_provider
        known = [model.id for model in self._models.usable(info)]
        disabled = not self._models.find(info, preference.model).enabled
        if disabled or (info.last_resort and preference.model not in known):
            what = "Disabled" if disabled else "Invalid"
            name = preference.model[:100]
            raise InputError(f"{what} model: {name}. Available at {info.id}: {', '.join(known) or 'none'}")

    def _check_models(self, preference: Preference) -> None:
        usable = self.everybody()
        known = {name for target in usable for name in (target.name, target.model.id)}
        unknown = [name for name in preference.models if name not in known]
        if unknown:
            names = ", ".join(target.name for target in usable)
            raise InputError(f"models: got {unknown[0]!r}, want ids of GET /api/models, such as {names[:300]}")

    def everybody(self) -> list[Target]:
        """Return every target of every usable provider, in the catalogue's order."""
        return [target for provider in self._factory.enabled() for target in self._targets(provider, Preference())]

    def groups(self, preference: Preference) -> list[list[Target]]:
        """Return the targets that may serve *preference*: groups that work at once, each in order of preference.

        The embedded model only serves requests that ask for it, or have no other:
        its samples must not slip into a data set because a vendor is down.
        """
        state = (self._models.changes, self._roster.version)
        kept_for, kept = self._kept
        if kept_for != state:  # the cache holds for one state of discovery and roster
            kept = {}
            self._kept = (state, kept)
        if preference not in kept:
            kept[preference] = self._rank(preference)
        return kept[preference]

    def _rank(self, preference: Preference) -> list[list[Target]]:
        if preference.provider == AUTO:
            found = [self._targets(provider, preference) for provider in self._real(preference)]
            return [group if preference.allow_failover else group[:1] for group in found if group]
        return [self._chain(preference)]

    def _chain(self, preference: Preference) -> list[Target]:
        if not self._factory.enabled():
            return []
        first = self._roster.provider(preference.provider) or self.default_provider
        usable = first in self._factory.enabled()  # it may have been switched off while a batch runs
        own = self._targets(first, preference) if usable else []
        if usable and preference.model and (found := self._models.find(first, preference.model)).enabled:
            named = Target(first, found)
            own = [named, *(target for target in own if target.model.id != named.model.id)]
        if not preference.allow_failover:
            own = own[:1]
        own = [target for target in own if _allowed(target, preference)]
        if not preference.allow_failover:
            return own
        others = [] if first.last_resort else [row for row in self._real(preference) if row.id != first.id]
        return own + [target for provider in others for target in self._targets(provider, preference)]

    def _real(self, preference: Preference) -> list[ProviderInfo]:
        enabled = self._factory.enabled()
        if preference.providers:
            by_id = {provider.id: provider for provider in enabled}
            return [by_id[name] for name in preference.providers if name in by_id]
        return [provider for provider in enabled if not provider.last_resort] or enabled

    def _priced(self, provider: ProviderInfo, model: ModelInfo) -> ModelInfo:
        """Return *model* without the vendor's price where a server of the user's own answers."""
        if not self._factory.is_own_server(provider):
            return model
        return model.model_copy(update={"price_input": None, "price_output": None})

    def _targets(self, provider: ProviderInfo, preference: Preference) -> list[Target]:
        targets = [Target(provider, self._priced(provider, model)) for model in self._models.usable(provider)]
        places = {name: place for place, name in enumerate(preference.models)}
        last = len(places)
        ranked = sorted(targets, key=lambda row: min(places.get(row.name, last), places.get(row.model.id, last)))
        return [target for target in ranked if _allowed(target, preference)]


def _allowed(target: Target, preference: Preference) -> bool:
    if preference.sees and not _may_see(target.model, preference):
        return False
    return not preference.priced_only or target.model.price_input is not None


def _may_see(model: ModelInfo, preference: Preference) -> bool:
    """Whether pictures may be sent to *model*: where nobody knows, whoever names it decides."""
    if model.supports_vision is None:
        return model.id == preference.model
    return model.supports_vision
