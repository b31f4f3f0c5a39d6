"""Publishing: what is in an export and what is left out, the file itself, the card, pushes to the Hub."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import get_args
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import attachment, event_stream, services
from models.contract.answers.dataset import FilterName
from models.contract.arguments import ExportArguments
from models.contract.bodies import PushBody
from models.fields import validated
from services.platform import Reading
from utils.errors import InputError
from web.formats import number, words
from web.page_spec import MenuEntry, PageSpec
from web.parts.live import END, RETRY, SILENCE, message
from web.rendering import asked, failed, is_part, page, sent

_FIRST_BYTES = 3_000
_FIRST_ROWS = 2
_RECENT = 20
# Of a filter with more values those that most samples have are offered.
_OFFERED = 300
# As short as a select is wide; others by their description.
_FORMATS = {
    "messages": "Chat messages (JSONL)",
    "sharegpt": "ShareGPT chats (JSONL)",
    "alpaca": "Alpaca (JSONL)",
    "parquet": "Parquet",
    "jsonl": "JSON Lines",
    "json": "One JSON array",
    "csv": "CSV",
    "preferences": "Preference pairs (JSONL)",
    "preference_messages": "Preference chats (JSONL)",
    "preference_openai": "Preferences, OpenAI (JSONL)",
    "prompts": "Prompts for GRPO (JSONL)",
    "argilla": "Review in Argilla (JSONL)",
    "label_studio": "Review in Label Studio",
}
_FILTERS: tuple[str, ...] = get_args(FilterName)
_LEFT_OUT = {
    "invalid_citation": "cite what cannot exist",
    "rejected_by_review": "rejected by a reviewer",
    "not_reviewed": "nobody reviewed",
    "licence": "stand on a document whose licence does not allow it, or is not known",
}
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
    values = {**_preview(chosen), "shared": _SHARED, "chosen": chosen, "left_out_words": _LEFT_OUT}
    values["recipes"] = next((row["recipes"] for row in formats if row["id"] == chosen["format"]), [])
    if is_part():  # the choice of the push form goes along
        return page("parts/export_parts.html", **values)
    platform = services()
    catalogue, counts = platform.catalogue, platform.browsing.choices()
    return page(
        "publish.html",
        export_choices=[(row["id"], _FORMATS.get(row["id"], row["description"])) for row in formats],
        difficulty_choices=[(row["id"], words(row["id"])) for row in catalogue.difficulties()],
        jurisdiction_choices=[(row["id"], row["name"]) for row in catalogue.jurisdictions()["jurisdictions"]],
        type_choices=[(row["id"], row["name"]) for row in catalogue.sample_types()["sample_types"]],
        batch_choices=_counted(counts["batch_id"], chosen.get("batch_id", "")),
        model_choices=_counted(counts["model"], chosen.get("model", "")),
        topic_choices=[(topic, topic) for topic in sorted({name for _, name in platform.dataset.present({}).topics})],
        has_token=platform.publish.has_token,
        pushes=platform.pushes.recent(_RECENT),
        push_key=secrets.token_hex(12),
        **values,
    )


def _counted(values: Sequence[tuple[str, int]], chosen: str) -> list[tuple[str, str]]:
    """Return choices with how many samples have them; the one that is *chosen* is among them."""
    listed = [(value, f"{value} ({number(count)})") for value, count in values[:_OFFERED]]
    return listed if not chosen or chosen in dict(listed) else [(chosen, chosen), *listed]


def _preview(chosen: Mapping[str, str]) -> dict[str, object]:
    """Return the export's counts and its first rows, or what is wrong with the choice."""
    try:
        # Split counts are those of one split's export.
        wanted = {**_known(chosen), **({"split": "train"} if chosen.get("splits") else {})}
        made = services().publish.preview(validated(ExportArguments, wanted))
        return {"export": made, "first": _beginning(made.content, made.mimetype), "fault": ""}
    except InputError as error:
        return {"export": None, "first": "", "fault": str(error)}


def _known(chosen: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in chosen.items() if name in ExportArguments.model_fields}


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
    chosen = _known(asked())
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
    response = event_stream(stream_with_context(_panels(reading, run_id)))
    response.call_on_close(reading.close)
    return response


def _panels(reading: Reading, run_id: str) -> Iterator[bytes]:
    yield RETRY
    for some in reading.events():
        yield _panel(run_id) if some else SILENCE
    yield _panel(run_id) + END


def _panel(run_id: str) -> bytes:
    return message(render_template("parts/push_panel.html", **_progress(run_id)))


def _cancel(run_id: str) -> ResponseReturnValue:
    services().runs.cancel(run_id)
    return Response(status=303, headers={"Location": url_for("ui.pushed", run_id=run_id)})


SPEC = PageSpec(_add_to, MenuEntry(60, "ui.publish", "arrow-up-tray", "Publish"))
