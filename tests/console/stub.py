"""A service on loopback that answers what it is told to: for what no real one says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REDIRECTS = (301, 302, 303, 307, 308)


@dataclass
class Stub:
    """What it answers, by path below /api; and what it was asked.

    Attributes:
        answers: Status, content type and bodies, the last of which repeats.
        asked: Method, path with query, body.
    """

    url: str = ""
    answers: dict[str, tuple[int, str, list[bytes]]] = field(default_factory=dict)
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def says(self, path: str, *bodies: bytes, status: int = 200, kind: str = "application/json") -> None:
        self.answers[path] = (status, kind, list(bodies))


@contextmanager
def answering() -> Iterator[Stub]:
    """Run a stub for the length of a block."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            stub.asked.append((self.command, self.path, body))
            stub.headers.append(dict(self.headers.items()))
            path = self.path.partition("?")[0].removeprefix("/api/")
            status, kind, bodies = stub.answers.get(path, (404, "application/json", [b'{"error": "no such page"}']))
            content = bodies.pop(0) if len(bodies) > 1 else bodies[0]
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if status in REDIRECTS:
                self.send_header("Location", "/api/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
