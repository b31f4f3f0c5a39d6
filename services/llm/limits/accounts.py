"""All limiters of the process, one for each model or account, as the vendor counts."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from models.batches.usage_store import UsageStore
from models.batches.work_store import WorkStore
from services.catalogue.catalogue import ProviderInfo
from services.llm.limits.concurrency import ConcurrencyLimit
from services.llm.limits.limit_headers import Unit
from services.llm.limits.meter import Learned
from services.llm.limits.rate_limiter import RateLimiter
from services.llm.limits.shared.keeper import SharedLimits
from services.llm.limits.windows import MINUTE_S, Entry
from services.llm.routing.router import Target
from utils.clock import Clock
from utils.errors import StorageError

log = logging.getLogger(__name__)
# What is kept of one unit: the fields of `Learned`.
Kept = Mapping[str, float | None]

# Most calls at a time of a provider that states none.
MOST_AT_ONCE = 64
# The adapter of the model that runs in each process for itself: nobody shares it.
_EMBEDDED = "local"
# A user's own server states no limits: how many calls at a time it can serve is measured.
_SLOW_START = 8


class LimitMemory(Protocol):
    """Keeps what was learned of limits over a restart (`models.catalogue.limit_store.LimitStore`)."""

    def recall(self, account: str) -> Mapping[str, Kept]:
        """Return what was kept of *account*, by unit; what is too old is left out."""

    def keep(self, account: str, learned: Mapping[str, Kept]) -> None:
        """Keep what was learned of *account*; StorageError when it cannot be."""


@dataclass(frozen=True, slots=True)
class EarlierUse:
    """What was used and learned before this process began, from the tables: the vendors still count it."""

    work: WorkStore
    usage: UsageStore
    learned: LimitMemory
    clock: Clock

    def of(self, target: Target) -> tuple[list[Entry], list[Entry]]:
        """Return what *target* was used in the last minute, by call, and in the last day, by hour (at its end)."""
        now, monotonic = self.clock.now(), self.clock.monotonic()
        recent = self.work.sent_since(target.account, now.timestamp() - MINUTE_S)
        minute = [Entry(monotonic - (now.timestamp() - at), tokens) for at, tokens in recent]
        day = []
        for row in self.usage.hours((now - timedelta(days=1)).isoformat()[:13]):
            if row.provider == target.provider.id and (row.model == target.model.id or target.account == row.provider):
                end = datetime.fromisoformat(f"{row.hour}:00:00+00:00") + timedelta(hours=1)
                day.append(Entry(monotonic - max(0.0, (now - end).total_seconds()), row.tokens, row.calls))
        return minute, day

    def today(self) -> tuple[int, float]:
        """Return the tokens and US dollars of the current day (UTC), of all models together."""
        rows = self.usage.hours(self.clock.now().date().isoformat())
        return sum(row.tokens for row in rows), sum(row.cost_usd for row in rows)


class Earlier(Protocol):
    """What was before this process began: `EarlierUse`."""

    @property
    def learned(self) -> LimitMemory:
        """What was learned of limits."""

    def of(self, target: Target) -> tuple[Iterable[Entry], Iterable[Entry]]:
        """Return what *target* was used in the last minute and day."""


class Accounts:
    """Makes each limiter when its target is first met. Thread-safe."""

    def __init__(
        self,
        is_own_server: Callable[[ProviderInfo], bool],
        earlier: Earlier | None = None,
        most_at_once: int = MOST_AT_ONCE,
        shared: SharedLimits | None = None,
    ) -> None:
        """Make limiters.

        Args:
            is_own_server: Says whether a provider is a server of the user's own, whose limits nobody states.
            earlier: What was used and learned before this process began.
            most_at_once: Most calls at a time where the provider states no other number.
            shared: Keeps the limits together with other processes; None while there are none.
        """
        self.shared = shared
        self._is_own_server = is_own_server
        self._earlier = earlier
        self._most_at_once = most_at_once
        self._kept: dict[str, dict[str, Learned]] = {}
        self._made: dict[str, RateLimiter] = {}
        self._made_for: dict[str, ProviderInfo] = {}
        self._lock = threading.Lock()

    def of(self, target: Target) -> RateLimiter:
        """Return the limiter of *target*."""
        found = self._made.get(target.account)
        if found is not None:
            return found
        with self._lock:
            if target.account not in self._made:
                self._made_for[target.account] = target.provider
                self._made[target.account] = self._make(target)
            return self._made[target.account]

    def keep(self, target: Target) -> None:
        """Keep what was learned of *target*, if it is new. Not under the gate's lock: it writes to the disk."""
        learned = self.of(target).learned()
        if self._earlier is None or not learned or self._kept.get(target.account) == learned:
            return
        self._kept[target.account] = learned
        try:
            self._earlier.learned.keep(target.account, {unit: asdict(row) for unit, row in learned.items()})
        except StorageError as error:  # it is learned again
            log.warning("learned limits not kept", extra={"account": target.account, "reason": str(error)})

    def adopt(self, provider_now: Callable[[str], ProviderInfo | None]) -> None:
        """Apply the limits that users changed; usage so far still counts. The caller holds the gate's lock."""
        with self._lock:
            for account, before in self._made_for.items():
                now = provider_now(before.id)
                if now is not None and _stated(now) != _stated(before):
                    self._made_for[account] = now
                    self._set_limits(self._made[account], now)

    def _make(self, target: Target) -> RateLimiter:
        info = target.provider
        is_own = self._is_own_server(info)
        most = info.max_concurrency or self._most_at_once
        limiter = RateLimiter(ConcurrencyLimit(most, _SLOW_START if is_own else None))
        limiter.day.calls_limit, limiter.day.tokens_limit = info.requests_per_day, info.tokens_per_day
        self._set_limits(limiter, info)
        if self._earlier is not None:
            limiter.seed(*self._earlier.of(target))
            kept = {unit: _learned(row) for unit, row in self._earlier.learned.recall(target.account).items()}
            self._kept[target.account] = kept
            limiter.recall(kept)
        if self.shared is not None and info.adapter != _EMBEDDED:
            past = None if self._earlier is None else partial(self._earlier.of, target)
            self.shared.lease(target.account, limiter, past)
        return limiter

    def _set_limits(self, limiter: RateLimiter, info: ProviderInfo) -> None:
        """Set the limits; those that the catalogue has of a vendor are only a guess where another server answers."""
        is_own = self._is_own_server(info)
        rows: tuple[tuple[Unit, int | None, int | None], ...] = (
            ("requests", info.requests_per_minute, info.requests_cap),
            ("tokens", info.tokens_per_minute, info.tokens_cap),
        )
        for unit, known, cap in rows:
            limiter.tell(unit, cap if is_own else known, cap, known)


def _learned(row: Kept) -> Learned:
    minute = row.get("minute")
    return Learned(float(row.get("rate") or 1.0), None if minute is None else int(minute), bool(row.get("is_coarse")))


def _stated(info: ProviderInfo) -> tuple[int | None, ...]:
    caps = (info.requests_cap, info.tokens_cap)
    return (info.requests_per_minute, info.tokens_per_minute, *caps)
