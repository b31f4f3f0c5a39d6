"""Releases in words."""

import pytest

from models.contract.answers.releases import ReleaseDiff, ReleaseQuality
from web.parts.release_words import Measure, Step, measures, quality_rows, steps


def test_steps_are_as_they_were_told_last() -> None:
    told: list[dict[str, object]] = [
        {"type": "status", "status": "started", "run_id": "run_1"},
        {"type": "status", "status": "rows written", "done": 0, "total": 9},
        {"type": "status", "status": "rows written", "done": 9, "total": 9},
        {"type": "status", "status": "tagging v1.0.0"},
        {"type": "done"},
    ]

    assert steps(told) == [Step("rows written", 9, 9), Step("tagging v1.0.0")]


def test_quality_says_in_words_what_there_is() -> None:
    quality: ReleaseQuality = {
        "mean_score": 0.5, "scored": 3, "mean_judge_score": None, "judged": 0,
        "citations": {"verified": 2, "none": 1, "invalid": 0}, "grounding": {}, "reviews": {"never": 3}, "left_out": {},
    }  # fmt: skip

    assert quality_rows(quality) == [
        ("Citations", [("all verified", 2), ("cite nothing", 1)]),
        ("Reviews", [("never reviewed", 3)]),
    ]


@pytest.mark.parametrize(
    ("name", "before", "after", "change", "shown"),
    [
        ("samples", 1200.0, 1190.0, -10.0, Measure("Samples", "1,200", "1,190", "−10")),
        ("mean_score", 0.5, 0.525, 0.025, Measure("Score, mean", "50.0 %", "52.5 %", "+2.5 points")),
        ("answer_chars", 100.0, 101.5, 1.5, Measure("Answer, mean characters", "100", "102", "+1.5")),
        ("mean_judge_score", None, 0.5, None, Measure("Judge’s score, mean", "–", "50.0 %", "–")),
    ],
)
def test_measures_are_shown_with_what_changed(
    name: str, before: float | None, after: float | None, change: float | None, shown: Measure
) -> None:
    diff: ReleaseDiff = {
        "before": {"id": "a", "samples": 1, "content_hash": "", "measures": {name: before}},
        "after": {"id": "b", "samples": 1, "content_hash": "", "measures": {name: after}},
        "added": 0, "removed": 0, "changed": 0, "moved": 0, "same": 0, "added_ids": [], "removed_ids": [],
        "changed_rows": [], "measures": {} if change is None else {name: change},
    }  # fmt: skip

    assert measures(diff) == [shown]
