"""One sample on request."""

import secrets

from flask import Blueprint, Response

from api.deps import services, success
from api.endpoint import endpoint
from models.answers.generation import GeneratedAnswer
from models.requests import GenerateRequest
from services.generation_service import Trail


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_generation", __name__)
    routes.post("/generate")(generate)
    return routes


@endpoint(GeneratedAnswer, body=GenerateRequest, tag="Generation")
def generate(body: GenerateRequest) -> Response:
    """Generate one sample now."""
    container = services()
    # A single request has no place in a cycle, so "balance" is drawn.
    made = container.generation.make(body, Trail(), counter=secrets.randbelow(1000))
    sample = container.dataset.keep(made.sample) if body.save else made.sample
    return success(sample=sample, tokens_used=made.tokens, elapsed=made.elapsed_s)
