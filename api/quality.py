"""Quality: citations, duplicates, the report, review."""

from flask import Blueprint, Response

from api.deps import services, success
from api.endpoint import endpoint
from models.answers.quality import (
    DuplicatesAnswer,
    ReviewedAnswer,
    ReviewQueueAnswer,
    ReviewsAnswer,
    SampleCitationsAnswer,
    SimilarAnswer,
    TextCitationsAnswer,
)
from models.answers.quality_report import QualityReportAnswer
from models.queries import NoArguments, QueueArguments, ReportArguments
from models.requests import CitationText, Review
from services.citations.checker import Checked, counts_of
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
    return routes


@endpoint(TextCitationsAnswer, body=CitationText, role=Role.READ, tag=_TAG)
def check_text(body: CitationText) -> Response:
    """Find the citations of a text and say what is known of each."""
    return _told(services().quality.examiner.checker.check(body.text, body.jurisdiction or ""))


@endpoint(SampleCitationsAnswer, tag=_TAG, errors=(404,), in_line=False)
def check_sample(sample_id: str) -> Response:
    """Find the citations of a stored sample, checked now."""
    container = services()
    return _told(container.quality.examiner.checker.check_sample(container.dataset.get(sample_id)))


@endpoint(SimilarAnswer, tag=_TAG, errors=(404,), in_line=False)
def alike(sample_id: str) -> Response:
    """List the samples that are similar to one."""
    dataset = services().dataset
    found = dataset.alike(dataset.get(sample_id))
    return success(similar=found, count=len(found))


@endpoint(ReviewedAnswer, body=Review, tag=_TAG, errors=(404,))
def review(sample_id: str, body: Review) -> Response:
    """Record what a reviewer decided."""
    sample = services().data.reviews.review(sample_id, body)
    return success(message=f"Sample {sample_id}: {sample['review']}", sample=sample)


@endpoint(ReviewsAnswer, tag=_TAG, errors=(404,))
def reviews(sample_id: str) -> Response:
    """List every decision about a sample."""
    found = services().data.reviews.history(sample_id)
    return success(reviews=found, count=len(found))


@endpoint(ReviewQueueAnswer, query=QueueArguments, tag=_TAG)
def queue(query: QueueArguments) -> Response:
    """List the samples that wait for a reviewer, the lowest score first."""
    samples, total = services().data.reviews.queue(query.limit, query.offset, query.chosen)
    return success(samples=samples, count=len(samples), total=total)


@endpoint(DuplicatesAnswer, query=NoArguments, tag=_TAG, in_line=False)
def duplicates(query: NoArguments) -> Response:  # there is nothing to read in it
    """List the pairs of similar samples."""
    return success(**services().quality.examiner.duplicates.report())


@endpoint(QualityReportAnswer, query=ReportArguments, tag=_TAG, in_line=False)
def report(query: ReportArguments) -> Response:
    """Report the quality of the data set; 503 while a large one is measured for the first time."""
    return success(report=services().data.quality.report(query.renew))


def _told(checked: list[Checked]) -> Response:
    return success(citations=[item.to_dict() for item in checked], counts=counts_of(checked))
