"""What both ways to lead a small model share: how it is asked, and what a sentence of it may be."""

import re
from collections.abc import Callable, Mapping

# What the model may write inside a sentence: no colon (it nests headings), no full stop, ASCII and the pound.
CHARS = "[A-Za-z0-9 ,;()£'-]"
_END = re.compile(r"(?<=[.?])\s+")

Ask = Callable[[str, str, dict[str, object], int, int], dict[str, str]]
"""(system, question, schema, max_tokens, seed) -> the fields that the model wrote."""


def loops(sentence: str) -> bool:
    """True when the same four words come three times."""
    words = sentence.split()
    grams = [tuple(words[n : n + 4]) for n in range(len(words) - 3)]
    return any(grams.count(gram) >= 3 for gram in set(grams))


def sentences_of(text: str) -> list[str]:
    """Return the sentences of *text*."""
    return [sentence for sentence in _END.split(text) if sentence]


def fields_schema(patterns: Mapping[str, str]) -> dict[str, object]:
    """Return the schema of an object with a text for each pattern."""
    properties = {name: {"type": "string", "pattern": pattern} for name, pattern in patterns.items()}
    return {"type": "object", "properties": properties, "required": list(patterns), "additionalProperties": False}


def upper(text: str) -> str:
    """Return *text* with a capital letter first."""
    return text[:1].upper() + text[1:]
