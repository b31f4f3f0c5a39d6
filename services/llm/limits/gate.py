"""Where every call waits for its turn: health, limits, places and budgets are decided together.

A caller brings the targets that may serve it, in order of preference; it gets a place
at the first that is open and has room. A waiting caller is not bound to a target: it takes
whichever opens first, so that none stays unused while a caller waits for another.

Order: each flow (a batch, a single request) gets its turn by start-time fair queueing
(Goyal, Vin and Cheng 1996), first come first served within the flow; a call that does
not fit yet keeps later ones off its targets, so that a large one is never starved.

No thread polls: the first in line sleeps until the moment something can change, all
others until they are woken.
"""

import math
import threading
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from services.llm.limits.budget import Budget, Room
from services.llm.limits.rate_limiter import RateLimiter
from services.llm.limits.windows import Entry
from services.llm.routing.router import Router, Target
from utils.cancellation import CancelToken
from utils.clock import Clock
from utils.errors import (
    QUOTA_S,
    BadRequestError,
    CancelledError,
    GenerationError,
    NoTargetError,
    TargetsChangedError,
)

Seen = TypeVar("Seen")
# Causes that hold up all callers of the same targets alike.
_TURNS = ("limit", "concurrency")


@dataclass(frozen=True, slots=True)
class Need:
    """What a call takes of a target at most.

    Attributes:
        tokens: Prompt and answer.
        max_tokens: The longest answer that is asked for; `least_tokens` is enough where the minute has no more left.
        cost_usd: None when its price is not known.
    """

    tokens: int
    prompt_tokens: int
    max_tokens: int
    cost_usd: float | None
    least_tokens: int | None = None

    def within(self, room: float) -> "Need":
        """Return the need with the longest answer that fits *room*, if that is enough; else as it is."""
        left = room - self.prompt_tokens
        if self.least_tokens is None or not self.least_tokens <= left < self.max_tokens:
            return self
        return replace(self, tokens=int(room), max_tokens=int(left))


@dataclass(frozen=True)
class Ask:
    """One caller's wish for a place.

    Attributes:
        flow: Whose turn it uses: a batch id, or a name for the rest.
        groups: Targets in order of preference; of each group the first open one is considered.
        need: What a call takes at a target.
        avoid: Names of targets to be used only while no other is free.
        weights: Share of the load by provider, where several have room; the catalogue's by default.
        max_wait_s: Longest wait for a closed target.
        patience_s: Longest wait for the limits of a target while another of its group has room.
    """

    flow: str
    groups: Sequence[Sequence[Target]]
    need: Callable[[Target], Need]
    budgets: tuple[Budget, ...] = ()
    avoid: frozenset[str] = frozenset()
    weights: Mapping[str, float] = field(default_factory=dict)
    max_wait_s: float = math.inf
    patience_s: float = QUOTA_S


@dataclass(frozen=True, slots=True)
class Permit:
    """A place at a target; the holder must `settle` it.

    Attributes:
        detour: Why it is not the first choice, or "".
        waited_s: How long it took to get, by `cause`.
    """

    target: Target
    need: Need
    entry: Entry
    budgets: tuple[Budget, ...]
    detour: str
    waited_s: float
    cause: str


class _Opened(NamedTuple):
    """A target that takes calls, with its group's first choice, and the seconds until its limits have room."""

    target: Target
    first: Target
    need: Need
    wait_s: float


class _Waiter:
    __slots__ = ("ask", "cause", "error", "permit", "since", "tag", "turn", "until")

    def __init__(self, ask: Ask, tag: tuple[float, int], since: float) -> None:
        self.ask = ask
        self.tag = tag
        self.since = since
        self.turn = threading.Event()
        self.permit: Permit | None = None
        self.error: GenerationError | None = None
        self.cause = ""
        self.until = math.inf


