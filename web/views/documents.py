"""Documents: uploaded, read, looked at, deleted; law added by name."""

import mimetypes
from collections.abc import Callable, Iterator, Sequence
from typing import IO, TypeAlias

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import attachment, services
from models.contract.answers.grounding import DocumentRow
from models.contract.arguments import DocumentsArguments, PartsArguments, UploadArguments
from models.contract.bodies import LawBody
from models.fields import validated
from web.page_spec import MenuEntry, PageSpec
from web.parts.documents import STAGES, changed, marked, place_wanted, take_all
from web.parts.live import END, follow, message
from web.rendering import asked, done, failed, page, sent
from web.session import takes_up_to

_PER_PAGE = 50
_PARTS_PER_PAGE = 20
_PIECE = 1 << 18
_ENDED = ("ready", "failed")
_Look: TypeAlias = Callable[[str, int, int], tuple[Sequence[object], int]]


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/documents", "documents", _documents)
    ui.add_url_rule("/documents/stream", "documents_stream", _stream)
    ui.add_url_rule("/documents/upload", "upload_documents", _upload, methods=["POST"])
    ui.add_url_rule("/documents/law", "add_law", _add_law, methods=["POST"])
    ui.add_url_rule("/documents/<path:file_id>/stream", "document_stream", _document_stream)
    ui.add_url_rule("/documents/<path:file_id>/file", "document_file", _file)
    ui.add_url_rule("/documents/<path:file_id>/reindex", "reindex_document", _reindex, methods=["POST"])
    ui.add_url_rule("/documents/<path:file_id>/delete", "delete_document", _delete, methods=["POST"])
    ui.add_url_rule("/documents/<path:file_id>", "document", _document)


# --- the list ----------------------------------------------------------------------------


def _documents() -> ResponseReturnValue:
    choices = [(name, licence.name) for name, licence in services().documents.licences().items()]
    _, shown = _listed()
    return page("documents/list.html", **shown, licence_choices=choices)


def _listed() -> tuple[list[DocumentRow], dict[str, object]]:
    """Return the documents that are asked for, and the values of the template that lists them."""
    wanted = validated(DocumentsArguments, {"limit": _PER_PAGE, **asked()})
    rows, total = services().documents.some(wanted)

    def address(offset: int) -> str:
        where = wanted.jurisdiction or None
        return url_for("ui.documents", status=wanted.status, jurisdiction=where, offset=offset or None)

    return rows, {
        "rows": rows,
        "total": total,
        "wanted": wanted,
        "before": address(max(0, wanted.offset - _PER_PAGE)) if wanted.offset else "",
        "after": address(wanted.offset + _PER_PAGE) if wanted.offset + len(rows) < total else "",
        "stages": STAGES,
        "jurisdictions": services().catalogue.jurisdiction_names(),
    }


def _stream() -> ResponseReturnValue:
    """Send the list, then the row of each document that changes; the list again when one comes or goes."""
    broker = services().documents.events
    shown: set[str] = set()

    def parts(told: bytes) -> Iterator[bytes]:
        changed_id = changed(told)
        rows, listed = _listed()
        ids = {row["file_id"] for row in rows}
        row = next((row for row in rows if row["file_id"] == changed_id), None)
        if row is None or ids != shown:
            shown.clear()
            shown.update(ids)
            yield message(render_template("documents/table.html", **listed))
        else:
            yield message(render_template("documents/row.html", row=row, **listed))

    return follow(broker, broker.subscribe(lambda: (), shared=False), parts)


@takes_up_to("MAX_DOCUMENT_BYTES")
def _upload() -> ResponseReturnValue:
    told = validated(UploadArguments, sent())
    files = [(file.filename or "", file.stream) for file in request.files.getlist("files") if file.filename]
    back = url_for("ui.documents")
    if not files:
        return failed("Choose at least one file.", back)
    taken = take_all(files, told, services().documents.take)
    count = len(taken.names)
    what = f"{count} files were" if count != 1 else f"{taken.names[0]} was"
    said = f"{what} taken in. The list shows how far the reading is."
    if not taken.refused:
        return done(said, back)
    for reason in taken.refused[1:]:
        failed(reason, back)
    if count:
        done(said, back)
    return failed(taken.refused[0], back)


