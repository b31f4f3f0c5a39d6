"""Runs over HTTP: a sample word by word, resuming, cancelling, keys, tokens in the query, statuses."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from api_server import create_app
from bootstrap import Service
from tests.api.calls import get, post
from tests.api.conformance import checked_client
from tests.fakes import Start, good_answer
from tests.patience import until
from tests.services.streams.house import read, words
from utils.access_tokens import hashed
from utils.errors import ProviderConnectionError

SAMPLE = {"practice_area": "Tort Law", "topic": "Nuisance", "difficulty": "basic", "sample_type": "simple_qa"}
ONE = {**SAMPLE, "provider": "groq", "model": "openai/gpt-oss-120b"}


def of(platform: Service) -> FlaskClient:
    return checked_client(create_app(platform=platform))


def stream(client: FlaskClient, body: dict[str, Any], **headers: str) -> tuple[str, list[tuple[int, dict[str, Any]]]]:
    response = client.post("/api/v1/generate/stream", json=body, headers=headers)
    assert (response.status_code, response.mimetype) == (200, "text/event-stream")
    assert response.data.endswith(b"data: [DONE]\n\n")
    return response.headers["X-Run-ID"], read([response.data])


def test_sample_is_streamed_word_by_word_and_stored_where_it_was_asked_for(start: Start) -> None:
    platform = start({"groq": [good_answer]})
    client = of(platform)

    run_id, events = stream(client, {**ONE, "save": True})

    kinds = [event["type"] for _, event in events]
    assert kinds[:2] == ["status", "status"]
    assert kinds[-1] == "done"
    assert kinds.count("token") > 10
    sample = events[-1][1]["sample"]
    assert sample["question"] in words(events)
    assert get(client, f"sample/{sample['id']}")["sample"]["answer"] == sample["answer"]
    assert get(client, f"runs/{run_id}")["run"]["result"]["sample"] == sample


def test_refused_draft_is_told_with_its_reason_and_another_follows(start: Start) -> None:
    platform = start({"groq": ["no sample at all", good_answer]})

    _, events = stream(of(platform), ONE)

    states = [event["status"] for _, event in events if event["type"] == "status"]
    assert states == ["started", "calling", "refused", "calling"]
    refused = next(event for _, event in events if event.get("status") == "refused")
    assert refused["reason"]
    assert events[-1][1]["type"] == "done"


def test_draft_that_breaks_off_after_its_first_words_is_no_other_models_to_finish(start: Start) -> None:
    def broken(request: Any) -> str:
        request.listener("token", "Half")
        raise ProviderConnectionError("the stream ended before the answer did", provider="groq")

    platform = start({"groq": [broken], "cerebras": [good_answer]})

    _, events = stream(of(platform), {**SAMPLE, "provider": "groq"})

    assert events[-1][1]["type"] == "error"
    assert "ended before the answer did" in events[-1][1]["error"]
    assert get(of(platform), "usage")["total"]["completion_tokens"] == 1


def test_bad_input_is_refused_before_a_run_begins(start: Start) -> None:
    client = of(start({"groq": [good_answer]}))

    refused = post(client, "generate/stream", {**SAMPLE, "provider": "nobody"}, 400)

    assert "Invalid provider: nobody" in refused["error"]


def test_resuming_gives_the_rest_by_header_and_by_argument(start: Start) -> None:
    client = of(start({"groq": [good_answer]}))
    run_id, events = stream(client, ONE)

    by_header = client.get(f"/api/v1/runs/{run_id}/events", headers={"Last-Event-ID": "3"})
    by_argument = client.get(f"/api/runs/{run_id}/events?after=3")

    assert read([by_header.data]) == read([by_argument.data]) == events[3:]


def test_request_that_is_sent_again_under_its_key_is_not_paid_again(start: Start) -> None:
    platform = start({"groq": [good_answer]})
    client = of(platform)
    key = {"Idempotency-Key": "the-same"}

    first = stream(client, ONE, **key)
    again = stream(client, ONE, **key)
    other = client.post("/api/generate/stream", json={**ONE, "difficulty": "expert"}, headers=key)
    long = client.post("/api/generate/stream", json=ONE, headers={"Idempotency-Key": "k" * 201})

    groq: Any = platform.llm.factory.get_provider("groq")
    assert first == again
    assert len(groq.requests) == 1
    assert (other.status_code, other.json["code"]) == (400, "conflict")  # type: ignore[index]  # it is JSON
    assert "Idempotency-Key: has 201 characters" in long.text


def test_unknown_run_is_404_everywhere(start: Start) -> None:
    client = of(start({"groq": [good_answer]}))

    for method, path in (("GET", ""), ("GET", "/events"), ("POST", "/cancel")):
        answer = client.open(f"/api/v1/runs/run_0{path}", method=method)
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")  # type: ignore[index]  # it is JSON


def test_run_that_has_ended_stays_as_it_is_when_cancelled(start: Start) -> None:
    client = of(start({"groq": [good_answer]}))
    run_id, _ = stream(client, ONE)
    until(lambda: get(client, f"runs/{run_id}")["run"]["state"] == "done")

    assert post(client, f"runs/{run_id}/cancel", {})["run"]["state"] == "done"


@pytest.mark.parametrize(("role", "status"), [("read", 403), ("write", 200)])
def test_roles_hold_and_a_stream_takes_its_token_in_the_query(start: Start, role: str, status: int) -> None:
    token = "a-token-of-this-test-0123456789"
    client = of(start({"groq": [good_answer]}, api_tokens=f"{role}:sha256:{hashed(token)}"))
    own = {"Authorization": f"Bearer {token}"}

    made = client.post("/api/v1/generate/stream", json=ONE, headers=own)

    assert made.status_code == status
    if status == 200:
        events = client.get(f"/api/v1/runs/{made.headers['X-Run-ID']}/events?access_token={token}")
        assert read([events.data]) == read([made.data])
        assert client.get(f"/api/v1/runs/{made.headers['X-Run-ID']}?access_token={token}").status_code == 401
