"""The background threads of the service: fold, upkeep, discovery.

A fault of one task does not stop the others; each thread lives until `stop`.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.dataset.dataset_service import DatasetService
from utils.errors import SideError, StorageError

log = logging.getLogger(__name__)
_FOLD_LOOK_S = 1.0
_UPKEEP_LOOK_S = 5.0
_DISCOVERY_LOOK_S = 2.0

Stopped = Callable[[], bool]
Task = Callable[[Stopped], object]


class Discovery(Protocol):
    """Finds out which models the providers have."""

    def ask(self) -> bool:
        """Ask every provider whose list is missing, old or in doubt; tell whether one was. May hang on a vendor."""

    def know_all(self) -> None:
        """Keep what the lists have."""


@dataclass(frozen=True, slots=True)
class Chores:
    """What the threads do.

    Attributes:
        dataset: Folded when that is due.
        tasks: Done every few seconds, one after the other; each gets a function that says whether it must end.
        discovery: Asked every two seconds.
        check: Raises StorageError while the data folder is not there.
    """

    dataset: DatasetService
    tasks: Sequence[Task]
    discovery: Discovery
    check: Callable[[], None]


class Upkeep:
    """Owns the threads."""

    def __init__(self, chores: Chores) -> None:
        self._chores = chores
        self._dataset = chores.dataset
        self._stopping = threading.Event()
        self._keeping = threading.Lock()  # held while the discovery uses the database
        loops = {"fold": self._fold_loop, "upkeep": self._upkeep_loop, "discovery": self._discovery_loop}
        self._threads = [threading.Thread(target=loop, name=name, daemon=True) for name, loop in loops.items()]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def tell(self) -> None:
        """Tell the threads to end; returns at once."""
        self._stopping.set()

    def stop(self, timeout_s: float) -> None:
        """Wait for what the threads write, and fold what waits.

        Not for the discovery's questions, which may hang on a vendor: what comes of them is not kept any more.
        """
        self.tell()
        for thread in self._threads:
            if thread.name != "discovery" and thread.is_alive():
                thread.join(timeout_s)
        if self._keeping.acquire(timeout=timeout_s):
            self._keeping.release()
        self._fold(self._dataset.fold_at_end)

    def _fold_loop(self) -> None:
        self._fold(self._dataset.tidy)
        while not self._stopping.wait(_FOLD_LOOK_S):
            if not self._fold(self._dataset.fold_if_due):
                self._stopping.wait(10 * _FOLD_LOOK_S)

    def _fold(self, work: Callable[[], object]) -> bool:
        """Do *work* of the fold; False when the disk refused, and the samples stay where they are."""
        try:
            work()
        except StorageError as error:
            log.warning("samples stay in the journal", extra={"reason": str(error)})
            return False
        except Exception:  # top of a thread: it must live on, the samples are in the journal
            log.exception("fold failed")
            return False
        return True

    def _upkeep_loop(self) -> None:
        while not self._stopping.wait(_UPKEEP_LOOK_S):
            failed = sum(not self._keep_up(task) for task in self._chores.tasks)
            if failed:
                self._stopping.wait(12 * _UPKEEP_LOOK_S)

    def _keep_up(self, task: Task) -> bool:
        try:
            self._chores.check()
            task(self._stopping.is_set)
        except (StorageError, SideError, OSError) as error:
            log.warning("upkeep put off", extra={"reason": str(error)})
            return False
        except Exception:  # top of a thread: it must live on
            log.exception("upkeep failed")
            return False
        return True

    def _discovery_loop(self) -> None:
        while True:
            try:
                if self._chores.discovery.ask():
                    self._keep_models()
            except StorageError as error:
                log.warning("models not kept", extra={"reason": str(error)})
            except Exception:  # top of a thread: it must live on
                log.exception("discovery failed")
            if self._stopping.wait(_DISCOVERY_LOOK_S):
                return

    def _keep_models(self) -> None:
        with self._keeping:
            if not self._stopping.is_set():  # the database may be closed, the folder another process's
                self._chores.discovery.know_all()
