"""Which models can be used now: the catalogue joined with what each provider lists.

A dead id (tombstone) is never chosen unless discovery lists it again; an id that
only discovery knows is usable when asked for by name, or when a server of the
user's own lists nothing that we know. Discovery runs in the background; without an
answer the catalogue stands alone, and says so. Not so at an address of the user's own:
which models are there only its list can tell, so those of the catalogue are awaited
until it comes, and a list that came stands until the next.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from services.catalogue.catalogue import ModelInfo, ProviderInfo
from services.llm.routing.roster import Roster
from utils.clock import Clock, SystemClock
from utils.errors import AppError, GenerationError

log = logging.getLogger(__name__)
_UNKNOWN_CONTEXT = 8192
# After how long a list is asked for again: usually, and after a model was missing or the list failed.
_OLD_S = 6 * 3600.0
_DOUBTED_S = 300.0
# A server of the user's own may be starting, or still be loading its model.
_STARTING_S = 30.0
# How soon a caller may ask again for a list that did not come.
_AGAIN_S = 5.0
_NOT_NOW = (408, 425, 429)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a provider listed, or why it did not.

    Attributes:
        listed: The ids; None without any list.
        reason: Why the last list did not come; "" when it came.
        refused: The server answered that it gives no list; so there is none to wait for.
    """

    listed: tuple[str, ...] | None
    reason: str = ""
    refused: bool = False


class ModelCatalogue:
    """Models by provider. Thread-safe.

    Attributes:
        changes: Number of lists received or failed so far.
    """

    def __init__(
        self,
        roster: Roster,
        list_models: Callable[[str], list[str]],
        has_own_address: Callable[[str], bool] = lambda _: True,
        clock: Clock | None = None,
        arrived: Callable[[], None] = lambda: None,
    ) -> None:
        """Make it; *arrived* is called when a list came that was awaited."""
        self._roster = roster
        self._arrived = arrived
        self._has_own_address = has_own_address
        self._list_models = list_models
        self._found: dict[str, Discovery] = {}
        self.changes = 0
        self._clock = clock or SystemClock()
        self._asked_at: dict[str, float] = {}
        self._doubted: set[str] = set()
        self._lock = threading.Lock()

    def refresh(self, providers: Iterable[str]) -> None:
        """Ask *providers* for their lists; keeps their failures instead of raising them."""
        for provider in providers:
            try:
                found = Discovery(tuple(self._list_models(provider)))
            except AppError as error:
                found = Discovery(None, str(error), _is_refusal(error))
                log.info("models not listed", extra={"provider": provider, "reason": str(error)})
            was_awaited = self.is_awaited(provider)
            with self._lock:
                before = self._found.get(provider)
                if before is not None and found.listed is None and self._has_own_address(provider):
                    found = replace(found, listed=before.listed)
                self._found[provider] = found
                self._asked_at[provider] = self._clock.monotonic()
                self._doubted.discard(provider)
                self.changes += 1
            if was_awaited and not self.is_awaited(provider):
                self._arrived()

    def is_awaited(self, provider: str) -> bool:
        """Say whether only the list of *provider*, which has not come yet, can tell which models are there."""
        return self._awaits(provider, self.discovery(provider))

    def _awaits(self, provider: str, found: Discovery) -> bool:
        return self._has_own_address(provider) and found.listed is None and not found.refused

    def ask_awaited(self, provider: str) -> None:
        """Ask for the list of *provider* where it is awaited and was not just asked for; waits for the answer."""
        with self._lock:
            asked_at = self._asked_at.get(provider)
        if self.is_awaited(provider) and (asked_at is None or self._clock.monotonic() - asked_at >= _AGAIN_S):
            self.refresh([provider])

    def doubt(self, provider: str) -> None:
        """Note that a model of *provider* is gone: its list should be asked for again."""
        with self._lock:
            self._doubted.add(provider)

    def forget(self, provider: str) -> None:
        """Drop the list of *provider*: its address, key or switch was changed."""
        with self._lock:
            self._found.pop(provider, None)
            self._asked_at.pop(provider, None)
            self.changes += 1

    def refresh_due(self, providers: Iterable[str]) -> list[str]:
        """Ask those of *providers* whose list is missing, old, or in doubt and not just asked for; return them."""
        now = self._clock.monotonic()
        with self._lock:
            asked = self._asked_at
            due = [name for name in providers if name not in asked or now - asked[name] >= self._patience_s(name)]
        due.sort(key=lambda name: not self._has_own_address(name))  # callers may wait for these
        self.refresh(due)
        return due

    def _patience_s(self, provider: str) -> float:
        if self._found[provider].reason:
            return _STARTING_S if self._has_own_address(provider) else _DOUBTED_S
        return _DOUBTED_S if provider in self._doubted else _OLD_S

    def discovery(self, provider: str) -> Discovery:
        """Return what is known of *provider*'s own list."""
        with self._lock:
            return self._found.get(provider, Discovery(None, "not asked yet"))

    def usable(self, provider: ProviderInfo) -> list[ModelInfo]:
        """Return the models that may be chosen, the default first, then in fallback order."""
        found = self.discovery(provider.id)  # once: the list may come meanwhile
        listed = found.listed
        known = self._roster.models_of(provider.id)
        if listed:
            models = [model for model in known if model.id in listed]
            if self._has_own_address(provider.id) and all(model.discovered for model in models):
                ours = {model.id for model in known}
                models += [unknown_model(provider.id, name) for name in listed if name not in ours]
        else:
            models = [model for model in known if not model.retired]
        usable = [model for model in models if model.enabled]
        if self._awaits(provider.id, found):  # a model that a user named is there for all that we know
            usable = [model if model.discovered else model.model_copy(update={"awaited": True}) for model in usable]
        return sorted(usable, key=lambda model: model.id != provider.default_model)

    def all_of(self, provider: ProviderInfo) -> list[ModelInfo]:
        """Return every model that is known or listed, in fallback order; what only the list has comes last, disabled.

        At a server of the user's own, what it lists is enabled.
        """
        known = list(self._roster.models_of(provider.id))
        ours = {model.id for model in known}
        usable = {model.id for model in self.usable(provider)}
        listed = self.discovery(provider.id).listed or ()
        others = [unknown_model(provider.id, name) for name in listed if name not in ours]
        return known + [model.model_copy(update={"enabled": model.id in usable}) for model in others]

    def find(self, provider: ProviderInfo, name: str) -> ModelInfo:
        """Return the model that the caller named, known or not; a dead one with a warning."""
        for model in self._roster.models_of(provider.id):
            if model.id == name:
                listed = self.discovery(provider.id).listed or ()
                if model.retired and name not in listed:
                    log.warning(
                        "retired model requested",
                        extra={"model": name, "retired": model.retired, "replacement": model.replacement},
                    )
                return model
        return unknown_model(provider.id, name)


def _is_refusal(error: AppError) -> bool:
    status = error.status if isinstance(error, GenerationError) else None
    return status is not None and 400 <= status < 500 and status not in _NOT_NOW


def unknown_model(provider: str, name: str) -> ModelInfo:
    """Return a model that the catalogue does not know, with defaults; it is asked by schema until it refuses that."""
    return ModelInfo(provider=provider, id=name, context_window=_UNKNOWN_CONTEXT, json_schema=True, discovered=True)
