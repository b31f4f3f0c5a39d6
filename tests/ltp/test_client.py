"""What a client does when the service refuses, breaks off or is slow; answers are scripted, pauses only noted."""

import io
import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from ltp import AsyncClient, Client, RefusedError, RunFailedError, TooLateError, UnreachableError
from tests.ltp.loops import run

Answer = httpx.Response | Exception
FAILURE = {"success": False, "error": "not now", "code": "unavailable", "retryable": True, "request_id": "r-1"}


class Noting(Client):
    """A client that notes its pauses, and what it sent."""

    def __init__(self, *answers: Answer, retries: int = 3) -> None:
        self.pauses: list[float] = []
        self.sent: list[httpx.Request] = []
        self._answers = iter(answers)
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        super().__init__("http://test/", "secret-token", retries=retries, http=http)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.sent.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=FAILURE, headers=headers)


def events(*data: Any, breaks: bool = False, run_id: str = "") -> httpx.Response:
    """Return a stream of messages, numbered where they have a number; it may break off."""

    def pieces() -> Iterator[bytes]:
        yield b"retry: 2000\n\n: heartbeat\n\n"
        for number, message in data:
            text = message if isinstance(message, str) else json.dumps(message)
            yield f"id: {number}\ndata: {text}\n\n".encode()
        if breaks:
            raise httpx.ReadError("broken")

    return httpx.Response(200, content=pieces(), headers={"X-Run-ID": run_id} if run_id else {})


def test_failure_is_an_exception_with_all_that_the_service_says_of_it() -> None:
    body = {**FAILURE, "code": "not_found", "error": "no sample x", "retryable": False, "category": None}
    client = Noting(httpx.Response(404, json=body))

    with pytest.raises(RefusedError, match="no sample x") as caught:
        client.samples.get("x")

    error = caught.value
    assert (error.status, error.code, error.is_retryable, error.request_id) == (404, "not_found", False, "r-1")
    assert (error.category, error.body, client.pauses) == (None, body, [])


def test_token_is_sent_and_never_shown() -> None:
    client = Noting(httpx.Response(200, json={"status": "alive"}))

    client.service.live()

    assert client.sent[0].headers["Authorization"] == "Bearer secret-token"
    assert "secret" not in repr(vars(client)) + repr(vars(client._caller))


@pytest.mark.parametrize(
    ("answer", "pause"),
    [
        pytest.param(refusal(429, **{"Retry-After": "7"}), 7, id="refused-at-the-door"),
        pytest.param(refusal(503), 0.5, id="not-now"),
        pytest.param(httpx.ReadError("broken"), 0.5, id="broken"),
        pytest.param(httpx.ReadTimeout("slow"), 0.5, id="silent"),
        pytest.param(httpx.ConnectError("refused"), 0.5, id="not-there"),
    ],
)
def test_question_is_asked_again_after_what_passes(answer: Answer, pause: float) -> None:
    client = Noting(answer, httpx.Response(200, json={"status": "alive"}))

    assert client.service.live() == {"status": "alive"}
    assert client.pauses == [pause]


@pytest.mark.parametrize(
    ("answer", "tries"),
    [
        pytest.param(refusal(429), 2, id="refused-at-the-door"),
        pytest.param(httpx.ConnectError("refused"), 2, id="never-sent"),
        pytest.param(refusal(503), 1, id="not-now"),
        pytest.param(httpx.ReadError("broken"), 1, id="broken"),
        pytest.param(httpx.ReadTimeout("slow"), 1, id="silent"),
    ],
)
def test_change_is_asked_again_only_where_nothing_can_have_been_done(answer: Answer, tries: int) -> None:
    client = Noting(answer, httpx.Response(200, json={"success": True}))

    if tries == 1:
        with pytest.raises((RefusedError, UnreachableError)):
            client.batches.start(count=1)
    else:
        assert client.batches.start(count=1)["success"] is True
    assert len(client.sent) == tries


def test_question_with_a_key_is_repeated_with_the_same_key() -> None:
    client = Noting(httpx.ReadError("broken"), httpx.Response(200, json={"run_id": "r"}))

    client.jobs.start(kind="report")

    first, second = (request.headers["Idempotency-Key"] for request in client.sent)
    assert first == second != ""
    assert json.loads(client.sent[1].content) == {"kind": "report"}


