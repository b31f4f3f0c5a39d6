"""Publishes what happens to whoever listens; nobody who listens can hold it up.

Each subscriber has a bounded queue. One that does not keep up is dropped and told:
its stream ends and the client connects again. Events are encoded once.
"""

import itertools
import queue
import threading
from collections.abc import Callable, Iterator

import orjson

from utils.errors import UnavailableError

QUEUE_SIZE = 256
HEARTBEAT_S = 15.0
_HEARTBEAT = b": heartbeat\n\n"


class Subscription:
    """One listener's queue."""

    def __init__(self) -> None:
        self._queue: queue.Queue[bytes | None] = queue.Queue(QUEUE_SIZE)
        self.dropped = False

    def offer(self, message: bytes | None) -> bool:
        """Append *message* (None ends the stream); False when the queue is full."""
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            return False
        return True

    def drop(self) -> None:
        """Empty the queue and end the stream."""
        self.dropped = True
        while not self.offer(None):
            try:
                self._queue.get_nowait()
            except queue.Empty:  # its reader was quicker
                continue

    def messages(self, heartbeat_s: float = HEARTBEAT_S) -> Iterator[bytes]:
        """Yield messages until the end, and a comment after each silence of *heartbeat_s*."""
        while True:
            try:
                message = self._queue.get(timeout=heartbeat_s)
            except queue.Empty:
                message = _HEARTBEAT
            if message is None:
                return
            yield message


class EventBroker:
    """All subscriptions. Thread-safe."""

    def __init__(self, max_subscribers: int) -> None:
        self._max = max_subscribers
        self._subscribers: set[Subscription] = set()
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._closed = False

    @property
    def subscriber_count(self) -> int:
        """How many listen now."""
        return len(self._subscribers)

    def publish(self, payload: object) -> None:
        """Send *payload* as JSON to everybody, in one order."""
        with self._lock:
            message = self._encode(payload)
            slow = [subscription for subscription in self._subscribers if not subscription.offer(message)]
            self._subscribers.difference_update(slow)
        for subscription in slow:
            subscription.drop()

    def subscribe(self, first: Callable[[], object]) -> Subscription:
        """Start listening; what *first* returns is the first message, and nothing after it is missed.

        Raises:
            UnavailableError: too many listen already, or the service is stopping.
        """
        subscription = Subscription()
        with self._lock:
            if self._closed:
                raise UnavailableError("the service is stopping; connect again in a moment")
            if len(self._subscribers) >= self._max:
                raise UnavailableError(f"{self._max} streams are open already, which is the limit; try again later")
            subscription.offer(self._encode(first()))
            self._subscribers.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop listening; doing it twice is fine."""
        with self._lock:
            self._subscribers.discard(subscription)

    def close(self) -> None:
        """End every stream and refuse new ones."""
        with self._lock:
            self._closed = True
            subscribers, self._subscribers = self._subscribers, set()
        for subscription in subscribers:
            subscription.drop()

    def _encode(self, payload: object) -> bytes:
        return b"id: %d\ndata: %s\n\n" % (next(self._ids), orjson.dumps(payload))
