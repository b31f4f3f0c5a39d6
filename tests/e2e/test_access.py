"""The real server on the network: tokens, slow clients, requests that are none, secrets at rest, logs, the start."""

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from config import PROJECT_DIR
from tests.e2e.server import BUSY_S, RunningServer, environment, free_port
from tests.e2e.test_data_set import command, run_block
from tests.fakes import SAMPLE
from tests.vendors.simulator import SimulatedVendor
from utils.access_tokens import hashed_form, new_token
from utils.secret_box import SecretBox, new_key


def raw(port: int, sent: bytes, timeout_s: float = BUSY_S) -> bytes:
    """Send bytes and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        connection.sendall(sent)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def test_server_that_others_could_reach_does_not_start_without_tokens(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(PROJECT_DIR / "api_server.py")],
        env=environment(tmp_path, free_port(), host="0.0.0.0"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "HOST: 0.0.0.0 can be reached from other machines; set API_TOKENS" in done.stderr


def test_tokens_let_in_whom_they_should_and_commands_send_theirs(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, str(PROJECT_DIR / "cli.py"), "tokens", "new", "--role", "read"],
        env=environment(tmp_path, 1),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    token = re.search(r"ltp_[\w-]+", made)
    accepted = re.search(r"read:sha256:[0-9a-f]{64}", made)
    assert token
    assert accepted
    admin = new_token()
    with RunningServer(tmp_path, api_tokens=f"{accepted[0]},admin:{hashed_form(admin)}") as server:
        url = f"{server.url}/stats"
        statuses = [
            requests.get(url, timeout=BUSY_S).status_code,
            requests.get(url, headers={"Authorization": f"Bearer {token[0]}"}, timeout=BUSY_S).status_code,
            requests.post(
                f"{server.url}/add", json={}, headers={"Authorization": f"Bearer {token[0]}"}, timeout=BUSY_S
            ).status_code,
        ]
        without = command(tmp_path, server.port, "export", "x.jsonl")
        with_token = command(tmp_path, server.port, "export", "x.jsonl", api_token=admin)

    assert statuses == [401, 200, 403]
    assert "token: is missing" in without
    assert "0 samples written" in with_token
    assert token[0] not in server.log()


def test_client_that_sends_its_request_too_slowly_is_left(tmp_path: Path) -> None:
    with RunningServer(tmp_path, read_timeout_s=1) as server:
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", server.port), timeout=BUSY_S) as slow:
            slow.sendall(b"POST /api/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
            slow.sendall(b"Content-Length: 100000\r\n\r\n")
            answer = _drip(slow)
        lasted_s = time.monotonic() - started
        alive = server.get("health/live")

    assert alive == {"status": "alive"}
    assert lasted_s > 0.9
    assert not answer.startswith(b"HTTP/1.1 200")


def _drip(connection: socket.socket) -> bytes:
    """Send a byte now and then until the server has enough of it."""
    try:
        for _ in range(2000):
            connection.sendall(b"x")
            connection.settimeout(0.1)
            try:
                if answer := connection.recv(65536):
                    return answer
                return b""
            except TimeoutError:
                continue
    except OSError:
        return b""
    raise AssertionError("the server took a byte now and then for ever")


def test_what_is_no_request_is_answered_in_the_contracts_envelope(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        answers = {
            "long": raw(server.port, b"GET /api/" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            "headers": raw(server.port, b"GET /api/stats HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n"),
            "nonsense": raw(server.port, b"NONSENSE\r\n\r\n"),
        }
        alive = server.get("health/live")

    assert alive == {"status": "alive"}
    codes = (("long", 414, "address_too_long"), ("headers", 431, "headers_too_large"), ("nonsense", 400, "input_error"))
    for name, status, code in codes:
        head, _, body = answers[name].partition(b"\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status}".encode()), head
        told = json.loads(body)
        assert (told["success"], bool(told["error"]), bool(told["request_id"])) == (False, True, True)
        assert (told["code"], told["retryable"], told["category"]) == (code, False, None)


def half(port: int, path: str, body: bytes, announced: int) -> bytes:
    """Announce a body, send less of it, and close one's own side."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {announced}"
    with socket.create_connection(("127.0.0.1", port), timeout=BUSY_S) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode() + body)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def test_body_that_is_cut_off_or_broken_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    row = json.dumps(SAMPLE).encode() + b"\n"
    with RunningServer(tmp_path) as server:
        answers = [
            half(server.port, "/api/generate/batch/start", b"", 40),
            half(server.port, "/api/import?format=jsonl", row, 2 * len(row)),
            half(server.port, "/api/add", row, 2 * len(row)),
            raw(
                server.port,
                b"POST /api/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n{}",
            ),
        ]
        batches, samples = server.get("generate/batch/history")["count"], server.get("stats")["total"]

    assert (batches, samples) == (0, 0)
    for answer in answers:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400"), answer
        assert json.loads(body)["error"].startswith("body: "), body
    assert b"got 0 of 40 bytes" in answers[0]


def test_stored_keys_survive_a_rotation_and_are_nowhere_in_clear(tmp_path: Path) -> None:
    old, new, secret = new_key(), new_key(), "mistral-secret-without-shape-0123456789"
    with RunningServer(tmp_path, encryption_key=old) as server:
        server.session.put(f"{server.url}/providers/mistral/config", json={"api_key": secret}, timeout=BUSY_S)
        refused = command(tmp_path, server.port, "keys", "rotate", encryption_key=f"{new},{old}")
    rotated = command(tmp_path, server.port, "keys", "rotate", encryption_key=f"{new},{old}")
    with RunningServer(tmp_path, encryption_key=new) as server:
        enabled = server.get("providers/mistral")["provider"]["enabled"]
    on_disk = b"".join(path.read_bytes() for path in tmp_path.glob("batches.db*")) + server.log().encode()

    assert "is using it" in refused
    assert "encrypted with the first key now: 1;" in rotated
    assert enabled
    assert secret.encode() not in on_disk
    assert SecretBox([new])


def test_readme_commands_on_providers_work_as_written(tmp_path: Path) -> None:
    with SimulatedVendor("groq") as groq:
        settings: dict[str, Any] = {
            "groq_api_key": "gsk_test_0123456789",
            "groq_base_url": groq.url,
            "encryption_key": new_key(),
            "allow_private_base_urls": "true",
        }
        with RunningServer(tmp_path, **settings) as server:
            run_block("tested with providers", tmp_path, server)
            kept = server.get("providers/my-server")["provider"]

    assert (kept["custom"], kept["has_api_key"], kept["requests_per_minute"]) == (True, True, 60)
    assert groq.headers[-1]["authorization"] == "Bearer the-new-key"


def test_logs_go_to_a_file_as_json_when_that_is_set(tmp_path: Path) -> None:
    with RunningServer(tmp_path, log_file=tmp_path / "logs" / "service.log", log_format="json") as server:
        server.session.get(f"{server.url}/nothing", headers={"X-Request-ID": "find-me"}, timeout=BUSY_S)

    lines = [json.loads(line) for line in (tmp_path / "logs" / "service.log").read_text().splitlines()]
    assert any(line["event"] == "listening" for line in lines)
    assert any(line.get("request_id") == "find-me" for line in lines)
