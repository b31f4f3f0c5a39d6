"""The connections of the server's worker while no thread serves them: accepted, read, watched, closed.

One thread, the worker's main one, which also tells the parent that the worker lives: nothing here blocks on a
client. A connection gets a request thread when the head of its request is there, and comes back with its answer
sent. Slow, idle and leaving clients cost a place in a table, no thread. When the table is full, the connection
that has waited longest (one that leaves, one that is idle, one with half a head) makes room for a new one.
"""

import errno
import os
import re
import selectors
import socket
import struct
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from server.connection import Connection, ConnectionLimits, Outcome, Room

# Longest head of a request, and most that is read ahead after a request.
HEAD_BYTES = 1 << 16
# Most bytes held of requests that are not served yet.
_HELD_BYTES = 32 << 20
_READ_BYTES = 1 << 14
_ACCEPTED_AT_ONCE = 64
# A client may still be reading when its connection ends (RFC 9112, 9.6).
_LINGER_S = 2.0
_LINGER_BYTES = 1 << 16
_LINGERING = 512
_STOP_IDLE_S = 0.5
# What the kernel buffers of an answer before its client reads it (Linux doubles it): enough for a page, and
# for 5 MB a second at 100 ms. By default it buffers megabytes, even for a client that reads nothing.
_SEND_BUFFER_BYTES = 1 << 18
# Errors of accept when resources are used up; they recur until there are some.
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_NO_ROOM_S = 0.2
# What comes behind such a head is for the thread that serves it: a body, or messages.
_BODY = re.compile(rb"\r\n(?:content-length|transfer-encoding|upgrade)[ \t]*:", re.IGNORECASE)
_RESET = struct.pack("ii", 1, 0)


