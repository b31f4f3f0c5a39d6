"""Products, and questions about the data set in words."""

from flask import Blueprint

from api.edge.deps import services
from api.edge.endpoint import Endpoint
from models.contract.answers.assistant_data import (
    DatasetQueryAnswer,
    ProductAnswer,
    ProductDeletedAnswer,
    ProductsAnswer,
    ProductSearchAnswer,
)
from models.contract.product_bodies import ProductBody, ProductSearchArguments, ProductSearchBody, QuestionArguments
from utils.access_tokens import Role

_TAG = "Assistant"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_products", __name__)
    routes.get("/products")(products)
    routes.post("/products")(save)
    routes.get("/products/<product_id>")(product)
    routes.delete("/products/<product_id>")(delete)
    routes.get("/search/products")(search)
    routes.post("/search/products")(search_by_body)
    routes.get("/dataset/query")(ask)
    return routes


@Endpoint(tag=_TAG)
def products() -> ProductsAnswer:
    """List the products, newest first."""
    found = services().products.all()
    return {"success": True, "products": found, "count": len(found)}


@Endpoint(tag=_TAG, errors=(409,))
def save(body: ProductBody) -> ProductAnswer:
    """Save the samples that match the filters now as a product."""
    return {"success": True, "product": services().products.save(body.name, body.description, body.filters.chosen)}


@Endpoint(tag=_TAG, errors=(404,), in_line=False)
def product(product_id: str) -> ProductAnswer:
    """Return a product, and how many of its samples are unchanged, changed and gone."""
    return {"success": True, "product": services().products.get(product_id)}


@Endpoint(tag=_TAG, errors=(404,))
def delete(product_id: str) -> ProductDeletedAnswer:
    """Delete a product; its samples stay."""
    services().products.delete(product_id)
    return {"success": True, "message": f"Product {product_id} deleted"}


@Endpoint(tag=_TAG)
def search(query: ProductSearchArguments) -> ProductSearchAnswer:
    """Find products by words and by what their samples are."""
    return {"success": True, **services().products.find(query.q, query.chosen, query.limit)}


@Endpoint(tag=_TAG, role=Role.READ)
def search_by_body(body: ProductSearchBody) -> ProductSearchAnswer:
    """Find products by words and by what their samples are."""
    return {"success": True, **services().products.find(body.q, body.filters.chosen, body.limit)}


@Endpoint(tag=_TAG, in_line=False)
def ask(query: QuestionArguments) -> DatasetQueryAnswer:
    """Answer a question about the data set in words, by a typed query that is shown with the answer."""
    return {"success": True, **services().questions.ask(query.q)}
