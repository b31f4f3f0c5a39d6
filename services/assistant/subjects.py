"""What a request for samples is about, behind "on" or "about": the topics of it, or an error that names the nearest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from services.assistant.vocabulary import Vocabulary
from services.assistant.words import stem, tokens
from utils.errors import InputError

_SUBJECT = re.compile(
    r"\b(?:on|about|regarding|concerning|covering)\s+(.+?)"
    r"(?=[.;:!?]|$|\b(?:for|with|at|in|from|by|using|that|which|please|to|as|on|about|of difficulty|under)\b)",
    re.IGNORECASE | re.DOTALL,
)
_NAMES_NOTHING = frozenset(
    "law laws legal case cases sample samples topic topics area areas question questions issue issues matter matters"
    " subject subjects example examples a an the and or of some any all each every this that these those it them us me"
    " practice level levels difficulty ones one different various new more basics rule rules act right rights".split()
)
_TOPICS, _NEAREST = "GET /api/v1/topics", 3


def subject_topics(text: str, vocabulary: Vocabulary) -> list[str]:
    """Return the topics that the subject of *text* tells by words of their names; none where it names one, or nothing.

    Raises:
        InputError: it has words that no topic and no area has.
    """
    found = list[str]()
    for match in _SUBJECT.finditer(text):
        words = tokens(match[1])
        named = vocabulary.find(words)
        covered = {place for one in named for place in range(one.start, one.end)}
        rest = [word for place, word in enumerate(words) if place not in covered and _tells(word)]
        if any(stem(word) not in vocabulary.topic_words for word in rest):
            raise InputError(f"topic: {match[1].strip()[:60]!r} is not known; {_next(match[1], vocabulary)}")
        if rest and not any(one.field in ("topic", "practice_area") for one in named):
            found += vocabulary.topics_about(" ".join(rest)) or _refused(match[1], vocabulary)
    return found


def _tells(word: str) -> bool:
    return word not in _NAMES_NOTHING and not word.isdigit()


def _refused(subject: str, vocabulary: Vocabulary) -> list[str]:
    raise InputError(f"topic: {subject.strip()[:60]!r} is not known; {_next(subject, vocabulary)}")


def _next(subject: str, vocabulary: Vocabulary) -> str:
    near = _near(subject, vocabulary)
    return f"the nearest are {', '.join(near)}; {_TOPICS} lists all" if near else f"{_TOPICS} lists those that are"


def _near(subject: str, vocabulary: Vocabulary) -> Sequence[str]:
    names = [*vocabulary.names.get("practice_area", {}), *(topic.split(" - ")[-1] for topic in vocabulary.topics)]
    folded = {name.casefold(): name for name in names}
    return [folded[name] for name in get_close_matches(" ".join(tokens(subject)), folded, _NEAREST)]
