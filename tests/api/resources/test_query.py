"""Queries over HTTP: intents, documents, the data set, offers, shopping, memory, agents that fail, thoughts."""

import base64
import io
import json
import re
import shutil
import threading
from typing import Any

import pytest
from flask.testing import FlaskClient

from api_server import create_app
from bootstrap import Service
from services.llm.adapters.base import Completion, CompletionRequest
from tests.api.calls import get, post
from tests.api.conformance import checked_client
from tests.fakes import Start
from tests.patience import PATIENCE_S, until
from tests.services.drafts.planted_thoughts import TEXTS
from tests.services.streams.house import Event, read, words
from utils.errors import ProviderServerError

ACT = b"""Harbours Act 2021

1 Short title
This Act may be cited as the Harbours Act 2021.

2 Licences
A person must not keep a boat in a harbour without a licence granted by the harbour master.

3 Offences
A person who keeps a boat without a licence is liable to a fine not exceeding level 3 on the standard scale.
"""
LICENCE = "A person must not keep a boat in a harbour without a licence granted by the harbour master."


def of(platform: Service) -> FlaskClient:
    return checked_client(create_app(platform=platform))


def with_act(client: FlaskClient) -> str:
    sent = client.post(
        "/api/files/upload?wait=1&name=act.txt&licence=own", data=ACT, content_type="application/octet-stream"
    )
    return str(sent.get_json()["file_id"])


def ask(client: FlaskClient, query: str, status: int = 200, **fields: Any) -> Any:
    return post(client, "query", {"query": query, **fields}, status)


def stream(client: FlaskClient, query: str, **fields: Any) -> list[tuple[int, Event]]:
    response = client.post("/api/v1/query/stream", json={"query": query, **fields})
    assert (response.status_code, response.mimetype) == (200, "text/event-stream")
    assert response.data.endswith(b"data: [DONE]\n\n")
    return read([response.data])


def marker_in(request: CompletionRequest) -> str:
    """Return the marker under which a model was shown the provision on licences."""
    found = re.search(r"\[(S\d)\] [^\n]*\n" + re.escape(LICENCE), request.messages[0]["content"])
    assert found is not None
    return found[1]


def asked_of(platform: Service) -> list[CompletionRequest]:
    groq: Any = platform.llm.factory.get_provider("groq")
    requests: list[CompletionRequest] = groq.requests
    return requests


# --- who answers -----------------------------------------------------------------------------


def test_model_that_is_named_is_the_model_that_is_called(start: Start) -> None:
    platform = start({"groq": ["Hello."]})

    told = ask(of(platform), "hello there", model_provider="groq", model_name="openai/gpt-oss-20b")

    assert [request.model for request in asked_of(platform)] == ["openai/gpt-oss-20b"]
    assert (told["provider"], told["model"], told["response"]) == ("groq", "openai/gpt-oss-20b", "Hello.")


def test_named_model_that_fails_is_an_error_and_no_other_model_answers(start: Start) -> None:
    platform = start({"groq": [ProviderServerError("down", provider="groq")], "cerebras": ["Me instead."]})

    told = ask(of(platform), "hello there", 400, model_provider="groq", model_name="openai/gpt-oss-20b")

    assert "down" in told["error"]


@pytest.mark.parametrize(
    ("query", "intent", "agent"),
    [
        (
            "Is Donoghue v Stevenson [1932] AC 562 a real case?",
            "citation_check",
            "researcher",
        ),
        ("How many samples do we have per difficulty?", "dataset_query", "researcher"),
        (
            "Find me a ready data set on tort law to fine-tune on",
            "product_search",
            "product",
        ),
        ("Generate 20 expert samples on trusts", "generate_sample", "product"),
        ("Hello, how are you?", "general", "writer"),
    ],
)
def test_each_intent_goes_its_own_way(start: Start, query: str, intent: str, agent: str) -> None:
    platform = start({"groq": ["Fine, thank you."]})

    told = ask(of(platform), query)

    assert (told["intent"]["name"], told["agents_used"]) == (intent, ["coordinator", "memory", agent])
    assert len(asked_of(platform)) == (intent == "general"), "rules answer what needs no model"
    assert told["response"]


