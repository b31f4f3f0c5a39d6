"""Releases: which there are, the form that makes one, the runs that make, push and pull them."""

import secrets
from collections.abc import Mapping

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import services
from models.contract.answers.dataset import FILTERS
from models.contract.arguments import ExportArguments
from models.contract.release_bodies import ReleaseBody, ReleasePullBody, ReleasesArguments
from models.fields import validated
from utils.access_tokens import Role
from utils.errors import InputError
from web.page_spec import MenuEntry, PageSpec
from web.parts import release_words, slices
from web.parts.field_faults import by_field
from web.parts.live import follow_run
from web.rendering import asked, failed, is_part, page, sent
from web.session import needs

_RECENT = 10
_SECTION = "ui.releases"
# Of the form, those fields that a body does not name so.
_OWN = ("filters", "grounding")


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/releases", "releases", _list)
    ui.add_url_rule("/releases/new", "new_release", _form)
    ui.add_url_rule("/releases/new", "make_release", _make, methods=["POST"])
    ui.add_url_rule("/releases/pull", "pull_release", _pull, methods=["POST"])
    ui.add_url_rule("/releases/runs/<run_id>", "release_run", _run)
    ui.add_url_rule("/releases/runs/<run_id>/events", "release_events", _events)
    ui.add_url_rule("/releases/runs/<run_id>/cancel", "cancel_release_run", _cancel, methods=["POST"])


def _list() -> ResponseReturnValue:
    given = validated(ReleasesArguments, asked())
    platform = services()
    found = platform.releases.all()
    return page(
        "releases/list.html",
        rows=[row for row in found if given.name in ("", row["name"])],
        names=sorted({row["name"] for row in found}),
        chosen=given.name,
        runs=platform.sharing.recent(_RECENT),
        titles=release_words.TITLES,
        has_token=platform.publish.has_token,
        key=secrets.token_hex(12),
    )


# --- making --------------------------------------------------------------------------------


@needs(Role.WRITE)
def _form() -> ResponseReturnValue:
    if is_part():
        return page("releases/preview.html", **_preview(asked()))
    return _page(asked(), {}, 200)


def _make() -> ResponseReturnValue:
    given = sent()
    try:
        run_id = services().releases.start(_body(given), given.get("key"))
    except InputError as error:
        return _page(given, by_field(str(error), (*ReleaseBody.model_fields, "filters.topic")), 400)
    return _to_run(run_id)


def _body(given: Mapping[str, str]) -> ReleaseBody:
    filters = {name: given[name] for name in FILTERS if name in given and name not in _OWN}
    fields = {name: given[name] for name in ReleaseBody.model_fields if name in given and name != "filters"}
    return validated(ReleaseBody, {**fields, "filters": filters})


def _page(given: Mapping[str, str], faults: Mapping[str, str], status: int) -> ResponseReturnValue:
    platform = services()
    return page(
        "releases/new.html",
        status,
        section=_SECTION,
        faults=faults,
        names=sorted({row["name"] for row in platform.releases.all()}),
        key=secrets.token_hex(12),
        **slices.choices(platform, given),
        **_preview(given),
    )


def _preview(given: Mapping[str, str]) -> dict[str, object]:
    """Return what a release of this choice would hold, or what is wrong with the choice."""
    export, fault = None, ""
    kept = (*FILTERS, "include", "splits", "seed")
    chosen = {name: given[name] for name in kept if name in given and name in ExportArguments.model_fields}
    try:
        export = slices.preview(services(), {**chosen, "format": "parquet"})
    except InputError as error:
        fault = str(error)
    return {"chosen": given, "export": export, "fault": fault, "left_out_words": slices.LEFT_OUT}


def _pull() -> ResponseReturnValue:
    values = {name: text for name, text in sent().items() if name in ReleasePullBody.model_fields}
    try:
        run_id = services().sharing.pull(validated(ReleasePullBody, values), request.form.get("key") or None)
    except InputError as error:
        return failed(str(error), url_for("ui.releases", _anchor="pull"))
    return _to_run(run_id)


# --- runs ----------------------------------------------------------------------------------


def _to_run(run_id: str) -> Response:
    return Response(status=303, headers={"Location": url_for("ui.release_run", run_id=run_id)})


def _run(run_id: str) -> ResponseReturnValue:
    """Show how far a release is, a push of it, or a pull."""
    return page("releases/run.html", section=_SECTION, **_progress(run_id))


def _progress(run_id: str) -> dict[str, object]:
    facts = services().sharing.run(run_id)
    told = services().runs.told(run_id)
    return {"run": facts, "steps": release_words.steps(told), "titles": release_words.TITLES}


def _events(run_id: str) -> Response:
    """Send the run's panel anew at each of its events."""
    reading = services().runs.read(run_id)
    return follow_run(reading, lambda: render_template("releases/run_panel.html", **_progress(run_id)))


def _cancel(run_id: str) -> ResponseReturnValue:
    services().runs.cancel(services().sharing.run(run_id)["run_id"])
    return _to_run(run_id)


SPEC = PageSpec(_add_to, MenuEntry(58, _SECTION, "archive-box", "Releases"))