class Gate:
    """All waiting callers, and all limits. Thread-safe."""

    def __init__(self, router: Router, limiter_of: Callable[[Target], RateLimiter], clock: Clock) -> None:
        self._router = router
        self._limiter_of = limiter_of
        self._clock = clock
        self._lock = threading.Lock()
        self._waiters: list[_Waiter] = []
        self._tags: dict[str, float] = {}
        self._virtual = 0.0
        self._count = 0
        self._armed: tuple[_Waiter | None, float] = (None, math.inf)

    def enter(self, ask: Ask, cancel: CancelToken) -> Permit:
        """Wait for a place.

        Raises:
            NoTargetError: all targets are closed for longer than the ask waits.
            BadRequestError: the call is larger than any target takes.
            BudgetSpentError: a budget has no room.
            CancelledError: *cancel* was set.
            TargetsChangedError: see `recall`.
        """
        for group in ask.groups:
            for target in group:
                self._limiter_of(target)  # made before the lock: it reads from the disk
        if cancel.is_cancelled:
            raise CancelledError("stopped before waiting for a provider")
        with self._lock:
            now = self._clock.monotonic()
            self._count += 1
            tag = max(self._virtual, self._tags.get(ask.flow, 0.0)) + 1.0
            self._tags[ask.flow] = tag
            waiter = _Waiter(ask, (tag, self._count), now)
            insort(self._waiters, waiter, key=lambda row: row.tag)
            self._match(now)
            if waiter.permit is not None:
                return waiter.permit
        with cancel.waking(waiter.turn.set):
            return self._wait(waiter, cancel)

    def sent(self, permit: Permit) -> None:
        """Note that the request of *permit* is sent now."""
        with self._lock:
            self._limiter_of(permit.target).sent(permit.entry, self._clock.monotonic())

    def settle(self, permit: Permit, counted: int, used: int, cost_usd: float | None) -> None:
        """Give the place back.

        Args:
            permit: The place.
            counted: Tokens that the vendor is assumed to count against its limits.
            used: Tokens that are known to be used, for the budgets.
            cost_usd: What they cost; None when not known.
        """
        with self._lock:
            self._limiter_of(permit.target).settle(permit.entry, counted)
            for budget in permit.budgets:
                budget.settle(permit.need.tokens, permit.need.cost_usd, used, cost_usd)
            if self._waiters:
                self._match(self._clock.monotonic())

    def change(self, work: Callable[[float], object]) -> None:
        """Call *work* with the time under the lock, to change limits or health; then see which callers can go on."""
        with self._lock:
            now = self._clock.monotonic()
            work(now)
            if self._waiters:
                self._match(now)

    def look(self, read: Callable[[float], Seen]) -> Seen:
        """Return what *read* sees at the time it is given, under the lock; it changes nothing."""
        with self._lock:
            return read(self._clock.monotonic())

    def recall(self) -> None:
        """Make every waiting caller choose its targets again: they were changed."""
        with self._lock:
            for waiter in self._waiters:
                waiter.error = TargetsChangedError("the providers were changed")
                waiter.turn.set()
            self._waiters, self._armed = [], (None, math.inf)

    def waiting(self, flow: str) -> tuple[int, str, float | None]:
        """Return how many callers of *flow* wait, why, and the seconds until the first may go on (None: unknown)."""
        with self._lock:
            mine = [waiter for waiter in self._waiters if waiter.ask.flow == flow]
            if not mine:
                return 0, "", None
            until = min(waiter.until for waiter in mine)
            left_s = None if math.isinf(until) else max(0.0, until - self._clock.monotonic())
            return len(mine), mine[0].cause, left_s

    def forget(self, flow: str) -> None:
        """Drop what is known of a flow that has ended."""
        with self._lock:
            self._tags.pop(flow, None)

    # --- inside --------------------------------------------------------------------------

    def _wait(self, waiter: _Waiter, cancel: CancelToken) -> Permit:
        while True:
            with self._lock:
                waiter.turn.clear()
                if waiter.permit is None and waiter.error is None and not cancel.is_cancelled:
                    now = self._clock.monotonic()
                    self._match(now)
                if waiter.permit is not None:
                    return waiter.permit
                if waiter.error is not None:
                    raise waiter.error
                if cancel.is_cancelled:
                    self._waiters.remove(waiter)
                    self._match(self._clock.monotonic())
                    raise CancelledError("stopped while waiting for a provider")
                timeout_s = None
                if self._armed[0] is waiter and not math.isinf(self._armed[1]):
                    timeout_s = max(0.001, self._armed[1] - now)
            waiter.turn.wait(timeout_s)

    def _match(self, now: float) -> None:
        """Grant places in order; wake the callers that got one, and the first of the rest."""
        blocked: set[int] = set()
        held_up: dict[int, _Waiter] = {}  # by targets: later callers of these wait for the same
        next_s = math.inf
        left = []
        for waiter in self._waiters:
            before = held_up.get(id(waiter.ask.groups))
            if before is not None:
                waiter.cause, waiter.until = before.cause, before.until
                left.append(waiter)
                continue
            wait_s = self._try(waiter, now, blocked)
            if waiter.permit is not None or waiter.error is not None:
                waiter.turn.set()
            else:
                left.append(waiter)
                next_s = min(next_s, wait_s)
                if waiter.cause in _TURNS:
                    held_up[id(waiter.ask.groups)] = waiter
        self._waiters = left
        leader = left[0] if left else None
        if leader is not None and (self._armed[0] is not leader or now + next_s < self._armed[1]):
            leader.turn.set()
        self._armed = (leader, now + next_s)

    def _try(self, waiter: _Waiter, now: float, blocked: set[int]) -> float:
        """Grant or refuse *waiter*, or return the seconds until that may change."""
        ask = waiter.ask
        opened, closed_s, too_large = self._open(ask, now)
        if not opened:
            waiter.until = now + closed_s
            waiter.cause = "closed"
            if too_large and math.isinf(closed_s):
                waiter.error = BadRequestError(
                    "the request is larger than a minute's tokens; lower the answer's length"
                )
            elif math.isinf(closed_s) or now + closed_s > waiter.since + ask.max_wait_s:
                waiter.error = self._nobody(ask, closed_s)
            return closed_s
        free: list[tuple[bool, float, int, Target, Target, Need]] = []
        full: set[int] = set()
        soonest_s = math.inf
        for target, first, need, wait_s in opened:
            limiter = self._limiter_of(target)
            if id(limiter) not in blocked and wait_s == 0.0 and not limiter.is_full():
                share = limiter.minute.used_share() + limiter.in_flight / limiter.concurrency.allowed
                weight = ask.weights.get(target.provider.id, target.provider.weight)
                free.append((target.name in ask.avoid, share / weight, len(free), target, first, need))
            else:
                full.add(id(limiter))
                soonest_s = min(soonest_s, wait_s or math.inf)
        if free:
            *_, target, first, need = min(free, key=lambda row: row[:3])
            return self._admit(waiter, target, first, need, now)
        blocked |= full
        waiter.cause = "limit" if not math.isinf(soonest_s) else "concurrency"
        waiter.until = now + soonest_s
        return min(soonest_s, closed_s)

    def _open(self, ask: Ask, now: float) -> tuple[list["_Opened"], float, bool]:
        """Return each group's first open target, or when one opens, and whether one is too small for the call.

        A target whose limits would be waited for too long gives way to the next of its group. Where the first
        open one is to be avoided, the first open one that is not is added.
        """
        opened, late, closed_s, too_large = [], [], math.inf, False
        for group in ask.groups:
            taken = False
            for target in group:
                if taken and target.name in ask.avoid:
                    continue
                limiter = self._limiter_of(target)
                need = ask.need(target).within(limiter.room(now))
                shut_s = limiter.shut_s(now)
                minute_s, long_s = limiter.wait_s(need.tokens, now), limiter.long_wait_s(need.tokens, now)
                shut_s = max(shut_s, long_s if long_s > QUOTA_S else 0.0, self._router.wait_s(target))
                row = _Opened(target, group[0], need, max(minute_s, long_s))
                if math.isinf(minute_s):
                    too_large = True
                elif shut_s > 0.0:
                    closed_s = min(closed_s, shut_s)
                elif row.wait_s > ask.patience_s:
                    late.append(row)
                else:
                    opened.append(row)
                    taken = True
                    if target.name not in ask.avoid:
                        break
        return opened or late, closed_s, too_large

    def _admit(self, waiter: _Waiter, target: Target, first: Target, need: Need, now: float) -> float:
        budgets = waiter.ask.budgets
        rooms = [(budget.room(need.tokens, need.cost_usd), budget) for budget in budgets]
        spent = next((budget for room, budget in rooms if room is Room.NO), None)
        if spent is not None:
            waiter.error = spent.spent()
            return 0.0
        if any(room is Room.WAIT for room, _ in rooms):
            waiter.cause, waiter.until = "budget", math.inf
            return math.inf
        for budget in budgets:
            budget.reserve(need.tokens, need.cost_usd)
        entry = self._limiter_of(target).admit(need.tokens, now)
        self._router.begin(target)
        self._virtual = max(self._virtual, waiter.tag[0])
        detour = "" if target is first else self._reason(first, now) or "quota"
        waited_s = now - waiter.since
        waiter.permit = Permit(target, need, entry, budgets, detour, waited_s, waiter.cause if waited_s else "")
        return 0.0

    def _reason(self, target: Target, now: float) -> str:
        """Return why *target* takes no calls now, or ""."""
        return self._router.reason(target) or ("rate_limit" if self._limiter_of(target).shut_s(now) else "")

    def _nobody(self, ask: Ask, closed_s: float) -> NoTargetError:
        reasons = dict.fromkeys(
            f"{target.name}: {reason}"
            for group in ask.groups
            for target in group
            if (reason := self._reason(target, self._clock.monotonic()))
        )
        told = f" ({'; '.join(list(reasons)[:3])})" if reasons else ""
        return NoTargetError(f"no provider is open for this request{told}", None if math.isinf(closed_s) else closed_s)
