"""Arguments and bodies of requests about releases."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from models.contract.product_bodies import SliceFilters
from models.fields import HOLDS_SECRETS, Filter, Flag, Identifier, Text, Whole

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
VERSION = r"^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$"


class ReleaseBody(BaseModel):
    """Body of `POST /api/releases`."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=90, pattern=NAME, description="Letters, digits, points, dashes, underscores")
    version: str | None = Field(
        None,
        pattern=VERSION,
        description="As 1.0.0; by default the next of its name: the same recipe raises the second number, "
        "another the first",
    )
    description: str = Field("", max_length=2_000)
    filters: SliceFilters = Field(default_factory=lambda: SliceFilters.model_validate({}))
    grounding: str = Field("", description="any (default), partly or grounded, as an export's")
    include: str = Field("", description="fit (default), accepted, unlicensed or all, as an export's")
    splits: str = Field("", description="Shares of train, validation, test, such as 0.9,0.05,0.05; none by default")
    seed: Whole = Field(0, ge=0, lt=2**53)
    thinking: Flag = Field(default=False, description="Keep the models' own thoughts")
    license: Filter = Field(None, max_length=100, description="Of the Hub's list: what you release it under")
    license_name: Filter = Field(None, max_length=200, description="Name of a licence that is other")
    license_link: Filter = Field(None, max_length=1000, description="Address of a licence that is other")


class ReleaseAgainBody(BaseModel):
    """Body of `POST /api/releases/<id>/again`."""

    model_config = ConfigDict(extra="forbid")

    version: str | None = Field(None, pattern=VERSION)
    description: str | None = Field(None, max_length=2_000, description="The same by default")


class ReleasesArguments(BaseModel):
    """`GET /api/releases`."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=90, description="Only those of this name")
    yanked: bool = Field(default=True, description="With those that were yanked")


class ReleaseDiffArguments(BaseModel):
    """`GET /api/releases/<id>/diff`."""

    model_config = ConfigDict(extra="forbid")

    to: str = Field("now", max_length=100, description="Id of another release; now: what the recipe makes at present")
    limit: Annotated[int, Field(ge=0, le=1_000)] = 100


class ReleaseExportArguments(BaseModel):
    """`GET /api/releases/<id>/export`."""

    model_config = ConfigDict(extra="forbid")

    format: str = Field("jsonl", description="As an export's")
    fields: str = Field("", description="Columns, comma-separated")
    system_prompt: str = ""
    reasoning: str = Field("omit", description="omit, answer or think, as an export's")
    split: str = Field("", description="train, validation or test; all by default")


class YankBody(BaseModel):
    """Body of `POST /api/releases/<id>/yank`."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(max_length=1_000)] = Field(description="Why it should not be used; shown to everyone")
    erase: Flag = Field(default=False, description="Remove its files too, as the law may ask; the manifest stays")


class ReleasePushBody(BaseModel):
    """Body of `POST /api/releases/<id>/push`."""

    model_config = ConfigDict(**HOLDS_SECRETS, extra="forbid")

    token: Filter = None
    repo_name: str | None = Field(None, min_length=1, max_length=200, description="The release's name by default")
    private: Flag = False
    commit_message: Filter = Field(None, max_length=5000)


class ReleasePullBody(BaseModel):
    """Body of `POST /api/releases/pull`."""

    model_config = ConfigDict(**HOLDS_SECRETS, extra="forbid")

    token: Filter = None
    repo_name: Annotated[Identifier, Field(max_length=200)] = Field(description="owner/name")
    revision: str = Field("main", min_length=1, max_length=200, description="A tag, such as v1.0.0")


class ReleaseVerifyBody(BaseModel):
    """Body of `POST /api/releases/<id>/verify`."""

    model_config = ConfigDict(**HOLDS_SECRETS, extra="forbid")

    token: Filter = None
    repo_name: Filter = Field(None, max_length=200, description="Check the copy on the Hub, not the files here")
    revision: Filter = Field(None, max_length=200, description="By default the tag of its version")
