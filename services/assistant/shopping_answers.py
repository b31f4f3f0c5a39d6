"""What an answer of somebody who is shopping changes: which fields it fills, which stay, and how that is told."""

from collections.abc import Mapping, Sequence

from services.assistant.amounts import LARGEST, amount
from services.assistant.words import tokens

_ANY = "any"
WORDS: Mapping[str, str] = {
    "jurisdiction": "legal system",
    "practice_area": "area of law",
    "topic": "topic",
    "difficulty": "difficulty",
    "sample_type": "type",
    "size": "number of samples",
}
# What a text must say to change what was answered before.
_PLAINLY: Mapping[str, frozenset[str]] = {
    "jurisdiction": frozenset("jurisdiction country system".split()),
    "practice_area": frozenset("area field".split()),
    "topic": frozenset("topic subject".split()),
    "difficulty": frozenset("difficulty level".split()),
    "sample_type": frozenset("type kind".split()),
    "size": frozenset("size number count samples".split()),
}


def merged(answers: Mapping[str, str], said: Mapping[str, str], text: str) -> tuple[dict[str, str], list[str]]:
    """Return *answers* with what was *said* besides, and the fields that keep the answer that they have."""
    words = set(tokens(text))
    kept = [name for name in said if answers.get(name, said[name]) != said[name] and not words & _PLAINLY[name]]
    return {**answers, **{name: value for name, value in said.items() if name not in kept}}, kept


def note_on(text: str, unanswered: str, said: Mapping[str, str], kept: Sequence[str]) -> str:
    """Tell what became of *text* where that is not what was asked for; *unanswered* is the field that waited."""
    stays = "".join(f"The {WORDS[name]} stays as it was; name it to change it. " for name in kept)
    if not unanswered:
        return stays
    if not said:
        return f"{text.strip()[:60]!r} was not understood and is taken as any. "
    taken = " and ".join(WORDS[name] for name in said)
    return f"{text.strip()[:60]!r} says the {taken}; any {unanswered} is taken. {stays}"


def filters_of(answers: Mapping[str, str]) -> dict[str, str]:
    """Return the filters that *answers* come to."""
    return {name: value for name, value in answers.items() if name != "size" and value != _ANY}


def size_of(text: str) -> str:
    """Return the number of samples that *text* asks for; "" for none that a data set could have."""
    number = amount(text) or 0
    return str(number) if 10 <= number <= LARGEST else ""
