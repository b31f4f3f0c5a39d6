"""Types for a citation that was found, and for what is known of it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache

from models.contract.answers import quality
from models.contract.answers.quality import CitationKind, Jurisdiction

_PLAIN = {
    **dict.fromkeys("\u2010\u2011\u2013\u2014", "-"),
    **dict.fromkeys("\u00a0\u202f", " "),
    **dict.fromkeys("\u2018\u2019", "'"),
}
_ROUND_YEAR = re.compile(r"^\(\d{4}\)\s*")
_INITIALS = re.compile(r"\b(?:[A-Z]\.){2,}")
_IGNORED = re.compile(r"[\s.,]+")


class Verdict(StrEnum):
    """What is known of a citation, from best to worst."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    INVALID = "invalid"


VERDICTS = tuple(Verdict)
# As answers name them.
SHOWN: Mapping[Verdict, quality.Verdict] = {
    Verdict.VERIFIED: "verified",
    Verdict.UNVERIFIED: "unverified",
    Verdict.INVALID: "invalid",
}


def worst(verdicts: "list[Verdict]") -> Verdict | None:
    """Return the worst of *verdicts*; None if empty."""
    return max(verdicts, key=VERDICTS.index, default=None)


@dataclass(frozen=True)
class Cite:
    """One reference in one series, act or register.

    Attributes:
        format: Name of the format that found it.
        end: One past its last character.
        normalized: The form that the index uses.
        parts: The named parts that the format read.
    """

    format: str
    start: int
    end: int
    kind: CitationKind
    jurisdiction: Jurisdiction
    normalized: str
    parts: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """The normalized form folded for comparison."""
        return fold_cite(self.normalized)


@dataclass(frozen=True)
class Citation:
    """An authority as a text cites it: a name, and one reference or several in parallel.

    Attributes:
        cites: At least one; those after the first are parallel.
        name: The name written with it, or "".
        is_case_name: The name has the form of a case name ("A v B", "Re A"), not just capital letters.
        year: The year in brackets after the reference, or None.
        court: The court beside that year ("2d Cir."), or "".
        unread: What touches it and could not be read, or "": no verdict may rest on the rest alone.
        stands_for: The citation before it that a short form ("Id.", "supra") means; None for one that stands by itself.
    """

    text: str
    start: int
    end: int
    cites: tuple[Cite, ...]
    name: str = ""
    is_case_name: bool = False
    year: int | None = None
    court: str = ""
    unread: str = ""
    stands_for: "Citation | None" = None

    @cached_property
    def kind(self) -> CitationKind:
        """What kind of authority: that of the first reference."""
        return self.cites[0].kind

    @cached_property
    def jurisdiction(self) -> Jurisdiction:
        """The jurisdiction of the first reference."""
        return self.cites[0].jurisdiction

    @cached_property
    def normalized(self) -> str:
        """The normalized references, without the name."""
        return ", ".join(cite.normalized for cite in self.cites)

    @cached_property
    def key(self) -> str:
        """A key that citations of the same authority and provision share."""
        return self.cites[0].key


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a step of the ladder.

    Attributes:
        code: A stable identifier for programs.
        reason: A sentence for people.
        matched: The authority of the index, or None.
        ended: The law that is no longer in force, and since which year; None for law in force and for cases.
    """

    verdict: Verdict
    code: str
    reason: str
    matched: str | None = None
    ended: str | None = None


def invalid(code: str, reason: str, matched: str | None = None) -> Finding:
    """Return the finding of a step that contradicts the citation."""
    return Finding(Verdict.INVALID, code, reason, matched)


def unverified(code: str, reason: str, matched: str | None = None) -> Finding:
    """Return the finding that nothing contradicts or confirms the citation."""
    return Finding(Verdict.UNVERIFIED, code, reason, matched)


def verified(matched: str) -> Finding:
    """Return the finding that the index has it."""
    return Finding(Verdict.VERIFIED, "in_index", f"known: {matched}", matched)


def is_neutral(cite: Cite) -> bool:
    """Tell whether *cite* is the number that a court itself gave its judgment."""
    return "neutral" in cite.parts


def plain(text: str) -> str:
    """Return *text* with plain dashes, blanks and apostrophes; positions stay the same."""
    if not text.isascii():
        for sign, meant in _PLAIN.items():  # `translate` looks up every sign of the text
            text = text.replace(sign, meant)
    return text


@lru_cache(4096)  # one citation's names are compared with many, again in each check
def fold(text: str) -> str:
    """Return *text* without case and accents, for comparison of names."""
    if "." in text:
        text = _INITIALS.sub(lambda match: match.group(0).replace(".", ""), text)
    if text.isascii():
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", plain(text))
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def fold_cite(text: str) -> str:
    """Return a reference without dots, blanks, case and a year in round brackets, which does not identify it."""
    return _IGNORED.sub("", _ROUND_YEAR.sub("", plain(text))).casefold()
