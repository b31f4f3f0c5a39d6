"""A server on loopback that answers posts as it is told, and keeps what it got."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

Answer: TypeAlias = tuple[int, object, dict[str, str]]
Behave: TypeAlias = Callable[[str, dict[str, object]], Answer]


class Served:
    """Where it answers, and the requests: path, body, the header Authorization."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[tuple[str, dict[str, object], str | None]] = []


@contextmanager
def serving(behave: Behave) -> Iterator[Served]:
    """Serve until the block ends."""
    served: Served

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # its name in the library
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            served.requests.append((self.path, body, self.headers["authorization"]))
            status, answer, headers = behave(self.path, body)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # its name in the library
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Served(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="served")
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
