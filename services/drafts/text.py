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


@lru_cache(64)  # counting, checks and score each read the same text
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of *text*; a hyphenated or contracted word is one."""
    return tuple(_WORD.findall(text))


def count_words(text: str) -> int:
    """Count words; a hyphenated or contracted word is one."""
    return len(words_of(text))


def headings(text: str) -> list[str]:
    """Return the headings of *text* in order."""
    found = []
    for match in _HEADING.finditer(text):
        title = next(group for group in match.groups() if group is not None)
        if len(title.split()) <= _MAX_HEADING_WORDS:
            found.append(title.strip(" *_:#"))
    return found


def step_numbers(text: str) -> list[int]:
    """Return the numbers of the lines that begin with "Step n:"."""
    return [int(match.group(1)) for match in _STEP.finditer(text)]


def steps_of(text: str) -> list[str]:
    """Return what each step says, without its label."""
    return [part.strip() for part in _STEP.split(text)[2::2]]


def places_of(keys: Iterable[str], titles: Sequence[str]) -> dict[str, int]:
    """Return for each key the position of the first of *titles* that contains it; keys without one are left out."""
    found: dict[str, int] = {}
    folded = [title.casefold() for title in titles]
    for key in keys:
        words = re.compile(rf"\b{re.escape(key.rstrip(':').casefold())}\b")
        place = next((place for place, title in enumerate(folded) if words.search(title)), None)
        if place is not None:
            found[key] = place
    return found


def share_of_english(text: str) -> float:
    """Return the share (0 to 1) of words that are among the commonest of English."""
    words = [word.casefold() for word in words_of(text)]
    return sum(word in _COMMON for word in words) / len(words) if words else 0.0