def test_bad_queries_are_refused_before_anything_runs(start: Start) -> None:
    client = of(start({"groq": ["x"]}))

    assert "query: is missing" in ask_raw(client, {})["error"]
    assert "is empty" in ask_raw(client, {"query": "  "})["error"]
    assert "answer_mode" in ask_raw(client, {"query": "x", "answer_mode": "guess"})["error"]
    assert "Invalid provider: nobody" in ask_raw(client, {"query": "x", "model_provider": "nobody"})["error"]
    assert "session 'none': not found" in ask(client, "x", 404, session_id="none")["error"]
    assert "jurisdiction" in ask_raw(client, {"query": "x", "jurisdiction": "mars"})["error"]
    page = [{"file_id": "doc_0"}]
    assert "attachments.0.file_id: 'doc_0' is not here" in ask(client, "hi", 400, attachments=page)["error"]
    assert "file_ids: 'doc_0' is not here" in ask(client, "what does s 2 say?", 400, file_ids=["doc_0"])["error"]


def ask_raw(client: FlaskClient, body: dict[str, Any]) -> Any:
    return post(client, "query", body, 400)


# --- documents -------------------------------------------------------------------------------


def test_answer_from_documents_cites_provision_and_quote_and_is_proved(start: Start) -> None:
    platform = start({"groq": [lambda request: f'Nobody may: "{LICENCE}" [{marker_in(request)}]']})
    client = of(platform)
    document = with_act(client)

    told = ask(client, "May I keep a boat in a harbour without a licence?", answer_mode="docs_only")

    (citation,) = told["citations"]
    assert (citation["kind"], citation["file_id"], citation["proved"]) == ("provision", document, True)
    assert citation["quote"] == LICENCE
    assert citation["citation"].endswith("2")
    assert told["grounding"]["level"] == "grounded"
    assert told["refused"] is False
    (request,) = asked_of(platform)
    assert LICENCE in request.messages[0]["content"]


def test_docs_only_refuses_what_the_documents_do_not_answer_without_asking_a_model(start: Start) -> None:
    platform = start({"groq": ["Knead it well."]})
    client = of(platform)
    with_act(client)

    told = ask(client, "How do I bake sourdough bread?", answer_mode="docs_only")

    assert told["refused"] is True
    assert told["response"].startswith("The documents do not answer this.")
    assert told["citations"] == []
    assert asked_of(platform) == []


def test_docs_only_asks_the_documents_whatever_a_question_sounds_like(start: Start) -> None:
    platform = start({"groq": ["x"]})
    client = of(platform)
    with_act(client)

    counted = ask(client, "How many samples do we have per difficulty?", answer_mode="docs_only")
    checked = ask(client, "Is Donoghue v Stevenson [1932] AC 562 a real case?", answer_mode="docs_only")

    assert (counted["intent"]["name"], counted["refused"], counted["dataset"]) == ("document_question", True, None)
    assert (checked["intent"]["name"], checked["refused"]) == ("citation_check", False)


def test_docs_only_without_documents_says_so(start: Start) -> None:
    told = ask(of(start({"groq": ["x"]})), "What does section 2 say?", answer_mode="docs_only")

    assert told["refused"] is True
    assert "upload some" in told["response"]


def test_answer_that_the_documents_contradict_is_put_aside_and_they_are_quoted(start: Start) -> None:
    false = 'The Act says "any person may keep a boat in a harbour freely for ten years" [S1].'
    platform = start({"groq": [false]})
    client = of(platform)
    with_act(client)

    events = stream(client, "May I keep a boat in a harbour without a licence?", answer_mode="docs_only")

    done = events[-1][1]
    refused = [event for _, event in events if event.get("status") == "refused"]
    assert len(refused) == 2
    assert len(asked_of(platform)) == 2
    assert "freely" not in done["response"]
    assert LICENCE in done["response"]
    assert LICENCE in [citation["quote"] for citation in done["citations"]]
    assert all(citation["proved"] for citation in done["citations"])
    last = max(number for number, event in events if event.get("status") == "refused")
    assert words([(number, event) for number, event in events if number > last]) == done["response"]


def test_documents_are_quoted_where_no_model_answers_and_the_failure_is_named(start: Start) -> None:
    down = [ProviderServerError("the vendor is down", provider="groq")]
    platform = start({"groq": down, "cerebras": down})
    client = of(platform)
    with_act(client)

    told = ask(client, "May I keep a boat in a harbour without a licence?")
    named = ask(client, "May I keep a boat in a harbour without a licence?", 400, model_provider="groq")

    assert told["response"].startswith("No model answered: the vendor is down.")
    assert LICENCE in told["response"]
    (failure,) = told["failures"]
    assert (failure["agent"], failure["code"]) == ("writer", "server_error")
    assert named["code"] == "server_error", "who names a model wants its answer"


