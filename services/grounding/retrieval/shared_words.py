"""Which words of a question a passage shares: those that matter, and where they stand. Pure functions.

Stems are those of the index (FTS5's porter), so what is marked is what the search went by.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.grounding.retrieval.words import tokens_of

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# Words in which questions differ little: any text has some of them, and sharing them says nothing.
_COMMON = frozenset(
    "a about after again against all also am among an and any anybody anyone are as at be because been before"
    " being below between both but by can cannot could did do does doing done down during each either else etc"
    " ever every for from further get gets give given gives go goes got had has have having he her here hers him"
    " his how however i if in into is it its itself just know let like make makes many may me might mine more most"
    " much must my need needs no nor not now of off on once only onto or other our ours out over own per please"
    " same say says shall she should so some such tell than that the their theirs them then there these they thing"
    " things this those through to too under until up upon us use used very want wants was we were what whatever"
    " when where whether which while who whom whose why will with within without would yes yet you your yours".split()
)


@dataclass(frozen=True, slots=True)
class SharedWords:
    """The words of a question that matter, and what passages have of them.

    Attributes:
        words: As the question writes them, each once, in order.
        absent: Those of them that are in no passage of any document.
        rows: For each passage which of the words it has, with its headings, and where they stand in its text.
    """

    words: tuple[str, ...]
    absent: tuple[str, ...]
    rows: tuple["Shares", ...]

    @property
    def found(self) -> tuple[str, ...]:
        """The words that are in any of the passages."""
        return tuple(word for word in self.words if any(word in row.words for row in self.rows))


@dataclass(frozen=True, slots=True)
class Shares:
    """What one passage shares with a question: words, and (start, end) of each in its text."""

    words: tuple[str, ...]
    places: tuple[tuple[int, int], ...]


def content_words(question: str) -> dict[str, str]:
    """Return the words of *question* that matter as it writes them, by their stems."""
    found: dict[str, str] = {}
    for match in _WORD.finditer(question):
        word = match[0]
        if word.casefold().replace("’", "'") not in _COMMON and (len(word) > 1 or word.isdigit()):
            found.setdefault(stem(word), word)
    return {root: word for root, word in found.items() if root and root not in _COMMON}


def stem(word: str) -> str:
    """Return *word* as the index has it; "" for what it leaves out."""
    from Stemmer import Stemmer

    tokens = tokens_of(word)
    return str(Stemmer("porter", 0).stemWord(tokens[0])) if tokens else ""


def shares_of(wanted: Mapping[str, str], text: str, above: Iterable[str] = ()) -> Shares:
    """Return which of the words *wanted*, by their stems, a passage has in its *text* or in what stands *above* it."""
    places = [(match.span(), stem(match[0])) for match in _WORD.finditer(text)]
    roots = {root for _, root in places} | {stem(match[0]) for part in above for match in _WORD.finditer(part)}
    return Shares(
        tuple(word for root, word in wanted.items() if root in roots),
        tuple(span for span, root in places if root in wanted),
    )


def shared_words(question: str, passages: Sequence[tuple[str, Sequence[str]]], known: Mapping[str, int]) -> SharedWords:
    """Return what *passages* (text, what stands above it) share with *question*.

    Args:
        question: As it was asked.
        passages: In their order.
        known: In how many passages of all documents each token of the question is.
    """
    wanted = content_words(question)
    counts = {stem(token): count for token, count in known.items()}
    return SharedWords(
        tuple(wanted.values()),
        tuple(word for root, word in wanted.items() if counts.get(root, 1) == 0),
        tuple(shares_of(wanted, text, above) for text, above in passages),
    )
