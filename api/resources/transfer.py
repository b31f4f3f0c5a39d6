"""The data set as a whole: import, export, publish, back up."""

import io
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import IO

from flask import Blueprint, Response, current_app, request

from api.edge.deps import attachment, body_of, reply, services
from api.edge.endpoint import Endpoint, File
from models.contract.answers.dataset import (
    BackedUpAnswer,
    BackupsAnswer,
    DatasetReportAnswer,
    ExportFormatsAnswer,
    FoldedAnswer,
    ImportedAnswer,
    PushedAnswer,
)
from models.contract.arguments import ExportArguments, ImportArguments
from models.contract.bodies import FoldBody, ImportBody, NoFields, PushBody
from models.fields import validated
from utils.errors import InputError

_TYPES = {"text/csv": "csv", "application/x-ndjson": "jsonl", "application/vnd.apache.parquet": "parquet"}
_TAG = "Import, export, publish"
_FILES = ("multipart/form-data", "application/x-ndjson", "text/csv", "application/vnd.apache.parquet")
_KINDS = ("application/json", "text/csv", "application/vnd.apache.parquet")
_EXPORTED = {
    "X-Total-Count": "Samples in the file",
    "X-Data-Version": "Send it as data_version when you get the other splits",
    "X-Split-Counts": "Samples in each split",
    "X-Left-Out": "Samples left out, by reason",
}


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_transfer", __name__)
    routes.post("/import/jsonl")(import_samples)
    routes.post("/import")(import_samples)
    routes.get("/export")(export)
    routes.get("/export/formats")(formats)
    routes.post("/huggingface/push")(push)
    routes.get("/dataset/report")(report)
    routes.post("/dataset/fold")(fold)
    routes.post("/dataset/backup")(back_up)
    routes.get("/dataset/backups")(backups)
    return routes


@Endpoint(reads="view", takes=ImportBody, consumes=_FILES, tag=_TAG)
def import_samples(query: ImportArguments) -> ImportedAnswer:
    """Import a file: JSON with `content`, a multipart file, or the file itself as the body. All of it or nothing."""
    if not request.is_json:  # JSON is held in memory, files are not
        request.max_content_length = current_app.config["MAX_IMPORT_BYTES"]
    source, name, options = _given(query)
    with source as stream:
        result = services().imports.take(stream, name, options)
    verb = "could be imported" if options.dry_run else "imported"
    return {"success": True, "message": f"{result['added'] + result['replaced']} samples {verb}", **result}


def _given(query: ImportArguments) -> tuple[AbstractContextManager[IO[bytes]], str, ImportArguments]:
    """Return what was sent: the stream, its name, and the options, from body or query."""
    if request.mimetype == "multipart/form-data":
        files = [file for files in request.files.listvalues() for file in files]
        if len(files) != 1:
            raise InputError(f"file: got {len(files)} files, want one in the multipart body")
        return nullcontext(files[0].stream), files[0].filename or "", _options(query, request.form)
    if request.is_json or not (request.content_length or "Transfer-Encoding" in request.headers):
        sent = body_of(request)
        content = sent.pop("content", None)
        if not isinstance(content, str) or not content.strip():
            raise InputError("content: is empty; send JSON with content, a multipart file, or the file as the body")
        return io.BytesIO(content.encode()), "", _options(query, sent)
    kind = query.format or _TYPES.get(request.mimetype, "")
    return nullcontext(request.stream), query.name, query.model_copy(update={"format": kind})


def _options(query: ImportArguments, given: Mapping[str, object]) -> ImportArguments:
    known = {name: given[name] for name in ImportArguments.model_fields if given.get(name) not in (None, "")}
    return validated(ImportArguments, {**query.model_dump(), **known})


@Endpoint(
    answers=File("application/x-ndjson", "The data set in the format asked for", _KINDS),
    tag=_TAG,
    headers=_EXPORTED,
    errors=(409,),
)
def export(query: ExportArguments) -> Response:
    """Export the data set as a file, streamed."""
    made = services().publish.download(query)
    response = attachment(made.content, made.name, made.mimetype)
    if made.samples is not None:
        response.headers["X-Total-Count"] = str(made.samples)
        response.headers["X-Data-Version"] = made.data_version
    response.headers.update(_left_out(made.left_out))
    if made.splits:
        response.headers["X-Split-Counts"] = _listed(made.splits)
    return response


@Endpoint(tag=_TAG)
def formats() -> ExportFormatsAnswer:
    """List the formats that can be exported."""
    return {"success": True, "formats": services().publish.formats()}


@Endpoint(answers=PushedAnswer, tag=_TAG, headers={"X-Left-Out": "Samples left out, by reason"})
def push(body: PushBody) -> Response:
    """Push the data set to the Hugging Face Hub."""
    pushed = services().publish.publish(body)
    left_out = f"; left out: {_listed(pushed.left_out)}" if pushed.left_out else ""
    answer: PushedAnswer = {"success": True, "message": f"Pushed to {pushed.url}{left_out}", "repo_url": pushed.url}
    if pushed.revision is not None:
        answer |= {"message": f"Pushed to {pushed.url}, {pushed.revision}{left_out}", "revision": pushed.revision}
    if pushed.pull_request is not None:
        answer |= {"message": f"Opened {pushed.pull_request}{left_out}", "pull_request_url": pushed.pull_request}
    return reply(answer, headers=_left_out(pushed.left_out))


@Endpoint(tag=_TAG)
def report() -> DatasetReportAnswer:
    """Return the state of train.parquet and the notes about it."""
    return {"success": True, **services().dataset.report()}


@Endpoint(tag=_TAG)
def fold(body: FoldBody) -> FoldedAnswer:
    """Write the journal's changes into train.parquet, or into shards, now."""
    return {"success": True, "folded": services().dataset.fold(erase=body.erase)}


@Endpoint(tag=_TAG)
def back_up(body: NoFields) -> BackedUpAnswer:  # it has no fields
    """Make a backup."""
    return {"success": True, "backup": services().backups.make()}


@Endpoint(tag=_TAG)
def backups() -> BackupsAnswer:
    """List the backups, newest first."""
    return {"success": True, "backups": services().backups.list()}


def _left_out(counts: Mapping[str, int]) -> dict[str, str]:
    return {"X-Left-Out": _listed(counts)} if counts else {}


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={count}" for name, count in counts.items())
