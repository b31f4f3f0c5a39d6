"""All limiters of the process, one for each model or account, as the vendor counts."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.batches.usage_store import UsageStore
from models.batches.work_store import WorkStore
from services.catalogue.catalogue import ProviderInfo
from services.llm.limits.concurrency import ConcurrencyLimit
from services.llm.limits.rate_limiter import DAY_S, MINUTE_S, Entry, RateLimiter, SlidingWindow
from services.llm.routing.router import Target
from utils.clock import Clock

# A user's own server states no limits: how many calls at a time it can serve is measured.
_SLOW_START = 4


@dataclass(frozen=True, slots=True)
class EarlierUse:
    """What was used before this process began, from the tables: the vendors still count it."""

    work: WorkStore
    usage: UsageStore
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


class Accounts:
    """Makes each limiter when its target is first met. Thread-safe."""

    def __init__(
        self,
        is_own_server: Callable[[ProviderInfo], bool],
        used_before: Callable[[Target], tuple[Iterable[Entry], Iterable[Entry]]] = lambda _: ((), ()),
    ) -> None:
        """Make limiters; *used_before* returns what a target was used in the last minute and day."""
        self._is_own_server = is_own_server
        self._used_before = used_before
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

    def adopt(self, provider_now: Callable[[str], ProviderInfo | None]) -> None:
        """Apply the limits that users changed; usage so far still counts. The caller holds the gate's lock."""
        with self._lock:
            for account, before in self._made_for.items():
                now = provider_now(before.id)
                if now is not None and _stated(now) != _stated(before):
                    self._made_for[account] = now
                    _set_limits(self._made[account], now)

    def _make(self, target: Target) -> RateLimiter:
        info = target.provider
        limiter = RateLimiter(
            SlidingWindow(MINUTE_S, info.requests_per_minute, info.tokens_per_minute),
            SlidingWindow(DAY_S, info.requests_per_day, info.tokens_per_day),
            ConcurrencyLimit(info.max_concurrency, _SLOW_START if self._is_own_server(info) else None),
        )
        _set_limits(limiter, info)
        limiter.seed(*self._used_before(target))
        return limiter


def _stated(info: ProviderInfo) -> tuple[int | None, ...]:
    caps = (info.requests_cap, info.tokens_cap)
    return (info.requests_per_minute, info.tokens_per_minute, *caps)


def _set_limits(limiter: RateLimiter, info: ProviderInfo) -> None:
    minute = limiter.minute
    minute.calls_limit, minute.tokens_limit = info.requests_per_minute, info.tokens_per_minute
    minute.calls_cap, minute.tokens_cap = info.requests_cap, info.tokens_cap
