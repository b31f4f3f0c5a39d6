"""The list of samples: filtered, searched, page by page; adding, importing, deleting, undoing."""

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import services
from models.contract.arguments import BrowseArguments, ImportArguments
from models.contract.bodies import NewSample, Review, UndoBody
from models.fields import DIFFICULTIES, validated
from utils.errors import ImportRefusedError, InputError
from web.page_spec import MenuEntry, PageSpec
from web.rendering import asked, done, failed, is_part, page, same_page, sent
from web.session import takes_up_to
from web.views.sample import REVIEWER, deleted

_SIZES = (25, 50, 100)
# Of a filter with more values those that most samples have are offered.
_OFFERED = 300


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/samples", "samples", _samples)
    ui.add_url_rule("/samples/add", "add_sample", _add, methods=["GET", "POST"])
    ui.add_url_rule("/samples/import", "import_samples", _import, methods=["GET", "POST"])
    ui.add_url_rule("/samples/change", "change_samples", _change_chosen, methods=["POST"])
    ui.add_url_rule("/samples/undo", "undo_samples", _undo, methods=["POST"])


def _samples() -> ResponseReturnValue:
    given = asked()
    wanted = validated(BrowseArguments, given)
    browsing = services().browsing
    found, choices = browsing.page(wanted), browsing.choices()
    shown: dict[str, Any] = {  # values of a template, of any kind
        "found": found,
        "wanted": wanted,
        "filtered": bool(wanted.chosen or wanted.q),
        "before": same_page(page=wanted.page - 1) if wanted.page > 1 else "",
        "after": same_page(page=wanted.page + 1) if found.has_more else "",
    }
    if is_part():
        return page("parts/samples.html", **shown)
    return page(
        "samples.html",
        choices={name: values[:_OFFERED] for name, values in choices.items()},
        places=services().catalogue.jurisdiction_names(),
        everything=services().dataset.count(),
        sizes=_SIZES,
        changes=[one for one in services().bulk.recorded() if not one["undone_at"]],
        **shown,
    )


def _add() -> ResponseReturnValue:
    """Take a sample that somebody wrote; what was typed stays while something is wrong with it."""
    if request.method == "GET":
        return _add_form({})
    typed = {name: text.replace("\r\n", "\n") for name, text in sent().items()}
    try:
        validated(NewSample, {"case_citation": "", **typed})
        added = services().dataset.add({"case_citation": "", **typed})
    except InputError as error:
        return _add_form(typed, str(error))
    return done("The sample was added.", url_for("ui.sample", id=added["id"]))


def _add_form(typed: dict[str, str], problem: str = "") -> ResponseReturnValue:
    catalogue = services().catalogue
    return page(
        "sample_add.html",
        400 if problem else 200,
        typed=typed,
        problem=problem,
        levels=DIFFICULTIES,
        topics=[topic for topic, _ in services().browsing.choices()["topic"][:_OFFERED]],
        kinds=catalogue.sample_types()["sample_types"],
        jurisdictions=catalogue.jurisdictions()["jurisdictions"],
    )


@takes_up_to("MAX_IMPORT_BYTES")
def _import() -> ResponseReturnValue:
    if request.method == "GET":
        return page("samples_import.html", typed={})
    file, typed = request.files.get("file"), sent()
    if file is None or not file.filename:
        return page("samples_import.html", 400, typed=typed, problem="Choose a file first.")
    try:
        options = validated(ImportArguments, {"dry_run": False, **typed})
        result = services().imports.take(file.stream, file.filename, options)
    except ImportRefusedError as error:
        told = {"problem": str(error), "problems": error.problems, "bad": error.count}
        return page("samples_import.html", 400, typed=typed, **told)
    except InputError as error:
        return page("samples_import.html", 400, typed=typed, problem=str(error))
    return page("samples_import.html", typed=typed, result=result)


def _change_chosen() -> ResponseReturnValue:
    """Accept, reject or delete the samples that are chosen."""
    ids, wanted = [text for text in request.form.getlist("ids") if text], request.form.get("act", "")
    after = _list_address()
    if not ids:
        return failed("Choose samples first: tick the boxes before them.", after)
    if wanted == "delete":
        told = f"{_counted(deleted(ids))} deleted. You can undo this under “Last changes” below the list."
        return done(told, after)
    reason = request.form.get("reason", "").strip()
    if wanted == "reject" and not reason:
        return failed("Say why they are rejected, in the field beside “Reject chosen”.", after)
    said = {"decision": wanted, "reason": reason or "Accepted in the list", "reviewer": request.cookies.get(REVIEWER)}
    decided = services().reviews.decide_many(ids, validated(Review, said))
    return done(f"{_counted(len(decided))} {'accepted' if wanted == 'accept' else 'rejected'}.", after)


def _counted(count: int) -> str:
    return f"{count} sample{'s were' if count != 1 else ' was'}"


def _undo() -> ResponseReturnValue:
    undone = services().bulk.undo(validated(UndoBody, sent()).undo)
    left = f"; {len(undone['left'])} were changed since and stay as they are" if undone["left"] else ""
    return done(f"{undone['restored']} samples are as they were before{left}.", url_for("ui.samples"))


def _list_address() -> str:
    """Return the list with the filters that it had."""
    query = request.form.get("query", "")
    return f"{url_for('ui.samples')}?{query}" if query else url_for("ui.samples")


SPEC = PageSpec(_add_to, MenuEntry(30, "ui.samples", "table-cells", "Data set"))
