"""Plain text as the assistant compares it: folded words, their stems, and the nearest known word to a misspelt one."""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9§][a-z0-9§_.'%-]*")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "\u00a0": " "})
# Shorter words are too near to each other.
_SHORTEST = 5
# Most characters of a question that are read: more is a document.
MOST_CHARS = 4_000


def tokens(text: str) -> list[str]:
    """Return the words of *text* in order, folded: no capitals, possessives or hyphens."""
    plain = text[:MOST_CHARS].translate(_APOSTROPHES).casefold().replace("-", " ").replace("_", " ").replace("/", " ")
    return [word for found in _WORD.findall(plain) if (word := _bare(found))]


def _bare(word: str) -> str:
    word = word.strip(".'_-")
    word = word.removesuffix("'s").removesuffix("s'") if not word.endswith("n't") else word
    return word.replace("'", "")


@lru_cache(4096)
def stem(word: str) -> str:
    """Return *word* in the singular, as far as its end tells."""
    if len(word) <= 3 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word.removesuffix("s")


def stems(text: str) -> tuple[str, ...]:
    """Return the stems of the words of *text*."""
    return tuple(stem(word) for word in tokens(text))


class Spelling:
    """Known words, ready to mend what is one slip away from one of them. Thread-safe.

    A slip is one letter more, less, another, or two that changed places; the first letter is taken to be right.
    Words of *never* stay: they are words of their own ("court" is no slip for "count").
    """

    def __init__(self, known: Collection[str], never: Collection[str] = ()) -> None:
        """Sort the *known* words by their beginnings."""
        self._right = frozenset(known) | frozenset(never)
        self._by_start: dict[str, list[str]] = {}
        for word in sorted(known):
            if len(word) >= _SHORTEST - 1:
                self._by_start.setdefault(word[0], []).append(word)
        self._nearest = lru_cache(2048)(lambda word: _nearest(word, self._by_start.get(word[0], ())))

    def corrected(self, words: Iterable[str]) -> list[str]:
        """Return *words*, those that are not known replaced by the one known word that is one slip away."""
        return [word if word in self._right or len(word) < _SHORTEST else self._nearest(word) for word in words]


def corrected(words: Iterable[str], known: Collection[str], never: Collection[str] = ()) -> list[str]:
    """Return *words* as `Spelling` of *known* and *never* corrects them."""
    return Spelling(known, never).corrected(words)


def _nearest(word: str, candidates: Iterable[str]) -> str:
    bare, near = stem(word), list[str]()
    for other in candidates:
        if stem(other) == bare:
            return word
        if abs(len(other) - len(word)) <= 1 and is_one_slip(word, other):
            near.append(other)
    return near[0] if len(near) == 1 else word


def is_one_slip(word: str, other: str) -> bool:
    """Tell whether one slip makes *other* of *word*."""
    if len(word) > len(other):
        word, other = other, word
    start = next((place for place, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), len(word))
    if len(word) < len(other):
        return word[start:] == other[start + 1 :]
    if word[start + 1 :] == other[start + 1 :]:
        return True
    return word[start : start + 2] == other[start : start + 2][::-1] and word[start + 2 :] == other[start + 2 :]
