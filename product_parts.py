"""Wires products and the questions about the data set: the composition root's part for them."""

from dataclasses import dataclass

from models.assistant.products import ProductStore
from models.stores import Stores
from services.assistant.dataset_queries.answering import DatasetAnswers, Uses
from services.assistant.dataset_queries.questions import DatasetQuestions
from services.assistant.product_service import ProductService
from services.assistant.shopping import Shopping
from services.catalogue.catalogue import Catalogue
from services.dataset.releases.release_service import ReleaseService
from services.quality.citation_audit import Verdicts
from services.quality.duplicates.duplicate_service import DuplicateService


@dataclass(frozen=True)
class Products:
    """Products, the way to them, and questions about the data set."""

    products: ProductService
    questions: DatasetQuestions
    shopping: Shopping


def build_products(  # what questions are answered from
    catalogue: Catalogue,
    stores: Stores,
    verdicts: Verdicts,
    usage: Uses,
    duplicates: DuplicateService,
    releases: ReleaseService,
) -> Products:
    """Wire them over the data set of *stores*."""
    topics = [(topic.jurisdiction, topic.key) for topic in catalogue.topics]
    answers = DatasetAnswers(stores.samples, verdicts, usage, duplicates.report, topics)
    products = ProductService(ProductStore(stores.engine, stores.writer), stores.samples, stores.clock, releases)
    questions = DatasetQuestions(catalogue, stores.samples, answers)
    return Products(
        products=products,
        questions=questions,
        shopping=Shopping(catalogue, products, questions.vocabulary, stores.samples.count),
    )
