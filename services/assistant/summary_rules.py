"""A summary without a model: a line for each turn, of a sentence of its query and one of its answer. Pure functions."""

import re
from collections.abc import Sequence

from models.assistant.rows import Turn
from services.assistant.titles import shortened
from services.drafts.thinking import split_thinking
from services.grounding.claims.words import roots

LONGEST = 1_500
_QUERY, _ANSWER = 120, 220
# A full stop behind three small letters or a bracket: not that of "s. 9", "v." or "No.".
_BETWEEN = re.compile(r"(?<=[a-z)\]\"”]{3}[.!?])\s+(?=[A-Z\"“(\[])|\n+")
_MARKUP = re.compile(r"^[\s#>*•-]+|\*\*|`")


def summarise(before: str, turns: Sequence[Turn], longest: int = LONGEST) -> str:
    """Return a summary of *turns* behind what was said of those before; of too many lines the oldest go."""
    lines = [*before.splitlines(), *map(line_of, turns)]
    kept: list[str] = []
    size = 0
    for line in reversed(lines):
        size += len(line) + 1
        if kept and size > longest:
            break
        kept.append(line)
    return "\n".join(reversed(kept))[:longest]


def line_of(turn: Turn) -> str:
    """Return what was asked and the sentence of the answer that says most of it, on one line."""
    asked = shortened(" ".join(spoken(turn.query).split()), _QUERY)
    return f"Asked: {asked} Answered: {shortened(_telling(spoken(turn.response), turn.query), _ANSWER)}"


def spoken(text: str) -> str:
    """Return *text* without thoughts, which the answer should not hold any more."""
    return split_thinking(text)[0]


def _telling(answer: str, query: str) -> str:
    """Return the sentence of *answer* that has most words of *query*, the first of several; "nothing" for none."""
    asked = roots(query)
    sentences = [" ".join(_MARKUP.sub("", one).split()) for one in _BETWEEN.split(answer)]
    return max(filter(None, sentences), key=lambda sentence: len(asked & roots(sentence)), default="nothing")
