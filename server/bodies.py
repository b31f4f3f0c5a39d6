"""Whole request bodies: one that is cut off or broken on its way is refused.

gunicorn ends a body silently where the client left: half of a file would be imported, and
a start without its fields would begin a batch that nobody asked for.
"""

import io
from collections.abc import Callable, Iterable
from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import BadRequest, RequestTimeout

from server.gunicorn_parts import ParseException
from server.pace import ClientLeftError


class WholeBodies:
    """WSGI middleware that refuses a body that did not arrive whole."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        length = environ.get("CONTENT_LENGTH", "")
        announced = int(length) if length.isdecimal() else None
        environ["wsgi.input"] = _Body(environ["wsgi.input"], announced)
        return self._app(environ, start_response)


class _Body(io.RawIOBase):
    """The body of one request."""

    def __init__(self, stream: InputStream, announced: int | None) -> None:
        self._stream = stream
        self._announced = announced
        self._received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # of all buffers, werkzeug gives this one
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        """Read at most *size* bytes; all that are left by default."""
        return self._checked(lambda: self._stream.read(*(() if size is None or size < 0 else (size,))), size)

    def readline(self, size: int | None = -1) -> bytes:
        """Read a line, of at most *size* bytes."""
        return self._checked(lambda: self._stream.readline(*(() if size is None or size < 0 else (size,))), size)

    def _checked(self, read: Callable[[], bytes], size: int | None) -> bytes:
        try:
            data = read()
        except ParseException as error:
            raise BadRequest(f"body: is broken on its way ({error})"[:200]) from None
        except ClientLeftError:
            raise RequestTimeout(f"body: came too slowly; got {self._received} bytes; send it again") from None
        self._received += len(data)
        ended = size is None or size < 0 or (not data and size > 0)
        if ended and self._announced is not None and self._received < self._announced:
            raise BadRequest(f"body: was cut off; got {self._received} of {self._announced} bytes; send it again")
        return data
