"""A server on loopback that answers as a lookup service, and holds what it was asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

PAGE = '<akn><FRBRname value="Marsh v Baird"/></akn>'


@dataclass
class Server:
    """Answers all that it is asked alike, and holds what that was."""

    address: str = ""
    status: int = 200
    text: str = PAGE
    asked: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    waits_for: threading.Event | None = None
    has_come: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving() -> Iterator[Server]:
    """Serve on loopback until the end of the block."""
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(f"POST {self.path} {parse_qs(body)['text'][0]}")

        def do_GET(self) -> None:
            self._answer(f"GET {self.path}")

        def _answer(self, asked: str) -> None:
            state.asked.append(asked)
            state.tokens.append(self.headers.get("Authorization"))
            if (waits_for := state.waits_for) is not None:
                state.has_come.set()
                waits_for.wait()
                return
            self.send_response(state.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.end_headers()
            self.wfile.write(state.text.encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, name="services", kwargs={"poll_interval": 0.01})
    thread.start()
    state.address = f"http://127.0.0.1:{made.server_port}"
    try:
        yield state
    finally:
        made.shutdown()
        made.server_close()
        thread.join()
