"""Arguments and bodies of requests about products and of questions about the data set."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from models.contract.arguments import Filters
from models.fields import Identifier, Text, Whole


class SliceFilters(Filters):
    """Which samples a slice holds: all that is given must hold; nothing given is the whole data set."""

    model_config = ConfigDict(extra="forbid")


class ProductBody(BaseModel):
    """Body of `POST /api/products`."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Identifier, Field(max_length=200)]
    description: str = Field("", max_length=2_000)
    filters: SliceFilters = Field(default_factory=lambda: SliceFilters.model_validate({}))


class ProductSearchArguments(Filters):
    """`GET /api/search/products`."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=500, description="Words; all products where none are given")
    limit: Annotated[int, Field(ge=0, le=100)] = 10


class ProductSearchBody(BaseModel):
    """Body of `POST /api/search/products`."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=500, description="Words; all products where none are given")
    filters: SliceFilters = Field(default_factory=lambda: SliceFilters.model_validate({}))
    limit: Whole = Field(10, ge=0, le=100)


class QuestionArguments(BaseModel):
    """`GET /api/dataset/query`."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[Text, Field(max_length=2_000, description="A question about the data set")]