def test_answer_that_breaks_off_is_an_error_also_where_documents_could_be_quoted(start: Start) -> None:
    def broken(request: CompletionRequest) -> str:
        assert request.listener is not None
        request.listener("token", "Half")
        raise ProviderServerError("cut off", provider="groq")

    client = of(start({"groq": [broken]}))
    with_act(client)

    events = stream(client, "May I keep a boat in a harbour without a licence?")

    assert (events[-1][1]["type"], events[-1][1]["code"]) == ("error", "server_error")


def test_invented_authority_in_an_open_answer_is_flagged(start: Start) -> None:
    platform = start({"groq": ["See Donoghue v Stevenson [2031] AC 99999 on that."]})

    told = ask(of(platform), "Tell me something about duties of care please, in general words")

    assert any("[2031] AC 99999" in warning for warning in told["warnings"])
    assert [(one["proved"], one["verdict"].partition(":")[0]) for one in told["citations"]] == [(False, "invalid")]


def test_documents_are_not_looked_at_when_that_is_not_wanted(start: Start) -> None:
    platform = start({"groq": ["From memory."]})
    client = of(platform)
    with_act(client)

    told = ask(client, "May I keep a boat in a harbour without a licence?", use_rag=False)

    assert (told["response"], told["grounding"]) == ("From memory.", None)
    assert LICENCE not in json.dumps([dict(row) for row in asked_of(platform)[0].messages])
    assert "use_rag" in ask(client, "What does s 2 say?", 400, use_rag=False, answer_mode="docs_only")["error"]


# --- the data set, offers, shopping ----------------------------------------------------------


def test_question_about_the_data_set_is_answered_by_a_typed_query_that_is_shown(start: Start) -> None:
    platform = start({"groq": ["x"]})
    client = of(platform)
    for number in range(3):
        sample = {
            "id": f"s{number}",
            "question": f"What is a trust, number {number}?",
            "answer": "A trust is a relation.",
            "topic": "Trusts Law - Charitable Trusts",
            "difficulty": "expert",
            "case_citation": "",
            "reasoning": "Step 1: look.",
        }
        post(client, "add", sample)

    told = ask(client, "How many expert samples on trusts lack an authority?")

    assert told["dataset"]["query"]["kind"]
    assert told["dataset"]["total"] == 3
    assert "3" in told["response"]
    assert asked_of(platform) == []


def test_nothing_is_spent_without_a_yes_and_a_yes_starts_what_was_offered(start: Start) -> None:
    platform = start({"groq": ["x"]})
    client = of(platform)

    offer = ask(client, "Generate 3 basic samples on trusts")
    before = get(client, "generate/batch/history")["batches"]
    session = offer["session_id"]
    assert offer["draft_batch"]["count"] == 3
    assert offer["options"] == ["yes", "no"]
    assert offer["batch_id"] is None
    assert before == []

    elsewhere = ask(client, "yes")
    declined = ask(client, "no thanks", session_id=session)
    late = ask(client, "yes", session_id=session)
    assert [told["batch_id"] for told in (elsewhere, declined, late)] == [None, None, None]
    assert declined["response"] == "Nothing was started."

    ask(client, "Generate 3 basic samples on trusts", session_id=session)
    started = ask(client, "Yes please.", session_id=session)
    assert len(get(client, "generate/batch/history")["batches"]) == 1
    assert get(client, f"generate/batch/status?batch_id={started['batch_id']}")["batch_id"] == started["batch_id"]
    post(client, "generate/batch/stop", {"batch_id": started["batch_id"]})


