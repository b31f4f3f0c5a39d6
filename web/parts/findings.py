"""What the checks noted on a sample, as sentences."""

import re
from collections.abc import Iterable

from web.formats import percent

_SHARE = re.compile(r"(?P<name>citations|authorities|length|reasoning|sections) (?P<share>[01]\.\d\d)")
_ALIKE = re.compile(r"alike: (?P<share>[01]\.\d\d) to (?P<id>.+)", re.DOTALL)
_SHARES = {
    "citations": "Citations found in a register: {} of them",
    "authorities": "Different authorities: {} of the number that counts in full, half as many again as its level asks",
    "length": "Length of the answer: {} of what counts in full, a quarter more than its level asks",
    "reasoning": "Detail of the reasoning: {}; in full with 25 words or more in every step",
    "sections": "Headings that its type asks for: {} of them are there",
}
_BEGINNINGS = {
    "unverified: ": "Not found in a register: ",
    "not judged: ": "The judge gave no verdict: ",
    "grounding ": "What it says of the law: ",
}


def sentences(noted: Iterable[str]) -> list[str]:
    """Return each thing *noted* as a sentence; what is none of ours stays as it is."""
    return [_sentence(one) for one in noted]


def _sentence(noted: str) -> str:
    if found := _SHARE.fullmatch(noted):
        return _SHARES[found["name"]].format(percent(float(found["share"])))
    if found := _ALIKE.fullmatch(noted):
        return f"{percent(float(found['share']))} alike to the sample {found['id']}"
    for beginning, words in _BEGINNINGS.items():
        if noted.startswith(beginning):
            return words + noted.removeprefix(beginning)
    return noted
