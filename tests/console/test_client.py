"""The client of the REST API."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import requests

from console.client import Client, RequestRefusedError
from tests.console.stub import Stub
from tests.e2e.server import free_port
from utils.errors import UnavailableError


def test_broken_stream_is_followed_by_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client("http://127.0.0.1:9")
    states = iter([{"running": True, "status": "running"}, {"running": False, "status": "completed"}])

    def broken(_: str) -> Any:
        raise requests.ConnectionError
        yield

    monkeypatch.setattr("console.client._AGAIN_S", 0.0)
    monkeypatch.setattr(client, "_stream", broken)
    monkeypatch.setattr(client, "get", lambda *_, **__: next(states))

    assert [batch["running"] for batch in client.follow("b")] == [True, False]


@pytest.mark.parametrize(
    ("body", "answers"),
    [
        pytest.param(b'{"status": "alive"}', True, id="ours"),
        pytest.param(b'{"status": "ok"}', False, id="another-service"),
        pytest.param(b'["alive"]', False, id="list"),
        pytest.param(b"<html>alive</html>", False, id="page"),
    ],
)
def test_service_is_ours_when_it_says_that_it_is_alive(stub: Stub, body: bytes, answers: bool) -> None:
    stub.says("health/live", body)

    assert Client(stub.url).answers() is answers


def test_nobody_answers_where_nobody_listens() -> None:
    assert not Client(f"http://127.0.0.1:{free_port()}").answers()


def test_request_goes_below_api_with_its_query_or_body(stub: Stub) -> None:
    stub.says("data", b"[1]")
    stub.says("generate", b'{"a": 1}')
    client = Client(f"{stub.url}/")

    assert client.get("data", batch_id="b 1") == [1]
    assert client.post("generate", {"provider": "groq"}) == {"a": 1}
    assert client.upload("generate", io.BytesIO(b"lines"), name="x.jsonl") == {"a": 1}  # type: ignore[arg-type]  # has a length

    assert [(method, path, body) for method, path, body in stub.asked] == [
        ("GET", "/api/data?batch_id=b+1", b""),
        ("POST", "/api/generate", b'{"provider": "groq"}'),
        ("POST", "/api/generate?name=x.jsonl", b"lines"),
    ]


@pytest.mark.parametrize(
    ("token", "header"), [("ltp-token-of-a-test", "Bearer ltp-token-of-a-test"), (None, None), ("", None)]
)
def test_token_is_sent_where_there_is_one(stub: Stub, token: str | None, header: str | None) -> None:
    stub.says("data", b"[]")

    Client(stub.url, token).get("data")

    assert stub.headers[0].get("Authorization") == header


def test_proxy_of_the_environment_has_no_business_with_it(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY")
    stub.says("data", b"[]")

    assert Client(stub.url).get("data") == []


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        pytest.param(400, b'{"error": "count: got 0"}', "count: got 0", id="its-own-sentence"),
        pytest.param(503, b'{"detail": "x"}', "503", id="no-sentence"),
    ],
)
def test_refusal_is_the_sentence_of_the_service_and_the_whole_answer(
    stub: Stub, status: int, body: bytes, says: str, tmp_path: Path
) -> None:
    stub.says("data", body, status=status)
    client = Client(stub.url)
    received: list[bytes] = []

    for ask in (lambda: client.get("data"), lambda: client.download("data", received.append)):
        with pytest.raises(RequestRefusedError, match=f"^{says}$") as caught:
            ask()
        assert caught.value.answer == json.loads(body)

    assert received == []


@pytest.mark.parametrize("status", [200, 502])
def test_answer_that_is_no_json_is_no_answer_of_ours(stub: Stub, status: int) -> None:
    stub.says("data", b"<html>Bad gateway</html>", status=status)

    with pytest.raises(UnavailableError, match="the service does not answer"):
        Client(stub.url).get("data")


def test_page_instead_of_a_file_is_no_answer_of_ours(stub: Stub) -> None:
    stub.says("export", b"<html>Bad gateway</html>", status=502)

    with pytest.raises(UnavailableError, match="the service does not answer"):
        Client(stub.url).download("export", lambda _: None)


def test_file_comes_whole_with_its_headers(stub: Stub) -> None:
    content = bytes(range(256)) * 10_000
    stub.says("export", content, kind="application/octet-stream")
    pieces: list[bytes] = []

    headers = Client(stub.url).download("export", pieces.append, format="csv")

    assert b"".join(pieces) == content
    assert len(pieces) > 1
    assert headers["Content-Type"] == "application/octet-stream"
    assert stub.asked[0][1] == "/api/export?format=csv"


def event(**message: object) -> bytes:
    return b"event: x\ndata: " + json.dumps(message).encode() + b"\n\n: heartbeat\n\n"


def test_batch_is_followed_through_its_stream_and_no_other_is(stub: Stub) -> None:
    other = {"status": "running", "progress": 9}
    running: Any = {"status": "running", "progress": 1}
    done: Any = {"status": "completed", "progress": 2}
    stub.says(
        "generate/batch/stream",
        event(type="all_batches", batches={"other": other, "mine": running})
        + event(type="batch", batch_id="other", batch=other)
        + event(type="batch", batch_id="mine", batch=done)
        + event(type="batch", batch_id="mine", batch=running),
    )

    assert list(Client(stub.url).follow("mine")) == [running, done]


def test_stream_that_ends_before_the_batch_does_is_opened_again(stub: Stub) -> None:
    running: Any = {"status": "running"}
    stopped: Any = {"status": "stopped"}
    stub.says(
        "generate/batch/stream",
        event(type="all_batches", batches={"mine": running}),
        event(type="all_batches", batches={"mine": stopped}),
    )

    assert list(Client(stub.url).follow("mine")) == [running, stopped]


@pytest.mark.parametrize("status", ["completed", "stopped", "failed"])
def test_following_ends_with_the_batch(stub: Stub, status: str) -> None:
    stub.says("generate/batch/stream", event(type="all_batches", batches={"mine": {"status": status}}))

    assert [batch["status"] for batch in Client(stub.url).follow("mine")] == [status]


def test_refused_stream_is_followed_by_asking(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.client._AGAIN_S", 0.0)
    stub.says("generate/batch/status", b'{"status": "running"}', b'{"status": "failed"}')

    assert [batch["status"] for batch in Client(stub.url).follow("mine")] == ["running", "failed"]
    assert ("GET", "/api/generate/batch/status?batch_id=mine", b"") in stub.asked


def test_service_that_is_gone_ends_the_following(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.client._AGAIN_S", 0.0)

    with pytest.raises(UnavailableError, match="does not answer"):
        list(Client(f"http://127.0.0.1:{free_port()}").follow("mine"))
