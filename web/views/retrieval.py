"""The retrieval test: what a question finds in the documents, and what each way of searching says of it."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from api.edge.deps import services
from models.contract.bodies import RetrieveBody
from models.fields import validated
from web.page_spec import PageSpec
from web.parts.documents import is_find, is_off_topic, legs_of, pieces, verdict
from web.rendering import asked, page

_COUNTS = (5, 10, 20, 50)


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/retrieve", "retrieve", _retrieve)


def _retrieve() -> ResponseReturnValue:
    arguments = asked()
    shown: dict[str, object] = {
        "section": "ui.documents",
        "arguments": arguments,
        "document": services().documents.get(arguments["file_id"]) if "file_id" in arguments else None,
        "counts": [(count, count) for count in _COUNTS],
        "jurisdictions": services().catalogue.jurisdiction_names(),
    }
    if "q" not in arguments:
        return page("documents/retrieve.html", rows=None, **shown)
    fields: dict[str, object] = {**arguments, "query": arguments["q"], "explain": True}
    fields.pop("q")
    if file_id := fields.pop("file_id", None):
        fields["file_ids"] = [file_id]
    room = services().retrieval
    rows, notes = room.retrieve(validated(RetrieveBody, fields))
    shared, floor = room.shared(arguments["q"], rows), room.floor
    shown_rows = [
        (row, legs_of(row), pieces(row["text"], shares.places), shares.words)
        for row, shares in zip(rows, shared.rows, strict=True)
    ]
    best = max((shares.words for shares in shared.rows), key=len, default=())
    return page(
        "documents/retrieve.html",
        rows=[one for one in shown_rows if is_find(one[0], one[3], floor)],
        rest=[one for one in shown_rows if not is_find(one[0], one[3], floor)],
        words=shared,
        verdict=verdict(shared.words, best),
        is_cited=any(row["is_cited"] for row in rows),
        best_score=max((row["score"] for row in rows), default=0.0),
        # What is said of meaning below says it in words of the page.
        notes=[note for name, note in notes.items() if name != "vectors" or room.embedder_id],
        meaning={"is_here": room.has_embedder, "is_used": bool(room.embedder_id), "progress": room.progress()},
        floor=floor,
        is_off_topic=is_off_topic(rows, floor),
        **shown,
    )


SPEC = PageSpec(_add_to)
