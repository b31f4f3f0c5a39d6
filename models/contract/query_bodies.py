"""Bodies of queries to the assistant."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.fields import Chosen, Filter, Flag

# Bytes of one attachment as base64: some 15 MB of a page or photograph.
_LONGEST = 20 << 20


class Attachment(BaseModel):
    """A page or photograph: sent along, or a document that is here."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=200)
    data: str = Field("", max_length=_LONGEST, description="The file, as base64")
    file_id: str = Field("", max_length=100, description="Or a document that was uploaded")

    @model_validator(mode="after")
    def _is_one_of_two(self) -> "Attachment":
        if bool(self.data) == bool(self.file_id):
            raise ValueError("want either data (base64) or file_id")
        return self


class TurnBody(BaseModel):
    """An earlier turn that the client brings itself."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(min_length=1, max_length=20_000)]


class QueryBody(BaseModel):
    """Body of `POST /api/query` and `POST /api/query/stream`."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[str, Field(min_length=1, max_length=20_000)]
    user_id: Filter = Field(None, max_length=100, description="A label that parts memories and lists")
    session_id: Filter = Field(None, max_length=100, description="The conversation; a new one is begun without")
    model_provider: Filter = None
    model_name: Filter = Field(None, description="This model and no other")
    use_rag: Flag = Field(default=True, description="Whether documents may be looked at")
    use_memory: Flag = True
    file_ids: Chosen = Field(default_factory=tuple, max_length=1_000, description="Only these documents")
    answer_mode: Literal["docs_only", "open"] = Field(
        "open", description="docs_only: from the documents alone, with proved citations, or not at all"
    )
    history: list[TurnBody] = Field(default_factory=list, max_length=100)
    mode: Literal["chat", "shopping"] = "chat"
    attachments: list[Attachment] = Field(default_factory=list, max_length=8)
    jurisdiction: Literal["uk", "us", "eu", "international"] | None = None

    @property
    def names_model(self) -> bool:
        """Whether the caller wants one provider or model."""
        return bool(self.model_provider or self.model_name)

    @model_validator(mode="after")
    def _says_something(self) -> "QueryBody":
        if not self.query.strip():
            raise ValueError("query: is empty")
        return self
