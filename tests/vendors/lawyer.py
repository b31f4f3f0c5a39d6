"""Writes what a model writes that was shown provisions: sound samples, and such that get the law wrong in one way.

It knows only the prompt. What it says is taken from the provisions there; a fault is planted into it.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.vendors.writer import write_sample

_LAW = re.compile(r"^# The law\n.*?(?=^# What a sample)", re.M | re.S)
_SOURCE = re.compile(r"^\[(S\d+)\] (.+?)(?: \((.+?)\))?(?:, as of \S+)?:\n(.*?)(?=^\[S\d+\] |\Z)", re.M | re.S)
_SENTENCE = re.compile(r"(?<=[.;—:])\s+|\n\s*\n")
_NORM = re.compile(r"\b(?:must|shall|may|is guilty|is liable|is entitled|has the right|commits)\b")
_NUMBER = re.compile(r"\b(\d{1,3}(?:,\d{3})*)\b(?! ?[A-Z(])")


@dataclass(frozen=True)
class Shown:
    """A provision in a prompt."""

    marker: str
    label: str
    text: str

    def norms(self) -> list[str]:
        """Return whole sentences of it that say what is to be done, in order."""
        found = (" ".join(piece.split()).strip(" ;") for piece in _SENTENCE.split(self.text))
        return [one for one in found if 50 <= len(one) <= 350 and _NORM.search(one) and one[-1] == "."]


def shown_in(prompt: str) -> list[Shown]:
    """Return the provisions in *prompt*."""
    block = _LAW.search(prompt)
    return [Shown(one[1], one[2], one[4]) for one in _SOURCE.finditer(block.group())] if block else []


def write_grounded(prompt: str, number: int = 1, fault: str = "") -> tuple[dict[str, str], str]:
    """Return the fields of a sample, and which fault it has; "" for a sound one, "nothing" where no rule was shown.

    *fault* is one of `FAULTS`; where the law that is shown gives no occasion for it another is planted.
    """
    sample = write_sample(prompt, number, is_varied=True)
    shown = [one for one in shown_in(prompt) if one.norms()]
    if not shown:
        return sample, "nothing"
    draw = random.Random(f"{number} law")
    source = draw.choice(shown)
    said = draw.choice(source.norms())
    quoted = draw.choice(source.norms())
    planted = ""
    for kind in [fault, *sorted(FAULTS)] if fault else []:
        changed = FAULTS[kind](source, said, quoted, shown)
        if changed is not None:
            sentences, planted = changed, kind
            break
    else:
        sentences = _told(source, said, quoted)
    first, _, rest = sample["answer"].partition(": ")
    # In place of as many words, to the end of a sentence: the answer must not become too long.
    rest = " ".join(rest.split(" ")[len(sentences.split()) :]).partition(". ")[2]
    sample["answer"] = f"{first}: {sentences} {rest}"
    return sample, planted


def _told(source: Shown, said: str, quoted: str, marker: str = "") -> str:
    mark = f"[{marker or source.marker}]"
    return f'Under {source.label}, {_lower(said)} {mark} {source.label} says: "{quoted}" {mark}'


def _lower(said: str) -> str:
    said = re.sub(r"^\(\w+\)\s*|^\d+\.\s*", "", said)
    return said[0].lower() + said[1:] if said[:2].isalpha() or said[1:2] == " " else said


def _number(source: Shown, said: str, quoted: str, shown: list[Shown]) -> str | None:
    with_number = [one for one in source.norms() if _NUMBER.search(one)]
    if not with_number:
        return None
    changed = _NUMBER.sub(lambda found: str(int(found[1].replace(",", "")) * 3 + 1), with_number[0], count=1)
    return _told(source, changed, quoted)


def _negated(source: Shown, said: str, quoted: str, shown: list[Shown]) -> str | None:
    for verb in ("must", "shall", "may"):
        if re.search(rf"\b{verb} not\b", said):
            return _told(source, re.sub(rf"\b{verb} not\b", verb, said, count=1), quoted)
        if re.search(rf"\b{verb}\b", said):
            return _told(source, re.sub(rf"\b{verb}\b", f"{verb} not", said, count=1), quoted)
    return None


def _modal(source: Shown, said: str, quoted: str, shown: list[Shown]) -> str | None:
    for verb, other in (("must", "may"), ("shall", "may"), ("may", "must")):
        if re.search(rf"\b{verb}\b(?! not)", said):
            return _told(source, re.sub(rf"\b{verb}\b(?! not)", other, said, count=1), quoted)
    return None


def _wrong_section(source: Shown, said: str, quoted: str, shown: list[Shown]) -> str | None:
    other = next((one for one in shown if one.label != source.label), None)
    if other is None:
        return None
    return f'Under {other.label}, {_lower(said)} {other.label} says: "{quoted}" [{other.marker}]'


def _misquote(source: Shown, said: str, quoted: str, shown: list[Shown]) -> str | None:
    words = quoted.split(" ")
    place = next((n for n, word in enumerate(words) if n > 2 and len(word) > 4 and word.isalpha()), None)
    if place is None:
        return None
    words[place] = "promptly"
    return _told(source, said, " ".join(words))


def _invented(source: Shown, said: str, quoted: str, shown: list[Shown]) -> str | None:
    return (
        f"Under {source.label}, every applicant must also publish a signed declaration in two newspapers of the "
        f"district within 10 days [{source.marker}]."
    )


def _exception(source: Shown, said: str, quoted: str, shown: list[Shown]) -> str | None:
    return _told(source, f"{said.rstrip('.')}, unless the parties have agreed otherwise in writing.", quoted)


def _no_such_provision(source: Shown, said: str, quoted: str, shown: list[Shown]) -> str | None:
    label = re.sub(r"\d+\w*$", "9999", source.label)
    return None if label == source.label else f"Under {label}, {_lower(said)} "


Fault = Callable[[Shown, str, str, list[Shown]], str | None]
FAULTS: dict[str, Fault] = {
    "number": _number,
    "negation": _negated,
    "modal": _modal,
    "wrong_section": _wrong_section,
    "misquote": _misquote,
    "invented": _invented,
    "exception": _exception,
    "no_such_provision": _no_such_provision,
}
