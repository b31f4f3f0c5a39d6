"""Comparisons: several models on one plan."""

from flask import Blueprint

from api.edge.deps import services
from api.edge.endpoint import Endpoint
from models.contract.answers.leaderboard import ComparisonAnswer, ComparisonPlanAnswer, ComparisonsAnswer
from models.contract.comparison_bodies import ComparisonRequest
from utils.access_tokens import Role

_TAG = "Batches"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_comparisons", __name__)
    routes.post("/comparisons/plan")(plan)
    routes.post("/comparisons")(start)
    routes.get("/comparisons")(comparisons)
    routes.get("/comparisons/<id:comparison_id>")(comparison)
    return routes


@Endpoint(role=Role.READ, tag=_TAG)
def plan(body: ComparisonRequest) -> ComparisonPlanAnswer:
    """Estimate what a comparison would make, cost and take; starts nothing."""
    return {"success": True, **services().comparisons.plan(body)}


@Endpoint(tag=_TAG)
def start(body: ComparisonRequest) -> ComparisonAnswer:
    """Let several models write the same plan, each in a batch of its own."""
    return {"success": True, "comparison": services().comparisons.start(body)}


@Endpoint(tag=_TAG)
def comparisons() -> ComparisonsAnswer:
    """List the comparisons, newest first."""
    found = services().comparisons.find()
    return {"success": True, "comparisons": found, "count": len(found)}


@Endpoint(tag=_TAG, errors=(404,), in_line=False)
def comparison(comparison_id: str) -> ComparisonAnswer:
    """Return what came of a comparison so far, and what can be told apart."""
    return {"success": True, "comparison": services().comparisons.one(comparison_id)}
