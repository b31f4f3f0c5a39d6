"""Makes each provider's adapter when it is first asked for, and again when its settings changed."""

import threading
from collections.abc import Sequence

from services.catalogue.catalogue import ProviderInfo
from services.llm.adapters.base import AdapterSpec, BaseLLMProvider, EmbeddedServer, ProviderConfig
from services.llm.routing.roster import OWN_SERVERS, Credentials, Roster
from utils.addresses import AddressRule
from utils.errors import InputError

__all__ = ["OWN_SERVERS", "Credentials", "LLMProviderFactory"]


class LLMProviderFactory:
    """Makes each provider's adapter once, when it is first asked for. Thread-safe."""

    def __init__(
        self,
        roster: Roster,
        adapters: Sequence[AdapterSpec],
        timeout_s: float,
        embedded: EmbeddedServer | None = None,
        rule: AddressRule | None = None,
    ) -> None:
        """Make adapters by *adapters*; *rule* checks addresses that came over the network."""
        self._rule = rule or AddressRule()
        self.roster = roster
        self._adapters = {spec.id: spec for spec in adapters}
        self._timeout_s = timeout_s
        self._embedded = embedded
        self._made: dict[str, BaseLLMProvider] = {}
        self._made_at: dict[str, int] = {}
        self._lock = threading.Lock()

    def enabled(self) -> list[ProviderInfo]:
        """Return the providers that can be used, in order of preference."""
        return self.roster.enabled()

    def get_provider(self, name: str) -> BaseLLMProvider:
        """Return the adapter of provider *name*.

        Raises:
            InputError: no such provider, or it is not set up.
        """
        version = self.roster.version
        made = self._made.get(name)
        if made is not None and self._made_at.get(name) == version:
            return made
        info = self.roster.provider(name)
        if info is None or info not in self.enabled():
            available = ", ".join(provider.id for provider in self.enabled())
            raise InputError(f"Invalid provider: {name[:100]}. Available: {available}")
        with self._lock:
            config = self._config(info)
            # Calls under way go on with the one they have; its connections end with it.
            if name not in self._made or self._made[name].config != config:
                self._made[name] = self._adapters[info.adapter].factory(config)
            self._made_at[name] = version
            return self._made[name]

    def apart(self, info: ProviderInfo, credentials: Credentials) -> BaseLLMProvider:
        """Return an adapter that reaches *info* by *credentials* and serves nobody else; the caller closes it."""
        return self._adapters[info.adapter].factory(self._config(info, credentials))

    def base_url(self, info: ProviderInfo) -> str:
        """Return where *info* is reached."""
        return (self.roster.credentials_of(info.id) or Credentials()).base_url or info.base_url

    def has_own_address(self, name: str) -> bool:
        """Say whether the user gave an address of their own for *name*."""
        return bool((self.roster.credentials_of(name) or Credentials()).base_url)

    def is_own_server(self, info: ProviderInfo) -> bool:
        """Say whether *info* is a server of the user's own rather than a vendor: no stated limits, no list price."""
        return info.adapter in OWN_SERVERS and self.has_own_address(info.id)

    def has_key(self, name: str) -> bool:
        """Say whether a key is sent; never which."""
        return bool((self.roster.credentials_of(name) or Credentials()).api_key)

    def close(self) -> None:
        """Close the connections of every adapter made."""
        with self._lock:
            made, self._made, self._made_at = list(self._made.values()), {}, {}
        for provider in made:
            provider.close()

    def _config(self, info: ProviderInfo, credentials: Credentials | None = None) -> ProviderConfig:
        credentials = credentials or self.roster.credentials_of(info.id) or Credentials()
        return ProviderConfig(
            id=info.id,
            base_url=credentials.base_url or info.base_url,
            api_key=credentials.api_key,
            requests_per_minute=info.requests_per_minute,
            tokens_per_minute=info.tokens_per_minute,
            timeout_s=info.timeout_s or self._timeout_s,
            rule=self._rule if credentials.from_network else None,
            embedded=self._embedded,
        )