def test_yes_that_several_clients_send_at_once_starts_one_batch(start: Start) -> None:
    platform = start({"groq": ["x"]})
    client = of(platform)
    session = ask(client, "Generate 2 basic samples on trusts")["session_id"]
    ready, told = threading.Barrier(4), []

    def say_yes(own: FlaskClient) -> None:
        ready.wait(PATIENCE_S)
        told.append(ask(own, "yes", session_id=session)["batch_id"])

    # Their apps are made before: what making one at a time is not promised to bear is not what is tested.
    threads = [threading.Thread(target=say_yes, args=(of(platform),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)

    started = {batch for batch in told if batch}
    assert len(started) == len(get(client, "generate/batch/history")["batches"]) == 1
    post(client, "generate/batch/stop", {"batch_id": started.pop()})


def test_shopping_asks_three_questions_at_most_and_ends_with_a_draft_for_what_is_missing(start: Start) -> None:
    platform = start({"groq": ["x"]})
    client = of(platform)

    told = ask(client, "I want a data set", mode="shopping")
    session, asked = told["session_id"], 0
    while not told["shopping_status"]["is_done"]:
        asked += 1
        assert 3 <= len(told["options"]) <= 4
        assert all(len(option.split()) <= 5 for option in told["options"])
        told = ask(client, "1", mode="shopping", session_id=session)

    assert 1 <= asked <= 3
    assert told["draft_batch"]["count"] > 0
    assert post(client, "generate/batch/plan", told["draft_batch"])["total"] == told["draft_batch"]["count"]
    assert told["options"] == ["yes", "no"]
    assert asked_of(platform) == []
    started = ask(client, "yes", mode="shopping", session_id=session)["batch_id"]
    post(client, "generate/batch/stop", {"batch_id": started})
    assert get(client, f"generate/batch/status?batch_id={started}")["total"] == told["draft_batch"]["count"]


# --- memory, history -------------------------------------------------------------------------


def test_memories_and_last_turns_reach_the_model_and_turns_form_the_history(start: Start) -> None:
    platform = start({"groq": ["First answer.", "Second answer."]})
    client = of(platform)
    post(client, "memories", {"key": "court", "value": "Prefers the Court of Appeal"})

    first = ask(client, "Hello, what is nice about the weather?")
    second = ask(client, "And tomorrow, do you think?", session_id=first["session_id"])

    said = json.dumps([dict(row) for row in asked_of(platform)[1].messages])
    assert "Prefers the Court of Appeal" in said
    assert "First answer." in said
    assert second["memory_context"]["memories"] == ["court"]
    history = get(client, f"query/history?session_id={first['session_id']}")["history"]
    assert [turn["query"] for turn in history] == [
        "And tomorrow, do you think?",
        "Hello, what is nice about the weather?",
    ]
    types = [event["type"] for event in get(client, f"events?session_id={first['session_id']}")["events"]]
    assert types == ["prompt", "model_response"] * 2


def test_turns_that_the_client_brings_take_the_place_of_the_stored_ones(start: Start) -> None:
    platform = start({"groq": ["Yes."]})
    history = [{"role": "user", "content": "I am Ada."}, {"role": "assistant", "content": "Hello Ada."}]

    ask(of(platform), "Do you remember my name?", history=history)

    assert [dict(row) for row in asked_of(platform)[0].messages[-3:]] == [
        *history,
        {"role": "user", "content": "Do you remember my name?"},
    ]


def test_session_that_is_deleted_takes_the_runs_of_its_turns_with_it(start: Start) -> None:
    client = of(start({"groq": ["Hello."]}))
    told = ask(client, "hello there")
    until(lambda: get(client, f"runs/{told['run_id']}")["run"]["state"] == "done")

    client.delete(f"/api/sessions/{told['session_id']}")

    assert client.get(f"/api/runs/{told['run_id']}").status_code == 404


# --- agents ----------------------------------------------------------------------------------


def test_agent_that_fails_is_named_and_the_way_goes_on_without_it(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = start({"groq": ["Still here."]})

    def broken(*_: object, **__: object) -> None:
        raise ProviderServerError("the embedder is down")

    monkeypatch.setattr(type(platform.assistant.bundles), "make", broken)
    told = ask(of(platform), "hello there")

    assert told["response"] == "Still here."
    assert told["failures"] == [{"agent": "memory", "error": "the embedder is down", "code": "server_error"}]
    assert told["memory_context"] is None


def test_every_step_is_told_with_its_time(start: Start) -> None:
    events = stream(of(start({"groq": ["Hello."]})), "hello there")

    steps = [(event["agent"], event["step"]) for _, event in events if event.get("status") == "agent"]
    done = [event for _, event in events if event.get("status") == "agent_done"]
    assert steps == [("coordinator", 1), ("memory", 2), ("writer", 3)]
    assert [event["agent"] for event in done] == ["coordinator", "memory", "writer"]
    assert all(event["duration_ms"] >= 0 for event in done)


def test_graph_is_told_as_data_and_as_a_picture_of_the_same(start: Start) -> None:
    client = of(start({"groq": ["x"]}))

    told = get(client, "agents/graph")
    picture = client.get("/api/v1/agents/graph?format=svg")
    accepted = client.get("/api/v1/agents/graph", headers={"Accept": "image/svg+xml"})

    names = {node["name"] for node in told["nodes"]}
    assert names == {"coordinator", "memory", "researcher", "vision", "product", "shopping", "writer"}
    assert {edge["source"] for edge in told["edges"]} | {edge["target"] for edge in told["edges"]} == names
    assert told["max_steps"] == 8
    assert picture.mimetype == accepted.mimetype == "image/svg+xml"
    assert picture.data == accepted.data
    assert all(f">{name}</text>" in picture.text for name in names)
    assert picture.text.count("marker-end") == len(told["edges"])


def test_page_that_is_attached_is_read_and_shown_to_the_model_as_data(start: Start) -> None:
    platform = start({"groq": ["It says hello."]})
    page = base64.b64encode(b"Dear tenant, the rent is due on the first day of each month.").decode()

    told = ask(of(platform), "hello, what is this letter?", attachments=[{"name": "letter.txt", "data": page}])

    assert told["agents_used"][:2] == ["coordinator", "vision"]
    assert told["attachments"] == [{"name": "letter.txt", "read_by": "text", "characters": 60, "confidence": None}]
    assert "the rent is due" in asked_of(platform)[0].messages[0]["content"]
    bad = ask(of(platform), "x", 400, attachments=[{"name": "a.txt", "data": "!!"}])
    assert "is no base64" in bad["error"]


def a_page(text: str) -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (900, 120), "white")
    ImageDraw.Draw(image).text((20, 30), text, fill="black", font=ImageFont.load_default(44))
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def test_photograph_goes_to_a_model_that_sees_and_to_no_other(start: Start) -> None:
    platform = start({"groq": ["A page."], "google": ["It says rent."]}, google_api_key="AIza-test-0123456789")
    page = base64.b64encode(a_page("The rent is due monthly")).decode()

    told = ask(of(platform), "hello, what is on this page?", attachments=[{"name": "page.png", "data": page}])

    assert told["attachments"] == [{"name": "page.png", "read_by": "model", "characters": 0, "confidence": None}]
    google: Any = platform.llm.factory.get_provider("google")
    asked = [*asked_of(platform), *google.requests]
    assert [len(request.pictures) for request in asked] == [1]
    seen = platform.llm.roster.models_of(told["provider"])
    assert next(model.supports_vision for model in seen if model.id == told["model"]) is True


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")
def test_photograph_is_read_where_documents_alone_may_be_believed(start: Start) -> None:
    platform = start({"groq": ["x"]})
    page = base64.b64encode(a_page("The rent is due monthly")).decode()

    told = ask(of(platform), "hello there", answer_mode="docs_only", attachments=[{"name": "page.png", "data": page}])

    (read_,) = told["attachments"]
    assert (read_["read_by"], read_["characters"] > 10) == ("ocr", True)
    assert told["refused"] is True


# --- thoughts --------------------------------------------------------------------------------


@pytest.mark.parametrize("planted", TEXTS, ids=lambda one: one.name)
def test_planted_thought_is_in_no_answer_history_title_summary_or_memory(start: Start, planted: Any) -> None:
    platform = start({"groq": [planted.text]})
    client = of(platform)

    events = stream(client, "hello, do tell me something nice")
    done = events[-1][1]
    for _ in range(3):
        ask(client, "hello again, and something more", session_id=done["session_id"])

    last = max([number for number, event in events if event.get("status") == "refused"], default=0)
    assert planted.thought not in words([(number, event) for number, event in events if number > last])
    assert planted.thought not in done["response"]
    kept = get(client, f"sessions/{done['session_id']}?include_events=1")
    assert planted.thought not in json.dumps([kept, get(client, "query/history"), get(client, "memories")])
    assert all(
        planted.thought not in json.dumps([dict(row) for row in request.messages]) for request in asked_of(platform)
    )


def test_thought_is_told_apart_with_its_tokens_and_source(start: Start) -> None:
    answer = Completion("Yes.", "First the rule.\n\nThen the facts.", "m", 10, 9, "stop", {}, reasoning_tokens=6)
    told = ask(of(start({"groq": [answer]})), "hello there")

    assert told["chain_of_thought"] == {
        "steps": [
            {"step": 1, "description": "First the rule.", "duration_ms": None},
            {"step": 2, "description": "Then the facts.", "duration_ms": None},
        ],
        "total_thinking_time_ms": None,
        "reasoning_tokens": 6,
        "source": "provider",
    }
