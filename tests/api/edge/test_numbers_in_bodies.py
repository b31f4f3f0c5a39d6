"""Numbers in bodies: Python would take true for 1, and who sends true for a number has made a mistake."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args

from flask.testing import FlaskClient
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from api.edge.endpoint import declared_by


def test_no_number_of_a_body_may_be_sent_as_true(client: FlaskClient) -> None:
    declared = [declared_by(view) for view in client.application.view_functions.values()]
    bodies = {one.body for one in declared if one is not None and one.body is not None}
    models = {model for body in bodies for model in _models(body)}
    taken = [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if type(_read(field)) in (int, float)
    ]

    assert len(models) > 30
    assert sorted(taken) == []


def _read(field: FieldInfo) -> object:
    """Return what a field makes of true; None where it refuses it."""
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    try:
        return TypeAdapter(kind).validate_python(True)
    except ValidationError:
        return None


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a type holds, in any depth."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from _models(field.annotation)
    for part in get_args(kind):
        yield from _models(part)
