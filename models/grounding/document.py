"""What a document is once it was read: its text by pages, and the units of law in it.

All offsets are in characters. Those of a `Heading` count from the start of its page; those of a `Unit` from the
start of the document, whose text is the texts of its pages one after the other with nothing between them.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class UnitKind(StrEnum):
    """What a unit is in its document."""

    SECTION = "section"
    ARTICLE = "article"
    RECITAL = "recital"
    RULE = "rule"
    SCHEDULE = "schedule"
    PARAGRAPH = "paragraph"  # numbered, of a judgment or a pleading
    CLAUSE = "clause"  # of a contract
    NOTE = "note"
    TEXT = "text"


class Status(StrEnum):
    """Whether a provision is law now; "" where its source does not say."""

    UNKNOWN = ""
    IN_FORCE = "in_force"
    REPEALED = "repealed"
    PROSPECTIVE = "prospective"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that the file's format marks as one.

    Attributes:
        start: Where it begins in the text of its page.
        end: Where it ends.
        level: 1 for the outermost.
    """

    start: int
    end: int
    level: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a document, or a piece of one that has no pages.

    Attributes:
        text: Its text as a reader sees it; ends with a line break, unless a word goes on overleaf.
        number: As a reader counts, from 1; None in formats without pages.
        confidence: How sure the recognition of a scan was, 0 to 1; None where the text was in the file.
        headings: What the format marks as headings, in order.
    """

    text: str
    number: int | None = None
    confidence: float | None = None
    headings: tuple[Heading, ...] = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of law in a document: a section, an article, a numbered paragraph; or text between such.

    The units of a document follow each other without a gap: together they hold all of its text.

    Attributes:
        start: Where it begins; its own heading belongs to it.
        end: Where it ends.
        body: Where its text begins behind the heading; *start* where it has none.
        number: As it is cited in its document, without a word: "172", "26A", "6", "12.3"; "" for none.
        heading: Its heading, on one line, without the number; "" for none.
        path: The headings above it, outermost first.
        parts: Its subdivisions as they are cited: "(1)", "(1)(a)", "(1)(a)(ii)"; "[14]" in a judgment.
        status: Whether it is law now.
        since: First day in force, as 2024-01-31; "" where not known.
        until: Day from which it is not in force any more; "" where not known or none.
        identifier: What its source calls it: an ELI, "/us/usc/t17/s107", a URI; "" for none.
    """

    kind: UnitKind
    start: int
    end: int
    body: int
    number: str = ""
    heading: str = ""
    path: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    status: Status = Status.UNKNOWN
    since: str = ""
    until: str = ""
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class Provision:
    """A provision as a source of law gives it.

    Attributes:
        text: All of it without number and heading, as it stands, subdivisions on lines of their own with their numbers.

    The others as in `Unit`.
    """

    kind: UnitKind
    number: str
    text: str
    heading: str = ""
    path: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    status: Status = Status.UNKNOWN
    since: str = ""
    until: str = ""
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument of law or a judgment, as a whole.

    Attributes:
        title: Its short title as it is cited: "Companies Act 2006", "Regulation (EU) 2016/679".
        identifier: What its source calls it: "ukpga/2006/46", "32016R0679", "usc/17", "[2015] UKSC 67".
        kind: "act", "instrument", "regulation", "directive", "decision", "treaty", "code", "constitution", "judgment".
        jurisdiction: An id of the catalogue: "uk", "us", "eu", "international".
        version: The state of the text, as 2024-01-31; "" where not known.
        licence: An id of `services/grounding/licences.py`; "" where nobody said.
        url: Where it can be read; "" for none.
        aliases: Other names in use: "GDPR", "General Data Protection Regulation", "CA 2006".
    """

    title: str
    identifier: str = ""
    kind: str = ""
    jurisdiction: str = ""
    version: str = ""
    licence: str = ""
    url: str = ""
    aliases: tuple[str, ...] = field(default=())
