"""What is carried between the leases and budgets of a process and the ledger, round by round.

Without an answer all go on with their shares; the ledger is tried again every half second. One thread makes the rounds
(`keeper.py`).
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from services.llm.limits.shared.budget import SharedBudget
from services.llm.limits.shared.lease import Lease, Past
from services.llm.limits.shared.ledger import LATELY_S, AccountAnswer, Asked, BudgetAnswer, LedgerAwayError, Living
from utils.clock import Clock
from utils.errors import StorageError

log = logging.getLogger(__name__)
T = TypeVar("T")
_BEAT_S, _TRY_AGAIN_S = 2.0, 0.5
# Without a word from the ledger ever, so many processes are assumed.
UNKNOWN_PROCESSES = 4
# Others that start at the same time are not counted yet: the number is not trusted so soon. Nor is a lower one: in a
# Redis that was emptied they are not yet counted again.
_COUNTED_S = 4.5


class Accountant(Protocol):
    """The ledger: `shared.ledger.Ledger`."""

    def account(self, name: str, asked: Asked) -> AccountAnswer:
        """Ask for the account *name*; LedgerAwayError."""

    def budget(self, day: str, asked: Asked) -> BudgetAnswer:
        """Ask for the budget of *day*; LedgerAwayError."""

    def live(self, process: str, is_gone: bool = False) -> Living:
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


class Rounds:
    """Serves leases and budgets. One thread at a time makes rounds; all else is thread-safe."""

    def __init__(self, process: str, ledger: Accountant, gate: Locked, clock: Clock) -> None:
        """Serve by *ledger*, under the lock of *gate*; *process* is a name that no other process has."""
        self._process, self._ledger, self._gate, self._clock = process, ledger, gate, clock
        self._leases: list[tuple[Lease, Past | None]] = []
        self._budgets: list[SharedBudget] = []
        self._counts: list[tuple[float, Living]] = []
        self._is_away = False
        self._beat_at = self._try_at = -math.inf
        self._began_at = math.inf

    @property
    def state(self) -> SharedState:
        """Whether the ledger answers, and how many share it."""
        return SharedState(not self._is_away, self._processes)

    def add(self, part: Lease | SharedBudget, past: Past | None = None) -> None:
        """Serve *part* from now on; *past* reads what all processes used of a lease's account, StorageError."""
        if isinstance(part, Lease):
            self._leases.append((part, past))
        else:
            self._budgets.append(part)
        if self._is_away:
            self._gate.change(lambda now: part.lost(self._sharers(now), now))

    def pause_s(self) -> float:
        """Return the seconds until something is due."""
        now = self._clock.monotonic()
        if self._is_away:
            return max(0.0, self._try_at - now)
        parts: list[Lease | SharedBudget] = [*(lease for lease, _ in self._leases), *self._budgets]
        due_s = self._gate.look(lambda at: min((part.due_s(at) for part in parts), default=math.inf))
        return max(0.0, min(due_s, self._beat_at + _BEAT_S - now))

    def make(self) -> None:
        """Do what is due."""
        try:
            self._make(self._clock.monotonic())
        except LedgerAwayError as error:
            self._lose(str(error))
        except Exception as error:  # top of a thread: it must live on
            log.exception("shared limits failed")
            self._lose(str(error))

    def leave(self) -> None:
        """Give back what is held, and say goodbye."""
        try:
            if not self._is_away:
                for lease, _ in self._leases:
                    self._ledger.account(lease.name, self._gate.look(partial(lease.last_request, self._processes)))
                for budget in self._budgets:
                    self._ledger.budget(*self._gate.look(budget.last_request))
            self._ledger.live(self._process, is_gone=True)
        except LedgerAwayError as error:
            log.info("redis is away at the end", extra={"reason": str(error)})

    # --- inside --------------------------------------------------------------------------

    @property
    def _processes(self) -> int:
        if not self._counts:
            return UNKNOWN_PROCESSES
        last_at = self._counts[-1][0]
        return max(living.now for at, living in self._counts if at > last_at - _COUNTED_S)

    def _lately(self, now: float) -> int:
        """Return how many processes lived within the last minute, as far as this one was told."""
        return max((living.lately for at, living in self._counts if at > now - LATELY_S), default=0)

    def _sharers(self, now: float) -> int:
        """Return by how many to share what the ledger does not know."""
        return self._processes if now - self._began_at >= _COUNTED_S else max(self._processes, UNKNOWN_PROCESSES)

    def _make(self, now: float) -> None:
        if self._is_away and now < self._try_at:
            return
        if self._is_away or now >= self._beat_at + _BEAT_S:
            living = self._ledger.live(self._process)
            self._counts = [*(row for row in self._counts if row[0] > now - LATELY_S), (now, living)]
            self._beat_at, self._began_at = now, min(self._began_at, now)
        for lease, past in list(self._leases):
            if self._gate.look(lease.due_s) <= 0.0:
                self._ask_account(lease, past)
        for budget in list(self._budgets):
            if self._gate.look(budget.due_s) <= 0.0:
                self._ask_budget(budget)
        if self._is_away:
            self._is_away = False
            log.info("limits are shared again", extra={"processes": self._processes})

    def _ask_account(self, lease: Lease, past: Past | None) -> None:
        processes, lease.sharers_lately = self._processes, self._lately(self._clock.monotonic())
        answer = self._ledger.account(lease.name, self._gate.look(partial(lease.request, processes)))
        if answer.get("stale"):
            known = _read(past) if answer["founded"] else None
            introduce = partial(lease.introduce, answer, known, self._sharers(self._clock.monotonic()))
            answer = self._ledger.account(lease.name, self._gate.look(introduce))
        if answer.get("stale"):
            raise LedgerAwayError("Redis: it was emptied twice at once")
        if self._gate.look(partial(lease.answered, answer, processes)):
            self._gate.change(lambda _: None)

    def _ask_budget(self, budget: SharedBudget) -> None:
        day, asked = self._gate.look(budget.request)
        answer = self._ledger.budget(day, asked)
        for _ in range(2):  # it is begun, and then joined
            if answer.get("stale"):
                known = _read(budget.past) if answer["founded"] else None
                day, asked = self._gate.look(partial(budget.introduce, answer, known))
                answer = self._ledger.budget(day, asked)
        if answer.get("stale"):
            raise LedgerAwayError("Redis: it was emptied twice at once")
        self._gate.change(partial(budget.answered, answer))

    def _lose(self, reason: str) -> None:
        """Have all go on with their shares, and look again soon."""
        self._try_at = self._clock.monotonic() + _TRY_AGAIN_S
        if not self._is_away:
            self._is_away = True
            facts = {"reason": reason, "processes": self._processes}
            log.warning("redis is away: this process keeps to its share of all limits", extra=facts)
        self._gate.change(self._keep_shares)

    def _keep_shares(self, now: float) -> None:
        processes = self._sharers(now)
        for lease, _ in self._leases:
            lease.lost(processes, now)
            lease.keep(now)
        for budget in self._budgets:
            budget.lost(processes, now)


def _read(past: Callable[[], T] | None) -> T | None:
    """Return what the tables know; None when they cannot be read: what only they knew is missing then."""
    try:
        return past() if past is not None else None
    except StorageError as error:
        log.warning("earlier use not read", extra={"reason": str(error)})
        return None
