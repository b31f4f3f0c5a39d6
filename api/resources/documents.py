"""Documents: upload, list, read, delete; and what is found in them."""

import mimetypes
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import IO

from flask import Blueprint, Response, current_app, request

from api.edge.deps import attachment, broker_stream, reply, services
from api.edge.endpoint import Endpoint, File
from models.contract.answers.grounding import (
    ChunksAnswer,
    DeletedDocumentAnswer,
    DocumentAnswer,
    DocumentRow,
    DocumentsAnswer,
    LawAnswer,
    PagesAnswer,
    RetrieveAnswer,
    UploadAnswer,
)
from models.contract.arguments import DocumentsArguments, PartsArguments, UploadArguments
from models.contract.bodies import LawBody, NoFields, RetrieveBody
from models.fields import validated
from utils.access_tokens import Role
from utils.errors import InputError

_TAG = "Documents"
_PIECE = 1 << 18


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_documents", __name__)
    routes.post("/files/upload")(upload)
    routes.get("/files")(documents)
    routes.get("/files/stream")(stream)
    routes.get("/files/<file_id>")(document)
    routes.get("/files/<file_id>/content")(content)
    routes.get("/files/<file_id>/pages")(pages)
    routes.get("/files/<file_id>/chunks")(chunks)
    routes.post("/files/<file_id>/reindex")(reindex)
    routes.delete("/files/<file_id>")(delete)
    routes.post("/law")(add_law)
    routes.post("/retrieve")(retrieve)
    return routes


@Endpoint(
    answers=UploadAnswer,
    also=(202,),
    reads="view",
    consumes=("multipart/form-data", "application/octet-stream"),
    tag=_TAG,
    errors=(409, 413),
)
def upload(query: UploadArguments) -> Response:
    """Take a document in: a multipart file, or the file itself as the body. It is read in the background."""
    request.max_content_length = current_app.config["MAX_DOCUMENT_BYTES"]
    source, told = _given(query)
    with source as stream:
        found = services().documents.take(stream, told)
    done = found["status"] in ("ready", "failed")
    answer: UploadAnswer = {
        "success": found["status"] != "failed",
        "file_id": found["file_id"],
        "status": "ready" if found["status"] == "ready" else "failed" if done else "processing",
        "message": found["reason"] or ("It is read and can be found" if done else _progress(found)),
        "file": found,
    }
    return reply(answer, 200 if done else 202)


def _progress(found: DocumentRow) -> str:
    return "; ".join(("It is being read", *found["notes"]))


def _given(query: UploadArguments) -> tuple[AbstractContextManager[IO[bytes]], UploadArguments]:
    """Return what was sent: the stream, and what is told of it, from query or form."""
    if request.mimetype != "multipart/form-data":
        return nullcontext(request.stream), query
    files = [file for files in request.files.listvalues() for file in files]
    if len(files) != 1:
        raise InputError(f"file: got {len(files)} files, want one in the multipart body")
    told = _merged(query, request.form)
    return nullcontext(files[0].stream), told.model_copy(update={"name": told.name or files[0].filename or ""})


def _merged(query: UploadArguments, form: Mapping[str, str]) -> UploadArguments:
    return validated(UploadArguments, {**query.model_dump(), **{name: text for name, text in form.items() if text}})


@Endpoint(tag=_TAG)
def documents(query: DocumentsArguments) -> DocumentsAnswer:
    """List the documents, newest first."""
    rows, total = services().documents.some(query)
    return {"success": True, "files": rows, "count": len(rows), "total": total}


@Endpoint(tag=_TAG, errors=(404,))
def document(file_id: str) -> DocumentAnswer:
    """Return one document."""
    return {"success": True, "file": services().documents.get(file_id)}


@Endpoint(answers=File("application/octet-stream", "The file as it was sent"), tag=_TAG, errors=(404,))
def content(file_id: str) -> Response:
    """Send the file back as it came."""
    row, path = services().documents.file(file_id)
    # Never as a page of ours: a browser must save it, whatever is in it.
    kind = mimetypes.guess_type(row["name"])[0] if row["kind"] in ("pdf", "image") else None
    return attachment(_read(path.open("rb")), _ascii(row["name"]), kind or "application/octet-stream")


def _read(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _ascii(name: str) -> str:
    return "".join(char if char.isascii() and char not in '"\\' else "_" for char in name)


@Endpoint(tag=_TAG, errors=(404,))
def pages(file_id: str, query: PartsArguments) -> PagesAnswer:
    """Return the text of a document by pages."""
    rows, total = services().documents.pages(file_id, query.limit, query.offset)
    return {"success": True, "pages": rows, "count": len(rows), "total": total}


@Endpoint(tag=_TAG, errors=(404,))
def chunks(file_id: str, query: PartsArguments) -> ChunksAnswer:
    """Return the chunks of a document: what is indexed and found."""
    rows, total = services().documents.chunks(file_id, query.limit, query.offset)
    return {"success": True, "chunks": rows, "count": len(rows), "total": total}


@Endpoint(answers=DocumentAnswer, also=(202,), tag=_TAG, errors=(404,))
def reindex(file_id: str, body: NoFields) -> Response:  # it has no fields
    """Read a document again from its file, as after a failure."""
    answer: DocumentAnswer = {"success": True, "file": services().documents.reindex(file_id)}
    return reply(answer, 202)


@Endpoint(tag=_TAG, errors=(404,))
def delete(file_id: str) -> DeletedDocumentAnswer:
    """Delete a document with its text, chunks, words and vectors; samples keep what they quote of it."""
    services().documents.delete(file_id)
    return {"success": True, "file_id": file_id, "message": "Deleted with all that was indexed of it"}


@Endpoint(answers=LawAnswer, also=(202,), tag=_TAG, errors=(404,))
def add_law(body: LawBody) -> Response:
    """Fetch a text of law from its official service and take it in; it is read in the background."""
    found, is_unchanged = services().law.take(body.reference)
    answer: LawAnswer = {
        "success": True,
        "file_id": found["file_id"],
        "is_unchanged": is_unchanged,
        "message": "The same text is here already" if is_unchanged else "It is being read",
        "file": found,
    }
    return reply(answer, 200 if is_unchanged else 202)


@Endpoint(role=Role.READ, tag=_TAG)
def retrieve(body: RetrieveBody) -> RetrieveAnswer:
    """Find the provisions that answer a question; calls no language model."""
    retrieval = services().retrieval
    rows, notes = retrieval.retrieve(body)
    return {
        "success": True,
        "query": body.query,
        "results": rows,
        "count": len(rows),
        "embedder": retrieval.embedder_id,
        "notes": notes,
    }


@Endpoint(answers=File("text/event-stream", "Unnamed messages, `data` is JSON of type file or file_deleted"), tag=_TAG)
def stream() -> Response:
    """Send every change of a document as it happens."""
    events = services().documents.events
    subscription = events.subscribe(lambda: (), shared=False)
    return broker_stream(events, subscription, subscription.messages())
