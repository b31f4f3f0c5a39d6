"""What can be found out about a claim of the law, and why."""

from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """What a claim is, held against the provision that it names."""

    SUPPORTED = "supported"
    WRONG_PROVISION = "wrong_provision"
    CONTRADICTED = "contradicted"
    NOT_IN_LAW = "not_in_law"
    MISQUOTE = "misquote"
    UNDECIDED = "undecided"


FALSE = frozenset({Label.WRONG_PROVISION, Label.CONTRADICTED, Label.NOT_IN_LAW, Label.MISQUOTE})


class Reason(StrEnum):
    """Why a claim failed; the quality report counts them, the next draft is told."""

    WRONG_SECTION = "wrong_section"
    NUMBER = "number"
    TIME_LIMIT = "time_limit"
    PARTY = "party"
    NEGATION = "negation"
    EXCEPTION = "exception"
    MODAL = "modal"
    CONDITION = "condition"
    NOT_IN_TEXT = "not_in_text"
    QUOTATION = "quotation"


# These are also found of sound claims now and then, in a model's own words.
_DOUBTS = frozenset({Reason.NOT_IN_TEXT, Reason.PARTY, Reason.CONDITION, Reason.MODAL, Reason.EXCEPTION})
_FACTS = frozenset({Reason.QUOTATION, Reason.WRONG_SECTION})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a claim does not stand.

    Attributes:
        sentence: For people and for the model's next try; names both sides.
        start: Where the words that show it begin in the text of the named provision; equal to *end* for none.
        provision: The key of the provision that says what was claimed, of a wrong section.
        sure: Whether the rule that found it is hardly ever wrong of sound claims; None: as its reason tells.
    """

    label: Label
    reason: Reason
    sentence: str
    start: int = 0
    end: int = 0
    provision: str = ""
    sure: bool | None = None

    @property
    def is_sure(self) -> bool:
        """Whether it refuses a sample; otherwise it marks it."""
        return self.reason not in _DOUBTS if self.sure is None else self.sure

    @property
    def is_fact(self) -> bool:
        """Whether it can be seen, so that no judge of meaning is asked: a quotation, or the section it stands in."""
        return self.is_sure and self.reason in _FACTS


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found out about a claim.

    Attributes:
        failure: Why it does not stand; None if nothing was found against it.
        start: Where the words that support it begin in the text of the named provision; equal to *end* for none.
        support: How much of what it says stands in the provision, 0 to 1.
    """

    label: Label
    support: float
    start: int = 0
    end: int = 0
    failure: Failure | None = None
