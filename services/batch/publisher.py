"""Sends batch objects to the streams: at most ten a second for a batch, the last one always.

From 40 listeners on it is fewer, from 200 on two: the cost is the waking of their threads, which the batch pays for.
"""

import logging
import threading
from collections.abc import Callable

from models.contract.answers.batches import Batch
from services.streams.broker import EventBroker
from utils.errors import StorageError

log = logging.getLogger(__name__)
_EVERY_S = 0.1
_EVERY_MANY_S = 0.5
# To all listeners together.
_MESSAGES_A_S = 400


class BatchPublisher:
    """Merges what changed. Thread-safe; its own thread sends."""

    def __init__(self, broker: EventBroker, batch_object: Callable[[str], Batch]) -> None:
        self._broker = broker
        self._batch_object = batch_object
        self._ids: dict[str, int] = {}
        self._dirty: set[str] = set()
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._work = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="publisher", daemon=True)

    def start(self) -> None:
        """Start the thread; `close` ends it."""
        self._thread.start()

    def close(self) -> None:
        """Send what waits and end."""
        self._closed.set()
        self._work.set()
        if self._thread.is_alive():
            self._thread.join()

    def changed(self, batch_id: str, event_id: int, now: bool) -> None:
        """Note a change of a batch, *event_id* being its newest event (0: none); send it at once if *now*."""
        with self._lock:
            self._ids[batch_id] = max(event_id, self._ids.get(batch_id, 0))
            if not now:
                self._dirty.add(batch_id)
        if now:
            self._send(batch_id)
        else:
            self._work.set()

    def forget(self, batch_id: str) -> None:
        """Drop what is known of a batch that has ended."""
        with self._lock:
            self._ids.pop(batch_id, None)
            self._dirty.discard(batch_id)

    def _loop(self) -> None:
        while not self._closed.is_set():
            self._work.wait()
            self._work.clear()
            with self._lock:
                dirty, self._dirty = self._dirty, set()
            for batch_id in dirty:
                try:
                    self._send(batch_id)
                except StorageError as error:
                    log.warning("batch not sent, will try again", extra={"batch_id": batch_id, "reason": str(error)})
                    self.changed(batch_id, 0, False)
                except Exception:  # top of a thread: the next change must be sent all the same
                    log.exception("batch not sent", extra={"batch_id": batch_id})
            self._closed.wait(_pause_s(self._broker.subscriber_count))

    def _send(self, batch_id: str) -> None:
        with self._sending:  # an older state must not overtake a newer one
            with self._lock:
                event_id = self._ids.get(batch_id, 0)
            self._broker.publish(
                lambda: {"type": "batch_update", "batch_id": batch_id, "batch": self._batch_object(batch_id)}, event_id
            )


def _pause_s(listeners: int) -> float:
    return min(max(_EVERY_S, listeners / _MESSAGES_A_S), _EVERY_MANY_S)
