"""The current providers and models: the catalogue, with what users changed over it.

One state at a time, replaced as a whole; a cache of anything in it keeps the
`version` beside it. `services/operations/provider_service.py` makes the changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.catalogue.catalogue import ModelInfo, ProviderInfo

# Adapters of servers that users run themselves.
OWN_SERVERS = ("ollama", "openai_compatible")


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a provider is reached.

    Attributes:
        api_key: The key that is sent; "" for none.
        base_url: An address in place of the catalogue's; "" for none.
        from_network: Whether that address came over the API, and is checked whenever it is called.
    """

    api_key: str = field(default="", repr=False)
    base_url: str = ""
    from_network: bool = False


@dataclass(frozen=True)
class RosterState:
    """Everything at one moment: providers in order of preference, models in fallback order, credentials by provider."""

    providers: Sequence[ProviderInfo]
    models: Sequence[ModelInfo]
    credentials: Mapping[str, Credentials]


class Roster:
    """The current state. Thread-safe: readers take one reference."""

    def __init__(self, state: RosterState) -> None:
        self._now = _Indexed(state, 0)

    @property
    def version(self) -> int:
        """How often the state was replaced."""
        return self._now.version

    @property
    def state(self) -> RosterState:
        """The current state."""
        return self._now.state

    def replace(self, state: RosterState) -> None:
        """Replace the state by *state*; one caller at a time."""
        self._now = _Indexed(state, self._now.version + 1)

    def provider(self, name: str) -> ProviderInfo | None:
        """Return the provider *name*, usable or not; None when there is none."""
        return self._now.providers.get(name)

    def enabled(self) -> list[ProviderInfo]:
        """Return the providers that can be used, in order of preference."""
        return self._now.enabled

    def models_of(self, provider: str) -> tuple[ModelInfo, ...]:
        """Return the models of *provider* that are known, in fallback order; disabled and retired ones too."""
        return self._now.models.get(provider, ())

    def credentials_of(self, provider: str) -> Credentials | None:
        """Return how *provider* is reached; None when it is not set up."""
        return self._now.state.credentials.get(provider)


class _Indexed:
    """A state with its lookup tables."""

    def __init__(self, state: RosterState, version: int) -> None:
        self.state = state
        self.version = version
        self.providers = {provider.id: provider for provider in state.providers}
        self.enabled = [row for row in state.providers if row.enabled and row.id in state.credentials]
        self.models: dict[str, tuple[ModelInfo, ...]] = {
            name: tuple(model for model in state.models if model.provider == name) for name in self.providers
        }
