"""The data set: samples one by one, as a stream, and in numbers."""

from collections.abc import Iterator
from typing import Any

import orjson
from flask import Blueprint, Response, request

from api.deps import body, number, reply, services, success


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_data", __name__)

    @routes.get("/data")
    def data() -> Response:
        dataset = services().dataset
        filters = dataset.filters(request.args)
        limit, offset = number("limit", None), number("offset", 0) or 0
        total = dataset.count(filters)
        response = Response(_array(dataset.walk(filters, limit, offset)), mimetype="application/json")
        response.headers["X-Total-Count"] = str(total)
        return response

    @routes.get("/stats")
    def stats() -> Response:
        return reply(services().dataset.statistics())

    @routes.post("/add")
    def add() -> Response:
        dataset = services().dataset
        sample = dataset.add(body())
        return success(sample=sample, total_samples=dataset.count())

    @routes.get("/sample/<path:sample_id>")
    def get_sample(sample_id: str) -> Response:
        return success(sample=services().dataset.get(sample_id))

    @routes.put("/sample/<path:sample_id>")
    def update_sample(sample_id: str) -> Response:
        dataset = services().dataset
        sample = dataset.update(sample_id, body())
        return success(message=f"Sample {sample_id} updated", sample=sample, total_samples=dataset.count())

    @routes.delete("/sample/<path:sample_id>")
    def delete_sample(sample_id: str) -> Response:
        dataset = services().dataset
        dataset.delete(sample_id)
        return success(message=f"Sample {sample_id} deleted", total_samples=dataset.count())

    return routes


def _array(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Write *rows* as one JSON array, a piece at a time."""
    separator = b"["
    for row in rows:
        yield separator + orjson.dumps(row, default=str)
        separator = b","
    yield b"[]" if separator == b"[" else b"]"