def test_tries_end_and_pauses_grow() -> None:
    client = Noting(*[httpx.ConnectError("refused")] * 9, retries=5)

    with pytest.raises(UnreachableError, match=r"GET /api/health: the service does not answer \(refused\)"):
        client.service.health()

    assert client.pauses == [0.5, 1, 2, 4, 5]


def test_long_wait_that_is_asked_for_is_the_callers_to_decide() -> None:
    client = Noting(refusal(429, **{"Retry-After": "3600"}))

    with pytest.raises(RefusedError) as caught:
        client.service.health()

    assert (caught.value.retry_after_s, client.pauses) == (3600, [])


def test_page_of_something_else_is_not_taken_for_an_answer() -> None:
    with pytest.raises(UnreachableError, match="is not the service"):
        Noting(httpx.Response(200, text="<html>")).service.health()
    with pytest.raises(RefusedError, match="answered 502") as caught:
        Noting(httpx.Response(502, text="<html>")).service.health()
    assert caught.value.code == "http_502"


def test_argument_that_is_left_out_is_not_sent_and_null_is() -> None:
    client = Noting(*(httpx.Response(200, json={}) for _ in range(2)))

    client.samples.find(topic="Tort Law - Nuisance")
    client.models.update("openai/gpt", max_tokens=None)

    assert str(client.sent[0].url) == "http://test/api/samples/filter?topic=Tort+Law+-+Nuisance"
    assert str(client.sent[1].url) == "http://test/api/models/openai/gpt"
    assert json.loads(client.sent[1].content) == {"max_tokens": None}


def test_pages_follow_one_another_by_cursor_and_by_offset() -> None:
    by_cursor = Noting(
        httpx.Response(200, json={"samples": [{"id": "a"}, {"id": "b"}], "next_cursor": "x"}),
        httpx.Response(200, json={"samples": [{"id": "c"}], "next_cursor": None}),
    )
    by_offset = Noting(
        httpx.Response(200, json={"files": [{"file_id": "a"}, {"file_id": "b"}]}),
        httpx.Response(200, json={"files": []}),
    )

    assert [sample["id"] for sample in by_cursor.samples.each(limit=2)] == ["a", "b", "c"]
    assert [file["file_id"] for file in by_offset.documents.each()] == ["a", "b"]
    assert by_cursor.sent[1].url.params["cursor"] == "x"
    assert by_offset.sent[1].url.params["offset"] == "2"


def test_run_that_breaks_off_goes_on_behind_its_last_event() -> None:
    client = Noting(
        events((1, {"type": "status"}), (2, {"type": "token", "content": "a"}), breaks=True, run_id="r-1"),
        refusal(503),
        httpx.ConnectError("refused"),
        events((3, {"type": "token", "content": "b"}), (4, {"type": "done"}), (4, "[DONE]")),
    )

    told = list(client.generation.stream(topic="Nuisance"))

    assert [event["type"] for event in told] == ["status", "token", "token", "done"]
    assert [request.method for request in client.sent] == ["POST", "GET", "GET", "GET"]
    assert client.sent[3].url.raw_path == b"/api/runs/r-1/events"
    assert client.sent[3].headers["Last-Event-ID"] == "2"
    assert "Last-Event-ID" not in client.sent[0].headers


def test_run_that_breaks_off_before_it_is_known_is_joined_by_its_key() -> None:
    client = Noting(httpx.ReadError("broken"), events((1, {"type": "done"}), run_id="r"))

    assert [event["type"] for event in client.assistant.stream(query="?")] == ["done"]
    assert client.sent[0].headers["Idempotency-Key"] == client.sent[1].headers["Idempotency-Key"]


def test_batch_is_followed_over_broken_connections_until_it_has_ended() -> None:
    def batch(status: str, progress: int) -> dict[str, Any]:
        return {"batch_id": "b", "status": status, "progress": progress}

    others = {"type": "all_batches", "batches": {"other": batch("running", 9), "b": batch("running", 1)}}
    client = Noting(
        httpx.Response(200, json=batch("running", 0)),
        events((5, others), (6, {"type": "batch_update", "batch_id": "other", "batch": {}}), breaks=True),
        events((7, {"type": "batch_update", "batch_id": "b", "batch": batch("completed", 2)})),
    )

    seen = [(told["status"], told["progress"]) for told in client.follow_batch("b")]

    assert seen == [("running", 0), ("running", 1), ("completed", 2)]
    assert client.sent[2].headers["Last-Event-ID"] == "6"


