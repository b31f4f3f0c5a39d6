"""Finds the object that a model was asked for, whatever stands around it.

Models wrap it: in prose, fences, tool calls, `{"name": …, "arguments": …}`, lists, JSON inside of a JSON string, an
echo of the schema; and they write its names in their own way. The object is found by the names that it must hold.
Pure functions; nothing here knows what the names mean.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping

import orjson

from utils.json_escapes import mended

Parse = Callable[[str], object]
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}]', re.DOTALL)
_NO_LETTER = re.compile(r"[\W_]+")
_BLANK = re.compile(r"[\s.…<>\[\]]*(?:string|str|text)?[\s.…<>\[\]]*", re.IGNORECASE)
_TYPES = frozenset({"string", "object", "array", "number", "integer", "boolean", "null"})
_OF_A_SCHEMA = frozenset(
    "type description title value const default enum example examples"
    " minLength maxLength pattern format items nullable".split()
)
_VALUES = ("value", "const", "default", "example")
_NAMES_OF_NAMES, _NAMES_OF_VALUES = ("name", "key", "field"), ("value", "content", "text")
# Objects that do not parse, after which a text is given up; how often ends are looked for; levels that are looked into.
_GIVE_UP, _LOOKS, _DEEPEST = 300, 20, 12


class Names:
    """The names that an object must hold, found in any case and spelling."""

    def __init__(self, wanted: Collection[str], others: Mapping[str, str] | None = None) -> None:
        """Look for *wanted*; *others* are further spellings, by the plain form of each."""
        self.wanted = tuple(wanted)
        self._by_form = {_form(name): name for name in wanted}
        for other, name in (others or {}).items():
            self._by_form.setdefault(_form(other), name)

    def of(self, name: str) -> str | None:
        """Return which of the names *name* is, or None."""
        return self._by_form.get(_form(name))

    def are_in(self, text: str) -> bool:
        """Tell whether *text* holds any of the names."""
        plain = _form(text)
        return any(form in plain for form in self._by_form)

    def held_by(self, value: Mapping[str, object]) -> dict[str, object]:
        """Return what *value* says under the names; one that is written exactly so wins over other spellings."""
        found: dict[str, object] = {}
        for key, item in value.items():
            name = self.of(str(key))
            said = _said(item)
            if name is not None and (name not in found or key == name or is_blank(found[name])):
                found[name] = said
        return found


def find_object(text: str, names: Names) -> dict[str, object] | None:
    """Return the object in *text* that says most under *names*, by those names; None when there is none.

    What is not JSON is repaired only where no sound object says anything.
    """
    best = _best(objects_in(text), names)
    if best is None and names.are_in(text):
        best = _best(_repaired(text), names)
    return best


def held_objects(text: str, names: Names, parse: Parse) -> list[dict[str, object]]:
    """Return what every object in *text* says under *names*; nothing is repaired. *parse* reads each."""
    return [held for value in objects_in(text, parse) for held in _held(value, names, {}, 0)]


def objects_in(text: str, parse: Parse | None = None) -> list[object]:
    """Return what *text* is as JSON, or every object in it."""
    parse = parse or parsed
    bare = text.strip().lstrip("\ufeff").strip()
    if bare[:1] in ("{", "[", '"'):
        try:
            return [parse(bare)]
        except (ValueError, RecursionError):
            pass
    return [value for _, _, value in spans_of_objects(text, parse)]


def spans_of_objects(text: str, parse: Parse | None = None) -> Iterator[tuple[int, int, object]]:
    """Yield beginning, end and value of every object in *text* that no other holds."""
    parse = parse or parsed
    ends: dict[int, int] = {}
    start, looked, failed = text.find("{"), 0, 0
    while start >= 0 and failed < _GIVE_UP:
        if start not in ends and looked < _LOOKS:  # at first, or it seemed to stand in a string
            ends, looked = _ends(text, start), looked + 1
        end = ends.get(start, 0)
        try:
            value = parse(text[start:end]) if end else None
        except (ValueError, RecursionError):
            value = None
        failed += value is None and end > 0
        if value is not None:
            yield start, end, value
        start = text.find("{", end if value is not None else start + 1)


def parsed(source: str) -> object:
    """Read JSON that a model wrote: its backslashes mended, raw control characters allowed.

    Raises:
        ValueError, RecursionError: it is none.
    """
    source = mended(source)
    try:
        return orjson.loads(source)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(source, strict=False)
    except ValueError:
        if not source.startswith('{\\\\"') and '{\\"' not in source[:40]:
            raise
        return json.loads(json.loads(f'"{source}"', strict=False), strict=False)  # an object with its quotes escaped


def is_blank(value: object) -> bool:
    """Tell whether *value* says nothing: it is missing, or holds a place open."""
    return value is None or value in ({}, []) or (isinstance(value, str) and _BLANK.fullmatch(value) is not None)


def _best(values: Collection[object], names: Names) -> dict[str, object] | None:
    best: dict[str, object] | None = None
    most = -1
    for value in values:
        for held in _held(value, names, {}, 0):
            said = sum(not is_blank(item) for item in held.values())
            if said > most:
                best, most = held, said
    return best


def _held(value: object, names: Names, around: Mapping[str, object], depth: int) -> Iterator[dict[str, object]]:
    """Yield what each object in *value* says under *names*, with what the objects *around* it say."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        yield from _held(_inner(value), names, around, depth + 1)
    elif isinstance(value, dict):
        yield from _held_by_object(value, names, around, depth + 1)
    elif isinstance(value, list):
        parts = _joined(value, names)
        if parts:
            yield {**around, **parts}
        for item in value:
            yield from _held(item, names, around, depth + 1)


