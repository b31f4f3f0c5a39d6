"""Samples found, drawn, searched and downloaded."""

import re

import orjson
from flask import Blueprint, Response

from api.data import query_of
from api.deps import attachment, services, success
from api.endpoint import File, endpoint
from models.answers.dataset import (
    BatchQualityAnswer,
    BatchSamplesAnswer,
    FilteredAnswer,
    RandomAnswer,
    SearchAnswer,
)
from models.column_types import plain
from models.queries import PageArguments, RandomArguments, SearchArguments
from models.requests import SampleIds
from models.sample_query import SampleQuery
from services.batch_quality import assess
from services.search_service import SearchRequest
from utils.access_tokens import Role
from utils.errors import NotFoundError

_TAG = "Data set"


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


@endpoint(File("application/json", "The sample, indented"), tag=_TAG, errors=(404,))
def download(sample_id: str) -> Response:
    """Download one sample as a file."""
    sample = services().dataset.get(sample_id)
    content = orjson.dumps(sample, default=plain, option=orjson.OPT_INDENT_2)
    return attachment([content], f"{safe_name(sample_id)}.json", "application/json")


@endpoint(File("application/x-ndjson", "A sample a line"), body=SampleIds, role=Role.READ, tag=_TAG, errors=(404,))
def download_many(body: SampleIds) -> Response:
    """Download the samples named as JSON Lines."""
    count, samples = services().dataset.named(body.sample_ids)
    lines = (orjson.dumps(sample, default=plain, option=orjson.OPT_APPEND_NEWLINE) for sample in samples)
    return attachment(lines, f"samples_{count}.jsonl", "application/x-ndjson")


@endpoint(RandomAnswer, query=RandomArguments, tag=_TAG, in_line=False)
def draw(query: RandomArguments) -> Response:
    """Draw samples at random."""
    samples = services().dataset.draw(query.count, query.chosen, query.seed)
    return success(samples=samples, count=len(samples))


@endpoint(FilteredAnswer, query=PageArguments, tag=_TAG)
def find(query: PageArguments) -> Response:
    """Return one page of the samples that match."""
    selection, samples = services().dataset.page(query_of(query))
    return success(
        samples=samples,
        count=len(samples),
        total=selection.total,
        filters=query.chosen,
        next_cursor=selection.next_cursor,
    )


@endpoint(SearchAnswer, query=SearchArguments, tag=_TAG, in_line=False)
def search(query: SearchArguments) -> Response:
    """Find the samples that hold the words."""
    wanted = SearchRequest(query.q, query.field, query.sort, query.limit, query.snippets, query.chosen)
    return success(**services().data.search.search(wanted))


@endpoint(BatchSamplesAnswer, tag=_TAG, errors=(404,), in_line=False)
def batch_samples(batch_id: str) -> Response:
    """Return all samples of a batch."""
    samples = services().dataset.page(SampleQuery({"batch_id": batch_id}))[1]
    if not samples:
        raise _no_samples(batch_id)
    info = services().batches.views.history_of(batch_id)
    return success(batch_id=batch_id, samples=samples, count=len(samples), batch_info=info)


@endpoint(BatchQualityAnswer, tag=_TAG, errors=(404,), in_line=False)
def batch_quality(batch_id: str) -> Response:
    """Tell what the samples of a batch are like."""
    container = services()
    selection, samples = container.dataset.find(SampleQuery({"batch_id": batch_id}))
    if not selection.total:
        raise _no_samples(batch_id)
    return success(batch_id=batch_id, **assess(samples, container.data.tokens))


def safe_name(text: str) -> str:
    """Return *text* as a file name of plain characters."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._")[:100] or "sample"


def _no_samples(batch_id: str) -> NotFoundError:
    return NotFoundError(f"batch {batch_id[:100]!r}: has no samples; see GET /api/generate/batch/history")
