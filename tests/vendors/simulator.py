"""A simulated vendor: the wire of Groq, Cerebras, Ollama or an OpenAI-compatible server on loopback.

The product's real SDK adapters talk to it. It plays faults by script or by a
function of the request's number, and counts what it saw.
"""

import json
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.vendors.writer import write_json

HTML_502 = b"<!DOCTYPE html><html><head><title>api.vendor.test | 502: Bad gateway</title></head><body>x</body></html>"
PATHS = {
    "groq": ("/openai/v1/chat/completions", "/openai/v1/models"),
    "cerebras": ("/v1/chat/completions", "/v1/models"),
    "openai": ("/v1/chat/completions", "/v1/models"),
    "ollama": ("/api/chat", "/api/tags"),
}


@dataclass(frozen=True)
class Reply:
    """What to answer instead of a sample."""

    status: int = 200
    body: bytes | dict[str, Any] = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: bool = False
    cut: bool = False


Fault = Callable[[int, dict[str, Any]], Reply | None]


def error(
    status: int, message: str, code: str = "", headers: dict[str, str] | None = None, flat: bool = False
) -> Reply:
    """Build a vendor's error: Groq's envelope, or Cerebras' flat form."""
    inner = {"message": message, "type": "invalid_request_error", "code": code, "param": None}
    return Reply(status, inner if flat else {"error": inner}, headers or {})


class SimulatedVendor:
    """One vendor on a port of its own; a context manager."""

    def __init__(self, kind: str, models: Sequence[str] = (), fault: Fault | None = None) -> None:
        self.kind = kind
        self.models = list(models)
        self.fault: Fault = fault or (lambda number, body: None)
        self.content: Callable[[str, int], str] = write_json
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answered = 0
        self._lock = threading.Lock()
        self._release = threading.Event()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Stay silent."""

            def do_GET(self) -> None:
                vendor.list(self)

            def do_POST(self) -> None:
                vendor.chat(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name=f"vendor {kind}", daemon=True
        )

    @property
    def url(self) -> str:
        """The base URL as the product's settings want it."""
        address = f"http://127.0.0.1:{self._server.server_address[1]}"
        return f"{address}/v1" if self.kind == "openai" else address

    @property
    def calls(self) -> int:
        """Completions asked for so far."""
        return len(self.requests)

    def __enter__(self) -> "SimulatedVendor":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def list(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.paths.append(handler.path)
        if handler.path != PATHS[self.kind][1]:
            self._send(handler, error(404, f"Unknown request URL: GET {handler.path}"))
        elif self.kind == "ollama":
            self._send(handler, Reply(body={"models": [{"model": name, "name": name} for name in self.models]}))
        else:
            self._send(
                handler,
                Reply(body={"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]}),
            )

    def chat(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self._lock:
            self.paths.append(handler.path)
            self.requests.append(body)
            self.headers.append({name.lower(): value for name, value in handler.headers.items()})
            number = len(self.requests)
        if handler.path != PATHS[self.kind][0]:
            self._send(handler, error(404, f"Unknown request URL: POST {handler.path}"))
            return
        self._send(handler, self.fault(number, body) or self.completion(body, number))

    def completion(self, body: dict[str, Any], number: int, text: str | None = None, **message: object) -> Reply:
        """Build the vendor's own form of a good answer."""
        with self._lock:
            self.answered += 1
        prompt = "\n".join(part["content"] for part in body["messages"])
        text = self.content(prompt, number) if text is None else text
        if self.kind == "ollama":
            reply = {
                "model": body["model"],
                "created_at": "2026-01-01T00:00:00Z",
                "message": {"role": "assistant", "content": text, **message},
                "done": True,
                "done_reason": "stop",
                "prompt_eval_count": 50,
                "eval_count": 200,
            }
            return Reply(body=reply)
        choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 50, "completion_tokens": 200, "total_tokens": 250}
        reply = {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [choice],
            "usage": usage,
        }
        return Reply(body=reply, headers={"x-ratelimit-remaining-tokens": "4000"})

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.hang:
            self._release.wait(30)
            return
        payload = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(payload)))
        handler.end_headers()
        try:
            if reply.drip:
                for position in range(len(payload)):
                    handler.wfile.write(payload[position : position + 1])
                    handler.wfile.flush()
                    if self._release.wait(0.02):
                        return
            elif reply.cut:
                handler.wfile.write(payload[: len(payload) // 2])
                handler.wfile.flush()
                handler.close_connection = True
                handler.connection.shutdown(socket.SHUT_RDWR)
            else:
                handler.wfile.write(payload)
        except OSError:  # the client went away, as it may
            return
