"""Releases in words: how far a run is, what their measures are called, and how two of them differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.contract.answers.releases import ReleaseDiff, ReleaseQuality
from web.formats import DASH, number, percent

TITLES = {"release": "Making a release", "release_push": "Pushing a release", "release_pull": "Pulling a release"}
_MEASURES = {
    "samples": "Samples",
    "mean_score": "Score, mean",
    "mean_judge_score": "Judge’s score, mean",
    "verified_share": "All citations verified",
    "grounded_share": "Stand fully on documents",
    "accepted_share": "Accepted by a reviewer",
    "invalid_citations": "Cite what cannot exist",
    "question_chars": "Question, mean characters",
    "answer_chars": "Answer, mean characters",
    "reasoning_chars": "Reasoning, mean characters",
    "case_citation_chars": "Citation, mean characters",
}
_COUNTED = ("samples", "invalid_citations")
# By group of `ReleaseQuality`: what its values are called.
_QUALITY: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "citations": (
        "Citations",
        {
            "verified": "all verified",
            "unverified": "one or more unverified",
            "invalid": "one or more that cannot exist",
            "none": "cite nothing",
        },
    ),
    "grounding": (
        "Stand on documents",
        {"grounded": "fully", "partly": "in part", "none": "not", "unknown": "not known"},
    ),
    "reviews": (
        "Reviews",
        {
            "accepted": "accepted",
            "rejected": "rejected",
            "withheld": "rejected where they came from",
            "never": "never reviewed",
        },
    ),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step that a run has taken: its words, and how much of it is done; *total* is 0 where nobody knows."""

    words: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of both sides of a comparison, as it is shown."""

    name: str
    before: str
    after: str
    change: str


def steps(told: Sequence[Mapping[str, object]]) -> list[Step]:
    """Return the steps of a run from its events, each as it was told last."""
    found: dict[str, Step] = {}
    for event in told:
        if event["type"] == "status" and "run_id" not in event:
            words = str(event["status"])
            found[words] = Step(words, _whole(event.get("done")), _whole(event.get("total")))
    return list(found.values())


def quality_rows(quality: ReleaseQuality) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return (group, (value in words, samples) each) of what is known of the quality; groups without samples not."""
    counts = {"citations": quality["citations"], "grounding": quality["grounding"], "reviews": quality["reviews"]}
    return [
        (title, [(names.get(value, value), count) for value, count in counts[group].items() if count])
        for group, (title, names) in _QUALITY.items()
        if any(counts[group].values())
    ]


def measures(diff: ReleaseDiff) -> list[Measure]:
    """Return the measures of both sides, in the order of the service."""
    before, after = diff["before"]["measures"], diff["after"]["measures"]
    return [
        Measure(
            _MEASURES.get(name, name.replace("_", " ")),
            _shown(name, before[name]),
            _shown(name, after.get(name)),
            _change(name, diff["measures"].get(name)),
        )
        for name in before
    ]


def _shown(name: str, value: float | None) -> str:
    if name in _COUNTED or name.endswith("_chars"):
        return number(value)
    return percent(value, 1)


def _change(name: str, change: float | None) -> str:
    if change is None:
        return DASH
    sign = "+" if change > 0 else "−"
    if name in _COUNTED or name.endswith("_chars"):
        return f"{sign}{number(abs(change), 0 if name in _COUNTED else 1)}"
    return f"{sign}{number(abs(change) * 100, 1)} points"


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
