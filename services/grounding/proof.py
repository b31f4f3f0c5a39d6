"""What holding a draft against the law gives; the work itself is in `proving.py`, loaded when there is law."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict

from models.contract.answers.quality import Grounding
from services.grounding.claims.judgement import Judgement
from services.grounding.claims.question import Question
from services.grounding.ground import Ground, Grounder

if TYPE_CHECKING:
    from services.citations.extractor import Extractor

# By the ids of questions.
Rulings = Mapping[str, Judgement]
NO_RULINGS: Rulings = {}
MARKER = re.compile(r"\s?\[(S\d{1,2}(?:\s?[,;]\s?S\d{1,2})*)\]")
_ODD_MARKER = re.compile(r"\[\s?(?:s|S|[Ss]ource)[^\w\]]{0,2}(\d{1,2})\s?\]")


class Level(StrEnum):
    """How well a sample stands on the law that is here."""

    GROUNDED = "grounded"
    PARTLY = "partly"
    NONE = "none"


LEVELS: Mapping[Level, Grounding] = {Level.GROUNDED: "grounded", Level.PARTLY: "partly", Level.NONE: "none"}


class SourceColumn(TypedDict):
    """A provision that a sample stands on, as it is stored.

    `spans` are the places of its quotations in the text of the document, in characters.
    """

    file_id: str
    unit_id: int
    citation: str
    title: str
    number: str
    version: str
    licence: str
    url: str
    quotes: list[str]
    spans: list[tuple[int, int]]


@dataclass(slots=True)
class Proof:
    """What came of holding a draft against the law.

    Attributes:
        refusals: What is wrong with it, with the reason: "number: …".
        doubts: What may be wrong.
        sources: The provisions that it stands on.
        quotations: How many were proved.
        questions: What a judging model may be asked of it.
        arguable: Those of its refusals that the answer to such a question may lift.
    """

    refusals: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    sources: dict[int, SourceColumn] = field(default_factory=dict)
    quotations: int = 0
    outside: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    arguable: set[str] = field(default_factory=set)

    @property
    def facts(self) -> list[str]:
        """Those of its refusals that no judge lifts."""
        return [told for told in self.refusals if told not in self.arguable]

    @property
    def level(self) -> Level:
        """How well it stands."""
        if not self.sources:
            return Level.NONE
        return Level.PARTLY if self.doubts or self.outside else Level.GROUNDED


class Prover:
    """Holds drafts against the law. Thread-safe."""

    def __init__(self, grounder: Grounder) -> None:
        self.grounder = grounder

    @property
    def has_law(self) -> bool:
        """Whether there is any document that claims could be held against."""
        return self.grounder.has_law

    def prove(
        self, fields: Mapping[str, str], ground: Ground, extractor: "Extractor", rulings: Rulings = NO_RULINGS
    ) -> Proof:
        """Return what is wrong with a draft, and what it stands on.

        Args:
            fields: Its texts by name: answer, reasoning.
            ground: What it may stand on.
            extractor: Finds citations.
            rulings: What a judge decided; where it did not, the rules do.
        """
        from services.grounding.proving import Proving

        return Proving(self.grounder, ground, extractor, rulings).of(fields)


def with_markers(text: str) -> str:
    """Return *text* with markers as they were asked for, however a model misspelled them: "[S?1]", "[Source 1]"."""
    return _ODD_MARKER.sub(r"[S\1]", text)


def without_markers(text: str) -> str:
    """Return *text* without the markers of provisions."""
    return MARKER.sub("", with_markers(text))