def test_waiting_says_when_it_failed_and_when_it_took_too_long() -> None:
    failed = {"batch_id": "b", "status": "failed", "reason": "no provider"}
    running = {"batch_id": "b", "status": "running"}
    ended = {"run_id": "r", "state": "cancelled", "error": None}

    with pytest.raises(RunFailedError, match="batch b: no provider"):
        Noting(httpx.Response(200, json=failed)).wait_for_batch("b")
    with pytest.raises(TooLateError, match="batch b: has not ended within 0 s; it goes on"):
        Noting(httpx.Response(200, json=running), events()).wait_for_batch("b", timeout_s=0)
    with pytest.raises(RunFailedError, match="run r: cancelled"):
        Noting(events((1, {"type": "error"})), httpx.Response(200, json={"run": ended})).wait_for_run("r")


def broken_file() -> httpx.Response:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise httpx.RemoteProtocolError("incomplete chunked read")

    return httpx.Response(200, content=pieces())


def test_download_leaves_the_whole_file_or_what_was_there_before(tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text("before")

    with pytest.raises(UnreachableError):
        Noting(broken_file(), retries=0).dataset.export(file)
    assert file.read_text() == "before"

    whole = httpx.Response(200, text="whole", headers={"X-Data-Version": "7"})
    saved = Noting(broken_file(), whole).dataset.export(file)
    assert (file.read_text(), saved.size_bytes, saved.headers["x-data-version"]) == ("whole", 5, "7")
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]


def test_download_into_an_open_file_is_not_begun_twice() -> None:
    client = Noting(broken_file(), httpx.Response(200, text="whole"))

    with pytest.raises(UnreachableError):
        client.dataset.export(io.BytesIO())

    assert len(client.sent) == 1


def test_file_is_sent_from_its_beginning_each_time(tmp_path: Path) -> None:
    client = Noting(refusal(429), httpx.Response(200, json={}), httpx.Response(200, json={}))
    (tmp_path / "act.txt").write_bytes(b"section 1")

    client.documents.upload(io.BytesIO(b"section 1"), name="Acts/act.txt", licence="public-domain")
    client.documents.upload(tmp_path / "act.txt")

    for request in client.sent:
        assert b"section 1" in request.content
        assert b'filename="act.txt"' in request.content
    assert client.sent[0].url.params["licence"] == "public-domain"


def test_async_client_repeats_joins_and_downloads_as_the_other_does(tmp_path: Path) -> None:
    numbers, sent, pauses = count(), list[httpx.Request](), list[float]()
    answers: list[Callable[[], httpx.Response]] = [
        lambda: refusal(429, **{"Retry-After": "7"}),
        lambda: httpx.Response(200, json={"status": "alive"}),
        lambda: events_async((1, {"type": "token"}), breaks=True),
        lambda: events_async((2, {"type": "done"})),
        lambda: httpx.Response(200, text="whole"),
        lambda: httpx.Response(200, json={"files": [{"file_id": "a"}]}),
        lambda: httpx.Response(200, json={"files": []}),
    ]

    class Quick(AsyncClient):
        async def pause(self, seconds: float) -> None:
            pauses.append(seconds)

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return answers[next(numbers)]()

    async def use() -> tuple[Any, ...]:
        async with (
            httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
            Quick("http://t", http=http) as one,
        ):
            alive = await one.service.live()
            told = [event["type"] async for event in one.generation.stream(topic="Nuisance")]
            saved = await one.dataset.export(tmp_path / "file")
            return alive, told, saved.size_bytes, [file["file_id"] async for file in one.documents.each()]

    assert run(use()) == ({"status": "alive"}, ["token", "done"], 5, ["a"])
    assert pauses == [7, 0.5]
    assert sent[3].headers["Last-Event-ID"] == "1"


def events_async(*data: tuple[int, Any], breaks: bool = False) -> httpx.Response:
    """Return what `events` does, for asyncio."""

    async def pieces() -> Any:
        for number, message in data:
            yield f"id: {number}\ndata: {json.dumps(message)}\n\n".encode()
        if breaks:
            raise httpx.ReadError("broken")

    return httpx.Response(200, content=pieces(), headers={"X-Run-ID": "r"})
