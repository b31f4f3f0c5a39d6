"""Writes the types of bodies and answers: one TypedDict for each schema of the OpenAPI document."""

import keyword
import textwrap
from collections.abc import Iterator
from typing import Any, TypeAlias

# A piece of a schema: JSON of any depth, which no type of Python describes.
Json: TypeAlias = dict[str, Any]
_SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def types_module(schemas: Json) -> str:
    """Return the text of `ltp/types.py`."""
    lines = [
        '"""What the API takes and answers, as types. Written by `tests/ltp/write_client.py`: change nothing here."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Literal, NotRequired, TypeAlias, TypedDict",
    ]
    unions = {name: schema for name, schema in schemas.items() if schema.get("type") != "object"}
    for name, schema in schemas.items():
        if name not in unions:
            lines += _typed_dict(name, schema)
    lines += _typed_dict("FileMessage", _FILE_MESSAGE)
    lines += [f"{name}: TypeAlias = {kind_of(schema)}" for name, schema in unions.items()]
    return "\n".join(lines) + "\n"


# The document does not say what the stream of documents sends; docs/api.md does.
_FILE_MESSAGE: Json = {
    "description": "A message of `GET /api/files/stream`.",
    "properties": {
        "type": {"enum": ["file", "file_deleted"]},
        "file": {"$ref": "#/components/schemas/DocumentRow"},
        "file_id": {"type": "string"},
    },
    "required": ["type"],
}


def kind_of(schema: Json, prefix: str = "") -> str:
    """Return the annotation of what *schema* describes; named types stand behind *prefix*."""
    if "$ref" in schema:
        return prefix + str(schema["$ref"]).rpartition("/")[2]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " | ".join(dict.fromkeys(kind_of(one, prefix) for one in schema[several]))
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return f"Literal[{', '.join(map(_literal, values))}]"
    kind = schema.get("type", "")
    if kind == "array":
        return f"list[{kind_of(schema.get('items', {}), prefix)}]"
    if kind == "object":
        inside = schema.get("additionalProperties")
        return f"dict[str, {kind_of(inside if isinstance(inside, dict) else {}, prefix)}]"
    return _SIMPLE.get(kind, "object")


def comment(text: str, width: int) -> list[str]:
    """Return *text* in lines, of which all but the first are indented."""
    return textwrap.wrap(" ".join(text.split()), width, subsequent_indent="    ", break_long_words=False) or [""]


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _typed_dict(name: str, schema: Json) -> Iterator[str]:
    fields = schema.get("properties", {})
    needed = schema.get("required", [])
    kinds = {
        field: kind_of(told) if field in needed else f"NotRequired[{kind_of(told)}]" for field, told in fields.items()
    }
    about = str(schema.get("description", name)).partition("\n")[0].rstrip(".")
    if any(not field.isidentifier() or keyword.iskeyword(field) for field in fields):
        yield f"# {about}."
        inside = ", ".join(f'"{field}": "{kind}"' for field, kind in kinds.items())
        yield f'{name} = TypedDict("{name}", {{{inside}}})'
        return
    yield f"class {name}(TypedDict):"
    yield f'    """{about}."""'
    for field, kind in kinds.items():
        yield from (f"    # {line}" for line in comment(fields[field].get("description", ""), 110) if line)
        yield f"    {field}: {kind}"
