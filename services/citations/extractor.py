"""Finds the citations in a text: where each stands and what it says.

A citation that several patterns match counts once, at its longest. Pure functions.
"""

import re
from dataclasses import dataclass

from services.citations.patterns import ALL

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Citation:
    """One citation as it stands in the text; `end` is one past its last character."""

    text: str
    start: int
    end: int

    @property
    def key(self) -> str:
        """The citation folded for comparison: case, spaces and dots do not matter."""
        return _SPACE.sub("", self.text).replace(".", "").casefold()


def extract(text: str) -> list[Citation]:
    """Return the citations of *text* in order, none inside another."""
    found = [
        Citation(match.group(0), match.start(), match.end()) for pattern in ALL for match in pattern.finditer(text)
    ]
    found.sort(key=lambda citation: (citation.start, -citation.end))
    kept: list[Citation] = []
    for citation in found:
        if not kept or citation.start >= kept[-1].end:
            kept.append(citation)
        elif citation.end > kept[-1].end and citation.start == kept[-1].start:
            kept[-1] = citation
    return kept


def distinct(*texts: str) -> set[str]:
    """Return the keys of all citations in *texts*, each once."""
    return {citation.key for text in texts for citation in extract(text)}
