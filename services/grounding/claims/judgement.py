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


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a claim does not stand.

    Attributes:
        sentence: For people and for the model's next try; names both sides.
        start: Where the words that show it begin in the text of the named provision; equal to *end* for none.
        provision: The key of the provision that says what was claimed, of a wrong section.
    """

    label: Label
    reason: Reason
    sentence: str
    start: int = 0
    end: int = 0
    provision: str = ""


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
