"""The one thread that talks to the ledger for all accounts and budgets of a process.

Calls never wait for Redis: a lease that has nothing left wakes the keeper, and the gate lets its callers go on when the
answer is there. Without an answer all go on with their shares; the ledger is tried again every half second.
"""

import logging
import math
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from services.llm.limits.rate_limiter import RateLimiter
from services.llm.limits.shared.budget import SharedBudget, Spent
from services.llm.limits.shared.lease import Lease, Past
from services.llm.limits.shared.ledger import AccountAnswer, Asked, BudgetAnswer, LedgerAwayError
from utils.clock import Clock
from utils.errors import StorageError

log = logging.getLogger(__name__)
T = TypeVar("T")
_BEAT_S, _TRY_AGAIN_S = 1.0, 0.5
# Without a word from the ledger ever, so many processes are assumed.
_UNKNOWN_PROCESSES = 4
_JOIN_S = 2.0


class Accountant(Protocol):
    """The ledger: `shared.ledger.Ledger`."""

    def account(self, name: str, asked: Asked) -> AccountAnswer:
        """Ask for the account *name*; LedgerAwayError."""

    def budget(self, day: str, asked: Asked) -> BudgetAnswer:
        """Ask for the budget of *day*; LedgerAwayError."""

    def live(self, process: str, is_gone: bool = False) -> int:
        """Say that *process* lives, or goes; return how many live. LedgerAwayError."""

    def close(self) -> None:
        """Close the connections."""


class Locked(Protocol):
    """What is done under the gate's lock: `Gate`."""

    def change(self, work: Callable[[float], object]) -> None:
        """Call *work* with the time; then see which callers can go on."""

    def look(self, read: Callable[[float], T]) -> T:
        """Return what *read* returns."""


@dataclass(frozen=True, slots=True)
class SharedState:
    """Whether limits are kept together.

    Attributes:
        is_joined: Whether the ledger answers; else this process keeps to its share.
        processes: How many processes share, as last known.
    """

    is_joined: bool
    processes: int


