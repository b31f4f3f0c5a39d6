"""Where the rows of one JSON document are: under `data` or `rows`, as columns, or by number."""

from collections.abc import Mapping

from models.samples.column_map import MESSAGES, map_columns
from models.samples.conversation import read_conversation

_SHOWN = 5
# Who names a speaker is a turn of a conversation, and no row.
_SPEAKERS = {"role", "from"}


def row_of(item: object) -> object:
    """Return the row in an item: the dataset viewer's (`row_idx`, `row`), a bare conversation, or the item itself."""
    if isinstance(item, list) and item and read_conversation(item) is not None:
        return {MESSAGES: item}
    if isinstance(item, dict) and "row_idx" in item and isinstance(row := item.get("row"), dict):
        return row
    return item


def rows_in(document: Mapping[str, object]) -> list[object] | None:
    """Return the rows that *document* holds; None if it is a row itself.

    Raises:
        ValueError: it holds several lists, and not one alone is of samples.
    """
    columns = map_columns(document)
    turns = document.get(columns.turns)
    is_talk = turns is not None and not isinstance(turns, str) and not (isinstance(turns, list) and _is_rows(turns))
    if is_talk or columns.fields.keys() & {"question", "answer"}:
        return _turned([str(name) for name in document], list(document.values())) if columns.has_samples else None
    split = _split(document)
    if split is not None:
        return split
    lists = {name: value for name, value in document.items() if isinstance(value, list) and _is_rows(value)}
    if len(lists) > 1:
        samples = {name: value for name, value in lists.items() if map_columns(value[0]).has_samples}
        if len(samples) != 1:
            raise several(list(lists))
        lists = samples
    if lists:
        return next(iter(lists.values()))
    inner = [value for value in document.values() if isinstance(value, dict)]
    if len(inner) == 1 == len(document):
        return rows_in(inner[0])
    if not inner or len(inner) < len(document) or not all(map_columns(value).has_samples for value in inner):
        return None
    is_numbered = all(str(name).isdecimal() for name in document)
    return (
        list(inner)
        if is_numbered
        else [{"id": name, **value} for name, value in document.items() if isinstance(value, dict)]
    )


def several(names: list[str]) -> ValueError:
    """Return the error that a document holds several lists that may be the rows."""
    shown = ", ".join(name[:40] for name in names[:_SHOWN])
    return ValueError(f"holds several lists of objects ({shown}); send one of them as an array")


def _is_rows(value: list[object]) -> bool:
    return bool(value) and all(isinstance(item, dict) and not item.keys() & _SPEAKERS for item in value)


def _turned(names: list[str], columns: list[object]) -> list[object] | None:
    """Return the rows of columns (pandas' default: objects by row number; or lists); None if they are no columns."""
    if all(isinstance(column, dict) for column in columns):
        lists = [list(column.values()) for column in columns if isinstance(column, dict)]
    elif all(isinstance(column, list) for column in columns):
        lists = [column for column in columns if isinstance(column, list)]
    else:
        return None
    if any(isinstance(cell, dict) for column in lists for cell in column):  # messages of one row
        return None
    if len({len(column) for column in lists}) != 1:
        return None
    return [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]


def _split(document: Mapping[str, object]) -> list[object] | None:
    """Return the rows of pandas' `orient="split"`."""
    names, rows = document.get("columns"), document.get("data")
    if not (isinstance(names, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows)):
        return None
    return [dict(zip(map(str, names), row, strict=False)) for row in rows]
