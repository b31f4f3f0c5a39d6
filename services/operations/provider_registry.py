"""The providers and models of this installation: loads what users changed, applies each change at once.

One change at a time: it is written with its event, the roster is built again, the way to
the models takes it over (running batches too), and the streams get a message.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Literal

from models.catalogue.provider_store import KeptModel, KeptProvider, ProviderFields, ProviderStore
from models.contract.answers.batches import ProvidersChangedMessage
from models.contract.answers.management import ChangeEvent, KeyCheck
from services.catalogue.catalogue import Catalogue, ProviderInfo
from services.llm.routing.credentials import Given, address_of, address_of_key, credentials_of, seal_key
from services.llm.routing.overrides import custom_provider, roster_state
from services.llm_service import LLMService
from services.operations.key_check import check_key
from services.streams.broker import EventBroker
from utils.errors import NotFoundError
from utils.secret_box import SecretBox

_MOST_EVENTS = 1000


class ProviderRegistry:
    """Keeps what users changed of providers and models, and applies it. Thread-safe."""

    def __init__(
        self,
        catalogue: Catalogue,
        from_settings: Mapping[str, Given],
        store: ProviderStore,
        llm: LLMService,
        events: EventBroker,
        box: SecretBox,
    ) -> None:
        self.llm = llm
        self.box = box
        self.store = store
        self._catalogue = catalogue
        self._from_settings = from_settings
        self._events = events
        self._lock = threading.RLock()
        # As of the last load, like the roster, so that a list of all providers reads no table for each.
        self._kept: Mapping[str, KeptProvider] = {}
        self._kept_models: Mapping[tuple[str, str], KeptModel] = {}

    def kept(self, provider: str) -> KeptProvider | None:
        """Return what is kept of *provider*."""
        return self._kept.get(provider)

    def kept_models(self) -> Mapping[tuple[str, str], KeptModel]:
        """Return what is kept of models, by provider and model."""
        return self._kept_models

    def provider(self, name: str) -> ProviderInfo:
        """Return a provider, usable or not; NotFoundError when there is none."""
        info = self.llm.roster.provider(name)
        if info is None:
            known = ", ".join(row.id for row in self.llm.roster.state.providers)
            raise NotFoundError(f"provider {name[:100]!r}: not found; known are {known}")
        return info

    def key_source(self, info: ProviderInfo) -> Literal["stored", "settings"] | None:
        """Say where the key of a provider is from: "stored", "settings", or None without one."""
        kept = self.kept(info.id)
        if kept is not None and kept.sealed_key is not None:
            return "stored"
        return "settings" if self._given(info.id).api_key else None

    def address(self, name: str, fields: ProviderFields) -> str:
        """Return where a provider would be reached with *fields* set over the API."""
        return address_of(self._as_given(name), self._given(name), fields)

    def sealed(self, name: str, key: str, fields: ProviderFields) -> str:
        """Encrypt a key for the address that the provider has with *fields*; InputError without an encryption key."""
        return seal_key(self.box, key, address_of_key(self._as_given(name), self._given(name), fields))

    def check(self, kept: KeptProvider) -> KeyCheck | None:
        """Try the key of a row of `providers` before it is stored; None where nothing would be sent to anybody."""
        info = custom_provider(kept) if kept.custom else self.provider(kept.id)
        credentials = credentials_of(info, self._given(kept.id), kept, self.box)
        if credentials is None or not credentials.api_key:
            return None
        return check_key(self.llm.factory.apart(info, credentials))

    def change(self, what: str, provider: str, write: Callable[[], int]) -> None:
        """Do *write* (which returns its event's id), then apply what is kept now."""
        with self._lock:
            event_id = write()
            self.load()
        told: ProvidersChangedMessage = {"type": "providers_changed", "change": what, "provider_id": provider}
        self._events.publish(lambda: told, event_id)

    def load(self) -> None:
        """Apply what is kept now."""
        with self._lock:
            self._read()
            kept, models = self._kept, self._kept_models.values()
            self.llm.adopt(roster_state(self._catalogue, self._from_settings, kept, models, self.box))

    def events(self, after: int, limit: int | None) -> list[ChangeEvent]:
        """Return the changes after event *after*, oldest first."""
        return self.store.changes(after, min(limit or _MOST_EVENTS, _MOST_EVENTS))

    def ask(self) -> bool:
        """Ask the providers for their models where a list is missing, old or in doubt; tell whether one was asked."""
        names = [provider.id for provider in self.llm.factory.enabled() if not provider.last_resort]
        return bool(self.llm.models.refresh_due(names))

    def know_all(self) -> None:
        """Give every provider and model that is known or listed a row, with its `db_id`."""
        providers = self.llm.roster.state.providers
        models = [(info.id, model.id) for info in providers for model in self.llm.models.all_of(info)]
        with self._lock:
            self.store.know([info.id for info in providers], models)
            self._read()

    def _given(self, name: str) -> Given:
        return self._from_settings.get(name, Given())

    def _as_given(self, name: str) -> ProviderInfo:
        """Return a provider as its catalogue has it, or as it was added."""
        kept = self.kept(name)
        return self._catalogue.provider(name) or (custom_provider(kept) if kept else self.provider(name))

    def _read(self) -> None:
        self._kept = self.store.providers()
        self._kept_models = {(row.provider, row.model): row for row in self.store.models()}