def _add_law() -> ResponseReturnValue:
    body = validated(LawBody, sent())
    found, is_unchanged = services().law.take(body.reference)
    said = (
        "The same text is here already." if is_unchanged else "It was fetched. Its state shows how far the reading is."
    )
    return done(said, url_for("ui.document", file_id=found["file_id"]))


# --- one document ------------------------------------------------------------------------


def _document(file_id: str) -> ResponseReturnValue:
    return page("documents/one.html", section="ui.documents", **_shown(file_id))


def _shown(file_id: str) -> dict[str, object]:
    room = services().documents
    row = room.get(file_id)
    arguments = asked()
    place, quote = place_wanted(arguments), arguments.get("quote", "")
    is_pages = arguments.get("show") == "pages"
    is_placed = bool(place or quote) and not is_pages
    first = room.place(file_id, place, quote) // _PARTS_PER_PAGE * _PARTS_PER_PAGE if is_placed else 0
    wanted = validated(PartsArguments, {"offset": arguments.get("offset", first), "limit": _PARTS_PER_PAGE})
    look: _Look = room.pages if is_pages else room.chunks
    parts, total = look(file_id, wanted.limit, wanted.offset) if _is_ended(row) else ((), 0)

    def address(offset: int) -> str:
        return url_for("ui.document", file_id=file_id, show="pages" if is_pages else None, offset=offset)

    return {
        "row": row,
        "parts": parts,
        "total": total,
        "offset": wanted.offset,
        "place": place,
        "quote": quote,
        "marked": marked,
        "is_pages": is_pages,
        "before": address(max(0, wanted.offset - _PARTS_PER_PAGE)) if wanted.offset else "",
        "after": address(wanted.offset + _PARTS_PER_PAGE) if wanted.offset + len(parts) < total else "",
        "stages": STAGES,
        "is_ended": _is_ended(row),
        "licences": room.licences(),
        "jurisdictions": services().catalogue.jurisdiction_names(),
    }


def _is_ended(row: DocumentRow) -> bool:
    return row["status"] in _ENDED


def _document_stream(file_id: str) -> ResponseReturnValue:
    """Send the document as it is, and again when it changes, until it is read."""
    broker = services().documents.events
    services().documents.get(file_id)

    def parts(told: bytes) -> Iterator[bytes]:
        if told and changed(told) != file_id:
            return
        shown = _shown(file_id)
        yield message(render_template("documents/facts.html", **shown))
        if shown["is_ended"]:
            yield message(render_template("documents/parts.html", **shown))
            yield END

    return follow(broker, broker.subscribe(lambda: (), shared=False), parts)


def _file(file_id: str) -> ResponseReturnValue:
    row, path = services().documents.file(file_id)
    # Never as a page of ours: a browser must save it, whatever is in it.
    kind = mimetypes.guess_type(row["name"])[0] if row["kind"] in ("pdf", "image") else None
    name = "".join(char if char.isascii() and char not in '"\\' else "_" for char in row["name"])
    return attachment(_read(path.open("rb")), name, kind or "application/octet-stream")


def _read(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _reindex(file_id: str) -> ResponseReturnValue:
    row = services().documents.reindex(file_id)
    return done(f"Reading {row['title']} was begun again.", url_for("ui.document", file_id=file_id))


def _delete(file_id: str) -> ResponseReturnValue:
    row = services().documents.get(file_id)
    services().documents.delete(file_id)
    return done(f"{row['title']} was deleted.", url_for("ui.documents"))


SPEC = PageSpec(_add_to, MenuEntry(50, "ui.documents", "document-text", "Documents"))
