"""Processes that share limits through a real Redis, in a time that moves when told.

The scripts read the time from a key instead of asking Redis for it; all else of them is as in the product. Each process
has a clock of its own, which began at another moment than those of the others.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from services.llm.limits.concurrency import ConcurrencyLimit
from services.llm.limits.rate_limiter import RateLimiter
from services.llm.limits.shared.budget import SharedBudget
from services.llm.limits.shared.lease import Lease, Past
from services.llm.limits.shared.ledger import (
    AccountAnswer,
    Asked,
    BudgetAnswer,
    Ledger,
    LedgerAwayError,
    Living,
    read_script,
)
from services.llm.limits.shared.rounds import Rounds
from services.llm.limits.windows import MINUTE_S, Entry
from tests.redis_server import RedisServer
from utils.clock import ManualClock

T = TypeVar("T")
ACCOUNT = "groq/a"
_TIME = "test:time"
_STEP_S = 0.1


def _stepped(name: str) -> str:
    return read_script(name).replace("redis.call('TIME')", f"redis.call('LRANGE', '{_TIME}', 0, 1)")


class Line:
    """The way of one process to the ledger, which can be cut."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.is_cut = False

    def account(self, name: str, asked: Asked) -> AccountAnswer:
        return self._open().account(name, asked)

    def budget(self, day: str, asked: Asked) -> BudgetAnswer:
        return self._open().budget(day, asked)

    def live(self, process: str, is_gone: bool = False) -> Living:
        return self._open().live(process, is_gone)

    def close(self) -> None:
        """Leave the ledger to the others."""

    def _open(self) -> Ledger:
        if self.is_cut:
            raise LedgerAwayError("Redis: the line is cut")
        return self._ledger


@dataclass
class _Gate:
    clock: ManualClock

    def change(self, work: Callable[[float], object]) -> None:
        work(self.clock.monotonic())

    def look(self, read: Callable[[float], T]) -> T:
        return read(self.clock.monotonic())


@dataclass(eq=False)
class Call:
    """A call that was let through; `left_at` is in the time of the simulation."""

    entry: Entry
    tokens: int
    left_at: float = math.inf


class Process:
    """One process: a limiter with its lease, and who serves it."""

    def __init__(self, world: "World", limits: tuple[int, int], past: Past | None = None) -> None:
        name = f"p{world.started}"
        self.world, self.clock, self.limits = world, ManualClock(), limits
        world.started += 1
        self.clock.advance(17.0 * world.started)
        self.limiter = RateLimiter(ConcurrencyLimit(1000))
        self.limiter.tell("requests", limits[0])
        self.limiter.tell("tokens", limits[1])
        if not world.is_paced:  # else the pace holds calls up before the minute does
            self.limiter.calls.rate = self.limiter.tokens.rate = math.inf
        if past is None and world.has_tables:
            past = self._tables
        if past is not None:
            self.limiter.seed(*past())
        self.line = Line(world.ledger)
        self.rounds = Rounds(name, self.line, _Gate(self.clock), self.clock)
        self.lease = Lease(ACCOUNT, self.limiter, name, self.clock.monotonic(), lambda: None, past is not None)
        self.limiter.lease = self.lease
        self.rounds.add(self.lease, past)
        self.calls: list[Call] = []

    def _tables(self) -> tuple[list[Entry], list[Entry]]:
        """Return what all processes sent in the last minute."""
        now = self.clock.monotonic()
        sent = [(self.world.now - call.left_at, call.tokens) for call in self.world.sent]
        return [Entry(now - ago_s, tokens) for ago_s, tokens in sent if ago_s < MINUTE_S], []

    def admit(self, tokens: int) -> Call | None:
        """Let a call through, if it is its turn; the ledger is asked once."""
        for _ in range(2):
            now = self.clock.monotonic()
            waits = (self.limiter.shut_s(now), self.limiter.wait_s(tokens, now), self.limiter.long_wait_s(tokens, now))
            if not any(waits):
                call = Call(self.limiter.admit(tokens, now), tokens)
                self.calls.append(call)
                return call
            self.rounds.make()
        return None

    def leave(self, call: Call) -> None:
        self.limiter.sent(call.entry, self.clock.monotonic())
        call.left_at = self.world.now
        self.world.sent.append(call)

    def call(self, tokens: int) -> Call | None:
        """Let a call through that leaves at once."""
        call = self.admit(tokens)
        if call is not None:
            self.leave(call)
        return call

    def settle(self, call: Call, tokens: int) -> None:
        self.calls.remove(call)
        self.limiter.settle(call.entry, tokens)
        call.tokens = tokens

    def budget(
        self, most: int | None, most_usd: float | None = None, past: tuple[int, float] | None = None
    ) -> SharedBudget:
        budget = SharedBudget(
            "daily budget", self.clock, self.rounds._process, None if past is None else lambda: past, lambda: None
        )
        budget.max_tokens, budget.max_cost_usd = most, most_usd
        self.rounds.add(budget)
        return budget


@dataclass
class World:
    """All processes, and what they sent."""

    server: RedisServer
    is_paced: bool = False
    has_tables: bool = False
    started: int = 0
    processes: list[Process] = field(default_factory=list)
    sent: list[Call] = field(default_factory=list)
    now: float = 1_800_000_000.0

    def __post_init__(self) -> None:
        self.server.empty()
        self.ledger = Ledger(self.server.url, read=_stepped)
        self._tell_time()

    def start(self, calls: int, tokens: int = 10**9, past: Past | None = None) -> Process:
        process = Process(self, (calls, tokens), past)
        self.processes.append(process)
        process.rounds.make()
        return process

    def kill(self, process: Process, starts_again: bool = True) -> None:
        """End a process as a power cut does; another begins in its place, which knows of it what the tables know."""
        self.processes.remove(process)
        if starts_again:
            self.processes.append(Process(self, process.limits))
            self.processes[-1].line.is_cut = process.line.is_cut
            self.processes[-1].rounds.make()

    def advance(self, seconds: float) -> None:
        """Move the time; everybody makes rounds on the way."""
        while seconds > 1e-9:
            step_s = min(_STEP_S, seconds)
            seconds -= step_s
            self.jump(step_s)
            for process in self.processes:
                process.rounds.make()

    def jump(self, seconds: float) -> None:
        """Move the time while nobody looks."""
        self.now += seconds
        for process in self.processes:
            process.clock.advance(seconds)
        self._tell_time()

    def empty(self) -> None:
        """Have Redis forget everything."""
        self.server.empty()
        self._tell_time()

    def cut(self, is_cut: bool) -> None:
        for process in self.processes:
            process.line.is_cut = is_cut

    def worst(self, span_s: float) -> tuple[int, int]:
        """Return the most calls and tokens that left within *span_s*."""
        calls = sorted(self.sent, key=lambda call: call.left_at)
        first = most_calls = most_tokens = tokens = 0
        for place, call in enumerate(calls):
            tokens += call.tokens
            while calls[first].left_at <= call.left_at - span_s:
                tokens -= calls[first].tokens
                first += 1
            most_calls, most_tokens = max(most_calls, place - first + 1), max(most_tokens, tokens)
        return most_calls, most_tokens

    def _tell_time(self) -> None:
        seconds = math.floor(self.now)
        self.server.client.delete(_TIME)
        self.server.client.rpush(_TIME, seconds, math.floor((self.now - seconds) * 1e6))
