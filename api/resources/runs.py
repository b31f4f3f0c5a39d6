"""Runs: their events, from any number on; what became of them; and their end."""

from flask import Blueprint, Response, request

from api.edge.deps import run_stream, services
from api.edge.endpoint import Endpoint
from api.edge.streams import RUN_EVENTS
from models.contract.answers.runs import RunAnswer
from models.contract.arguments import RunArguments
from models.contract.bodies import NoFields
from utils.access_tokens import Role

_TAG = "Runs"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_runs", __name__)
    routes.get("/runs/<run_id>")(run)
    routes.get("/runs/<run_id>/events")(events)
    routes.post("/runs/<run_id>/cancel")(cancel)
    return routes


@Endpoint(tag=_TAG, errors=(404,), in_line=False)
def run(run_id: str) -> RunAnswer:
    """Tell what became of a run, with its answer once it is done."""
    return {"success": True, "run": services().runs.facts(run_id)}


@Endpoint(answers=RUN_EVENTS, tag=_TAG, errors=(404,))
def events(run_id: str, query: RunArguments) -> Response:  # api/edge/access.py reads its token
    """Send the events of a run: all of them, or with `Last-Event-ID` (or `after`) those behind that number."""
    given = request.headers.get("Last-Event-ID", "").strip()
    after = int(given) if given.isdecimal() and len(given) < 10 else query.after
    return run_stream(run_id, after)


@Endpoint(role=Role.WRITE, tag=_TAG, errors=(404,))
def cancel(run_id: str, body: NoFields) -> RunAnswer:  # it has no fields
    """Cancel a run; one that has ended stays as it is. What it had used by then is counted."""
    return {"success": True, "run": services().runs.cancel(run_id)}
