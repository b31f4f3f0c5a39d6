"""Answers to questions about the data set, and about products."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field, JsonValue

from models.contract.answers.base import Answer, Success


class DatasetAnswer(Answer):
    """What a typed query of the data set answers."""

    query: Annotated[
        dict[str, JsonValue] | None,
        Field(description="The query that was understood, its kind as `kind`; null where none was"),
    ]
    text: Annotated[
        str, Field(description="The answer in words; every number in it is counted, not written by a model")
    ]
    rows: Annotated[list[dict[str, JsonValue]], Field(description="What the answer stands on")]
    total: Annotated[int, Field(description="Samples, cells, pairs or calls that match; rows may be fewer")]
    link: Annotated[str, Field(description="Path of the API that shows the same")]
    unused: Annotated[list[str], Field(description="Words of the question that had no part in the query")]
    suggestions: Annotated[list[str], Field(description="What could be asked, where nothing was understood")]


class DatasetQueryAnswer(Success, DatasetAnswer):
    """Answer of `GET /api/dataset/query`."""


class ProductCounts(Answer):
    """Samples of a product by value, most frequent first."""

    jurisdiction: dict[str, int]
    practice_area: dict[str, int]
    difficulty: dict[str, int]
    sample_type: dict[str, int]


class Product(Answer):
    """A saved slice of the data set."""

    id: str
    name: str
    description: str
    kind: Literal["slice", "release"]
    filters: dict[str, str]
    samples: Annotated[int, Field(description="Samples that it was saved with")]
    counts: ProductCounts
    mean_score: Annotated[float | None, Field(description="Mean quality score; null where none has one")]
    licences: Annotated[list[str], Field(description="Licences of the documents that its samples stand on")]
    content_hash: Annotated[str, Field(description="SHA-256 over ids and texts of its samples")]
    created_at: str
    export: Annotated[str, Field(description="Path of the API that exports it")]


class ProductState(Answer):
    """How the samples of a product are now."""

    unchanged: int
    changed: Annotated[
        int, Field(description="Question, answer, citation or reasoning are other than when it was saved")
    ]
    gone: int


class ProductFacts(Product):
    """A product with the state of its samples."""

    state: ProductState


class ProductAnswer(Success):
    """Answer of `GET /api/products/<id>` and `POST /api/products`."""

    product: ProductFacts


class ProductsAnswer(Success):
    """Answer of `GET /api/products`."""

    products: list[Product]
    count: int


class ProductMatch(Product):
    """A product that a search found."""

    matching: Annotated[int, Field(description="Its samples that match the filters, by the counts it was saved with")]
    score: Annotated[float, Field(description="Words and share of matching samples; more is better")]


class ProductSearch(Answer):
    """What a search of products found."""

    products: list[ProductMatch]
    count: int
    query: str


class ProductSearchAnswer(Success, ProductSearch):
    """Answer of `GET` and `POST /api/search/products`."""


class ProductDeletedAnswer(Success):
    """Answer of `DELETE /api/products/<id>`."""

    message: str


class DraftBatch(Answer):
    """A body for `POST /api/generate/batch/start`, never started here."""

    count: int
    topic: NotRequired[str]
    difficulty: NotRequired[str]
    jurisdiction: NotRequired[str]
    sample_type: NotRequired[str]
    mix: NotRequired[Annotated[dict[str, dict[str, float]], Field(description="Shares of topics, of an area of law")]]
