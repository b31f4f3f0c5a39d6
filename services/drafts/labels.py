"""Reads fields out of prose whose parts are labelled (`**Question:** …`) or in tags (`<question>…`). Pure functions."""

import re

from utils.unwrapping import Names

_LABEL = re.compile(
    r"^[ \t>]*(?P<mark>#{1,6}[ \t]*)?(?:\d{1,2}[.)][ \t]*)?(?P<bold>[*_`]{0,3})(?P<name>[A-Za-z][A-Za-z _-]{0,24})"
    r"(?P<colon>[ \t]*:)?[*_`]{0,3}(?P<after>[ \t]*:)?[ \t]*",
    re.MULTILINE,
)
_TAG = re.compile(r"<(?P<parameter>parameter=)?(?P<name>[A-Za-z][\w -]{0,24})>")
_ARGUMENT = re.compile(r"<arg_key>(?P<name>[^<]{1,24})</arg_key>\s*<arg_value>(?P<text>.*?)</arg_value>", re.DOTALL)
_SPECIAL = re.compile(r"<\|[^|<>]{1,40}\|>|</s>")
_BLOCK_SIGN = re.compile(r"\A[|>][+-]?[ \t]*\n")
_RULE = re.compile(r"(?:\n[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*)+\Z")


def labelled_fields(text: str, names: Names, fewest: int) -> dict[str, object] | None:
    """Return the labelled parts of *text* under *names*; None when it labels fewer than *fewest*."""
    for found in (_tagged(text, names), _labelled(text, names)):
        if len(found) >= fewest:
            return found
    return None


def _tagged(text: str, names: Names) -> dict[str, object]:
    found: dict[str, object] = {}
    parts = [(match["name"], match["text"]) for match in _ARGUMENT.finditer(text)]
    unclosed: set[str] = set()
    for match in _TAG.finditer(text):
        closing = "</parameter>" if match["parameter"] else f"</{match['name']}>"
        end = -1 if closing in unclosed or names.of(match["name"]) is None else text.find(closing, match.end())
        if end >= 0:
            parts.append((match["name"], text[match.end() : end]))
        else:
            unclosed.add(closing)
    for label, part in parts:
        name = names.of(label)
        if name is not None:
            found.setdefault(name, part.strip())
    return found


def _labelled(text: str, names: Names) -> dict[str, object]:
    """Read label by label; a label that comes again is text of the part it stands in."""
    places: list[tuple[str, int, int]] = []
    for match in _LABEL.finditer(text):
        name = names.of(match["name"])
        is_label = (
            match["colon"] or match["after"] or ((match["mark"] or match["bold"]) and _ends_line(text, match.end()))
        )
        if name is not None and is_label and name not in {known for known, _, _ in places}:
            places.append((name, match.start(), match.end()))
    if not places:
        return {}
    ends = [start for _, start, _ in places[1:]] + [len(text)]
    return {name: _part(text[begin:end]) for (name, _, begin), end in zip(places, ends, strict=True)}


def _ends_line(text: str, place: int) -> bool:
    return text[place : place + 1] in ("", "\n")


def _part(text: str) -> str:
    return _RULE.sub("", _SPECIAL.sub("", _BLOCK_SIGN.sub("", text)).strip()).strip()
