"""Live parts of pages: events whose data is HTML, which `web/static/js/base.js` puts in the place of what it renews."""

import time
from collections.abc import Callable, Iterator, Mapping

from flask import Response, stream_with_context

from api.edge.deps import RETRY, Broker, broker_stream, event_stream
from services.platform import Reading, Subscription

# What takes longer may take one part in so many of the time.
_SHARE = 40
SILENCE = b": still here\n\n"
END = b"event: end\ndata: end\n\n"
_COMMENT = b":"


def message(html: str) -> bytes:
    """Write HTML as one event. Whatever ends a line of a stream must not end the event: a text may hold it."""
    lines = html.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "".join(f"data: {line}\n" for line in lines).encode("utf-8", "replace") + b"\n"


def follow_run(reading: Reading, panel: Callable[[], str]) -> Response:
    """Answer with what *panel* renders at each event of a run, and once more at its end."""

    def messages() -> Iterator[bytes]:
        yield RETRY
        for some in reading.events():
            yield message(panel()) if some else SILENCE
        yield message(panel()) + END

    response = event_stream(stream_with_context(messages()))
    response.call_on_close(reading.close)
    return response


class LiveParts:
    """What one listener has on its screen: each part of the page, by its id."""

    def __init__(self, parts: Mapping[str, Callable[[], str]]) -> None:
        """Render *parts*, each HTML with one element of that id on top."""
        self._parts = parts
        self._shown: dict[str, str] = {}

    def changed(self, *names: str) -> Iterator[bytes]:
        """Yield one message with those of the parts *names* that differ from what is shown; none if none does."""
        news = []
        for name in names:
            html = self._parts[name]()
            if self._shown.get(name) != html:
                self._shown[name] = html
                news.append(html)
        if news:
            yield message("\n".join(news))


class Seldom:
    """Says when what takes longer may be done again: it may take a fortieth of the time at most."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, least_s: float = 2.0) -> None:
        self._clock = clock
        self._least_s = least_s
        self._due = 0.0

    @property
    def is_due(self) -> bool:
        """Whether it may be done now."""
        return self._clock() >= self._due

    def run(self, make: Callable[[], Iterator[bytes]]) -> list[bytes]:
        """Return what *make* yields, and measure it."""
        begun = self._clock()
        made = list(make())
        ended = self._clock()
        self._due = ended + max(self._least_s, _SHARE * (ended - begun))
        return made


def follow(broker: Broker, subscription: Subscription, parts: Callable[[bytes], Iterator[bytes]]) -> Response:
    """Answer with what *parts* makes of each message of *subscription*, and of b"" first, for the state so far."""
    return broker_stream(broker, subscription, stream_with_context(_parts(subscription, parts)))


def _parts(subscription: Subscription, parts: Callable[[bytes], Iterator[bytes]]) -> Iterator[bytes]:
    for part in parts(b""):
        yield part
        if part == END:
            return
    for told in subscription.messages():
        if told.startswith(_COMMENT):
            yield told
            continue
        for part in parts(told):
            yield part
            if part == END:
                return
