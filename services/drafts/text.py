"""What the checks read out of a text: words, headings, steps."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

_STEP = re.compile(r"^\W{0,4}step\s+(\d{1,2})\s*\W{0,4}[:.)–—-]", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(r"\b[\w'’-]+\b")
# A heading: a Markdown heading, a bold line, a short label before a colon, or alone on its line.
_HEADING = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*(?P<hash>[^\n#]{1,80})|\*\*(?P<bold>[^*\n]{1,80})\*\*"
    r"|(?:\d{1,2}[.)][ \t]*)?(?P<label>[A-Za-z][^:\n]{0,60}):|(?P<bare>[A-Za-z][^:.!?,;\n]{1,60})[ \t]*$)",
    re.MULTILINE,
)
_MAX_HEADING_WORDS = 8
# Letters that fold to a letter and a sign which is none, so that a word of them falls apart.
_UNEVEN = re.compile(
    "[\u0130\u01f0\u0345\u0390\u03b0\u1e96-\u1e99\u1f50\u1f52\u1f54\u1f56\u1fb6\u1fb7\u1fc6\u1fc7\u1fd2\u1fd3"
    "\u1fd6\u1fd7\u1fe2-\u1fe4\u1fe6\u1fe7\u1ff6\u1ff7]"
)
# Texts and patterns that are kept: those of the drafts that are read at the moment.
_KEPT = 64
# The fifty commonest words of English: they are a third of any prose.
_COMMON = frozenset(
    [
        "the",
        "of",
        "and",
        "to",
        "in",
        "a",
        "is",
        "that",
        "for",
        "it",
        "as",
        "was",
        "with",
        "be",
        "by",
        "on",
        "not",
        "he",
        "this",
        "are",
        "or",
        "his",
        "from",
        "at",
        "which",
        "but",
        "have",
        "an",
        "had",
        "they",
        "you",
        "were",
        "their",
        "one",
        "all",
        "we",
        "can",
        "her",
        "has",
        "there",
        "been",
        "if",
        "more",
        "when",
        "will",
        "would",
        "who",
        "so",
        "no",
        "its",
        "may",
        "must",
        "shall",
        "any",
        "under",
    ]
)


@lru_cache(_KEPT)  # counting, checks and score each read the same text
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of *text*; a hyphenated or contracted word is one."""
    return tuple(_WORD.findall(text))


def folded_words(text: str) -> tuple[str, ...]:
    """Return the words of *text* without case: `words_of(text.casefold())`."""
    if not text.isascii() and _UNEVEN.search(text):
        return words_of(text.casefold())
    return tuple(map(str.casefold, words_of(text)))


def count_words(text: str) -> int:
    """Count words; a hyphenated or contracted word is one."""
    return len(words_of(text))


def headings(text: str) -> list[str]:
    """Return the headings of *text* in order."""
    return list(_headings(text))


@lru_cache(_KEPT)
def _headings(text: str) -> tuple[str, ...]:
    found = []
    for match in _HEADING.finditer(text):
        title = next(group for group in match.groups() if group is not None)
        if len(title.split()) <= _MAX_HEADING_WORDS:
            found.append(title.strip(" *_:#"))
    return tuple(found)


def step_numbers(text: str) -> list[int]:
    """Return the numbers of the lines that begin with "Step n:"."""
    return [int(number) for number in _parted(text)[1::2]]


def steps_of(text: str) -> list[str]:
    """Return what each step says, without its label."""
    return [part.strip() for part in _parted(text)[2::2]]


@lru_cache(_KEPT)
def _parted(text: str) -> tuple[str, ...]:
    """Return what stands before the first step, then number and text of each."""
    return tuple(_STEP.split(text))


def places_of(keys: Iterable[str], titles: Sequence[str]) -> dict[str, int]:
    """Return for each key the position of the first of *titles* that contains it; keys without one are left out."""
    found: dict[str, int] = {}
    folded = [title.casefold() for title in titles]
    for key in keys:
        words = _whole_words(key)
        place = next((place for place, title in enumerate(folded) if words.search(title)), None)
        if place is not None:
            found[key] = place
    return found


@lru_cache(4 * _KEPT)
def _whole_words(key: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(key.rstrip(':').casefold())}\b")


def share_of_english(text: str) -> float:
    """Return the share (0 to 1) of words that are among the commonest of English."""
    words = words_of(text)
    return sum(word.casefold() in _COMMON for word in words) / len(words) if words else 0.0


def is_english(text: str, least: float) -> bool:
    """Tell whether `share_of_english` is at least *least*, without reading further than that."""
    words, common = words_of(text), 0
    for word in words:
        common += word.casefold() in _COMMON
        if common / len(words) >= least:
            return True
    return not words and least <= 0.0
