"""A draft, and what is asked of it."""

from collections.abc import Callable
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

    def without(self, leaving_out: Callable[[str], str]) -> "Draft":
        """Return it with *leaving_out* applied to the texts of the sample."""
        return Draft(
            question=leaving_out(self.question),
            answer=leaving_out(self.answer),
            case_citation=leaving_out(self.case_citation),
            reasoning=leaving_out(self.reasoning),
            thinking=self.thinking,
        )


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
