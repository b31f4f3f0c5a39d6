"""Samples that are nearly the same, side by side; one button keeps one and deletes the other."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import services
from models.contract.answers.base import StoredSample
from models.contract.arguments import SampleName
from models.fields import validated
from web.page_spec import PageSpec
from web.parts.differences import differences
from web.parts.groups import Group, grouped
from web.rendering import asked, done, page
from web.views.sample import deleted, named

_GROUPS = 5
# Of a larger group the first so many are shown beside its first sample.
_BESIDE = 5
# "duplicate": alike by this and more; "similar": by as little as is reported; "question": the same question.
_CLOSE = 0.6
_KINDS = ("duplicate", "similar", "question")


def _add_to(ui: Blueprint) -> None:
    """Add the pages to *ui*."""
    ui.add_url_rule("/duplicates", "duplicates", _duplicates)
    ui.add_url_rule("/duplicates", "keep_one", _keep_one, methods=["POST"])


def _duplicates() -> ResponseReturnValue:
    given = asked()
    if "one" in given and "other" in given:
        return page("duplicates.html", report=None, groups=_side_by_side([Group([given["one"], given["other"]], 0.0)]))
    report = services().quality.duplicates()
    kind = given.get("kind", "duplicate") if given.get("kind") in _KINDS else "duplicate"
    pairs = [pair for pair in report["pairs"] if pair["kind"] != "sibling"]
    close = [pair for pair in pairs if pair["similarity"] >= _CLOSE]
    repeated = [Group(ids, 0.0) for ids in services().quality.repeated_questions()]
    found = repeated if kind == "question" else grouped(close if kind == "duplicate" else pairs)
    number = max(1, int(given["page"])) if given.get("page", "").isdecimal() else 1
    first = (number - 1) * _GROUPS
    return page(
        "duplicates.html",
        report=report,
        kind=kind,
        close=_CLOSE,
        counts={"duplicate": len(close), "similar": len(pairs), "question": len(repeated)},
        total=len(found),
        number=number,
        first=first,
        groups=_side_by_side(found[first : first + _GROUPS]),
        has_more=len(found) > first + _GROUPS,
    )


def _keep_one() -> ResponseReturnValue:
    """Delete one of two; it can be brought back."""
    kept, other = (validated(SampleName, {"id": request.form.get(name, "")}).id for name in ("keep", "delete"))
    services().dataset.get(kept)
    count = deleted([other])
    after = url_for("ui.duplicates", kind=request.form.get("kind") or None, page=request.form.get("page") or None)
    if not count:
        return done("That sample was deleted already.", after)
    return done("One was kept, the other deleted. You can undo this under “Last changes” of the data set.", after)


def _side_by_side(groups: Sequence[Group]) -> Sequence[Mapping[str, object]]:
    """Return each group that still has two samples or more: its first beside each other one, with what differs."""
    there = named([name for group in groups for name in group.ids[: _BESIDE + 1]])
    shown = []
    for group in groups:
        samples = [there[name] for name in group.ids if name in there]
        if len(samples) > 1:
            pairs = [_compared(samples[0], other) for other in samples[1:]]
            head = {"question": samples[0]["question"], "same_question": all(one["same_question"] for one in pairs)}
            shown.append({"size": len(group.ids), "similarity": group.similarity, "pairs": pairs, **head})
    return shown


def _compared(one: StoredSample, other: StoredSample) -> Mapping[str, object]:
    sides = [differences(one[name], other[name]) for name in ("question", "answer")]
    return {
        "left": {"sample": one, "question": sides[0][0], "answer": sides[1][0]},
        "right": {"sample": other, "question": sides[0][1], "answer": sides[1][1]},
        "same_question": _plain(one["question"]) == _plain(other["question"]),
        "same": one["question"] == other["question"] and one["answer"] == other["answer"],
    }


def _plain(question: str) -> str:
    return " ".join(question.lower().split())


SPEC = PageSpec(_add_to)
