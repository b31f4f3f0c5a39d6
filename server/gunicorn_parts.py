"""What we use of gunicorn beyond its documentation, all in one place.

Its parent process watches the worker; its parser and its response speak HTTP in our threads. None of these has types,
and any release may move them: `tests/server/test_gunicorn_parts.py` says so before a user does.
"""

import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from wsgiref.types import WSGIApplication

from gunicorn.http import wsgi
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData, ParseException
from gunicorn.http.parser import RequestParser
from gunicorn.workers.base import Worker

from server.connection import UpgradedSocket
from utils.wsgi import LINE, ON_CLIENT_LEFT, Line

__all__ = ["Exchange", "Host", "Loop", "NoMoreData", "ParseException", "too_large", "worker_class"]


class Host(Protocol):
    """What our loop needs of the worker that it runs in.

    Attributes:
        cfg: gunicorn's configuration, passed on to its parser.
        alive: False once the worker is told to stop.
        wsgi: The app.
    """

    cfg: object
    alive: bool
    wsgi: WSGIApplication


class Loop(Protocol):
    """The loop of a worker."""

    @property
    def is_empty(self) -> bool:
        """True when no connection is left."""

    def listen(self, sockets: Sequence[socket.socket], wake_fd: int) -> None:
        """Take connections of *sockets*; *wake_fd* becomes readable when a signal came."""

    def turn(self, timeout_s: float) -> None:
        """Do what there is to do; wait *timeout_s* at most."""

    def stop(self) -> None:
        """Take no more requests."""

    def close(self) -> None:
        """End everything."""


def worker_class(loop_in: Callable[[Host], Loop]) -> type[Worker]:
    """Return the worker class that runs the loop which *loop_in* makes."""

    class LoopWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
        def run(self) -> None:
            """Serve until told to stop; then end what is under way, within the grace that gunicorn gives."""
            loop = loop_in(self)
            loop.listen(self.sockets, self.PIPE[0])
            while self.alive and self.ppid == os.getppid():
                self.notify()
                loop.turn(1.0)
            loop.stop()
            ends = time.monotonic() + self.cfg.graceful_timeout
            while not loop.is_empty and time.monotonic() < ends:
                self.notify()
                loop.turn(0.1)
            loop.close()

    return LoopWorker


class Exchange:
    """One request and its answer on a connection.

    Attributes:
        rest: What was read beyond the request, once the next may follow.
    """

    def __init__(self, host: Host, client: object, address: object, head: bytes) -> None:
        """Start with *head*, which was read already; *client* is the socket, *address* the caller's."""
        self._host = host
        self._client = client
        self._address = address
        self._parser = RequestParser(host.cfg, client, address)
        self._parser.unreader.unread(head)

    def answer(
        self, server: object, watch: Callable[[Callable[[], None]], None], line: Line, upgraded: UpgradedSocket
    ) -> bool:
        """Have the app answer; return whether the connection is kept.

        Args:
            server: Where the caller came in.
            watch: Called by the app with what to do when the caller leaves.
            line: Those who may get the same answer.
            upgraded: The connection, for an app that goes on in another protocol.

        Raises:
            NoMoreData, StopIteration: the caller left without a request, or the app went on in another protocol.
            ParseException: this is no HTTP request that could be read.
        """
        response, environ = wsgi.create(next(self._parser), self._client, self._address, server, self._host.cfg)
        environ["wsgi.multithread"] = True
        environ[ON_CLIENT_LEFT] = watch
        environ[LINE] = line
        if "websocket" in environ.get("HTTP_UPGRADE", "").lower():
            upgraded.begin()
            environ["gunicorn.socket"] = upgraded  # where WebSocket libraries look for it
        if not self._host.alive:
            response.force_close()
        pieces: Any = self._host.wsgi(environ, response.start_response)
        try:
            for piece in pieces:
                response.write(piece)
            response.close()
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        return not response.should_close()

    def finish(self, most_bytes: int) -> bool:
        """Read what the app left of the request, if it is *most_bytes* at most; say whether it is all read."""
        return bool(self._parser.finish_body(max_bytes=most_bytes))

    @property
    def rest(self) -> bytes:
        """What was read beyond the request."""
        taken: bytes = self._parser.unreader.take_buffered()
        return taken


def too_large(most_bytes: int) -> ParseException:
    """Return the error of a head that is larger than *most_bytes*."""
    return LimitRequestHeaders(f"more than {most_bytes} bytes")
