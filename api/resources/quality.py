"""Quality: citations, duplicates, the report, review."""

from flask import Blueprint

from api.edge.deps import services
from api.edge.endpoint import Endpoint
from models.contract.answers.leaderboard import LeaderboardAnswer
from models.contract.answers.quality import (
    DuplicatesAnswer,
    ReviewedAnswer,
    ReviewQueueAnswer,
    ReviewsAnswer,
    SampleCitationsAnswer,
    SimilarAnswer,
    TextCitationsAnswer,
)
from models.contract.answers.quality_report import QualityReportAnswer
from models.contract.arguments import LeaderboardArguments, NoArguments, QueueArguments, ReportArguments
from models.contract.bodies import CitationText, Review
from services.platform import Which
from utils.access_tokens import Role

_TAG = "Quality"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_quality", __name__)
    routes.post("/citations/check")(check_text)
    routes.get("/sample/<id:sample_id>/citations")(check_sample)
    routes.get("/sample/<id:sample_id>/duplicates")(alike)
    routes.post("/sample/<id:sample_id>/review")(review)
    routes.get("/sample/<id:sample_id>/reviews")(reviews)
    routes.get("/review/queue")(queue)
    routes.get("/quality/duplicates")(duplicates)
    routes.get("/quality/report")(report)
    routes.get("/leaderboard")(leaderboard)
    return routes


@Endpoint(role=Role.READ, tag=_TAG)
def check_text(body: CitationText) -> TextCitationsAnswer:
    """Find and verify the citations of a text."""
    return {"success": True, **services().quality.check_text(body.text, body.jurisdiction or "")}


@Endpoint(tag=_TAG, errors=(404,), in_line=False)
def check_sample(sample_id: str) -> SampleCitationsAnswer:
    """Find the citations of a stored sample, verified now."""
    return {"success": True, **services().quality.check_sample(sample_id)}


@Endpoint(tag=_TAG, errors=(404,), in_line=False)
def alike(sample_id: str) -> SimilarAnswer:
    """List the samples that are similar to one."""
    found = services().dataset.alike_to(sample_id)
    return {"success": True, "similar": found, "count": len(found)}


@Endpoint(tag=_TAG, errors=(404,))
def review(sample_id: str, body: Review) -> ReviewedAnswer:
    """Record what a reviewer decided."""
    sample = services().reviews.review(sample_id, body)
    return {"success": True, "message": f"Sample {sample_id}: {sample['review']}", "sample": sample}


@Endpoint(tag=_TAG, errors=(404,))
def reviews(sample_id: str) -> ReviewsAnswer:
    """List every decision about a sample."""
    found = services().reviews.history(sample_id)
    return {"success": True, "reviews": found, "count": len(found)}


@Endpoint(tag=_TAG)
def queue(query: QueueArguments) -> ReviewQueueAnswer:
    """List the samples that wait for a reviewer, the lowest score first."""
    samples, total = services().reviews.queue(query.limit, query.offset, query.chosen)
    return {"success": True, "samples": samples, "count": len(samples), "total": total}


@Endpoint(tag=_TAG, in_line=False)
def duplicates(query: NoArguments) -> DuplicatesAnswer:  # it has no arguments
    """List the pairs of similar samples."""
    return {"success": True, **services().quality.duplicates()}


@Endpoint(tag=_TAG, in_line=False)
def report(query: ReportArguments) -> QualityReportAnswer:
    """Report the quality of the data set; 503 while a large one is measured for the first time."""
    return {"success": True, "report": services().quality.report(query.renew)}


@Endpoint(tag=_TAG, in_line=False)
def leaderboard(query: LeaderboardArguments) -> LeaderboardAnswer:
    """Compare the models on the data that are here, each figure with its interval of 95 %."""
    which = Which(query.chosen, query.named, query.since)
    return {"success": True, **services().board.board(which, query.sort)}
