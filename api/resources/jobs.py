"""Work on the whole data set as runs: the report, similar pairs, benchmarks, exports."""

from collections.abc import Iterator
from pathlib import Path

from flask import Blueprint, Response

from api.edge.deps import attachment, idempotency_key, services
from api.edge.endpoint import Endpoint, File
from models.contract.answers.runs import JobsAnswer, JobStartedAnswer
from models.contract.arguments import JobsArguments
from models.contract.bodies import JobBody
from utils.access_tokens import Role

_TAG = "Runs"
_PIECE_BYTES = 1 << 20
_KINDS = ("application/json", "text/csv", "application/vnd.apache.parquet")


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_jobs", __name__)
    routes.post("/jobs")(start)
    routes.get("/jobs")(jobs)
    routes.get("/jobs/<run_id>/file")(file)
    return routes


@Endpoint(role=Role.WRITE, tag=_TAG, errors=(409,))
def start(body: JobBody) -> JobStartedAnswer:
    """Begin work on the whole data set, and return at once; an `Idempotency-Key` sent again begins nothing new."""
    return {"success": True, "run_id": services().jobs.start(body, idempotency_key())}


@Endpoint(tag=_TAG)
def jobs(query: JobsArguments) -> JobsAnswer:
    """List the last runs of a kind, newest first."""
    found = services().jobs.recent(query.kind, query.limit)
    return {"success": True, "jobs": found, "count": len(found)}


@Endpoint(answers=File("application/x-ndjson", "What an export wrote", _KINDS), tag=_TAG, errors=(404, 409))
def file(run_id: str) -> Response:
    """Send the file that an export wrote."""
    found = services().jobs.file(run_id)
    return attachment(_content(found.path), found.name, found.mimetype)


def _content(path: Path) -> Iterator[bytes]:
    with path.open("rb") as opened:
        while piece := opened.read(_PIECE_BYTES):
            yield piece
