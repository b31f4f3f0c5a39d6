"""Sessions, events, memories and history over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from api_server import create_app
from bootstrap import Service, build
from models.assistant.rows import NewTurn
from models.contract.answers.assistant_memory import EVENT_TYPES
from tests.api.calls import get, post
from tests.api.conformance import checked_client
from tests.fakes import sample, settings_for
from tests.patience import until

TOKENS = "write:write-token-of-the-tests-000"


def begin(client: FlaskClient, **body: Any) -> str:
    return str(post(client, "sessions/start", body)["session_id"])


def nested(levels: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(levels - 1):
        made = {"in": made}
    return made


def ask(service: Service, session: str | None, query: str = "Who repairs the roof?", **more: Any) -> int:
    told = {"user_id": "local", "response": "The landlord.", "intent": "document_question", **more}
    return service.assistant.history.add(NewTurn(session_id=session, query=query, **told))


def test_session_lives_through_all_that_can_be_done_with_it(client: FlaskClient, service: Service) -> None:
    session = begin(client, metadata={"matter": 7})
    turn = ask(service, session, citations=({"document": "lease", "page": 1, "quote": "repairs"},))
    event = post(client, "events", {"type": "prompt", "session_id": session, "text": "Who?"})["event"]

    plain = get(client, f"sessions/{session}")
    whole = get(client, f"session/{session}?include_events=1")
    ended = post(client, f"session/{session}/end")["session"]
    again = post(client, f"sessions/{session}/end", {})["session"]
    gone = client.delete(f"/api/session/{session}").get_json()

    assert plain["session"]["title"] == "Who repairs the roof?"
    assert plain["session"]["metadata"] == {"matter": 7}
    assert (plain["events"], plain["summary"]) == (None, None)
    assert [row["id"] for row in plain["history"]] == [turn]
    assert whole["events"] == [event]
    assert ended["status"] == "ended"
    assert again == ended
    assert (gone["deleted_turns"], gone["kept_events"]) == (1, 1)
    assert get(client, "query/history")["history"] == []
    assert [(row["id"], row["text"]) for row in get(client, "events")["events"]] == [(event["id"], "")]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "sessions/sess_x", None),
        ("GET", "session/sess_x", None),
        ("POST", "sessions/sess_x/end", {}),
        ("DELETE", "sessions/sess_x", None),
        ("POST", "events", {"type": "prompt", "session_id": "sess_x"}),
        ("POST", "events", {"type": "sample_accepted", "sample_id": "nobody's"}),
        ("PATCH", "memories/town", {"value": "York"}),
        ("DELETE", "memories/town", None),
    ],
)
def test_what_is_not_there_is_404_and_never_a_success(
    client: FlaskClient, method: str, path: str, body: dict[str, Any] | None
) -> None:
    response = client.open(f"/api/{path}", method=method, json=body)

    assert response.status_code == 404
    assert response.get_json()["success"] is False
    assert get(client, "events")["events"] == []


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("sessions/start", {"titel": "x"}, "titel: unknown"),
        ("sessions/start", {"metadata": [1]}, "metadata: got a list, want an object"),
        ("sessions/start", {"metadata": {"x": "y" * 20_000}}, "want at most 16,384"),
        ("sessions/start", {"metadata": nested(40)}, "metadata: is nested too deep, want at most 32 levels"),
        ("sessions/start", {"metadata": nested(252)}, "metadata: is nested too deep"),
        ("sessions/start", {"title": "x" * 300}, "title: got"),
        ("events", {}, "type: is missing"),
        ("events", {"type": "sample_rejected", "sample_id": "s1"}, "reason: is missing"),
        ("events", {"type": "sample_edited", "sample_id": "s1"}, "changes: give the changed fields"),
        ("events", {"type": "sample_edited", "sample_id": "s1", "changes": nested(252)}, "changes: is nested too deep"),
        ("events", {"type": "sample_accepted", "changes": {"answer": "x"}}, "changes: give the changed fields"),
        ("memories", {"key": "town"}, "value: is missing"),
        ("memories", {"key": "a/b", "value": "x"}, "key: want text of the form"),
        ("memories", {"key": "town", "value": " "}, "value: is empty"),
        ("memories", {"key": "town", "value": "x" * 2_001}, "want at most 2000 characters"),
        ("memories", {"key": "x" * 101, "value": "x"}, "want at most 100 characters"),
    ],
)
def test_bad_input_is_400_with_its_reason(client: FlaskClient, path: str, body: dict[str, Any], words: str) -> None:
    failure = post(client, path, body, 400)

    assert words in failure["error"]
    assert get(client, "memories")["memories"] == get(client, "events")["events"] == []


def test_null_is_as_if_a_field_were_left_out(client: FlaskClient) -> None:
    session = post(client, "sessions/start", {"title": None, "user_id": None, "metadata": nested(32)})["session"]
    names = ("user_id", "session_id", "event_id", "sample_id", "reason")
    event = post(client, "events", {"type": "prompt", **dict.fromkeys(names)})["event"]

    assert (session["title"], session["user_id"]) == ("", "local")
    assert (event["session_id"], event["event_id"], event["sample_id"]) == (None, None, None)


@pytest.mark.parametrize("kind", ["keystroke", "mouse_moved", ""])
@pytest.mark.parametrize("path", ["events", "log_event"])
def test_unknown_type_of_event_is_refused_with_the_list_of_those_that_are(
    client: FlaskClient, path: str, kind: str
) -> None:
    failure = post(client, path, {"type": kind}, 400)

    assert all(name in failure["error"] for name in EVENT_TYPES)
    assert get(client, "events")["events"] == []


def test_every_type_of_event_is_kept_and_can_be_asked_for(client: FlaskClient) -> None:
    more = {"sample_rejected": {"reason": "wrong"}}
    kinds = [kind for kind in EVENT_TYPES if kind != "sample_edited"]
    for kind in kinds:
        post(client, "log_event", {"type": kind, **more.get(kind, {})})

    assert [row["type"] for row in get(client, "events")["events"]] == kinds
    for kind in kinds:
        assert [row["type"] for row in get(client, f"events?type={kind}")["events"]] == [kind]
    assert get(client, "events?type=sample_edited")["events"] == []


def test_events_are_paged_to_their_end(client: FlaskClient) -> None:
    made = [post(client, "events", {"type": "prompt", "text": str(number)})["event"]["id"] for number in range(5)]
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = get(client, f"events?limit=2&cursor={cursor}")
        seen += [row["id"] for row in page["events"]]
        cursor = page["next_cursor"]

    assert seen == made


def test_event_sent_again_gets_the_first_answer(client: FlaskClient) -> None:
    body = {"type": "feedback", "event_id": "ui-7", "text": "good"}

    first, second = post(client, "events", body), post(client, "events", {**body, "text": "better"})
    other = post(client, "events", {**body, "type": "prompt"}, 400)

    assert (first["is_repeated"], second["is_repeated"]) == (False, True)
    assert first["event"] == second["event"]
    assert other["code"] == "conflict"


def test_thought_in_a_response_that_a_client_logs_is_not_kept(client: FlaskClient) -> None:
    event = post(client, "events", {"type": "model_response", "text": "<think>SECRET</think>The landlord."})["event"]

    assert event["text"] == "The landlord."


def test_decision_about_a_sample_is_an_event_and_a_review_and_becomes_a_preference(
    client: FlaskClient, service: Service
) -> None:
    post(client, "add", sample())
    edit = {
        "type": "sample_edited",
        "sample_id": "s1",
        "changes": {"answer": "No: a display is an invitation to treat."},
        "reason": "clearer",
        "event_id": "ui-1",
        "user_id": "ada",
    }

    first, second = post(client, "events", edit), post(client, "events", edit)
    post(client, "events", {"type": "sample_rejected", "sample_id": "s1", "reason": "dull", "user_id": "ada"})
    post(client, "events", {"type": "sample_accepted", "sample_id": "s1", "user_id": "ada"})

    reviews = get(client, "sample/s1/reviews")["reviews"]
    assert [(row["decision"], row["reason"], row["reviewer"]) for row in reviews] == [
        ("edit", "clearer", "ada"),
        ("reject", "dull", "ada"),
        ("accept", "sample_accepted by ada", "ada"),
    ]
    assert second["is_repeated"]
    assert first["event"]["detail"] == {"reason": "clearer", "changes": edit["changes"]}
    assert len(get(client, "events?user_id=ada")["events"]) == 3
    (pair,) = service.reviews.pairs()
    assert (pair["chosen"], pair["rejected"]) == (edit["changes"]["answer"], sample()["answer"])  # type: ignore[index]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"sample_id": "nobody's", "changes": {"answer": "x"}}, id="no such sample"),
        pytest.param({"sample_id": "s1", "changes": {"id": "s2"}}, id="a field that reviews may not change"),
        pytest.param({"sample_id": "s1", "changes": {"answer": ""}}, id="a field that would be empty"),
        pytest.param({"sample_id": "s1", "changes": {"answer": "x"}, "session_id": "sess_x"}, id="no such session"),
    ],
)
def test_event_and_review_are_kept_together_or_not_at_all(client: FlaskClient, body: dict[str, Any]) -> None:
    post(client, "add", sample())

    response = client.post("/api/events", json={"type": "sample_edited", **body})

    assert response.status_code in (400, 404)
    assert get(client, "events")["events"] == []
    assert get(client, "sample/s1/reviews")["reviews"] == []
    assert get(client, "sample/s1")["sample"]["answer"] == sample()["answer"]


def test_history_is_newest_first_with_citations_and_intent_and_no_thoughts(
    client: FlaskClient, service: Service
) -> None:
    session = begin(client)
    cited = {"document": "lease", "page": 1, "quote": "repairs"}
    ids = [
        ask(service, session, f"q{number}", response="<think>SECRET</think>Yes.", citations=(cited,))
        for number in range(3)
    ]
    ask(service, None, "elsewhere")
    ask(service, None, "another's", user_id="bob")

    page = get(client, f"query/history?session_id={session}&limit=2")
    rest = get(client, f"query/history?session_id={session}&limit=2&before={page['next_before']}")

    assert [row["id"] for row in page["history"] + rest["history"]] == ids[::-1]
    assert rest["next_before"] is None
    assert page["history"][0]["citations"] == [cited]
    assert page["history"][0]["intent"] == "document_question"
    assert "SECRET" not in str(page)
    assert len(get(client, "query/history")["history"]) == 4
    assert [row["query"] for row in get(client, "query/history?user_id=bob")["history"]] == ["another's"]


def test_lists_are_of_one_user_each(client: FlaskClient) -> None:
    ada, local = begin(client, user_id="ada"), begin(client)

    assert [row["session_id"] for row in get(client, "sessions?user_id=ada")["sessions"]] == [ada]
    assert [row["session_id"] for row in get(client, "sessions")["sessions"]] == [local]
    post(client, f"sessions/{local}/end")
    assert get(client, "sessions?status=active")["total"] == 0
    assert get(client, "sessions?status=ended")["total"] == 1


def test_memories_are_put_by_key_changed_and_forgotten(client: FlaskClient) -> None:
    first = post(client, "memories", {"key": "home town", "value": "York"})["memory"]
    second = post(client, "memories", {"key": "home town", "value": "Leeds"})["memory"]
    third = client.patch("/api/memories/home town", json={"value": "Hull"}).get_json()["memory"]

    listed = get(client, "memories")
    forgotten = client.delete("/api/memories/home town").get_json()

    assert [one["value"] for one in (first, second, third)] == ["York", "Leeds", "Hull"]
    assert (listed["memories"], listed["count"], listed["limit"]) == ([third], 1, 100)
    assert get(client, "memories?user_id=ada")["memories"] == []
    assert forgotten["key"] == "home town"
    assert get(client, "memories")["memories"] == []


def test_nothing_but_its_own_requests_writes_a_memory(client: FlaskClient, service: Service) -> None:
    session = begin(client)
    for number in range(4):
        ask(service, session, f"My name is Ada and I live in York, number {number}.")
    until(lambda: get(client, f"sessions/{session}")["summary"])
    post(client, "events", {"type": "feedback", "session_id": session, "text": "remember that I live in York"})

    assert get(client, "memories")["memories"] == []


def test_summary_forms_behind_the_fourth_turn_of_a_running_service(client: FlaskClient, service: Service) -> None:
    session = begin(client)
    for number in range(4):
        ask(service, session, f"Question {number}?")

    until(lambda: get(client, f"sessions/{session}")["summary"])
    summary = get(client, f"sessions/{session}")["summary"]

    assert (summary["turns"], summary["made_by"], summary["reason"]) == (4, "rules", "")
    assert "Question 3?" in summary["text"]


def test_user_is_the_token_by_default_where_tokens_are_set(tmp_path: Any) -> None:
    platform = build(settings_for(tmp_path, api_tokens=TOKENS)).start()
    client = checked_client(create_app(platform=platform))
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKENS.partition(':')[2]}"
    session = post(client, "sessions/start")["session"]
    named = post(client, "sessions/start", {"user_id": "ada"})["session"]
    listed = get(client, "sessions")["sessions"]
    platform.close()

    assert session["user_id"].startswith("write-")
    assert named["user_id"] == "ada"
    assert listed == [session]


def test_page_of_a_browser_may_change_a_memory(client: FlaskClient) -> None:
    asked = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "PATCH"}

    response = client.options("/api/memories/town", headers=asked)

    assert "PATCH" in response.headers["Access-Control-Allow-Methods"]
