"""One sample on request."""

import secrets

from flask import Blueprint, Response

from api.deps import body_as, services, success
from models.schemas import GenerateRequest
from services.generation_service import Trail


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_generation", __name__)

    @routes.post("/generate")
    def generate() -> Response:
        wanted = body_as(GenerateRequest)
        container = services()
        # A single request has no place in a cycle, so "balance" is drawn.
        made = container.generation.make(wanted, Trail(), counter=secrets.randbelow(1000))
        sample = container.dataset.add(made.sample) if wanted.save else made.sample
        return success(sample=sample, tokens_used=made.tokens, elapsed=made.elapsed_s)

    return routes
