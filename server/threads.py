"""The threads of the server's worker, in lanes: health, files, and everything else.

Each lane has threads of its own, so that none can take those of another. Supervisors get their answer when all
others are taken. Files are few at once: each that a client takes slowly keeps a piece of the data set in memory.
"""

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from server.connection import Connection
from server.pace import Crowd, Stalls

log = logging.getLogger(__name__)
Work = Callable[[], None]


class _Waiting(NamedTuple):
    until: float
    work: Work
    joins: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class LaneRules:
    """How a lane serves.

    Attributes:
        name: Of its threads.
        threads: How many it serves at once.
        wait_s: How long a request may wait for a thread.
        patience_s: How long each client may keep a thread waiting.
        borne_s: How far behind, in seconds, the worst client may be in such a crowd before it is cut off.
    """

    name: str
    threads: int
    wait_s: float
    patience_s: float
    borne_s: Callable[[Crowd], float]


class Lane:
    """Threads for one kind of request, and the requests that wait for one. Only the front's thread calls it."""

    def __init__(self, rules: LaneRules, now: Callable[[], float] = time.monotonic) -> None:
        self.rules = rules
        self.stalls = Stalls(rules.borne_s, lambda: self.free)
        self._now = now
        self._running = 0
        self._started = 0
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._waiting: OrderedDict[Connection, _Waiting] = OrderedDict()

    @property
    def free(self) -> int:
        """How many threads are left; below 0 as many as wait for one. From any thread."""
        return self.rules.threads - self._running - len(self._waiting)

    def begin(self, connection: Connection, work: Work, joins: Callable[[], bool] = lambda: False) -> None:
        """Do *work* for *connection* as soon as `start` finds a thread for it, unless it *joins* another by then."""
        self._waiting[connection] = _Waiting(self._now() + self.rules.wait_s, work, joins)
        if self.free < 0:
            self.stalls.make_room()

    def start(self, most: int) -> bool:
        """Start what waits, *most* at once; say whether more could be started."""
        while most and self._waiting and self._running < self.rules.threads:
            _, waiting = self._waiting.popitem(last=False)
            if not waiting.joins():
                self._run_in_thread(waiting.work)
                most -= 1
        return bool(self._waiting) and self._running < self.rules.threads

    def ended(self) -> None:
        """Take back a thread whose work is done."""
        self._running -= 1

    def overdue(self) -> list[Connection]:
        """Give up those that waited too long, and return them."""
        self.stalls.make_room()
        now, found = self._now(), []
        while self._waiting:
            connection, waiting = next(iter(self._waiting.items()))
            if waiting.until > now:
                break
            del self._waiting[connection]
            found.append(connection)
        return found

    def close(self) -> None:
        """End the threads as soon as they have nothing to do."""
        for _ in range(self._started):
            self._work.put(None)

    def _run_in_thread(self, work: Work) -> None:
        self._running += 1
        if self._started < self._running:
            self._start_thread()
        self._work.put(work)

    def _start_thread(self) -> None:
        # As daemons: a worker that is told to stop does not wait for a vendor or a client.
        thread = threading.Thread(target=self._run, name=f"{self.rules.name}-{self._started + 1}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system has no room for it: those that are there do the work
            log.warning("no further thread can be started", extra={"lane": self.rules.name, "threads": self._started})
            return
        self._started += 1

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
