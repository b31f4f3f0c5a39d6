"""The data set: samples one by one, as a stream, and in numbers."""

from collections.abc import Iterator, Mapping

import orjson
from flask import Blueprint, Response

from api.edge.deps import services
from api.edge.endpoint import Endpoint
from models.contract.answers.base import StoredSample
from models.contract.answers.dataset import AddedAnswer, DeletedAnswer, SampleAnswer, UpdatedAnswer
from models.contract.answers.statistics import DetailedStatsAnswer, StatsAnswer, TokenStatsAnswer
from models.contract.arguments import SampleName, SampleQueryArguments
from models.contract.bodies import NewSample, SampleChange
from models.samples.file.column_types import plain
from models.samples.sample_query import NEWEST, SampleQuery

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
    # For ids that cannot stand in a path: a file may hold any id.
    routes.get("/sample")(get_named)
    routes.put("/sample")(update_named)
    routes.delete("/sample")(delete_named)
    return routes


def query_of(wanted: SampleQueryArguments) -> SampleQuery:
    """Return what the request asks for."""
    return SampleQuery(wanted.chosen, wanted.sort or NEWEST, wanted.limit, wanted.offset, wanted.cursor)


@Endpoint(answers=list[StoredSample], tag=_TAG, headers=_TOTAL)
def data(query: SampleQueryArguments) -> Response:
    """List samples as a bare array, newest first, streamed."""
    selection, rows = services().dataset.find(query_of(query))
    response = Response(_array(rows), mimetype="application/json")
    response.headers["X-Total-Count"] = str(selection.total)
    if selection.next_cursor is not None:
        response.headers["X-Next-Cursor"] = selection.next_cursor
    return response


@Endpoint(tag=_TAG)
def stats() -> StatsAnswer:
    """Return counts and average lengths."""
    return services().dataset.statistics()


@Endpoint(tag=_TAG)
def detailed_stats() -> DetailedStatsAnswer:
    """Return every breakdown."""
    return {"success": True, "stats": services().dataset.detailed_statistics()}


@Endpoint(tag=_TAG, in_line=False)
def token_stats() -> TokenStatsAnswer:
    """Return tokens by field and breakdown; 503 with the progress while many new samples are counted."""
    return {"success": True, "stats": services().dataset.token_statistics()}


@Endpoint(takes=NewSample, tag=_TAG)
def add(body: dict[str, object]) -> AddedAnswer:
    """Add a sample."""
    dataset = services().dataset
    sample = dataset.add(body)
    return {"success": True, "sample": sample, "total_samples": dataset.count()}


@Endpoint(tag=_TAG, errors=(404,))
def get_sample(sample_id: str) -> SampleAnswer:
    """Return one sample."""
    return {"success": True, "sample": services().dataset.get(sample_id)}


@Endpoint(takes=SampleChange, tag=_TAG, errors=(404,))
def update_sample(sample_id: str, body: dict[str, object]) -> UpdatedAnswer:
    """Change the named fields of a sample; all others stay."""
    return _updated(sample_id, body)


@Endpoint(tag=_TAG, errors=(404,))
def delete_sample(sample_id: str) -> DeletedAnswer:
    """Delete a sample."""
    return _deleted(sample_id)


@Endpoint(tag=_TAG, errors=(404,))
def get_named(query: SampleName) -> SampleAnswer:
    """Return one sample, whatever its id."""
    return {"success": True, "sample": services().dataset.get(query.id)}


@Endpoint(takes=SampleChange, tag=_TAG, errors=(404,))
def update_named(query: SampleName, body: dict[str, object]) -> UpdatedAnswer:
    """Change the named fields of a sample, whatever its id; a new id makes it reachable by path."""
    return _updated(query.id, body)


@Endpoint(tag=_TAG, errors=(404,))
def delete_named(query: SampleName) -> DeletedAnswer:
    """Delete a sample, whatever its id."""
    return _deleted(query.id)


def _updated(sample_id: str, change: dict[str, object]) -> UpdatedAnswer:
    dataset = services().dataset
    sample = dataset.update(sample_id, change)
    return {
        "success": True,
        "message": f"Sample {sample_id} updated",
        "sample": sample,
        "total_samples": dataset.count(),
    }


def _deleted(sample_id: str) -> DeletedAnswer:
    dataset = services().dataset
    dataset.delete(sample_id)
    return {"success": True, "message": f"Sample {sample_id} deleted", "total_samples": dataset.count()}


def _array(rows: Iterator[Mapping[str, object]]) -> Iterator[bytes]:
    """Write *rows* as one JSON array, a piece at a time."""
    separator = b"["
    for row in rows:
        yield separator + orjson.dumps(row, default=plain)
        separator = b","
    yield b"[]" if separator == b"[" else b"]"
