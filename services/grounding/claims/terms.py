"""A text as its words and the labels of its subdivisions, by which a claim is laid beside a sentence of the law."""

import re
from dataclasses import dataclass

_TERM = re.compile(
    r"\((?P<label>\d{1,3}[A-Z]{0,2}|[a-z]{1,5}|[A-Z]{1,3})\)|[A-Za-zÀ-ɏ]+(?:['’][a-z]+)?|\d+(?:[.,]\d+)*[A-Z]{0,2}"
)


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or a label such as "(2)", in small letters, and where it stands."""

    word: str
    start: int
    end: int
    is_label: bool
    is_capital: bool = False


def terms(text: str) -> list[Term]:
    """Return the words and labels of *text* in order."""
    made = []
    for found in _TERM.finditer(text):
        word = (found["label"] or found[0]).replace("’", "'")
        made.append(Term(word.lower(), *found.span(), found["label"] is not None, word[0].isupper()))
    return made
