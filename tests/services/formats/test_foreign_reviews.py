"""What Argilla and Label Studio write of decisions becomes reviews."""

import json
from typing import Any

import pytest

from services.formats.foreign_reviews import ForeignReview, read_reviews

USER = "0d1c1f0e-6d5b-4c5e-9f0a-000000000001"


def record(**responses: str) -> dict[str, Any]:
    """Return a record as Argilla's `Record.to_dict` has it."""
    told = {name: [{"value": value, "user_id": USER}] for name, value in responses.items()}
    fields = {"question": "q", "answer": "old", "case_citation": "", "reasoning": ""}
    return {"id": "s1", "fields": fields, "responses": told, "suggestions": {}, "vectors": {}, "status": "completed"}


def task(cancelled: bool = False, **answers: str) -> dict[str, Any]:
    """Return a task as Label Studio's JSON export has it."""
    results = [
        {
            "from_name": name,
            "to_name": "answer",
            "type": "choices" if name == "decision" else "textarea",
            "value": {"choices" if name == "decision" else "text": [value]},
        }
        for name, value in answers.items()
    ]
    annotation = {"completed_by": 7, "was_cancelled": cancelled, "result": results}
    return {"id": 1, "data": {"sample_id": "s1", "answer": "old"}, "annotations": [annotation]}


def read(rows: list[dict[str, Any]]) -> list[ForeignReview]:
    return list(read_reviews(json.dumps(rows).encode()))


@pytest.mark.parametrize(("make", "who"), [(record, f"argilla:{USER}"), (task, "label_studio:7")])
def test_decision_becomes_a_review(make: Any, who: str) -> None:
    (accepted,) = read([make(decision="accept", corrected_answer="old")])
    (edited,) = read([make(decision="edit", corrected_answer="new\n\n§ 2 – «é»", reason="clearer")])

    assert accepted.sample_id == edited.sample_id == "s1"
    assert accepted.review is not None
    assert edited.review is not None
    assert (accepted.review.decision, accepted.review.changes, accepted.review.reviewer) == ("accept", {}, who)
    assert (edited.review.decision, edited.review.changes) == ("edit", {"answer": "new\n\n§ 2 – «é»"})
    assert edited.review.reason.startswith("clearer (")


@pytest.mark.parametrize("make", [record, task])
def test_decision_that_cannot_be_taken_is_told(make: Any) -> None:
    told = read([make(decision="edit", corrected_answer=" old\n"), make(decision="edit"), make(decision="perhaps")])

    assert [one.review for one in told] == [None, None, None]
    assert [one.problem for one in told[:2]] == ["the decision is edit, and nothing was corrected"] * 2
    assert "got 'perhaps'" in told[2].problem


def test_what_nobody_decided_on_yields_nothing() -> None:
    assert read([record(), task(), record(reason="so"), task(cancelled=True, decision="accept")]) == []


def test_json_lines_are_read_too() -> None:
    lines = b"\n".join(json.dumps(record(decision=name)).encode() for name in ("accept", "reject"))

    assert [one.review and one.review.decision for one in read_reviews(lines)] == ["accept", "reject"]


@pytest.mark.parametrize("content", [b'[{"question": "q"}]', b"no", b"[1]", b'{"a": 1}'])
def test_file_of_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"neither|something else|unexpected|expected"):
        list(read_reviews(content))
