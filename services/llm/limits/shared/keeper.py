"""The one thread that talks to the ledger for all accounts and budgets of a process.

Calls never wait for Redis: a lease that has nothing left wakes the keeper, and the gate lets its callers go on when the
answer is there.
"""

import secrets
import threading

from services.llm.limits.rate_limiter import RateLimiter
from services.llm.limits.shared.budget import SharedBudget, Spent
from services.llm.limits.shared.lease import Lease, Past
from services.llm.limits.shared.rounds import UNKNOWN_PROCESSES, Accountant, Locked, Rounds, SharedState
from utils.clock import Clock

__all__ = ["SharedLimits", "SharedState"]
_JOIN_S = 2.0


class SharedLimits:
    """All leases of a process, and the thread that serves them: it begins with the first. Thread-safe."""

    def __init__(self, ledger: Accountant, clock: Clock, name: str = "redis") -> None:
        """Keep limits by *ledger*; all processes call it by the same *name*."""
        self.name = name
        self._process = secrets.token_hex(6)
        self._ledger, self._clock = ledger, clock
        self._rounds: Rounds | None = None
        self._is_ending = False
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> SharedState:
        """Whether the ledger answers, and how many processes share it."""
        return SharedState(True, UNKNOWN_PROCESSES) if self._rounds is None else self._rounds.state

    def bind(self, gate: Locked) -> None:
        """Work under the lock of *gate*; before anything else."""
        self._rounds = Rounds(self._process, self._ledger, gate, self._clock)

    def lease(self, name: str, limiter: RateLimiter, past: Past | None = None) -> None:
        """Have *limiter* share the account *name*.

        Args:
            name: The account.
            limiter: A limiter that nobody uses yet.
            past: Reads what all processes used before, for a ledger that knows nothing; StorageError.
        """
        made = Lease(name, limiter, self._process, self._clock.monotonic(), self._wake, past is not None)
        limiter.lease = made
        self._bound.add(made, past)
        self._wake()

    def budget(self, name: str, past: Spent | None = None) -> SharedBudget:
        """Return a day's budget that is kept together with the other processes.

        Args:
            name: How the user calls it.
            past: Reads what all processes spent today, for a ledger that knows nothing; StorageError.
        """
        made = SharedBudget(name, self._clock, self._process, past, self._wake)
        self._bound.add(made)
        return made

    def close(self) -> None:
        """End the thread; what is held goes back."""
        with self._lock:
            self._is_ending = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join(_JOIN_S)
        self._ledger.close()

    @property
    def _bound(self) -> Rounds:
        if self._rounds is None:
            raise RuntimeError("shared limits: bind a gate first")
        return self._rounds

    def _wake(self) -> None:
        """Have the thread look; the first call begins it."""
        self._woken.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None and not self._is_ending:
                    self._thread = threading.Thread(target=self._run, name="shared limits", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        rounds = self._bound
        while not self._is_ending:
            self._woken.wait(rounds.pause_s())
            self._woken.clear()
            rounds.make()
        rounds.leave()