class Front:
    """All connections of a worker. Only `finished` and `soon` may be called from other threads."""

    def __init__(
        self, limits: ConnectionLimits, dispatch: Callable[[Connection, bytes], None], refusal: Callable[[str], bytes]
    ) -> None:
        """Hand each request to *dispatch* with what was read of it; *refusal* builds an answer with status 503."""
        self._limits = limits
        self._dispatch = dispatch
        self._refusal = refusal
        self._selector = selectors.DefaultSelector()
        self._listeners: list[socket.socket] = []
        self._later: list[socket.socket] = []
        self._listens_from = 0.0
        self._is_stopping = False
        self._reading = Room(limits.head_s)
        self._idle = Room(limits.idle_s)
        self._closing = Room(_LINGER_S)
        self._by_host: Counter[str] = Counter()
        self._held_bytes = 0
        self._due: deque[Callable[[], None]] = deque()
        self._wakers = socket.socketpair()
        for waker in self._wakers:
            waker.setblocking(False)
        self._is_woken = False
        self._selector.register(self._wakers[0], selectors.EVENT_READ, self._drain_wakers)
        self.count = 0
        self.serving = 0

    @property
    def is_empty(self) -> bool:
        """Whether no connection is left."""
        return not (self.serving or self._reading or self._idle)

    # --- the loop --------------------------------------------------------------------------

    def listen(self, listeners: Sequence[socket.socket]) -> None:
        """Accept from *listeners*."""
        self._listeners, self._later = list(listeners), []
        for listener in self._listeners:
            listener.setblocking(False)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # head and body are sent one by one
            self._selector.register(listener, selectors.EVENT_READ, lambda sock=listener: self._accept(sock))

    def wake_on(self, pipe: int) -> None:
        """Wake up when something is written to *pipe*, as signals do; it must not block."""
        self._selector.register(pipe, selectors.EVENT_READ, lambda: os.read(pipe, 4096))

    def turn(self, timeout_s: float) -> None:
        """Do what there is to do; wait *timeout_s* at most when there is nothing."""
        for key, _ in self._selector.select(min(timeout_s, _NO_ROOM_S) if self._later else timeout_s):
            key.data()
        self._is_woken = False
        if self._later and time.monotonic() >= self._listens_from:
            self.listen(self._later)
        while self._due:
            self._due.popleft()()
        for room in (self._reading, self._idle, self._closing):
            for connection in room.overdue():
                self._close(connection)

    def finished(self, connection: Connection, outcome: Outcome, rest: bytes, ended: Callable[[], None]) -> None:
        """Take *connection* back from a request thread; *rest* was read and not used. From any thread.

        *ended* is called in the front's own thread.
        """

        def take() -> None:
            ended()
            self._take_back(connection, outcome, rest)

        self.soon(take)

    def soon(self, action: Callable[[], None]) -> None:
        """Call *action* in the front's own thread. From any thread."""
        self._due.append(action)
        if not self._is_woken:
            self._is_woken = True
            with suppress(OSError):  # it is full, which wakes the front too, or the worker has ended
                self._wakers[1].send(b"\0")

    def stop(self) -> None:
        """Accept no more connections, and keep none alive after its answer."""
        self._is_stopping = True
        for listener in self._listeners:
            self._selector.unregister(listener)
        for listener in (*self._listeners, *self._later):
            listener.close()
        self._listeners = self._later = []
        self._idle.hurry(_STOP_IDLE_S)
        self._reading.hurry(_STOP_IDLE_S)

    def close(self) -> None:
        """Close what is still there; connections in a thread stay as they are."""
        for room in (self._reading, self._idle, self._closing):
            while connection := room.oldest():
                self._close(connection)
        self._selector.close()
        for waker in self._wakers:
            waker.close()

    def _drain_wakers(self) -> None:
        with suppress(BlockingIOError):
            while self._wakers[0].recv(4096):
                pass

    # --- accepting -------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                sock, address = listener.accept()
            except OSError as error:  # no client waits, it has gone again, or there is no room
                if error.errno in _NO_ROOM and not self._evict(None):
                    self._listen_later()
                return
            self._welcome(Connection(sock, address, listener.getsockname()))

    def _listen_later(self) -> None:
        """Ignore the listeners for a moment: they would report the same again at once."""
        for listener in self._listeners:
            self._selector.unregister(listener)
        self._later, self._listeners = self._listeners, []
        self._listens_from = time.monotonic() + _NO_ROOM_S

    def _welcome(self, connection: Connection) -> None:
        host = connection.address[0]
        connection.sock.setblocking(False)
        is_full = self.count >= self._limits.connections
        is_many = self._by_host[host] >= self._limits.per_address
        self._by_host[host] += 1
        self.count += 1
        if (is_many and not self._evict(host)) or (is_full and not is_many and not self._evict(None)):
            self._refuse(connection, "too many connections are open; close some, or try again in a moment")
            return
        self._reading.add(connection)
        self._register(connection)
        self._read(connection)

    def _evict(self, host: str | None) -> bool:
        """Close the one that waits longest, of *host* if one is given; say whether there was one."""
        for room in (self._closing, self._idle, self._reading):
            connection = room.oldest(host)
            if connection is not None:
                self._close(connection)
                return True
        return False

    def turn_away(self, connection: Connection, sentence: str) -> None:
        """Refuse what was handed over and is not served yet; break off what was begun: nothing fits behind it."""
        self.serving -= 1
        if connection.is_partly_answered:
            self._abort(connection)
        else:
            self._refuse(connection, sentence)

    def _refuse(self, connection: Connection, sentence: str) -> None:
        """Answer that there is no place, and close; the client gets as much of it as its socket takes now."""
        with suppress(OSError):
            connection.sock.send(self._refusal(sentence))
        self._linger(connection)

    # --- reading ---------------------------------------------------------------------------

    def _read(self, connection: Connection) -> None:
        if not connection.is_registered:  # closed a moment ago, to make room
            return
        try:
            data = connection.sock.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if connection.room is self._closing:
            connection.drained_bytes += len(data)
            if not data or connection.drained_bytes > _LINGER_BYTES:
                self._close(connection)
        elif connection.room is None:
            self._read_ahead(connection, data)
        elif not data:
            self._close(connection)
        else:
            self._add(connection, data)

    def _read_ahead(self, connection: Connection, data: bytes) -> None:
        """Read while a thread serves the connection: the next request, or that there will be none."""
        self._hold(connection, data)
        if not data or len(connection.buffer) > HEAD_BYTES:
            self._unregister(connection)
            connection.has_ended = not data
            connection.leave()

    def _add(self, connection: Connection, data: bytes) -> None:
        if connection.room is self._idle:
            self._idle.remove(connection)
            self._reading.add(connection)
        searched = max(0, len(connection.buffer) - 3)
        self._hold(connection, data)
        if connection.buffer.find(b"\r\n\r\n", searched) >= 0 or len(connection.buffer) > HEAD_BYTES:
            self._serve(connection)
        while self._held_bytes > _HELD_BYTES and (oldest := self._reading.oldest()):
            self._close(oldest)

    def _hold(self, connection: Connection, data: bytes) -> None:
        connection.buffer += data
        self._held_bytes += len(data)

    def _serve(self, connection: Connection) -> None:
        """Hand the connection over; its socket is read on here only when its request has no body."""
        if connection.room is not None:
            connection.room.remove(connection)
        head = bytes(connection.buffer)
        connection.buffer.clear()
        self._held_bytes -= len(head)
        if _BODY.search(head):
            self._unregister(connection)
        self.serving += 1
        self._dispatch(connection, head)

    # --- after the answer ------------------------------------------------------------------

    def _take_back(self, connection: Connection, outcome: Outcome, rest: bytes) -> None:
        self.serving -= 1
        connection.forget_watch()
        if outcome is Outcome.ABORT:
            self._abort(connection)
            return
        if outcome is Outcome.CLOSE:
            self._linger(connection)
            return
        connection.buffer[:0] = rest
        self._held_bytes += len(rest)
        if b"\r\n\r\n" in connection.buffer or len(connection.buffer) > HEAD_BYTES:
            self._serve(connection)
        elif connection.has_ended or self._is_stopping:
            self._linger(connection)
        else:
            self._register(connection)
            (self._reading if connection.buffer else self._idle).add(connection)

    def _linger(self, connection: Connection) -> None:
        """Say that nothing more comes, and close once the client has ended too."""
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(connection)
            return
        if len(self._closing) >= _LINGERING and (oldest := self._closing.oldest()):
            self._close(oldest)
        self._register(connection)
        self._closing.add(connection)

    def _abort(self, connection: Connection) -> None:
        """Close at once; what the client did not read is dropped, in the kernel too."""
        with suppress(OSError):
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        if connection.room is not None:
            connection.room.remove(connection)
        self._unregister(connection)
        self._held_bytes -= len(connection.buffer)
        connection.buffer.clear()
        host = connection.address[0]
        self.count -= 1
        self._by_host[host] -= 1
        if not self._by_host[host]:
            del self._by_host[host]
        connection.sock.close()

    def _register(self, connection: Connection) -> None:
        if not connection.is_registered:
            with suppress(OSError):  # the kernel has no room for it: its time runs out where it waits
                self._selector.register(connection.sock, selectors.EVENT_READ, lambda: self._read(connection))
                connection.is_registered = True

    def _unregister(self, connection: Connection) -> None:
        if connection.is_registered:
            self._selector.unregister(connection.sock)
            connection.is_registered = False
