"""The items of a JSON array, read one at a time."""

import io
import json
from typing import Any

import pytest

from services.formats.json_items import ItemReader


@pytest.mark.parametrize(
    "rows",
    [[], [1, 2.5, None, True, 'é\n"\\'], [{"a": [{"b": "x" * 200_000}]}, {"c": "y" * 70_000}] * 3, [[], {}, [[]]]],
)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_items_of_an_array_are_those_of_the_whole_document(rows: list[Any], indent: int, ascii_only: bool) -> None:
    text = json.dumps(rows, indent=indent, ensure_ascii=ascii_only)

    assert list(ItemReader(io.BytesIO(text.encode())).items()) == rows
    assert list(ItemReader(io.BytesIO(b"\xef\xbb\xbf" + text.encode() + b" \n")).items()) == rows
