"""Queries to the assistant: whole, streamed; and the graph of its agents."""

from flask import Blueprint, Response, request

from api.edge.deps import idempotency_key, reply, run_stream, services
from api.edge.endpoint import Endpoint, File
from api.edge.streams import RUN_EVENTS
from api.edge.users import user_of
from models.contract.answers.query import AgentsAnswer, QueryAnswer
from models.contract.arguments import GraphArguments
from models.contract.query_bodies import QueryBody

_TAG = "Assistant"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_query", __name__)
    routes.post("/query")(query)
    routes.post("/query/stream")(stream)
    routes.get("/agents/graph")(graph)
    return routes


@Endpoint(tag=_TAG, errors=(404,))
def query(body: QueryBody) -> QueryAnswer:
    """Answer a question on law, on the documents or on the data set."""
    found = services().queries.whole(body, user_of(body.user_id), idempotency_key())
    return {"success": True, **found}


@Endpoint(answers=RUN_EVENTS, tag=_TAG, errors=(404,))
def stream(body: QueryBody) -> Response:
    """The same, word by word: the events of a run, whose `done` has the answer."""
    return run_stream(services().queries.start(body, user_of(body.user_id), idempotency_key()))


@Endpoint(answers=AgentsAnswer, tag=_TAG, also_as=File("image/svg+xml"))
def graph(query: GraphArguments) -> Response:
    """Show the agents and who follows whom: as JSON, or as a picture (`format=svg`, or Accept: image/svg+xml)."""
    wants_picture = request.accept_mimetypes.best_match(["application/json", "image/svg+xml"]) == "image/svg+xml"
    if query.format == "svg" or (query.format is None and wants_picture):
        response = Response(services().queries.picture(), mimetype="image/svg+xml")
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        return response
    return reply(services().queries.graph())
