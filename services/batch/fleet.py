"""One of several processes that work on the same batches: it joins those that run, and does what was told elsewhere.

What is to be done with a batch stands in its row: a command writes it there, wherever it arrives, and every process
looks, woken by whatever is written (ten times a second at most) and once a second in any case. The same thread says
that this process lives, takes over what a process had in hand that does not, and passes on to the streams here what
happened elsewhere.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from models.batches.batch_store import BatchRow
from models.batches.members import BEAT_S
from models.domain import ACTIVE, BatchStatus
from services.batch.ending import Ending
from services.batch.objects import ON_REQUEST
from services.batch.publisher import BatchPublisher
from services.batch.runner import BatchRunner
from services.batch.running import RunningBatches
from services.batch.stores import BatchStores
from utils.clock import Clock
from utils.errors import StorageError

log = logging.getLogger(__name__)
_LOOK_S = 1.0
# Between two looks: every commit of every process wakes all of them, and streams are told ten times a second.
_REST_S = 0.1


@dataclass(slots=True)
class Fleet:
    """The ties of this process to the others.

    Attributes:
        join: Gives a batch that runs a runner here.
        gone: Told of each process that was taken over, to take over what else it had.
        changed: Called when providers or models were changed elsewhere.
        looks: Called at every look.
    """

    stores: BatchStores
    running: RunningBatches
    publisher: BatchPublisher
    ending: Ending
    clock: Clock
    join: Callable[[BatchRow], None]
    gone: list[Callable[[str], None]] = field(default_factory=list)
    changed: list[Callable[[], None]] = field(default_factory=list)
    looks: list[Callable[[], None]] = field(default_factory=list)
    _closing: threading.Event = field(default_factory=threading.Event)
    # Two may not give a batch two runners.
    _following: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _seen: int = 0
    _beaten_at: float = float("-inf")

    def start(self) -> None:
        """Look for the first time, and begin to do it again and again; `close` ends it."""
        self._seen = self.stores.events.last_id()
        self.look()
        self._thread = threading.Thread(target=self._loop, name="fleet", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def follow(self, batch_id: str) -> None:
        """Do here at once what was just written down of a batch."""
        with self._following:
            row = self.stores.batches.get(batch_id)
            if row is not None and BatchStatus(row["status"]) in (*ACTIVE, BatchStatus.PAUSED):
                self._follow(row)

    def take_over_left(self) -> None:
        """Take over what processes left behind that are gone already: for the start, when nobody waits for a lock."""
        self._take_over(self.stores.members.gone(grace_s=0.0))
        self._take_over(self.stores.members.strangers(), are_strangers=True)

    def look(self) -> None:
        """Look once: who lives, what is to be done, what happened.

        Raises:
            StorageError: the database cannot be reached.
        """
        if self.clock.monotonic() - self._beaten_at >= BEAT_S:
            self._beat()
            self._beaten_at = self.clock.monotonic()
        for row in self.stores.batches.with_status([*ACTIVE, BatchStatus.PAUSED]):
            with self._following:
                self._follow(row)
        self._pass_on()
        self._tell(self.looks)

    # --- inside --------------------------------------------------------------------------

    def _loop(self) -> None:
        while not self._closing.is_set():
            try:
                self.look()
                self._closing.wait(_REST_S)
                self.stores.members.wait(_LOOK_S)
            except StorageError as error:
                log.warning("database not reached", extra={"reason": str(error)})
                self._closing.wait(_LOOK_S)
            except Exception:  # top of a thread: it must live on
                log.exception("fleet failed")
                self._closing.wait(_LOOK_S)

    def _beat(self) -> None:
        members = self.stores.members
        if not members.beat():
            log.warning("this process was taken for gone: others have what it had in hand")
        self._take_over(members.gone())

    def _take_over(self, names: Iterable[str | None], are_strangers: bool = False) -> None:
        for name in names:
            doubt = self.stores.ledger.take_over(name, are_strangers)
            if doubt is None:
                continue
            log.warning("process taken over", extra={"member": name, "in_doubt": sum(doubt.values())})
            if name is not None:
                for told in self.gone:
                    told(name)
                self.stores.calls.lose_calls(name)  # those that nobody knew more of

    def _follow(self, row: BatchRow) -> None:
        """Do here what the row of a batch says."""
        status, runner = BatchStatus(row["status"]), self.running.of(row["id"])
        if status is BatchStatus.PENDING:
            self._discard_if_left(row["id"])
        elif status is BatchStatus.STOPPING:
            self._stop(row, runner)
        elif runner is not None:
            self._go_along(runner, status)
        elif status is BatchStatus.RUNNING:
            now = self.stores.batches.get(row["id"])
            if now is not None and now["status"] == status:  # it may have ended since the row was read
                self.join(now)

    def _stop(self, row: BatchRow, runner: BatchRunner | None) -> None:
        if runner is None:
            self.ending.close_left(row["id"])
        elif not runner.is_ending:
            ends_as, reason = BatchStatus(row["ends_as"] or BatchStatus.STOPPED), row["reason"] or ""
            runner.live.rest(BatchStatus.STOPPING)
            (runner.stop if reason == ON_REQUEST else runner.finish)(ends_as, reason)

    @staticmethod
    def _go_along(runner: BatchRunner, status: BatchStatus) -> None:
        live = runner.live
        if status is BatchStatus.PAUSED and live.status is BatchStatus.RUNNING:
            live.rest(BatchStatus.PAUSED)
            runner.pause()
        elif status is BatchStatus.RUNNING and live.status is BatchStatus.PAUSED:
            live.run()
            runner.resume()

    def _discard_if_left(self, batch_id: str) -> None:
        """Close a batch whose planner is gone before its plan was finished."""
        planner, members = self.stores.batches.planned_by(batch_id), self.stores.members
        if planner != members.me and planner not in members.names():
            self.stores.ledger.discard(batch_id, "the service ended while the batch was being planned")

    def _pass_on(self) -> None:
        """Tell the streams here what happened since the last look, wherever it did."""
        newest = self.stores.events.last_id()  # before the changes are read: what comes in between is passed on twice
        for batch_id, event in self.stores.events.changed_since(self._seen).items():
            self.publisher.changed(batch_id, event, False)
        providers = self.stores.events.of("", self._seen, 1)
        self._seen = max(self._seen, newest)
        if providers:
            self._tell(self.changed)

    @staticmethod
    def _tell(listeners: Sequence[Callable[[], None]]) -> None:
        for told in listeners:
            told()
