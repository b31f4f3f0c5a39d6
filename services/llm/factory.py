"""Makes each provider's adapter once, from the catalogue and the user's credentials."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.catalogue import Catalogue, ProviderInfo
from services.llm.base import AdapterSpec, BaseLLMProvider, Engine, ProviderConfig
from utils.errors import InputError

# Adapters of what users run themselves.
OWN_SERVERS = ("ollama", "openai_compatible")


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a provider is reached: its key, or an address of the user's own."""

    api_key: str = ""
    base_url: str = ""
    sends_key: bool = True


class LLMProviderFactory:
    """Makes each provider's adapter once, when it is first asked for. Thread-safe."""

    def __init__(
        self,
        catalogue: Catalogue,
        adapters: Sequence[AdapterSpec],
        credentials: Mapping[str, Credentials],
        timeout_s: float,
        engine: Engine | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._adapters = {spec.id: spec for spec in adapters}
        self._credentials = credentials
        self._timeout_s = timeout_s
        self._engine = engine
        self._made: dict[str, BaseLLMProvider] = {}
        self._lock = threading.Lock()

    def enabled(self) -> list[ProviderInfo]:
        """Return the providers that can be used, in the catalogue's order."""
        return [provider for provider in self._catalogue.providers if provider.id in self._credentials]

    def get_provider(self, name: str) -> BaseLLMProvider:
        """Return the adapter of provider *name*.

        Raises:
            InputError: no such provider, or it is not set up.
        """
        info = self._catalogue.provider(name)
        if info is None or name not in self._credentials:
            available = ", ".join(provider.id for provider in self.enabled())
            raise InputError(f"Invalid provider: {name}. Available: {available}")
        with self._lock:
            if name not in self._made:
                self._made[name] = self._adapters[info.adapter].factory(self._config(info))
            return self._made[name]

    def base_url(self, info: ProviderInfo) -> str:
        """Return where *info* is reached."""
        return (self._credentials.get(info.id) or Credentials()).base_url or info.base_url

    def has_own_address(self, name: str) -> bool:
        """Say whether the user gave an address of their own for *name*."""
        return bool((self._credentials.get(name) or Credentials()).base_url)

    def is_own_server(self, info: ProviderInfo) -> bool:
        """Say whether *info* is a server of the user's own rather than a vendor: no stated limits, no list price."""
        return info.adapter in OWN_SERVERS and self.has_own_address(info.id)

    def has_key(self, name: str) -> bool:
        """Say whether a key is set; never which."""
        return bool((self._credentials.get(name) or Credentials()).api_key)

    def close(self) -> None:
        """Close the connections of every adapter made."""
        with self._lock:
            made, self._made = list(self._made.values()), {}
        for provider in made:
            provider.close()

    def _config(self, info: ProviderInfo) -> ProviderConfig:
        credentials = self._credentials[info.id]
        return ProviderConfig(
            id=info.id,
            base_url=self.base_url(info),
            api_key=credentials.api_key,
            requests_per_minute=info.requests_per_minute,
            tokens_per_minute=info.tokens_per_minute,
            timeout_s=info.timeout_s or self._timeout_s,
            sends_key=credentials.sends_key,
            engine=self._engine,
        )
