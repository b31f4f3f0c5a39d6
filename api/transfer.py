"""The data set as a whole: import, export, publish, back up."""

import io
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from flask import Blueprint, Response, current_app, request

from api.deps import attachment, body_of, services, success
from api.endpoint import File, endpoint
from models.answers.dataset import (
    BackedUpAnswer,
    BackupsAnswer,
    DatasetReportAnswer,
    ExportFormatsAnswer,
    FoldedAnswer,
    ImportedAnswer,
    PushedAnswer,
)
from models.fields import validated
from models.queries import ExportArguments, ImportArguments
from models.requests import ImportBody, NoFields, PushBody
from models.row_index import FILTERS
from services.export_format import ExportOptions
from services.import_service import ImportRequest
from services.publish_service import ExportRequest, PushRequest
from services.review_service import lines
from services.splits import NAMES, SplitRequest, parse_shares
from utils.errors import InputError
from utils.redaction import remember_secret

_TYPES = {"text/csv": "csv", "application/x-ndjson": "jsonl", "application/vnd.apache.parquet": "parquet"}
PREFERENCES = "preferences"
_PAIRS = "Pairs of a chosen and a rejected answer to one question, as TRL takes them (prompt, chosen, rejected)"
_TAG = "Import, export, publish"
_FILES = ("multipart/form-data", "application/x-ndjson", "text/csv", "application/vnd.apache.parquet")
_KINDS = ("application/json", "text/csv", "application/vnd.apache.parquet")
_EXPORTED = {
    "X-Total-Count": "Samples in the file",
    "X-Data-Version": "Give it back as data_version with the other splits",
    "X-Split-Counts": "How many each split got",
    "X-Left-Out": "How many were left out, and why",
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


@endpoint(ImportedAnswer, query=ImportArguments, body=ImportBody, reads="view", consumes=_FILES, tag=_TAG)
def import_samples(query: ImportArguments) -> Response:
    """Import a file: JSON with `content`, a multipart file, or the file itself as the body. All of it or nothing."""
    if not request.is_json:  # JSON is held in memory, files are not
        request.max_content_length = current_app.config["MAX_IMPORT_BYTES"]
    container = services()
    source, name, options = _given(query)
    wanted = ImportRequest(name, options.format, options.on_duplicate, options.dry_run)
    with source as stream, container.data.imports.received(stream) as path:
        result = container.data.imports.run(path, wanted)
    verb = "could be imported" if wanted.dry_run else "imported"
    return success(message=f"{result['added'] + result['replaced']} samples {verb}", **result)


def _given(query: ImportArguments) -> tuple[AbstractContextManager[Any], str, ImportArguments]:
    """Return what was sent: the stream, its name, and the options, wherever they stand."""
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


def _options(query: ImportArguments, given: Mapping[str, Any]) -> ImportArguments:
    known = {name: given[name] for name in ImportArguments.model_fields if given.get(name) not in (None, "")}
    return validated(ImportArguments, {**query.model_dump(), **known})


@endpoint(
    File("application/x-ndjson", "The data set in the format asked for", _KINDS),
    query=ExportArguments,
    tag=_TAG,
    headers=_EXPORTED,
    errors=(409,),
)
def export(query: ExportArguments) -> Response:
    """Export the data set as a file, streamed."""
    if query.format == PREFERENCES:
        others = sorted(query.model_fields_set - {"format"})
        if others:
            raise InputError(f"{', '.join(others)}: unknown with format={PREFERENCES}; want some of format")
        pairs = lines(services().data.reviews.pairs())
        return attachment(pairs, "legal-training-preferences.jsonl", "application/x-ndjson")
    made = services().data.publish.export(
        ExportRequest(
            format=query.format,
            options=ExportOptions(
                tuple(name.strip() for name in query.fields.split(",") if name.strip()),
                query.system_prompt,
                query.reasoning,
            ),
            filters=query.chosen,
            split=query.split,
            splits=_splits(query.splits, query.seed),
            data_version=query.data_version,
            everything=_everything(query.include),
        )
    )
    response = attachment(made.content, made.name, made.mimetype)
    response.headers["X-Total-Count"] = str(made.samples)
    response.headers["X-Data-Version"] = made.data_version
    if made.left_out:
        response.headers["X-Left-Out"] = _listed(made.left_out)
    if made.splits:
        response.headers["X-Split-Counts"] = _listed({name: made.splits[name] for name in NAMES})
    return response


@endpoint(ExportFormatsAnswer, tag=_TAG)
def formats() -> Response:
    """List the formats that can be exported."""
    pairs = {"id": PREFERENCES, "extension": "jsonl", "description": _PAIRS, "chat": False}
    return success(formats=[*services().data.publish.formats(), pairs])


@endpoint(PushedAnswer, body=PushBody, tag=_TAG, headers={"X-Left-Out": "How many were left out, and why"})
def push(body: PushBody) -> Response:
    """Push the data set to the Hugging Face Hub."""
    container = services()
    if body.token:
        remember_secret(body.token)
    token = body.token or container.settings.secret("HUGGINGFACE_TOKEN")
    if not token:
        raise InputError("token: is missing; send one or set HUGGINGFACE_TOKEN (a token that may write)")
    splits = _splits(body.splits, body.seed) if body.splits else None
    filters = {name: value for name in FILTERS if (value := getattr(body, name))}
    request_ = PushRequest(
        body.repo_name, body.format, body.private, body.license, filters, splits, _everything(body.include)
    )
    pushed = container.data.publish.push(request_, token)
    left_out = f"; left out: {_listed(pushed.left_out)}" if pushed.left_out else ""
    response = success(message=f"Pushed to {pushed.url}{left_out}", repo_url=pushed.url)
    if pushed.left_out:
        response.headers["X-Left-Out"] = _listed(pushed.left_out)
    return response


@endpoint(DatasetReportAnswer, tag=_TAG)
def report() -> Response:
    """Tell the state of the file and what was noticed of it."""
    return success(**services().dataset.report())


@endpoint(FoldedAnswer, body=NoFields, tag=_TAG)
def fold(body: NoFields) -> Response:  # there is nothing to read in it
    """Write what is new into train.parquet now."""
    return success(folded=services().dataset.fold())


@endpoint(BackedUpAnswer, body=NoFields, tag=_TAG)
def back_up(body: NoFields) -> Response:  # as above
    """Make a backup."""
    return success(backup=services().data.backups.make())


@endpoint(BackupsAnswer, tag=_TAG)
def backups() -> Response:
    """List the backups, newest first."""
    return success(backups=services().data.backups.list())


def _everything(text: str) -> bool:
    if text not in ("", "all", "fit"):
        raise InputError(f"include: got {text[:40]!r}, want fit or all")
    return text == "all"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={count}" for name, count in counts.items())


def _splits(text: str, seed: int) -> SplitRequest:
    return SplitRequest(parse_shares(text), seed) if text else SplitRequest(seed=seed)
