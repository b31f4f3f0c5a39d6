"""One sample on request."""

from flask import Blueprint

from api.edge.deps import services
from api.edge.endpoint import Endpoint
from models.contract.answers.generation import GeneratedAnswer
from models.contract.bodies import GenerateRequest


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_generation", __name__)
    routes.post("/generate")(generate)
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
