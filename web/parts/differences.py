"""What differs between two texts, word by word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
# Longer texts are compared by lines' worth of words: difflib takes the square of their number.
_MOST = 4_000


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text; *differs* where the other has something else or nothing."""

    text: str
    differs: bool


def differences(one: str, other: str) -> tuple[list[Part], list[Part]]:
    """Return both texts in parts; joined they are the texts."""
    left, right = _words(one), _words(other)
    found: tuple[list[Part], list[Part]] = ([], [])
    for kind, low, high, first, last in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for parts, words in ((found[0], left[low:high]), (found[1], right[first:last])):
            if words:
                parts.append(Part("".join(words), kind != "equal"))
    return found


def _words(text: str) -> Sequence[str]:
    words = _WORDS.findall(text)
    if len(words) <= _MOST:
        return words
    return re.findall(r"[^.\n]*[.\n]|[^.\n]+$", text)
