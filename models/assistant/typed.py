"""Rows of SQLAlchemy, typed: the one border between them and the rest."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import RowMapping

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def typed(kind: type[T], row: RowMapping | Mapping[str, object], **read: object) -> T:
    """Return *row* as *kind*, by the names of its columns; *read* are those that had to be read, as JSON is."""
    # SQLAlchemy knows the types of columns by their values only.
    values: dict[str, Any] = {**{str(name): value for name, value in row.items()}, **read}
    return kind(**{field.name: values[field.name] for field in fields(kind)})
