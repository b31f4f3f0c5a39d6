"""The data set as a whole: import, export, publish, back up."""

import io
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from flask import Blueprint, Response, current_app, request

from api.deps import attachment, body, body_as, flag, known_arguments, number, services, success
from models.row_index import FILTERS
from models.schemas import NoFields, PushBody
from services.export_format import ExportOptions
from services.import_service import ImportRequest
from services.publish_service import ExportRequest, PushRequest
from services.review_service import lines
from services.splits import NAMES, SplitRequest, parse_shares
from utils.errors import InputError

_TYPES = {"text/csv": "csv", "application/x-ndjson": "jsonl", "application/vnd.apache.parquet": "parquet"}
PREFERENCES = "preferences"
_PAIRS = "Pairs of a chosen and a rejected answer to one question, as TRL takes them (prompt, chosen, rejected)"
_EXPORT = {
    "format",
    "fields",
    "system_prompt",
    "reasoning",
    "split",
    "splits",
    "seed",
    "data_version",
    "include",
    *FILTERS,
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


def import_samples() -> Response:
    """Import a file: JSON with `content`, a multipart file, or the file itself as the body."""
    if not request.is_json:  # JSON is held in memory, files are not
        request.max_content_length = current_app.config["MAX_IMPORT_BYTES"]
    container = services()
    given = _given()
    wanted = ImportRequest(
        name=given["name"],
        format=given["options"].get("format", ""),
        on_duplicate=given["options"].get("on_duplicate") or "error",
        dry_run=flag("dry_run", given["options"]),
    )
    with given["stream"] as stream, container.data.imports.received(stream) as path:
        result = container.data.imports.run(path, wanted)
    verb = "could be imported" if wanted.dry_run else "imported"
    return success(message=f"{result['added'] + result['replaced']} samples {verb}", **result)


def _given() -> dict[str, Any]:
    """Return what was sent: `stream`, `name` and `options`."""
    if request.mimetype == "multipart/form-data":
        files = [file for files in request.files.listvalues() for file in files]
        if len(files) != 1:
            raise InputError(f"file: got {len(files)} files, want one in the multipart body")
        options = {**request.args, **request.form}
        return {"stream": nullcontext(files[0].stream), "name": files[0].filename or "", "options": options}
    if request.is_json or not (request.content_length or "Transfer-Encoding" in request.headers):
        sent = body()
        content = sent.get("content")
        if not isinstance(content, str) or not content.strip():
            raise InputError("content: is empty; send JSON with content, a multipart file, or the file as the body")
        options = {**request.args, **{name: str(value) for name, value in sent.items() if name != "content"}}
        return {"stream": io.BytesIO(content.encode()), "name": "", "options": options}
    options = {"format": _TYPES.get(request.mimetype, ""), **request.args}
    return {"stream": nullcontext(request.stream), "name": request.args.get("name", ""), "options": options}


def export() -> Response:
    """Answer with the data set as a file, streamed."""
    known_arguments(_EXPORT)
    given = request.args
    if given.get("format") == PREFERENCES:
        known_arguments({"format"})
        pairs = lines(services().data.reviews.pairs())
        return attachment(pairs, "legal-training-preferences.jsonl", "application/x-ndjson")
    made = services().data.publish.export(
        ExportRequest(
            format=given.get("format") or "jsonl",
            options=ExportOptions(
                tuple(name.strip() for name in given.get("fields", "").split(",") if name.strip()),
                given.get("system_prompt", ""),
                given.get("reasoning") or "omit",
            ),
            filters=services().dataset.filters(given),
            split=given.get("split", ""),
            splits=_splits(given.get("splits", ""), number("seed", 0) or 0),
            data_version=given.get("data_version", ""),
            everything=_everything(given.get("include", "")),
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


def formats() -> Response:
    """Answer with the formats that can be exported."""
    pairs = {"id": PREFERENCES, "extension": "jsonl", "description": _PAIRS, "chat": False}
    return success(formats=[*services().data.publish.formats(), pairs])


def push() -> Response:
    """Push the data set to the Hugging Face Hub."""
    container = services()
    wanted = body_as(PushBody)
    token = wanted.token or container.settings.secret("HUGGINGFACE_TOKEN")
    if not token:
        raise InputError("token: is missing; send one or set HUGGINGFACE_TOKEN (a token that may write)")
    splits = _splits(wanted.splits, wanted.seed) if wanted.splits else None
    filters = {name: value for name in FILTERS if (value := getattr(wanted, name))}
    request_ = PushRequest(
        wanted.repo_name, wanted.format, wanted.private, wanted.license, filters, splits, _everything(wanted.include)
    )
    pushed = container.data.publish.push(request_, token)
    left_out = f"; left out: {_listed(pushed.left_out)}" if pushed.left_out else ""
    response = success(message=f"Pushed to {pushed.url}{left_out}", repo_url=pushed.url)
    if pushed.left_out:
        response.headers["X-Left-Out"] = _listed(pushed.left_out)
    return response


def report() -> Response:
    """Answer with the state of the file and what was noticed of it."""
    return success(**services().dataset.report())


def fold() -> Response:
    """Write what is new into train.parquet now."""
    body_as(NoFields)
    return success(folded=services().dataset.fold())


def back_up() -> Response:
    """Make a backup."""
    body_as(NoFields)
    return success(backup=services().data.backups.make())


def backups() -> Response:
    """Answer with the backups, newest first."""
    return success(backups=services().data.backups.list())


def _everything(text: str) -> bool:
    if text not in ("", "all", "fit"):
        raise InputError(f"include: got {text[:40]!r}, want fit or all")
    return text == "all"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={count}" for name, count in counts.items())


def _splits(text: str, seed: int) -> SplitRequest:
    return SplitRequest(parse_shares(text), seed) if text else SplitRequest(seed=seed)
