"""The endpoints of citations, duplicates, review and the report, with a real data set behind them."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from bootstrap import Service
from tests.api.calls import get, ids, post
from tests.fakes import CATALOGUE, sample

REAL = "Donoghue v Stevenson [1932] AC 562"
INVENTED = "Marsh v Baird [2007] UKSC 4"


@pytest.fixture
def starter(client: FlaskClient) -> FlaskClient:
    content = "\n".join(json.dumps(row.model_dump()) for row in CATALOGUE.starter)
    assert post(client, "import", {"content": content})["added"] == len(CATALOGUE.starter)
    return client


# --- citations -------------------------------------------------------------------------------


def test_text_is_answered_with_each_citation_its_place_and_its_verdict(client: FlaskClient) -> None:
    text = f"As {REAL} shows, and {INVENTED} does not; see Theft Act 1968, s 1, and Re Nobody [2019] EWHC 77 (Ch)."

    told = post(client, "citations/check", {"text": text, "jurisdiction": "uk"})

    found = {citation["verdict"]: citation for citation in told["citations"]}
    assert told["success"] is True
    assert told["counts"] == {"total": 4, "verified": 2, "unverified": 1, "invalid": 1}
    assert set(told["citations"][0]) == {
        "text", "start", "end", "kind", "jurisdiction", "normalized", "verdict", "reason_code", "reason", "matched",
    }  # fmt: skip
    assert all(text[cited["start"] : cited["end"]] == cited["text"] for cited in told["citations"])
    assert found["invalid"]["reason_code"] == "before_court"
    assert found["unverified"]["reason_code"] == "not_in_index"
    assert {cited["kind"] for cited in told["citations"]} == {"case", "statute"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": "x", "jurisdiction": "mars"}, "jurisdiction"),
        ({"text": "x", "more": 1}, "more"),
        ({"text": 7}, "text"),
    ],
)
def test_request_without_a_usable_text_is_refused(client: FlaskClient, body: dict[str, Any], told: str) -> None:
    answer = post(client, "citations/check", body, status=400)

    assert answer["success"] is False
    assert told in answer["error"]


def test_stored_sample_is_checked_in_all_its_fields(client: FlaskClient) -> None:
    post(client, "add", sample(id="s1", case_citation=REAL, answer=f"It is so. See {INVENTED}."))

    told = get(client, "sample/s1/citations")

    assert [cited["verdict"] for cited in told["citations"]] == ["verified", "invalid"]
    assert get(client, "sample/s1")["sample"]["citation_verdict"] == "invalid"
    assert get(client, "sample/nobody/citations", 404)["success"] is False


# --- what the service found out is not the caller's to say ------------------------------------


@pytest.mark.parametrize("column", ["citation_verdict", "citations", "quality_score", "judge_score", "review"])
def test_verdicts_cannot_be_set_by_an_update(client: FlaskClient, column: str) -> None:
    post(client, "add", sample(id="s1"))

    answer = client.put("/api/sample/s1", json={column: "accepted"})

    assert answer.status_code == 400
    assert column in answer.get_json()["error"]


def test_verdict_that_a_caller_or_a_file_claims_is_found_out_anew(client: FlaskClient) -> None:
    claimed = {"case_citation": INVENTED, "citation_verdict": "verified", "review": "accepted"}
    post(client, "add", sample(id="added", **claimed))
    post(client, "import", {"content": json.dumps(sample(id="imported", **claimed))})

    exported = client.get("/api/export?format=jsonl")

    assert exported.data == b""
    assert exported.headers["X-Left-Out"] == "invalid_citation=2"
    assert len(client.get("/api/export?format=jsonl&include=all").data.splitlines()) == 2
    assert get(client, "sample/added")["sample"]["citation_verdict"] == "invalid"


# --- duplicates ------------------------------------------------------------------------------


def test_similar_samples_are_told_for_one_and_for_all(service: Service, client: FlaskClient) -> None:
    text = " ".join(f"word{n} and{n}" for n in range(60))
    for name in ("a", "b"):
        post(client, "add", sample(id=name, answer=text))
    post(client, "add", sample(id="c", question="Who may sue for loss of profit?", answer=text[::-1], reasoning="No."))
    service.examiner.duplicates.update(lambda: False)

    pairs = get(client, "quality/duplicates")
    similar = get(client, "sample/a/duplicates")

    assert [(pair["ids"], pair["kind"], pair["exact"]) for pair in pairs["pairs"]] == [(["a", "b"], "duplicate", True)]
    assert (pairs["samples"], pairs["counts"]["duplicates"]) == (3, 1)
    assert similar["similar"] == [{"id": "b", "similarity": 1.0, "differs_in": ""}]


# --- review ----------------------------------------------------------------------------------


def test_review_is_recorded_and_takes_the_sample_out_of_the_queue(starter: FlaskClient) -> None:
    first = get(starter, "review/queue?limit=2&jurisdiction=us")
    name = first["samples"][0]["id"]

    told = post(starter, f"sample/{name}/review", {"decision": "accept", "reason": "sound", "reviewer": "Ada"})

    assert told["sample"]["review"] == "accepted"
    left = get(starter, "review/queue?limit=100&jurisdiction=us")
    assert left["total"] == first["total"] - 1
    assert name not in ids(left["samples"])
    history = get(starter, f"sample/{name}/reviews")
    assert [(row["decision"], row["reason"], row["reviewer"]) for row in history["reviews"]] == [
        ("accept", "sound", "Ada")
    ]


def test_reviews_follow_a_sample_to_its_new_id(starter: FlaskClient) -> None:
    post(starter, "sample/starter_uk_case_basic/review", {"decision": "reject", "reason": "too short"})

    assert starter.put("/api/sample/starter_uk_case_basic", json={"id": "renamed"}).status_code == 200

    assert [row["reason"] for row in get(starter, "sample/renamed/reviews")["reviews"]] == ["too short"]
    assert get(starter, "sample/renamed")["sample"]["review"] == "rejected"


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"decision": "maybe", "reason": "x"}, 400, "decision"),
        ({"decision": "accept"}, 400, "reason"),
        ({"decision": "edit", "reason": "x"}, 400, "changes"),
        ({"decision": "accept", "reason": "x", "changes": {"answer": "y"}}, 400, "changes"),
        ({"decision": "edit", "reason": "x", "changes": {"judge_score": 1}}, 400, "judge_score"),
        ({"decision": "edit", "reason": "x", "changes": {"answer": ""}}, 400, "answer"),
    ],
)
def test_decision_that_makes_no_sense_is_refused_and_changes_nothing(
    starter: FlaskClient, body: dict[str, Any], status: int, told: str
) -> None:
    before = get(starter, "sample/starter_uk_case_basic")

    answer = post(starter, "sample/starter_uk_case_basic/review", body, status=status)

    assert told in answer["error"]
    assert get(starter, "sample/starter_uk_case_basic") == before
    assert get(starter, "sample/starter_uk_case_basic/reviews")["count"] == 0


def test_rejected_samples_are_left_out_of_exports_and_said_to_be(starter: FlaskClient) -> None:
    post(starter, "sample/starter_uk_case_basic/review", {"decision": "reject", "reason": "outdated"})

    exported = starter.get("/api/export?format=jsonl")

    assert exported.headers["X-Left-Out"] == "rejected_by_review=1"
    assert len(exported.data.splitlines()) == len(CATALOGUE.starter) - 1
    assert b"starter_uk_case_basic" not in exported.data


def test_edit_makes_a_preference_pair(starter: FlaskClient) -> None:
    before = get(starter, "sample/starter_uk_case_basic")["sample"]["answer"]
    post(
        starter,
        "sample/starter_uk_case_basic/review",
        {"decision": "edit", "reason": "clearer", "changes": {"answer": before + " That is settled law."}},
    )

    pairs = [json.loads(line) for line in starter.get("/api/export?format=preferences").data.splitlines()]

    told = [json.loads(line) for line in starter.get("/api/export?format=preference_messages").data.splitlines()]

    assert [(pair["chosen"], pair["rejected"]) for pair in pairs] == [(before + " That is settled law.", before)]
    roles = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}
    assert told == [
        {**pair, **{name: [{"role": role, "content": pair[name]}] for name, role in roles.items()}} for pair in pairs
    ]


# --- the report ------------------------------------------------------------------------------


def test_report_speaks_of_the_data_set_as_it_is(starter: FlaskClient) -> None:
    first = get(starter, "quality/report")["report"]
    post(starter, "add", sample(id="bad", case_citation=INVENTED))
    second = get(starter, "quality/report")["report"]

    assert (first["samples"], first["validity"]["rate"], first["is_current"]) == (32, 1.0, True)
    assert second["samples"] == 33
    assert second["citations"]["samples_by_verdict"]["invalid"] == 1
    assert second["worst"]["citations"][0]["id"] == "bad"
    assert get(starter, "quality/report?renew=true")["report"]["samples"] == 33
    assert "unknown" in get(starter, "quality/report?nonsense=1", 400)["error"].lower()


def test_field_that_is_nested_without_end_is_a_sentence(client: FlaskClient) -> None:
    deep = (
        '{"id": "d", "question": "q", "topic": "t - u", "difficulty": "basic", "case_citation": "c", "reasoning": "r"'
    )
    body = f'{deep}, "answer": {"[" * 1000}{"]" * 1000}}}'

    response = client.post("/api/add", data=body, content_type="application/json")

    assert (response.status_code, "answer: got a list, want text" in response.get_json()["error"]) == (400, True)
