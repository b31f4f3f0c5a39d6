"""The data set: samples one by one, as a stream, and in numbers."""

from collections.abc import Iterator
from typing import Any

import orjson
from flask import Blueprint, Response

from api.deps import reply, services, success
from api.endpoint import endpoint
from models.answers.base import StoredSample
from models.answers.dataset import AddedAnswer, DeletedAnswer, SampleAnswer, UpdatedAnswer
from models.answers.statistics import DetailedStatsAnswer, StatsAnswer, TokenStatsAnswer
from models.column_types import plain
from models.queries import SampleName, SampleQueryArguments
from models.requests import NewSample, SampleChange
from models.sample_query import NEWEST, SampleQuery

_TAG = "Data set"
_TOTAL = {
    "X-Total-Count": "Samples that match",
    "X-Next-Cursor": "Where the next page begins, while a limit leaves more",
}


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_data", __name__)
    routes.get("/data")(data)
    routes.get("/stats")(stats)
    routes.get("/stats/detailed")(detailed_stats)
    routes.get("/stats/tokens")(token_stats)
    routes.post("/add")(add)
    routes.get("/sample/<id:sample_id>")(get_sample)
    routes.put("/sample/<id:sample_id>")(update_sample)
    routes.delete("/sample/<id:sample_id>")(delete_sample)
    # For ids that no path leads to: a file may hold any.
    routes.get("/sample")(get_named)
    routes.put("/sample")(update_named)
    routes.delete("/sample")(delete_named)
    return routes


def query_of(wanted: SampleQueryArguments) -> SampleQuery:
    """Return what the request asks for."""
    return SampleQuery(wanted.chosen, wanted.sort or NEWEST, wanted.limit, wanted.offset, wanted.cursor)


@endpoint(list[StoredSample], query=SampleQueryArguments, tag=_TAG, headers=_TOTAL)
def data(query: SampleQueryArguments) -> Response:
    """List samples as a bare array, newest first, streamed."""
    selection, rows = services().dataset.find(query_of(query))
    response = Response(_array(rows), mimetype="application/json")
    response.headers["X-Total-Count"] = str(selection.total)
    if selection.next_cursor is not None:
        response.headers["X-Next-Cursor"] = selection.next_cursor
    return response


@endpoint(StatsAnswer, tag=_TAG)
def stats() -> Response:
    """Tell counts and average lengths."""
    return reply(services().dataset.statistics())


@endpoint(DetailedStatsAnswer, tag=_TAG)
def detailed_stats() -> Response:
    """Tell every breakdown."""
    return success(stats=services().dataset.detailed_statistics())


@endpoint(TokenStatsAnswer, tag=_TAG, in_line=False)
def token_stats() -> Response:
    """Tell tokens by field and breakdown; 503 with the progress while many new samples are counted."""
    return success(stats=services().dataset.token_statistics())


@endpoint(AddedAnswer, body=NewSample, reads="raw", tag=_TAG)
def add(body: dict[str, Any]) -> Response:
    """Add a sample."""
    dataset = services().dataset
    sample = dataset.add(body)
    return success(sample=sample, total_samples=dataset.count())


@endpoint(SampleAnswer, tag=_TAG, errors=(404,))
def get_sample(sample_id: str) -> Response:
    """Return one sample."""
    return success(sample=services().dataset.get(sample_id))


@endpoint(UpdatedAnswer, body=SampleChange, reads="raw", tag=_TAG, errors=(404,))
def update_sample(sample_id: str, body: dict[str, Any]) -> Response:
    """Change the named fields of a sample; all others stay."""
    dataset = services().dataset
    sample = dataset.update(sample_id, body)
    return success(message=f"Sample {sample_id} updated", sample=sample, total_samples=dataset.count())


@endpoint(DeletedAnswer, tag=_TAG, errors=(404,))
def delete_sample(sample_id: str) -> Response:
    """Delete a sample."""
    dataset = services().dataset
    dataset.delete(sample_id)
    return success(message=f"Sample {sample_id} deleted", total_samples=dataset.count())


@endpoint(SampleAnswer, query=SampleName, tag=_TAG, errors=(404,))
def get_named(query: SampleName) -> Response:
    """Return one sample, whatever its id."""
    return success(sample=services().dataset.get(query.id))


@endpoint(UpdatedAnswer, query=SampleName, body=SampleChange, reads="raw", tag=_TAG, errors=(404,))
def update_named(query: SampleName, body: dict[str, Any]) -> Response:
    """Change the named fields of a sample, whatever its id; a new id makes it reachable by path."""
    dataset = services().dataset
    sample = dataset.update(query.id, body)
    return success(message=f"Sample {query.id} updated", sample=sample, total_samples=dataset.count())


@endpoint(DeletedAnswer, query=SampleName, tag=_TAG, errors=(404,))
def delete_named(query: SampleName) -> Response:
    """Delete a sample, whatever its id."""
    dataset = services().dataset
    dataset.delete(query.id)
    return success(message=f"Sample {query.id} deleted", total_samples=dataset.count())


def _array(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Write *rows* as one JSON array, a piece at a time."""
    separator = b"["
    for row in rows:
        yield separator + orjson.dumps(row, default=plain)
        separator = b","
    yield b"[]" if separator == b"[" else b"]"
