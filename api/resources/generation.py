"""One sample on request."""

from flask import Blueprint, Response

from api.edge.deps import idempotency_key, run_stream, services
from api.edge.endpoint import Endpoint
from api.edge.streams import RUN_EVENTS
from models.contract.answers.generation import GeneratedAnswer
from models.contract.bodies import GenerateRequest


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_generation", __name__)
    routes.post("/generate")(generate)
    routes.post("/generate/stream")(stream)
    return routes


@Endpoint(tag="Generation")
def generate(body: GenerateRequest) -> GeneratedAnswer:
    """Generate one sample now."""
    made = services().generate(body)
    return {
        "success": True,
        "sample": made.sample,
        "tokens_used": made.tokens,
        "elapsed": made.elapsed_s,
        "waited": dict(made.waited_s),
    }


@Endpoint(answers=RUN_EVENTS, tag="Generation")
def stream(body: GenerateRequest) -> Response:
    """Generate one sample now, word by word: the events of a run, whose `done` has the sample."""
    return run_stream(services().streamed.start(body, idempotency_key()))
