"""Reads what people decided in Argilla and Label Studio about samples that were exported for review there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from models.contract.bodies import Review

_DECISION, _CORRECTED, _REASON = "decision", "corrected_answer", "reason"
_DECISIONS = ("accept", "reject", "edit")
# By reviewer: what they answered to each question.
_Told: TypeAlias = "dict[str, dict[str, str]]"


@dataclass(frozen=True, slots=True)
class ForeignReview:
    """One decision.

    Attributes:
        review: None where it cannot be taken over.
        problem: Why not; "" where it can.
    """

    sample_id: str
    review: Review | None
    problem: str = ""


def read_reviews(content: bytes) -> Iterator[ForeignReview]:
    """Yield the decisions in an export: Label Studio's JSON, or Argilla's records as JSON or JSON Lines.

    A sample that nobody decided on yields nothing.

    Raises:
        ValueError: it is neither.
    """
    for record in _records(content):
        is_task = "data" in record
        shown = record.get("data" if is_task else "fields")
        sample_id = shown.get("sample_id") if is_task and isinstance(shown, dict) else record.get("id")
        if not isinstance(sample_id, str) or not isinstance(shown, dict):
            raise ValueError("holds neither tasks of Label Studio nor records of Argilla")
        told = _of_label_studio(record) if is_task else _of_argilla(record)
        for reviewer, answers in told.items():
            if _DECISION in answers:
                yield _review(sample_id, str(shown.get("answer") or ""), reviewer, answers)


def _records(content: bytes) -> list[dict[str, object]]:
    text = content.strip()
    parts = [text] if text.startswith(b"[") else text.splitlines()
    read = [orjson.loads(part) for part in parts]  # JSONDecodeError is a ValueError
    rows = read[0] if text.startswith(b"[") else read
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("holds something else than objects")
    return rows


def _of_argilla(record: Mapping[str, object]) -> _Told:
    told: _Told = defaultdict(dict)
    responses = record.get("responses")
    for question, answers in responses.items() if isinstance(responses, dict) else ():
        for answer in answers:
            told[f"argilla:{answer.get('user_id')}"][question] = str(answer.get("value") or "")
    return told


def _of_label_studio(task: Mapping[str, object]) -> _Told:
    told: _Told = defaultdict(dict)
    annotations = task.get("annotations")
    for made in annotations if isinstance(annotations, list) else ():
        if made.get("was_cancelled"):
            continue
        for result in made.get("result", ()):
            value = result.get("value", {})
            texts = value.get("choices") or value.get("text") or []
            told[f"label_studio:{made.get('completed_by')}"][result.get("from_name")] = "\n".join(map(str, texts))
    return told


def _review(sample_id: str, shown: str, reviewer: str, answers: Mapping[str, str]) -> ForeignReview:
    decision, reason = answers[_DECISION], answers.get(_REASON, "").strip()
    if decision not in _DECISIONS:
        return ForeignReview(sample_id, None, f"decision: got {decision[:40]!r}, want one of {', '.join(_DECISIONS)}")
    corrected = answers.get(_CORRECTED, "")
    if decision == "edit" and corrected.strip() in ("", shown.strip()):
        return ForeignReview(sample_id, None, "the decision is edit, and nothing was corrected")
    changes: dict[str, object] = {"answer": corrected} if decision == "edit" else {}
    told = f"{reason or 'reviewed'} ({reviewer.partition(':')[0]})"
    return ForeignReview(sample_id, Review(decision=decision, reason=told, reviewer=reviewer, changes=changes))
