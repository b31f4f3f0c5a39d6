"""One sample: its texts with what was found in them, where it comes from, what was decided, and its edits."""

import re
from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import reply, services
from models.contract.answers.base import StoredSample
from models.contract.arguments import SampleName
from models.contract.bodies import BulkBody, Review, SampleChange
from models.fields import DIFFICULTIES, validated
from utils.errors import ConflictError, InputError, NotFoundError
from web.page_spec import PageSpec
from web.parts.differences import differences
from web.parts.edits import EDITED, Form, changed_in, merged
from web.parts.findings import sentences
from web.parts.sample_texts import SampleTexts, passage_pieces, texts_of
from web.parts.sources import sentences_of
from web.rendering import done, page
from web.session import own_path

_NAMED = 10
# The cookie that remembers a reviewer's name.
REVIEWER = "reviewer"


def _add_to(ui: Blueprint) -> None:
    """Add the pages to *ui*."""
    ui.add_url_rule("/sample", "sample", _sample)
    ui.add_url_rule("/sample/file", "sample_file", _file)
    ui.add_url_rule("/sample/delete", "delete_sample", _delete, methods=["POST"])
    ui.add_url_rule("/sample/edit", "edit_sample", _edit, methods=["GET", "POST"])


def _sample() -> ResponseReturnValue:
    sample = services().dataset.get(_wanted())
    texts = marked(sample)
    return page(
        "sample.html",
        sample=sample,
        texts=texts,
        passages=passages_of(texts),
        issues=sentences(sentences_of(sample["quality_issues"])),
        place=services().catalogue.jurisdiction_names().get(sample["jurisdiction"], sample["jurisdiction"]),
        chain=sentences_of(sample["failover_chain"]),
        thought=services().quality.thought_of(sample)["provider_trace"],
        reviews=services().reviews.history(sample["id"]),
        similar=_similar(sample),
        batch=services().monitor.history_of(sample["batch_id"]) if sample["batch_id"] else None,
        events=services().monitor.events_of_sample(sample["batch_id"], sample["id"]) if sample["batch_id"] else [],
        differences=differences,
    )


def marked(sample: StoredSample) -> SampleTexts:
    """Return the texts of a stored sample with what is found in them now."""
    return texts_of(sample, services().quality.check_sample(sample["id"])["citations"])


def passages_of(texts: SampleTexts) -> Sequence[Mapping[str, object]]:
    """Return each provision that a sample stands on, with its text where the document is still here as it was."""
    found = []
    for key, source in texts.sources:
        passage = services().documents.passage(source.file_id, source.unit_id)
        pieces = passage_pieces(passage.text, passage.start, source.spans, key) if passage is not None else None
        found.append({"key": key, "source": source, "passage": passage, "pieces": pieces})
    return found


def _file() -> ResponseReturnValue:
    sample = services().dataset.get(_wanted())
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", sample["id"]).strip("._")[:100] or "sample"
    response: Response = reply(sample, headers={"Content-Disposition": f'attachment; filename="{name}.json"'})
    return response


def _delete() -> ResponseReturnValue:
    sample = services().dataset.get(_wanted())
    deleted([sample["id"]])
    told = "The sample was deleted. You can undo this under “Last changes” below the list."
    return done(told, url_for("ui.samples"))


def _edit() -> ResponseReturnValue:
    """Change a sample as its editor saw it; nothing that was typed is lost when somebody else was faster."""
    sample = services().dataset.get(_wanted())
    if request.method == "GET":
        now = _now(sample)
        return _edit_form(sample, Form(now, now, sample["updated_at"] or ""))
    typed = {field: request.form.get(field, "").replace("\r\n", "\n") for field in EDITED}
    before = {field: request.form.get(f"before-{field}", "").replace("\r\n", "\n") for field in EDITED}
    seen, changes = request.form.get("seen", ""), changed_in(before, typed)
    if not changes and not request.form.get("accept"):
        return done("Nothing was changed.", _after(sample["id"]))
    try:
        changed = _change(sample["id"], changes, seen)
    except ConflictError:
        return _edit_form(sample, merged(_now(sample), before, changes, sample["updated_at"] or ""), is_other=True)
    except InputError as error:
        return _edit_form(sample, Form(before, typed, seen), str(error))
    told = "The sample was changed." if changes else "The text stays as it was."
    if request.form.get("accept"):
        told += " It is accepted."
    elif sample["review"] and not changed["review"]:
        told += " It waits for review again, since what was decided was about the text before."
    return done(told, _after(sample["id"]))


def _change(sample_id: str, changes: Mapping[str, str], seen: str) -> StoredSample:
    """Change it, and accept it where that is asked for; both stay in its history, with what was before."""
    reason, reviewer = request.form.get("reason", "").strip(), request.form.get("reviewer", "").strip()
    if request.form.get("accept"):
        decision = {"decision": "edit", "changes": changes} if changes else {"decision": "accept"}
        said = {"reason": reason or "Edited and accepted", "reviewer": reviewer, **decision}
        return services().reviews.decide(sample_id, validated(Review, said), seen)
    wanted = validated(SampleChange, changes).model_dump(exclude_unset=True)
    return services().dataset.update(
        sample_id, wanted, seen, services().reviews.noting(sample_id, changes, reviewer, reason)
    )


def _edit_form(sample: StoredSample, form: Form, problem: str = "", *, is_other: bool = False) -> ResponseReturnValue:
    catalogue = services().catalogue
    return page(
        "sample_edit.html",
        409 if is_other else 400 if problem else 200,
        sample=sample,
        form=form,
        problem=problem,
        is_other=is_other,
        levels=DIFFICULTIES,
        kinds=[kind for kind in catalogue.sample_types()["sample_types"] if kind["id"] != "balance"],
        jurisdictions=catalogue.jurisdictions()["jurisdictions"],
        reason=request.form.get("reason", ""),
        reviewer=request.form.get("reviewer", request.cookies.get(REVIEWER, "")),
        for_review=_is_for_review(),
        after=_after(sample["id"]),
    )


def _now(sample: StoredSample) -> dict[str, str]:
    stored: Mapping[str, object] = {**sample}
    return {field: str(stored.get(field) or "") for field in EDITED}


def _is_for_review() -> bool:
    return _after("").startswith(url_for("ui.review"))


def _after(sample_id: str) -> str:
    """Return where an edit leads to: back to the review with its filters, or to the sample."""
    return own_path(request.args["after"]) if request.args.get("after") else url_for("ui.sample", id=sample_id)


def _wanted() -> str:
    return validated(SampleName, {"id": request.values.get("id", "")}).id


def _similar(sample: StoredSample) -> Sequence[Mapping[str, object]]:
    alike = services().dataset.alike_to(sample["id"])[:_NAMED]
    there = named([one["id"] for one in alike])
    return [{**one, "question": there[one["id"]]["question"]} for one in alike if one["id"] in there]


def deleted(ids: Sequence[str]) -> int:
    """Delete samples so that it can be undone; return how many there were."""
    return services().bulk.change(validated(BulkBody, {"filter": {"ids": ids}, "delete": True}))["changed"]


def named(ids: Sequence[str]) -> dict[str, StoredSample]:
    """Return those of the samples *ids* that are still there, by their ids."""
    try:
        return {one["id"]: one for one in services().dataset.named(ids)[1]} if ids else {}
    except NotFoundError:  # all were deleted since they were found
        return {}


SPEC = PageSpec(_add_to)
