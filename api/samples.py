"""Samples found, drawn, searched and downloaded."""

import re

import orjson
from flask import Blueprint, Response, request

from api.data import query
from api.deps import attachment, body_as, flag, number, services, success
from models.column_types import plain
from models.sample_query import SampleQuery
from models.schemas import SampleIds
from services.batch_quality import assess
from services.search_service import SearchRequest
from utils.errors import InputError, NotFoundError

_PAGE = 100
_MAX_FOUND = 10_000


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_samples", __name__)
    routes.get("/sample/<id:sample_id>/download")(download)
    routes.post("/samples/download")(download_many)
    routes.get("/samples/random")(draw)
    routes.get("/samples/filter")(find)
    routes.get("/search")(search)
    routes.get("/batch/<batch_id>/samples")(batch_samples)
    routes.get("/batch/<batch_id>/quality")(batch_quality)
    return routes


def download(sample_id: str) -> Response:
    """Answer with one sample as a file."""
    sample = services().dataset.get(sample_id)
    content = orjson.dumps(sample, default=plain, option=orjson.OPT_INDENT_2)
    return attachment([content], f"{safe_name(sample_id)}.json", "application/json")


def download_many() -> Response:
    """Answer with the samples named as JSON Lines."""
    ids = body_as(SampleIds).sample_ids
    if not ids:
        raise InputError("sample_ids: is empty; give a list of ids")
    samples = services().dataset.named(ids)
    lines = (orjson.dumps(sample, default=plain, option=orjson.OPT_APPEND_NEWLINE) for sample in samples)
    return attachment(lines, f"samples_{len(samples)}.jsonl", "application/x-ndjson")


def draw() -> Response:
    """Answer with samples drawn at random."""
    dataset = services().dataset
    count = number("count", 5, least=-(2**53)) or 0
    samples = dataset.draw(count, dataset.filters(request.args), number("seed", None))
    return success(samples=samples, count=len(samples))


def find() -> Response:
    """Answer with one page of the samples that match."""
    wanted = query(limit=_PAGE)
    if wanted.limit is not None and wanted.limit > _MAX_FOUND:
        raise InputError(f"limit: got {wanted.limit}, want at most {_MAX_FOUND}; page on with next_cursor")
    selection, rows = services().dataset.find(wanted)
    samples = list(rows)
    return success(
        samples=samples,
        count=len(samples),
        total=selection.total,
        filters=wanted.filters,
        next_cursor=selection.next_cursor,
    )


def search() -> Response:
    """Answer with the samples that hold the words."""
    limit = number("limit", _PAGE) or 0
    if limit > _MAX_FOUND:
        raise InputError(f"limit: got {limit}, want at most {_MAX_FOUND}")
    wanted = SearchRequest(
        request.args.get("q", ""),
        field=request.args.get("field") or "all",
        sort=request.args.get("sort") or "newest",
        limit=limit,
        snippets=flag("snippets"),
        filters=services().dataset.filters(request.args),
    )
    return success(**services().data.search.search(wanted))


def batch_samples(batch_id: str) -> Response:
    """Answer with all samples of a batch."""
    samples = list(services().dataset.find(SampleQuery({"batch_id": batch_id}))[1])
    if not samples:
        raise NotFoundError(
            f"batch {batch_id!r}: has no samples; list the batches with GET /api/generate/batch/history"
        )
    info = services().batches.views.history_of(batch_id)
    return success(batch_id=batch_id, samples=samples, count=len(samples), batch_info=info)


def batch_quality(batch_id: str) -> Response:
    """Answer with what the samples of a batch are like."""
    container = services()
    selection, samples = container.dataset.find(SampleQuery({"batch_id": batch_id}))
    if not selection.total:
        raise NotFoundError(
            f"batch {batch_id!r}: has no samples; list the batches with GET /api/generate/batch/history"
        )
    return success(batch_id=batch_id, **assess(samples, container.data.tokens))


def safe_name(text: str) -> str:
    """Return *text* as a file name of plain characters."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._")[:100] or "sample"
