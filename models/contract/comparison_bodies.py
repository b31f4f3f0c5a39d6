"""Bodies of requests that let several models write the same plan."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from models.contract.bodies import BatchRequest
from models.fields import Filter

# Who writes is what a comparison sets.
_SET_HERE = ("provider", "model", "providers", "models", "weights", "allow_failover", "origin")


def _without_targets(schema: JsonDict) -> None:
    fields = schema["properties"]
    if isinstance(fields, dict):
        for name in _SET_HERE:
            fields.pop(name, None)


class ComparedBatch(BatchRequest):
    """What each model writes: what a batch takes, but for who writes it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_without_targets)

    @model_validator(mode="before")
    @classmethod
    def _names_no_writer(cls, body: object) -> object:
        found = [name for name in _SET_HERE if isinstance(body, dict) and name in body]
        if found:
            raise ValueError(f"{found[0]}: is set by the comparison; name who writes in targets")
        return body


def _target(name: str) -> str:
    provider, slash, model = name.strip().partition("/")
    if not (provider and slash and model):
        raise ValueError("want provider/model")
    return name.strip()


def _differ(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("names a target twice")
    return names


Target = Annotated[
    str, AfterValidator(_target), Field(max_length=200, json_schema_extra={"pattern": r"^\s*[^/\s][^/]*/\s*\S"})
]
Targets = Annotated[
    tuple[Target, ...],
    AfterValidator(_differ),
    Field(
        min_length=2,
        max_length=8,
        description='Who writes, each as "provider/model"',
        json_schema_extra={"uniqueItems": True},
    ),
]


class ComparisonRequest(BaseModel):
    """Body of `POST /api/comparisons` and `POST /api/comparisons/plan`."""

    model_config = ConfigDict(extra="forbid")

    name: Filter = Field(None, max_length=100)
    targets: Targets
    batch: ComparedBatch = Field(description="Limits are those of each batch")
