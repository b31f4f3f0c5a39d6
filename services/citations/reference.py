"""Reference data of the citation check: courts, series, Acts, treaties and leading cases."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Protocol

from models.contract.answers.quality import Jurisdiction
from services.citations.added_law import AddedLaw, NoAddedLaw
from services.citations.citation import fold_cite
from services.citations.names import words_of

_LAST_OLD_YEAR = 1900
# The year since which a last anchor means that the series goes on.
_RUNS_FROM = 2025


@dataclass(frozen=True, slots=True)
class Series:
    """A court with neutral citations, or a series of reports.

    Attributes:
        is_court: True for neutral citations.
        brackets: square when the year is part of the reference, round when the volume is, none without brackets.
        max_number: Highest plausible number of a year (courts) or page (reports).
        max_volume: Highest volume; 0 if it has none.
    """

    name: str
    is_court: bool
    jurisdiction: Jurisdiction
    brackets: str
    first_year: int
    last_year: int
    max_number: int
    max_volume: int


@dataclass(frozen=True, slots=True)
class Known:
    """An authority of the index.

    Attributes:
        names: Its names; the first is the full one.
        cites: Its parallel references.
    """

    names: tuple[str, ...]
    cites: tuple[str, ...]
    jurisdiction: str
    year: int | None
    kind: str = "case"

    @property
    def label(self) -> str:
        """The authority as people cite it."""
        if self.kind != "case":
            return self.names[0]
        return " ".join([self.names[0], ", ".join(self.cites)]).strip()


@dataclass(frozen=True, slots=True)
class Instrument:
    """An Act, a treaty or an act of the European Union.

    Attributes:
        last: Number of its last section or article; None if unknown.
        inserted: Provisions with a letter that exist ("14A"); they cannot be counted.
        aliases: Other names, abbreviations among them.
        number: "2016/679" for acts of the Union, the chapter of an Act, the treaty series of a treaty.
        type: Regulation, Directive, Decision; Act; Treaty.
        ended: Year in which the whole of it was repealed, replaced or declared invalid; None while it is in force.
    """

    name: str
    jurisdiction: Jurisdiction
    year: int | None
    last: int | None = None
    inserted: frozenset[str] = frozenset()
    aliases: tuple[str, ...] = ()
    number: str = ""
    type: str = ""
    ended: int | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """A resolution of the United Nations.

    Attributes:
        stated: The year or the Roman number of the session that stands in brackets behind its number.
    """

    name: str
    stated: str


class Index(Protocol):
    """Authorities that a user imported."""

    def find(self, key: str) -> Sequence[Known]:
        """Return the authorities with a reference that folds to *key*."""

    def named(self, key: str) -> Sequence[Known]:
        """Return the authorities with the folded name *key*."""


class NoIndex:
    """An empty index."""

    def find(self, key: str) -> Sequence[Known]:
        """Return nothing."""
        return ()

    def named(self, key: str) -> Sequence[Known]:
        """Return nothing."""
        return ()


@dataclass(frozen=True)
class Reference:
    """All reference data. Immutable once loaded."""

    series: Mapping[str, Series]
    volumes: Mapping[str, tuple[tuple[tuple[int, int], ...], int]]
    cases: Sequence[Known]
    acts: Mapping[str, Instrument]
    eu_acts: Mapping[str, Instrument]
    treaties: Mapping[str, Instrument]
    code: Mapping[int, tuple[str, int, frozenset[str]]]
    rules: Mapping[str, tuple[str, frozenset[str], frozenset[str]]]
    act_years: frozenset[int]
    state_codes: Sequence[str]
    yearly: Mapping[str, tuple[Mapping[int, int], int]]
    resolutions: Mapping[str, Resolution]
    provisions: frozenset[str]
    index: Index = field(default_factory=NoIndex)
    added: AddedLaw = field(default_factory=NoAddedLaw)
    _by_cite: Mapping[str, list[Known]] = field(default_factory=dict)
    _by_word: Mapping[str, list[Known]] = field(default_factory=dict)

    @cached_property
    def undated_reports(self) -> tuple[str, ...]:
        """The reports that people cite without a year before the volume: those before 1900 and international ones."""
        names = {
            row.name
            for row in self.series.values()
            if row.brackets == "round"
            and not row.is_court
            and (row.last_year <= _LAST_OLD_YEAR or row.jurisdiction == "international")
        }
        return tuple(sorted(names, key=lambda name: (-len(name), name)))

    def extended(self, extra: Iterable[Known], index: Index) -> "Reference":
        """Return these tables with further cases and another index."""
        cases = (*self.cases, *extra)
        by_cite: dict[str, list[Known]] = defaultdict(list)
        by_word: dict[str, list[Known]] = defaultdict(list)
        for case in cases:
            for cite in case.cites:
                by_cite[fold_cite(cite)].append(case)
            for word in {word for name in case.names for word in words_of(name)}:
                by_word[word].append(case)
        return replace(self, cases=cases, index=index, _by_cite=dict(by_cite), _by_word=dict(by_word))

    def find(self, key: str) -> list[Known]:
        """Return the cases with a reference that folds to *key*."""
        return [*self._by_cite.get(key, ()), *self.index.find(key)]

    def named(self, name: str) -> list[Known]:
        """Return the cases whose name shares the rarest distinctive word with *name*."""
        words = [word for word in words_of(name) if word in self._by_word]
        near = min((self._by_word[word] for word in words), key=len, default=[])
        return [*near, *self.index.named(name_key(name))]

    def year_of(self, series: str, volume: int, now: int) -> tuple[int, int, int] | None:
        """Return the earliest and latest plausible year of a volume, and the highest that there may be in the year *now*.

        A series whose last anchor is of _RUNS_FROM or later goes on, at most twice as fast as before.
        """
        if series not in self.volumes:
            return None
        anchors, tolerance = self.volumes[series]
        highest, latest = anchors[-1]
        if latest >= _RUNS_FROM and now > latest:
            before = anchors[-2] if len(anchors) > 1 else anchors[-1]
            pace = (highest - before[0]) / max(1, latest - before[1])
            highest += round(2 * pace * (now - latest)) + 1
            anchors = (*anchors, (highest, now))
        same = [year for anchor, year in anchors if anchor == volume]
        if same:  # a volume of several years has an anchor for the first and for the last
            return min(same) - tolerance, max(same) + tolerance, highest
        low, high = anchors[0][1], anchors[-1][1]
        for (volume_a, year_a), (volume_b, year_b) in pairwise(anchors):
            if volume_a <= volume <= volume_b:
                share = (volume - volume_a) / max(1, volume_b - volume_a)
                low = high = round(year_a + share * (year_b - year_a))
                break
        return low - tolerance, high + tolerance, highest

    def most_of(self, series: str, year: int) -> int | None:
        """Return a number that *series* did not pass in *year*; None if none is known.

        Years to come have the widest bound, so that it stays true.
        """
        if series not in self.yearly:
            return None
        highest, later = self.yearly[series]
        known = sorted(highest)
        if year > known[-1]:
            return later
        before = max((one for one in known if one <= year), default=known[0])
        behind = min(one for one in known if one >= year)
        return max(highest[before], highest[behind])

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        unique = {id(row) for table in (self.acts, self.eu_acts, self.treaties) for row in table.values()}
        return {"cases": len(self.cases), "instruments": len(unique), "series": len({*map(id, self.series.values())})}


def name_key(name: str) -> str:
    """Return a name folded for lookup: its distinctive words, in alphabetical order."""
    return " ".join(sorted(words_of(name)))


def provision_key(written: str) -> str:
    """Return a provision of a code folded for lookup: without its subsections, signs and the edition of the code."""
    return re.sub(r"\([^()]*\)|\bAnn\.|§|\b[Ss]ec(?:tion|\.)|\.(?!\d)|[\s,']", "", written).casefold()


def series_key(text: str) -> str:
    """Return the name of a series folded for lookup."""
    return re.sub(r"[\s.'’()]+", "", text).casefold()
