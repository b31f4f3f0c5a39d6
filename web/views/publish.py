"""Publishing: what is in an export and what is left out, the file itself, the card, pushes to the Hub."""

import secrets
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import get_args
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import attachment, services
from models.contract.answers.dataset import FilterName
from models.contract.arguments import ExportArguments
from models.contract.bodies import PushBody
from models.fields import validated
from utils.errors import InputError
from web.page_spec import MenuEntry, PageSpec
from web.parts import slices
from web.parts.live import follow_run
from web.rendering import asked, failed, is_part, page, sent

_FIRST_BYTES = 3_000
_FIRST_ROWS = 2
_RECENT = 20
_FILTERS: tuple[str, ...] = get_args(FilterName)
# What a push takes of the choice that the page was made with.
_SHARED = (*_FILTERS, "include", "grounding", "splits", "seed")


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/publish", "publish", _publish)
    ui.add_url_rule("/publish/file", "publish_file", _file)
    ui.add_url_rule("/publish/card", "publish_card", _card)
    ui.add_url_rule("/publish/push", "push", _push, methods=["POST"])
    ui.add_url_rule("/publish/pushes/<run_id>", "pushed", _pushed)
    ui.add_url_rule("/publish/pushes/<run_id>/events", "push_events", _events)
    ui.add_url_rule("/publish/pushes/<run_id>/cancel", "push_cancel", _cancel, methods=["POST"])


def _publish() -> ResponseReturnValue:
    """Show what would be exported by the choice in the address."""
    chosen = {**asked(), "format": request.args.get("format") or "messages"}
    formats = services().publish.formats()
    values = {**_preview(chosen), "shared": _SHARED, "chosen": chosen, "left_out_words": slices.LEFT_OUT}
    values["recipes"] = next((row["recipes"] for row in formats if row["id"] == chosen["format"]), [])
    if is_part():  # the choice of the push form goes along
        return page("parts/export_parts.html", **values)
    platform = services()
    return page(
        "publish.html",
        export_choices=slices.formats(),
        **slices.choices(platform, chosen),
        has_token=platform.publish.has_token,
        pushes=platform.pushes.recent(_RECENT),
        push_key=secrets.token_hex(12),
        **values,
    )


def _preview(chosen: Mapping[str, str]) -> dict[str, object]:
    """Return the export's counts and its first rows, or what is wrong with the choice."""
    try:
        made = slices.preview(services(), chosen)
        return {"export": made, "first": _beginning(made.content, made.mimetype), "fault": ""}
    except InputError as error:
        return {"export": None, "first": "", "fault": str(error)}


def _beginning(content: Iterator[bytes], mimetype: str) -> str:
    """Return the first rows of a file of text; "" for others. No more is written than that takes."""
    if "parquet" in mimetype:
        return ""
    read = b""
    for piece in content:
        read += piece
        if len(read) > _FIRST_BYTES or read.count(b"\n") > _FIRST_ROWS:
            break
    rows = b"\n".join(islice(read.split(b"\n"), _FIRST_ROWS + 1 if mimetype == "text/csv" else _FIRST_ROWS))
    shown = (rows if mimetype != "application/json" else read)[:_FIRST_BYTES]
    return shown.decode("utf-8", "ignore") + (" …" if len(shown) == _FIRST_BYTES else "")


def _file() -> ResponseReturnValue:
    """Send the file as the form says; where its splits have no buttons yet, show these first."""
    chosen = slices.known(asked())
    if chosen.get("splits") and not chosen.get("split"):
        return failed(
            "It is several files now: choose which one to download.", f"{url_for('ui.publish')}?{urlencode(chosen)}"
        )
    if not chosen.get("splits"):
        chosen.pop("split", None)
    made = services().publish.download(validated(ExportArguments, chosen))
    return attachment(made.content, made.name, made.mimetype)


def _card() -> ResponseReturnValue:
    """Show the card that a push would write."""
    values = {name: value for name, value in asked().items() if name in PushBody.model_fields and name != "format"}
    return page("card.html", card=services().publish.card(validated(PushBody, values)))


def _push() -> ResponseReturnValue:
    values = {name: value for name, value in sent().items() if name in PushBody.model_fields}
    try:
        run_id = services().pushes.start(validated(PushBody, values), request.form.get("key") or None)
    except InputError as error:
        again = {name: value for name, value in values.items() if name in _SHARED}
        return failed(str(error), f"{url_for('ui.publish')}?{urlencode(again)}#push")
    return Response(status=303, headers={"Location": url_for("ui.pushed", run_id=run_id)})


def _pushed(run_id: str) -> ResponseReturnValue:
    """Show how far a push is."""
    return page("pushed.html", **_progress(run_id))


def _progress(run_id: str) -> dict[str, object]:
    facts = services().runs.facts(run_id)
    return {"run": facts, "steps": services().pushes.steps(run_id)}


def _events(run_id: str) -> Response:
    """Send the push's panel anew at each of its events."""
    reading = services().runs.read(run_id)
    return follow_run(reading, lambda: render_template("parts/push_panel.html", **_progress(run_id)))


def _cancel(run_id: str) -> ResponseReturnValue:
    services().runs.cancel(run_id)
    return Response(status=303, headers={"Location": url_for("ui.pushed", run_id=run_id)})


SPEC = PageSpec(_add_to, MenuEntry(60, "ui.publish", "arrow-up-tray", "Publish"))
