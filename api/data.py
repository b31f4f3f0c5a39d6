"""The data set: samples one by one, as a stream, and in numbers."""

from collections.abc import Iterator
from typing import Any

import orjson
from flask import Blueprint, Response, request

from api.deps import body, number, reply, services, success
from models.column_types import plain
from models.sample_query import NEWEST, SampleQuery


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
    return routes


def query(limit: int | None) -> SampleQuery:
    """Return what the request asks for; at most *limit* samples unless it says so."""
    return SampleQuery(
        services().dataset.filters(request.args),
        sort=request.args.get("sort") or NEWEST,
        limit=number("limit", limit),
        offset=number("offset", 0) or 0,
        cursor=request.args.get("cursor", ""),
    )


def data() -> Response:
    """Answer with samples as a bare array, streamed."""
    selection, rows = services().dataset.find(query(limit=None))
    response = Response(_array(rows), mimetype="application/json")
    response.headers["X-Total-Count"] = str(selection.total)
    if selection.next_cursor is not None:
        response.headers["X-Next-Cursor"] = selection.next_cursor
    return response


def stats() -> Response:
    """Answer with counts and average lengths."""
    return reply(services().dataset.statistics())


def detailed_stats() -> Response:
    """Answer with every breakdown."""
    return success(stats=services().dataset.detailed_statistics())


def token_stats() -> Response:
    """Answer with tokens by field and breakdown."""
    return success(stats=services().dataset.token_statistics())


def add() -> Response:
    """Add a sample."""
    dataset = services().dataset
    sample = dataset.add(body())
    return success(sample=sample, total_samples=dataset.count())


def get_sample(sample_id: str) -> Response:
    """Answer with one sample."""
    return success(sample=services().dataset.get(sample_id))


def update_sample(sample_id: str) -> Response:
    """Change the named fields of a sample."""
    dataset = services().dataset
    sample = dataset.update(sample_id, body())
    return success(message=f"Sample {sample_id} updated", sample=sample, total_samples=dataset.count())


def delete_sample(sample_id: str) -> Response:
    """Delete a sample."""
    dataset = services().dataset
    dataset.delete(sample_id)
    return success(message=f"Sample {sample_id} deleted", total_samples=dataset.count())


def _array(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Write *rows* as one JSON array, a piece at a time."""
    separator = b"["
    for row in rows:
        yield separator + orjson.dumps(row, default=plain)
        separator = b","
    yield b"[]" if separator == b"[" else b"]"
