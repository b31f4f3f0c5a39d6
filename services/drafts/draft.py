"""A draft, and what is asked of it."""

from dataclasses import dataclass

from services.catalogue.catalogue import Requirements, SampleType
from services.citations.checker import Checked


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields that a model wrote; not examined yet."""

    question: str
    answer: str
    case_citation: str
    reasoning: str
    thinking: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a draft is checked against.

    Attributes:
        requirements: What sample type and difficulty ask.
        jurisdiction: The jurisdiction asked for.
        citations: Every citation of the draft with its verdict.
        words_tolerance: Share of the minimum words that is enough.
    """

    kind: SampleType
    requirements: Requirements
    jurisdiction: str
    citations: tuple[Checked, ...] = ()
    words_tolerance: float = 0.8