class SharedLimits:
    """All leases of a process, and the thread that serves them. Thread-safe."""

    def __init__(self, ledger: Accountant, clock: Clock) -> None:
        """Share by *ledger*; the thread begins with the first account."""
        self.process = secrets.token_hex(6)
        self._ledger, self._clock = ledger, clock
        self._gate: Locked | None = None
        self._leases: list[tuple[Lease, Past | None]] = []
        self._budgets: list[SharedBudget] = []
        self._processes, self._is_away, self._is_ending = 0, False, False
        self._beat_at = self._try_at = -math.inf
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> SharedState:
        """Whether the ledger answers, and how many share it."""
        return SharedState(not self._is_away, self._live)

    def bind(self, gate: Locked) -> None:
        """Work under the lock of *gate*."""
        self._gate = gate

    def lease(self, name: str, limiter: RateLimiter, past: Past | None = None) -> None:
        """Have *limiter* share the account *name*.

        Args:
            name: The account.
            limiter: A limiter that nobody uses yet.
            past: Reads what all processes used before, for a ledger that knows nothing; StorageError.
        """
        now = self._clock.monotonic()
        lease = Lease(name, limiter, self.process, now, self._call)
        if self._is_away:
            lease.lost(self._live, now)
        limiter.lease = lease
        self._leases.append((lease, past))
        self._call()

    def budget(self, name: str, past: Spent | None = None) -> SharedBudget:
        """Return a day's budget that is kept together with the other processes.

        Args:
            name: How the user calls it.
            past: Reads what all processes spent today, for a ledger that knows nothing; StorageError.
        """
        made = SharedBudget(name, self._clock, self.process, past, self._call)
        self._budgets.append(made)
        return made

    def close(self) -> None:
        """End the thread; what is held goes back."""
        self._is_ending = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join(_JOIN_S)
        self._ledger.close()

    # --- the thread ----------------------------------------------------------------------

    def _call(self) -> None:
        """Have the thread look; the first call begins it."""
        self._woken.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None and not self._is_ending:
                    self._thread = threading.Thread(target=self._run, name="shared limits", daemon=True)
                    self._thread.start()

    @property
    def _live(self) -> int:
        return self._processes or _UNKNOWN_PROCESSES

    def _run(self) -> None:
        while not self._is_ending:
            self._woken.wait(self._pause_s())
            self._woken.clear()
            try:
                self._round(self._clock.monotonic())
            except LedgerAwayError as error:
                self._lose(str(error))
            except Exception as error:  # top of a thread: it must live on
                log.exception("shared limits failed")
                self._lose(str(error))
        self._leave()

    def _pause_s(self) -> float:
        """Return the seconds until something is due."""
        if self._gate is None:
            return _BEAT_S
        now = self._clock.monotonic()
        if self._is_away:
            return max(0.0, self._try_at - now)
        parts: list[Lease | SharedBudget] = [*(lease for lease, _ in self._leases), *self._budgets]
        due_s = self._gate.look(lambda at: min((part.due_s(at) for part in parts), default=math.inf))
        return max(0.0, min(due_s, self._beat_at + _BEAT_S - now))

    def _round(self, now: float) -> None:
        """Do what is due; LedgerAwayError."""
        gate = self._gate
        if gate is None or (self._is_away and now < self._try_at):
            return
        if self._is_away or now >= self._beat_at + _BEAT_S:
            self._beat_at = now
            self._processes = self._ledger.live(self.process)
        for lease, past in list(self._leases):
            if gate.look(lease.due_s) <= 0.0:
                self._ask_account(gate, lease, past)
        for budget in list(self._budgets):
            if gate.look(budget.due_s) <= 0.0:
                self._ask_budget(gate, budget)
        if self._is_away:
            self._is_away = False
            log.info("limits are shared again", extra={"processes": self._live})

    def _ask_account(self, gate: Locked, lease: Lease, past: Past | None) -> None:
        answer = self._ledger.account(lease.name, gate.look(lambda now: lease.request(self._live, now)))
        if answer.get("stale"):
            known = _read(past) if answer["founded"] else None
            answer = self._ledger.account(lease.name, gate.look(partial(lease.introduce, answer, known)))
        if answer.get("stale"):
            raise LedgerAwayError("Redis: it was emptied twice at once")
        gate.change(lambda now: lease.answered(answer, self._live, now))

    def _ask_budget(self, gate: Locked, budget: SharedBudget) -> None:
        day, asked = gate.look(lambda now: (budget.day, budget.request(now)))
        answer = self._ledger.budget(day, asked)
        for _ in range(2):  # it is begun, and then joined
            if answer.get("stale"):
                known = _read(budget.past) if answer["founded"] else None
                introduce = partial(budget.introduce, answer, known)
                answer = self._ledger.budget(day, gate.look(introduce))
        if answer.get("stale"):
            raise LedgerAwayError("Redis: it was emptied twice at once")
        gate.change(lambda now: budget.answered(answer, now))

    def _lose(self, reason: str) -> None:
        """Have all go on with their shares, and look again soon."""
        gate, processes = self._gate, self._live
        self._try_at = self._clock.monotonic() + _TRY_AGAIN_S
        if gate is None:
            return
        if not self._is_away:
            self._is_away = True
            facts = {"reason": reason, "processes": processes}
            log.warning("redis is away: this process keeps to its share of all limits", extra=facts)

        def work(now: float) -> None:
            for lease, _ in self._leases:
                lease.lost(processes, now)
                lease.keep(now)
            for budget in self._budgets:
                budget.lost(processes)

        gate.change(work)

    def _leave(self) -> None:
        """Give back what is held, and say goodbye."""
        gate = self._gate
        try:
            if gate is not None and not self._is_away:
                for lease, _ in self._leases:
                    self._ledger.account(lease.name, gate.look(partial(lease.last_request, self._live)))
            self._ledger.live(self.process, is_gone=True)
        except LedgerAwayError as error:
            log.info("redis is away at the end", extra={"reason": str(error)})


def _read(past: Callable[[], T] | None) -> T | None:
    """Return what the tables know; None when they cannot be read: then each tells what it knows itself."""
    try:
        return past() if past is not None else None
    except StorageError as error:
        log.warning("earlier use not read", extra={"reason": str(error)})
        return None
