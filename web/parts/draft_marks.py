"""Where in a refused draft its problem stands: the reason names it in quotes, by its step, or by its citation.

What a check found of the draft as a whole (too short, too few citations) has no place; then nothing is marked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_QUOTED = re.compile(r"'((?:[^'\\]|\\.){2,})'|\"((?:[^\"\\]|\\.){2,})\"|“([^”]{2,})”")
_CITATION = re.compile(r"citation (?:invalid|unverified): (.+)", re.DOTALL)
_STEP = re.compile(r"reasoning step (\d+)")
# Checks whose reasons do not name the field that they read.
_READ = {"sections": "answer", "citations": "case_citation", "jurisdiction": "case_citation"}
_FIELDS = {"question": "question", "answer": "answer", "reasoning": "reasoning", "case_citation": "case_citation"}
_WHOLE = re.compile(r"\b(?:the |empty fields: .*?)?(question|answer|reasoning|case_citation|citation field)\b")
_FEWEST_LETTERS = 3
_MOST_MARKS = 40


@dataclass(frozen=True, slots=True)
class Marked:
    """A draft's texts with what is wrong in them marked.

    Attributes:
        texts: HTML by field.
        places: How many places were found.
        fields: Those with a place.
        about: The field that the problem concerns as a whole; "" where it is not known.
    """

    texts: dict[str, Markup]
    places: int
    fields: tuple[str, ...]
    about: str


def marked(texts: Mapping[str, str], reason: str) -> Marked:
    """Return *texts* of a draft with the problem that *reason* tells marked where it is found."""
    wanted = _passages(reason)
    step = _STEP.match(reason)
    spans = {name: _found(text, wanted) for name, text in texts.items()}
    if step is not None:
        spans["reasoning"] = spans.get("reasoning", []) + _step(texts.get("reasoning", ""), int(step[1]))
    places = sum(len(found) for found in spans.values())
    about = "" if places else _about(reason)
    shown = {name: _with_marks(text, spans[name]) for name, text in texts.items()}
    return Marked(shown, places, tuple(name for name in texts if spans[name]), about)


def marked_raw(text: str, reason: str) -> Markup:
    """Return an answer as it came, marked as `marked` does."""
    return _with_marks(text, _found(text, _passages(reason)))


def _passages(reason: str) -> list[str]:
    """Return the passages of the draft that a reason repeats, longest first."""
    found = [_unescaped(next(filter(None, match.groups()), "")) for match in _QUOTED.finditer(reason)]
    if cited := _CITATION.match(reason):
        # Each citation is followed by a colon and its fault, both of which may hold colons.
        found += [part.rpartition(": ")[0].strip() or part.partition(": ")[0].strip() for part in cited[1].split("; ")]
        found += [part.partition(": ")[0].strip() for part in cited[1].split("; ")]
    fit = {passage.strip() for passage in found}
    return sorted((one for one in fit if len(one) >= _FEWEST_LETTERS), key=len, reverse=True)


def _unescaped(quoted: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), quoted)


def _found(text: str, passages: Sequence[str]) -> list[tuple[int, int]]:
    """Return where any of *passages* stands in *text*, whatever its case and spaces; none overlaps another."""
    spans: list[tuple[int, int]] = []
    for passage in passages:
        pattern = re.compile(r"\s+".join(map(re.escape, passage.split())), re.IGNORECASE)
        for match in pattern.finditer(text):
            if len(spans) < _MOST_MARKS and all(match.end() <= low or match.start() >= high for low, high in spans):
                spans.append(match.span())
    return sorted(spans)


def _step(reasoning: str, number: int) -> list[tuple[int, int]]:
    found = re.search(rf"^[^\w\n]*step {number}\b.*?(?=^[^\w\n]*step \d+\b|\Z)", reasoning, re.I | re.M | re.S)
    return [(found.start(), found.start() + len(found[0].rstrip()))] if found and found[0].strip() else []


def _about(reason: str) -> str:
    check = reason.partition(":")[0]
    found = _WHOLE.search(reason)
    if check in _READ or found is None:
        return _READ.get(check, "")
    return _FIELDS.get(found[1], "case_citation")


def _with_marks(text: str, spans: Sequence[tuple[int, int]]) -> Markup:
    parts, end = [], 0
    for low, high in sorted(spans):
        if low < end:
            continue
        parts += [escape(text[end:low]), Markup('<mark class="invalid">'), escape(text[low:high]), Markup("</mark>")]
        end = high
    return Markup("").join([*parts, escape(text[end:])])