def _held_by_object(
    value: Mapping[str, object], names: Names, around: Mapping[str, object], depth: int
) -> Iterator[dict[str, object]]:
    own = names.held_by(value)
    held = {**around, **own}
    if own:
        yield held
    if len(held) == len(names.wanted):
        return
    for key, item in value.items():
        rest = {name: said for name, said in held.items() if name != names.of(str(key))}
        yield from _held(item, names, rest, depth)


def _joined(items: list[object], names: Names) -> dict[str, object]:
    """Return the object that a list gives piece by piece; empty when it is no such list."""
    made: dict[str, object] = {}
    for item in items:
        if not isinstance(item, dict):
            return {}
        piece = _pair(item, names) or names.held_by(item)
        if piece.keys() & made.keys():
            return {}
        made.update(piece)
    return made if len(items) > 1 else {}


def _pair(item: Mapping[str, object], names: Names) -> dict[str, object]:
    """Return what {"name": …, "value": …} gives."""
    name = next((names.of(str(item[key])) for key in _NAMES_OF_NAMES if key in item), None)
    key = next((key for key in _NAMES_OF_VALUES if key in item), None)
    return {name: item[key]} if name is not None and key is not None else {}


def _said(value: object) -> object:
    """Return *value*, or what the echo of a schema holds in its place; None where it says nothing."""
    if isinstance(value, dict) and value.get("type") in _TYPES and value.keys() <= _OF_A_SCHEMA:
        return next((value[name] for name in _VALUES if name in value), None)
    return value


def _inner(text: str) -> object:
    """Return the JSON that a text is, or None."""
    bare = text.strip()
    if bare.startswith("```"):
        bare = bare.strip("`").removeprefix("json").strip()
    if bare[:1] not in ("{", "[", '"'):
        return None
    try:
        return parsed(bare)
    except (ValueError, RecursionError):
        return None


def _ends(text: str, start: int) -> dict[int, int]:
    """Return where each object from *start* on ends, by its beginning, strings respected; 0 for one that does not."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for token in _TOKEN.finditer(text, start):
        if token.group() == "{":
            opened.append(token.start())
            ends[token.start()] = 0
        elif token.group() == "}" and opened:
            ends[opened.pop()] = token.end()
    return ends


def _repaired(text: str) -> list[object]:
    start = text.find("{")
    if start < 0:
        return []
    try:
        import json_repair

        return [json_repair.loads(mended(text[start:]))]
    except (ValueError, RecursionError, IndexError):
        return []


def _form(name: str) -> str:
    return _NO_LETTER.sub("", name).casefold()
