"""What an import finds while it reads a file: faults, columns, and what was changed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from models.fields import blank_to_none
from models.samples.claims import claims_in, notes_on
from models.samples.column_map import ColumnMap, map_columns
from models.samples.foreign_fields import DEFAULTS, NEEDED, ForeignRow
from models.schemas import ForeignSample
from models.sizes import FILE_COLUMNS
from services.dataset.plain_rows import PlainRows
from services.formats.records import Record
from utils.errors import InputError

_TOLD = 100
# After so many faults the rest of a file is not read.
_GIVEN_UP = 1_000
_NAMED = 12
# Columns of JSON objects may differ from line to line.
_SOURCES = 5


@dataclass
class ImportFindings:
    """Findings while reading a file.

    Attributes:
        given: The column of each field that the caller names.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    problems: list[dict[str, str]] = field(default_factory=list)
    bad: int = 0
    repeated: list[str] = field(default_factory=list)
    _nested: set[str] = field(default_factory=set)
    _claims: set[str] = field(default_factory=set)
    _emptied: set[str] = field(default_factory=set)
    _columns: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _index: set[str] = field(default_factory=set)
    _renamed: dict[str, str] = field(default_factory=dict)
    _sources: dict[str, list[str]] = field(default_factory=dict)
    _lacking: Counter[str] = field(default_factory=Counter)
    _odd: Counter[str] = field(default_factory=Counter)
    _remarks: dict[str, None] = field(default_factory=dict)
    _ids: Counter[str] = field(default_factory=Counter)

    def bad_enough(self, on_duplicate: str) -> bool:
        """Tell whether the rest of the file need not be read."""
        return self.bad >= _GIVEN_UP or (len(self.repeated) >= _GIVEN_UP and on_duplicate != "skip")

    def columns_of(self, values: Mapping[str, object]) -> ColumnMap:
        """Return where the fields of a sample are in a record of *values*."""
        self._seen.update(name for name in self.given.values() if name in values)
        return map_columns(values, self.given)

    def free_id(self, wanted: str) -> str:
        """Return *wanted*, with a number from the second time on."""
        self._ids[wanted] += 1
        return wanted if self._ids[wanted] == 1 else f"{wanted}_{self._ids[wanted]}"

    def remark(self, remarks: Iterable[str]) -> None:
        """Note how the file was read."""
        self._remarks.update(dict.fromkeys(remarks))

    def refuse(self, place: str, message: str) -> None:
        """Note that the record at *place* cannot be taken."""
        self.bad += 1
        if len(self.problems) < _TOLD:
            self.problems.append({"place": place, "error": message})

    def advice(self, values: Mapping[str, object], fields: Mapping[str, object]) -> str:
        """Return what to do about a record that has no question or no answer; "" if it has both."""
        lacking = [name for name in NEEDED if blank_to_none(fields.get(name)) is None]
        if not lacking:
            return ""
        columns = self.columns_of(values)
        held = [columns.fields[name][:40] for name in lacking if name in columns.fields]
        if len(held) == len(lacking):
            return f"; nothing stands there in {' and '.join(held)}"
        names = ", ".join(str(name)[:40] for name in list(values)[:_NAMED]) or "nothing"
        example = ",".join(f"{name}:COLUMN" for name in lacking)
        turns = f"; {columns.turns[:40]} holds no conversation with both" if columns.turns else ""
        return f"{turns}; the record has {names}; name the column with mapping={example}"

    def meet(
        self, record: Record, row: ForeignRow, sample: ForeignSample, nested: Iterable[str], told: Mapping[str, str]
    ) -> None:
        """Note the columns of a record; InputError if the file now has too many."""
        new = (sample.model_extra or {}).keys() - self._columns
        if len(self._columns) + len(new) > FILE_COLUMNS:
            raise InputError(
                f"{min(new)[:40]}: with this the file has more than {FILE_COLUMNS} extra columns; "
                "combine some into one column as JSON"
            )
        self._columns |= new
        self._nested.update(nested)
        self._claims.update(claims_in(row.values))
        self._emptied.update(record.emptied)
        self.remark(record.remarks)
        self._index.update(row.index)
        self._renamed.update(row.renamed)
        self._note_sources(row.sources)
        for name in told:
            (self._odd if row.values.get(name) else self._lacking)[name] += 1

    def _note_sources(self, sources: Mapping[str, str]) -> None:
        for name, column in sources.items():
            found = self._sources.setdefault(name, [])
            if column not in found and len(found) < _SOURCES:
                found.append(column)

    def meet_plain(self, rows: PlainRows) -> bool:
        """Note the columns of *rows*; False if the file would have too many."""
        if len(self._columns | rows.extra) > FILE_COLUMNS:
            return False
        self._columns |= rows.extra
        self._claims |= rows.claims
        self._note_sources(rows.sources)
        return True

    def mapping(self) -> dict[str, str]:
        """Return the column of each field, for people."""
        return {name: ", ".join(columns) for name, columns in self._sources.items()}

    def check_mapping(self) -> None:
        """Refuse columns that the caller named and no record has; InputError names one."""
        if missing := next((name for name in self.given.values() if name not in self._seen), None):
            raise InputError(f"mapping: the file has no column {missing[:40]!r}; nothing was imported")

    def notes(self) -> list[str]:
        """Say what was changed."""
        notes = list(self._remarks)
        notes += [
            f"column {name}: read from {', '.join(columns)}"
            for name, columns in self._sources.items()
            if columns != [name]
        ]
        notes += [f"column {name}: left out, it numbers the rows" for name in sorted(self._index)]
        notes += [f"column {name[:40]}: kept as {new}" for name, new in self._renamed.items()]
        notes += [f"column {name}: lists and objects were written as JSON text" for name in sorted(self._nested)]
        notes += [f"column {name}: NaN and infinite numbers were left empty" for name in sorted(self._emptied)]
        notes += [_filled(name, count) for name, count in sorted(self._lacking.items())]
        notes += [
            f"column {name}: {count} samples hold a level that is none of ours, kept as it is and told in "
            "their quality_issues"
            for name, count in sorted(self._odd.items())
        ]
        return notes + notes_on(self._claims)


def _filled(name: str, count: int) -> str:
    default = f"set to {DEFAULTS[name]!r}" if DEFAULTS[name] else "left empty"
    return f"column {name}: missing in {count} samples, {default} and told in their quality_issues"
