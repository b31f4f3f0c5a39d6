"""Faults of a form by the field that each is of: what the service says in one message, put where it belongs."""

import re
from collections.abc import Iterable, Mapping

from web.page_words import page_words


def by_field(message: str, names: Iterable[str]) -> dict[str, str]:
    """Return what *message* says of each field of *names*, and under "" what it says of none of them.

    The service joins faults by "; " and begins each with the field's name: "cron: got 'x', want five fields".
    """
    known = tuple(names)
    found: dict[str, list[str]] = {}
    for fault in _parted(message, known):
        name, _, text = fault.partition(": ")
        own = name if name in known else ""
        found.setdefault(own, []).append(_sentence(text if own else fault))
    return {name: "\n".join(texts) for name, texts in found.items()}


def at_lines(message: str, yaml: str) -> str:
    """Return *message*, a line for each fault, with the line of *yaml* that sets the field which is at fault."""
    lines = {match[1]: number for number, line in enumerate(yaml.split("\n"), 1) if (match := _SET.match(line))}
    return "\n".join(_at_line(fault, lines) for fault in _parted(message, tuple(lines)))


# A pattern says little to who fills in a form; the field's hint tells it in words.
_PATTERN = re.compile(r"want text of the form \^\S+")
_SET = re.compile(r"\s*[\"']?([A-Za-z_]\w*)[\"']?\s*:")


def _at_line(fault: str, lines: Mapping[str, int]) -> str:
    own = fault.partition(":")[0].split(".")
    number = next((lines[name] for name in reversed(own) if name in lines), None)
    return page_words(f"Line {number}, {fault}" if number is not None else fault)


def _parted(message: str, names: tuple[str, ...]) -> list[str]:
    if not names:
        return [message]
    begins = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.split(rf"; (?=(?:{begins})(?:\.[^:; ]+)?: )", message)


def _sentence(text: str) -> str:
    shown = page_words(_PATTERN.sub("want it in the form told below", text))
    return shown[:1].upper() + shown[1:]
