"""Sends messages to all subscribers; none of them can hold it up.

Each subscriber has a bounded queue. One that does not keep up is dropped, with notice:
its stream ends with a comment and the client connects again. Messages are encoded once.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence

import orjson

from utils.errors import UnavailableError
from utils.seats import Seats

QUEUE_SIZE = 256
HEARTBEAT_S = 15.0
_HEARTBEAT = b": heartbeat\n\n"
_DROPPED = b": dropped, this client reads too slowly; connect again\n\n"


class Subscription:
    """One listener's queue."""

    def __init__(self) -> None:
        self._queue: queue.Queue[bytes | None] = queue.Queue(QUEUE_SIZE)
        self._last = b""
        self.head: Sequence[bytes] = ()

    def offer(self, message: bytes | None) -> bool:
        """Append *message* (None ends the stream); False when the queue is full."""
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            return False
        return True

    @property
    def is_behind(self) -> bool:
        """Whether more messages wait."""
        return not self._queue.empty()

    def end(self, last: bytes = b"") -> None:
        """Empty the queue and end the stream, with *last* as its last message."""
        self._last = last
        while not self.offer(None):
            try:
                self._queue.get_nowait()
            except queue.Empty:  # its reader was quicker
                continue

    def messages(self, heartbeat_s: float = HEARTBEAT_S) -> Iterator[bytes]:
        """Yield what came first, then messages until the end, and a comment after each silence of *heartbeat_s*."""
        yield from self.head
        while True:
            try:
                message = self._queue.get(timeout=heartbeat_s)
            except queue.Empty:
                message = _HEARTBEAT
            if message is None:
                yield from (self._last,) if self._last else ()
                return
            yield message


class EventBroker:
    """All subscriptions. Thread-safe."""

    def __init__(self, seats: Seats) -> None:
        """Give each subscriber one of *seats*."""
        self._seats = seats
        self._subscribers: set[Subscription] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._published = 0
        self._head: tuple[int, Sequence[bytes]] = (-1, ())

    @property
    def subscriber_count(self) -> int:
        """Number of subscribers now."""
        return len(self._subscribers)

    def publish(self, payload: Callable[[], object], event_id: int) -> None:
        """Send what *payload* returns as JSON to all, in one order; it is not called without subscribers."""
        with self._lock:
            self._published += 1  # first: later subscribers must not get what was kept before
            if not self._subscribers:
                return
        message = encode(payload(), event_id)
        with self._lock:
            slow = [subscription for subscription in self._subscribers if not subscription.offer(message)]
            self._remove(slow)
        for subscription in slow:
            subscription.end(_DROPPED)

    def subscribe(self, first: Callable[[], Sequence[bytes]], shared: bool = True) -> Subscription:
        """Subscribe; what *first* returns comes first, and nothing after it is missed.

        Args:
            first: Builds the first messages, encoded.
            shared: Whether they are the same for all who come before the next message.

        Raises:
            UnavailableError: too many streams are open, or the service is stopping.
        """
        subscription = Subscription()
        with self._lock:
            if self._closed:
                raise UnavailableError("the service is stopping; connect again in a moment")
            self._seats.take()
            self._subscribers.add(subscription)
            published, (kept_at, kept) = self._published, self._head
        # The subscription began before: a message older than the head is followed by a newer one.
        if shared and kept_at == published:
            subscription.head = kept
            return subscription
        try:
            subscription.head = first()
        except BaseException:
            self.unsubscribe(subscription)
            raise
        if shared:
            with self._lock:
                self._head = (published, subscription.head)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Unsubscribe; doing it twice is fine."""
        with self._lock:
            self._remove([subscription])

    def close(self) -> None:
        """End every stream and refuse new ones."""
        with self._lock:
            self._closed = True
            subscribers = list(self._subscribers)
            self._remove(subscribers)
        for subscription in subscribers:
            subscription.end()

    def _remove(self, subscriptions: Sequence[Subscription]) -> None:
        gone = self._subscribers.intersection(subscriptions)
        self._subscribers -= gone
        self._seats.give_back(len(gone))


def encode(payload: object, event_id: int) -> bytes:
    """Write one message of a stream; without an id for *event_id* 0, which keeps the client's last one."""
    return message(orjson.dumps(payload), event_id)


def message(data: bytes, event_id: int) -> bytes:
    """Write one message whose *data* is one line of JSON; as `encode`."""
    text = b"data: %s\n\n" % data
    return b"id: %d\n%s" % (event_id, text) if event_id else text
