"""Reads the reference data: every table is a CSV file in `catalog/authorities/`.

One fact a row, each with its source and whether it was checked against a second one
(docs/howto/add-an-authority.md).
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import get_args

from models.contract.answers.quality import Jurisdiction
from services.citations.citation import fold
from services.citations.reference import (
    Index,
    Instrument,
    Known,
    NoIndex,
    Reference,
    Resolution,
    Series,
    provision_key,
    series_key,
)
from services.citations.words import name_words
from utils.errors import ConfigurationError

JURISDICTIONS: tuple[Jurisdiction, ...] = get_args(Jurisdiction)
_FAR = 9999
_INSTRUMENTS: Mapping[str, Jurisdiction] = {
    "uk_acts.csv": "uk",
    "eu_acts.csv": "eu",
    "treaties.csv": "international",
}
# Tables whose rows hold text alone, with the columns that they must have.
_PLAIN = {
    "resolutions.csv": ("resolution", "stated", "name"),
    "us_provisions.csv": ("code", "leading"),
    "us_state_codes.csv": ("state", "written"),
}
_ONE_SEQUENCE_FROM = 2015


def load_reference(folder: Path, extra: Iterable[Known] = (), index: Index | None = None) -> Reference:
    """Read all tables in *folder*.

    Raises:
        ConfigurationError: a file is missing, or a row is wrong; names file and line.
    """
    return _read(folder).extended(extra, index or NoIndex())


def check_reference(folder: Path) -> None:
    """Check all tables in *folder* and keep nothing: what a start needs of them.

    Raises:
        ConfigurationError: as `load_reference`.
    """
    name_words()
    _series(folder / "series.csv")
    _volumes(folder / "volumes.csv")
    rows: list[Iterator[object]] = [_cases(path) for path in sorted(folder.glob("cases_*.csv"))]
    rows += [_instruments(folder / name, jurisdiction, "") for name, jurisdiction in _INSTRUMENTS.items()]
    rows += [rows_of(folder / name, *columns) for name, columns in _PLAIN.items()]
    for table in rows:
        deque(table, maxlen=0)
    _code(folder / "us_code.csv")
    _rules(folder / "us_rules.csv")
    _act_years(folder / "uk_act_years.csv")
    _yearly(folder / "yearly.csv")


def _read(folder: Path) -> Reference:
    return Reference(
        series=_series(folder / "series.csv"),
        volumes=_volumes(folder / "volumes.csv"),
        cases=tuple(case for path in sorted(folder.glob("cases_*.csv")) for case in _cases(path)),
        acts=_by_name(folder / "uk_acts.csv", "Act"),
        eu_acts=_by_name(folder / "eu_acts.csv", ""),
        treaties=_by_name(folder / "treaties.csv", "Treaty"),
        code=_code(folder / "us_code.csv"),
        rules=_rules(folder / "us_rules.csv"),
        act_years=_act_years(folder / "uk_act_years.csv"),
        yearly=_yearly(folder / "yearly.csv"),
        resolutions=_resolutions(folder / "resolutions.csv"),
        provisions=_provisions(folder / "us_provisions.csv"),
        state_codes=_state_codes(folder / "us_state_codes.csv"),
    )


def rows_of(path: Path, *wanted: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table; ConfigurationError when it cannot be read or lacks a column."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            names = next(reader, [])
            missing = {*wanted, "checked", "source"} - set(names)
            if missing:
                raise ConfigurationError(f"catalogue: {path}:1: no column {', '.join(sorted(missing))}")
            for row in reader:
                if len(row) == len(names):
                    yield dict(zip(names, map(str.strip, row), strict=True))
                elif row:  # else a blank line
                    raise ConfigurationError(f"catalogue: {path}:{reader.line_num}: too many or too few fields")
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


def _instruments(path: Path, jurisdiction: Jurisdiction, kind: str) -> Iterator[Instrument]:
    for row in rows_of(path, "name", "aliases", "year", "number", "last", "inserted"):
        yield Instrument(
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


def _by_name(path: Path, kind: str) -> dict[str, Instrument]:
    table = {}
    for instrument in _instruments(path, _INSTRUMENTS[path.name], kind):
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


def _resolutions(path: Path) -> dict[str, Resolution]:
    return {row["resolution"]: Resolution(row["name"], row["stated"]) for row in rows_of(path, *_PLAIN[path.name])}


def _provisions(path: Path) -> frozenset[str]:
    """Return the provisions of state codes and federal regulations that are known to exist, each as it may be written."""
    return frozenset(
        provision_key(f"{written} {number}")
        for row in rows_of(path, *_PLAIN[path.name])
        for written in _list(row["code"], "|")
        for number in row["leading"].split()
    )


def _state_codes(path: Path) -> tuple[str, ...]:
    return tuple(name for row in rows_of(path, *_PLAIN[path.name]) for name in _list(row["written"], "|"))


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
