"""The thread behind the turns: embeds them, then summarises the sessions that are due. No query waits for it."""

import logging
import threading
from collections.abc import Callable

from services.assistant.summariser import Summariser
from services.assistant.turn_embedding import TurnEmbedding
from utils.cancellation import CancelToken
from utils.errors import StorageError

log = logging.getLogger(__name__)
# What failed is tried again after so long, if no new turn comes before.
_LOOK_S = 60.0


class TurnUpkeep:
    """Owns the thread. `start` begins it, `tell` and `stop` end it."""

    def __init__(self, embedding: TurnEmbedding, summariser: Summariser, look_s: float = _LOOK_S) -> None:
        self._works: tuple[Callable[[CancelToken], int], ...] = (embedding.run, summariser.run)
        self._look_s = look_s
        self._cancel = CancelToken()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="turns", daemon=True)

    def start(self) -> None:
        """Start the thread; it begins with what an earlier process left."""
        self._wake.set()
        self._thread.start()

    def wake(self) -> None:
        """Tell the thread that a turn came; returns at once."""
        self._wake.set()

    def tell(self) -> None:
        """Tell the thread to end, and the call of a model under way with it; returns at once."""
        self._cancel.cancel()
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """Wait for the thread."""
        self.tell()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _loop(self) -> None:
        while not self._cancel.is_cancelled:
            self._wake.wait(self._look_s)
            self._wake.clear()
            for work in self._works:
                self._do(work)

    def _do(self, work: Callable[[CancelToken], int]) -> None:
        if self._cancel.is_cancelled:
            return
        try:
            work(self._cancel)
        except StorageError as error:
            log.warning("turns are looked after later", extra={"reason": str(error)})
        except Exception:  # top of a thread: it must live on
            log.exception("turns not looked after")
