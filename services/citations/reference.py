"""Reference data of the citation check: courts, series, Acts, treaties and leading cases.

Every table is a CSV file in `catalog/authorities/`, one fact per row, each with its source and
whether it was checked against a second one (docs/howto/add-an-authority.md).
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Protocol, get_args

from models.contract.answers.quality import Jurisdiction
from services.citations.citation import fold, fold_cite
from services.citations.names import words_of
from utils.errors import ConfigurationError

JURISDICTIONS: tuple[Jurisdiction, ...] = get_args(Jurisdiction)
_FAR = 9999
_LAST_OLD_YEAR = 1900
_ONE_SEQUENCE_FROM = 2015


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
    index: Index = field(default_factory=NoIndex)
    _by_cite: Mapping[str, list[Known]] = field(default_factory=dict)
    _by_word: Mapping[str, list[Known]] = field(default_factory=dict)

    @cached_property
    def old_reports(self) -> tuple[str, ...]:
        """The reports of the time before 1900, which people cite without a year."""
        names = {
            row.name
            for row in self.series.values()
            if row.brackets == "round" and not row.is_court and row.last_year <= _LAST_OLD_YEAR
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

    def year_of(self, series: str, volume: int) -> tuple[int, int, int] | None:
        """Return the earliest and latest plausible year of a volume, and the highest volume known."""
        if series not in self.volumes:
            return None
        anchors, tolerance = self.volumes[series]
        highest = anchors[-1][0]
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


def series_key(text: str) -> str:
    """Return the name of a series folded for lookup."""
    return re.sub(r"[\s.'’()]+", "", text).casefold()


def load_reference(folder: Path, extra: Iterable[Known] = (), index: Index | None = None) -> Reference:
    """Read all tables in *folder*.

    Raises:
        ConfigurationError: a file is missing, or a row is wrong; names file and line.
    """
    return Reference(
        series=_series(folder / "series.csv"),
        volumes=_volumes(folder / "volumes.csv"),
        cases=tuple(case for path in sorted(folder.glob("cases_*.csv")) for case in _cases(path)),
        acts=_instruments(folder / "uk_acts.csv", "uk", "Act"),
        eu_acts=_instruments(folder / "eu_acts.csv", "eu", ""),
        treaties=_instruments(folder / "treaties.csv", "international", "Treaty"),
        code=_code(folder / "us_code.csv"),
        rules=_rules(folder / "us_rules.csv"),
        act_years=_act_years(folder / "uk_act_years.csv"),
        yearly=_yearly(folder / "yearly.csv"),
        state_codes=_state_codes(folder / "us_state_codes.csv"),
    ).extended(extra, index or NoIndex())


def rows_of(path: Path, *wanted: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table; ConfigurationError when it cannot be read or lacks a column."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = {*wanted, "checked", "source"} - set(reader.fieldnames or ())
            if missing:
                raise ConfigurationError(f"catalogue: {path}:1: no column {', '.join(sorted(missing))}")
            for row in reader:
                if None in row or None in row.values():
                    raise ConfigurationError(f"catalogue: {path}:{reader.line_num}: too many or too few fields")
                yield {name: value.strip() for name, value in row.items()}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"catalogue: {path}: cannot be read ({error}); restore it") from None


def _cases(path: Path) -> Iterator[Known]:
    jurisdiction = path.stem.removeprefix("cases_")
    for row in rows_of(path, "name", "citations", "year"):
        names, cites = _list(row["name"], "|"), _list(row["citations"], ";")
        if not names or not cites:
            raise ConfigurationError(f"catalogue: {path}: a row without name or citation: {row}")
        yield Known(names, cites, jurisdiction, _number(row["year"], path), "case")


def _series(path: Path) -> dict[str, Series]:
    table = {}
    for row in rows_of(path, "series", "aliases", "type", "jurisdiction", "brackets", "first_year", "last_year"):
        series = Series(
            row["series"],
            row["type"] == "court",
            _jurisdiction(row["jurisdiction"], path),
            row["brackets"],
            _number(row["first_year"], path) or 0,
            _number(row["last_year"], path) or _FAR,
            _number(row["max_number"], path) or _FAR,
            _number(row["max_volume"], path) or 0,
        )
        for name in (row["series"], *_list(row["aliases"], "|")):
            table[series_key(name)] = series
    return table


def _volumes(path: Path) -> dict[str, tuple[tuple[tuple[int, int], ...], int]]:
    table = {}
    for row in rows_of(path, "series", "anchors", "tolerance"):
        pairs = (pair.partition(":") for pair in row["anchors"].split())
        anchors = tuple((_whole(volume, path), _whole(year, path)) for volume, _, year in pairs)
        table[row["series"]] = (anchors, _number(row["tolerance"], path) or 0)
    return table


def _instruments(path: Path, jurisdiction: Jurisdiction, kind: str) -> dict[str, Instrument]:
    table = {}
    for row in rows_of(path, "name", "aliases", "year", "number", "last", "inserted"):
        instrument = Instrument(
            row["name"],
            _jurisdiction(row.get("jurisdiction") or jurisdiction, path),
            _number(row["year"], path),
            _number(row["last"], path),
            frozenset(row["inserted"].split()),
            _list(row["aliases"], "|"),
            row["number"],
            row.get("type") or kind,
            _number(row.get("ended", ""), path),
        )
        for name in (instrument.name, *instrument.aliases, *_numbers(instrument)):
            table[fold(name)] = instrument
    return table


def _numbers(instrument: Instrument) -> tuple[str, ...]:
    """Return the key for looking up an instrument's number.

    Until 2014 a regulation and a directive of the Union may share a number; since 2015 none does.
    """
    numbers = _list(instrument.number, "|")
    if instrument.type in ("Regulation", "Directive", "Decision") and (instrument.year or 0) < _ONE_SEQUENCE_FROM:
        return tuple(f"{instrument.type} {number}" for number in numbers)
    return numbers


def _code(path: Path) -> dict[int, tuple[str, int, frozenset[str]]]:
    return {
        _whole(row["title"], path): (row["name"], _whole(row["last"], path), frozenset(row["leading"].split()))
        for row in rows_of(path, "title", "name", "last", "leading")
    }


def _rules(path: Path) -> dict[str, tuple[str, frozenset[str], frozenset[str]]]:
    table = {}
    for row in rows_of(path, "set", "name", "numbers", "leading"):
        numbers: set[str] = set()
        for part in row["numbers"].split():
            first, _, last = part.partition("-")
            numbers.update({part} if not last else map(str, range(_whole(first, path), _whole(last, path) + 1)))
        table[row["set"]] = (row["name"], frozenset(numbers), frozenset(row["leading"].split()))
    return table


def _act_years(path: Path) -> frozenset[int]:
    """Return the years of which every public general Act is among the Acts."""
    return frozenset(_whole(row["year"], path) for row in rows_of(path, "year"))


def _yearly(path: Path) -> dict[str, tuple[dict[int, int], int]]:
    table = {}
    for row in rows_of(path, "series", "highest", "later"):
        pairs = (pair.partition(":") for pair in row["highest"].split())
        highest = {_whole(year, path): _whole(number, path) for year, _, number in pairs}
        if not highest:
            raise ConfigurationError(f"catalogue: {path}: {row['series']}: want at least one year:number")
        table[row["series"]] = (highest, _whole(row["later"], path))
    return table


def _state_codes(path: Path) -> tuple[str, ...]:
    return tuple(name for row in rows_of(path, "state", "written") for name in _list(row["written"], "|"))


def _list(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip())


def _jurisdiction(text: str, path: Path) -> Jurisdiction:
    for name in JURISDICTIONS:
        if name == text:
            return name
    raise ConfigurationError(f"catalogue: {path}: got jurisdiction {text!r}, want one of {', '.join(JURISDICTIONS)}")


def _whole(text: str, path: Path) -> int:
    number = _number(text, path)
    if number is None:
        raise ConfigurationError(f"catalogue: {path}: got no number where one must stand")
    return number


def _number(text: str, path: Path) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        raise ConfigurationError(f"catalogue: {path}: got {text!r}, want a number") from None
