"""Review: one sample that waits at a time, decided on with one key; how far it is, and how reviewers agree."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import services
from models.contract.arguments import BrowseArguments, SampleName
from models.contract.bodies import Review
from models.fields import validated
from utils.errors import ConflictError, InputError, NotFoundError
from web.page_spec import MenuEntry, PageSpec
from web.rendering import asked, done, failed, page
from web.views.sample import REVIEWER, marked, passages_of

_A_YEAR_S = 365 * 86_400
_LONGEST_NAME = 200
_REASONS = (
    "The law is wrong or out of date",
    "The authority does not exist or does not say this",
    "The reasoning does not lead to the answer",
    "The answer does not answer the question",
    "Too easy or too hard for its level",
    "Poorly written",
)
_FILTERS = (
    "topic",
    "difficulty",
    "sample_type",
    "verdict",
    "provider",
    "model",
    "batch_id",
    "grounding",
    "jurisdiction",
)
_SHOWN = 70
_OFFERED = 300


def _add_to(ui: Blueprint) -> None:
    """Add the pages to *ui*."""
    ui.add_url_rule("/review", "review", _review)
    ui.add_url_rule("/review", "decide", _decide, methods=["POST"])
    ui.add_url_rule("/review/undo", "undo_decision", _undo, methods=["POST"])
    ui.add_url_rule("/review/name", "name_reviewer", _name, methods=["POST"])


def _review() -> ResponseReturnValue:
    given, name = _filters(asked()), request.args.get("id", "")
    try:
        turn = services().reviews.turn(name, _chosen(given))
    except NotFoundError:
        return failed("That sample was deleted meanwhile; here is the next one.", _address(given))
    sample = turn.sample
    texts = marked(sample) if sample is not None else None
    return page(
        "review.html",
        turn=turn,
        sample=sample,
        texts=texts,
        passages=passages_of(texts) if texts is not None else [],
        decisions=services().reviews.history(sample["id"]) if sample is not None else [],
        agreement=services().reviews.agreement(),
        reasons=_REASONS,
        given=given,
        choices={filter_: list(values)[:_OFFERED] for filter_, values in services().browsing.choices().items()},
        reviewer=request.cookies.get(REVIEWER, ""),
        last=_last(),
        is_unreasoned="unreasoned" in request.args,
    )


def _decide() -> ResponseReturnValue:
    """Record a decision about the sample as it was shown, and go on to the next."""
    form = request.form
    name, given = validated(SampleName, {"id": form.get("id", "")}).id, _filters(form)
    here = _address(given, id=name)
    decision, reason = form.get("decision", ""), form.get("chosen") or form.get("reason", "")
    if decision == "reject" and not reason.strip():
        return redirect(_address(given, id=name, last=form.get("last", ""), unreasoned="1"), 303)
    said = {"decision": decision, "reason": reason or "Accepted in review", "reviewer": request.cookies.get(REVIEWER)}
    try:
        services().reviews.decide(name, validated(Review, said), form.get("seen", ""))
    except ConflictError:
        told = "Somebody changed or decided on this sample while you looked at it. Your decision was not counted."
        return failed(f"{told} Look at it as it is now, and decide again or go on.", here)
    after = services().reviews.turn(name, _chosen(given)).after
    return redirect(_address(given, id=after or "", last=name), 303)


def _undo() -> ResponseReturnValue:
    """Take the last decision back: its sample is shown, and waits again."""
    name, given = validated(SampleName, {"id": request.form.get("id", "")}).id, _filters(request.form)
    here = _address(given, id=name)
    try:
        services().reviews.undo(name, request.form.get("seen", ""), request.cookies.get(REVIEWER))
    except ConflictError:
        return failed(
            "Somebody changed or decided on this sample since. Nothing was undone: look at it as it is.", here
        )
    except NotFoundError:
        return failed("That sample was deleted meanwhile; nothing is left to undo.", _address(given))
    return done("The decision was taken back. The sample waits for review again.", here)


def _last() -> Mapping[str, str] | None:
    """Return the sample that was decided on just before, if it is still as it was decided on."""
    name = request.args.get("last", "")
    try:
        sample = services().dataset.get(validated(SampleName, {"id": name}).id) if name else None
    except NotFoundError:
        return None
    if sample is None or sample["review"] not in ("accepted", "rejected"):
        return None
    question = sample["question"]
    return {
        "id": sample["id"],
        "seen": sample["updated_at"] or "",
        "state": sample["review"].capitalize(),
        "question": question[:_SHOWN] + ("…" if len(question) > _SHOWN else ""),
    }


def _name() -> ResponseReturnValue:
    """Remember who reviews on this browser."""
    name, given = request.form.get("reviewer", "").strip(), _filters(request.form)
    if len(name) > _LONGEST_NAME:
        raise InputError(f"reviewer: has {len(name)} characters, want {_LONGEST_NAME} at most")
    response = done(
        f"You review as {name}." if name else "Your decisions have no name from now on.",
        _address(given, id=request.form.get("id", "")),
    )
    if name:
        response.set_cookie(
            REVIEWER, name, max_age=_A_YEAR_S, path="/ui", samesite="Lax", httponly=True, secure=request.is_secure
        )
    else:
        response.delete_cookie(REVIEWER, path="/ui")
    return response


def _address(given: Mapping[str, str], **more: str) -> str:
    """Return the page with the filters *given*, and what else is not empty."""
    return f"{url_for('ui.review')}?{urlencode({**given, **{name: text for name, text in more.items() if text}})}"


def _filters(given: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name in _FILTERS if (text := given.get(name, ""))}


def _chosen(given: Mapping[str, str]) -> dict[str, str]:
    return validated(BrowseArguments, given).chosen


SPEC = PageSpec(_add_to, MenuEntry(40, "ui.review", "check-badge", "Review"))
