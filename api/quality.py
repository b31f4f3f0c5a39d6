"""Quality: citations, duplicates, the report, review."""

from flask import Blueprint, Response, request

from api.deps import body_as, flag, known_arguments, number, services, success
from models.row_index import FILTERS
from models.schemas import CitationText, Review
from services.citations.checker import Checked, counts_of
from utils.errors import InputError

_PAGE, _MAX_PAGE = 50, 1_000


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


def check_text() -> Response:
    """Answer with the citations of a text and what is known of each."""
    wanted = body_as(CitationText)
    return _told(services().quality.examiner.checker.check(wanted.text, wanted.jurisdiction or ""))


def check_sample(sample_id: str) -> Response:
    """Answer with the citations of a stored sample, checked now."""
    container = services()
    return _told(container.quality.examiner.checker.check_sample(container.dataset.get(sample_id)))


def alike(sample_id: str) -> Response:
    """Answer with the samples that are similar to one."""
    dataset = services().dataset
    found = dataset.alike(dataset.get(sample_id))
    return success(similar=found, count=len(found))


def review(sample_id: str) -> Response:
    """Record what a reviewer decided."""
    decided = body_as(Review)
    sample = services().data.reviews.review(sample_id, decided)
    return success(message=f"Sample {sample_id}: {sample['review']}", sample=sample)


def reviews(sample_id: str) -> Response:
    """Answer with every decision about a sample."""
    found = services().data.reviews.history(sample_id)
    return success(reviews=found, count=len(found))


def queue() -> Response:
    """Answer with the samples that wait for a reviewer, the lowest score first."""
    known_arguments({"limit", "offset", *FILTERS})
    limit = number("limit", _PAGE) or 0
    if limit > _MAX_PAGE:
        raise InputError(f"limit: got {limit}, want at most {_MAX_PAGE}; page on with offset")
    filters = services().dataset.filters(request.args)
    samples, total = services().data.reviews.queue(limit, number("offset", 0) or 0, filters)
    return success(samples=samples, count=len(samples), total=total)


def duplicates() -> Response:
    """Answer with the pairs of similar samples."""
    return success(**services().quality.examiner.duplicates.report())


def report() -> Response:
    """Answer with the quality report."""
    known_arguments({"renew"})
    return success(report=services().data.quality.report(flag("renew")))


def _told(checked: list[Checked]) -> Response:
    return success(citations=[item.to_dict() for item in checked], counts=counts_of(checked))
