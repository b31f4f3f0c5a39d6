"""Samples of Parquet files in a folder or a bucket, read once, in portions that many processes share.

Files of others are taken in as a single one is (`intake.py`); of a service's shards those of its list are read, without
the rows that are gone (`LIST`). What was noted in a portion goes back with it, and is put
together once all were read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from models.samples.file.bounded_parquet import BoundedReader
from models.samples.file.broken_file import UnreadableError, reading
from models.samples.file.file_mark import FileMark
from models.samples.file.intake import Intake, mended_ids
from utils.errors import StorageError
from utils.file_systems import FileFolder, check_address, is_remote
from utils.frames import np, pl

if TYPE_CHECKING:
    import pyarrow as pa

_ENDING = ".parquet"
# What a service writes beside its shards: which files make up its samples, and which rows of them are gone.
LIST = "shards.json"
# Rows of a portion, unless one row group has more.
_PORTION_ROWS = 10_000
# Footers that are read at a time: of object storage each takes the length of a round trip or two.
_AT_A_TIME = 16
_SHOWN = 5


@dataclass(frozen=True)
class Portion:
    """Some row groups of a file.

    Attributes:
        folder: Where the file is.
        name: Its name there.
        groups: The numbers of the row groups.
        first: How many rows stand before them, all files counted.
        kind: The number of its schema among those of all files.
        gone: Rows of these groups that are no samples any more, numbered from the first of them.
    """

    folder: FileFolder
    name: str
    groups: Sequence[int]
    first: int
    kind: int
    gone: Sequence[int] = ()


@dataclass
class Noted:
    """What was noted while a portion was read.

    Attributes:
        ids: Of the rows that are samples, as they stand there.
        refused: The numbers (from 1) of rows that are none, the first of them.
        refusals: How many they are.
    """

    kind: int
    intake: Intake
    ids: list[pl.Series] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    refusals: int = 0


class PortionReader:
    """Reads one portion, once."""

    def __init__(self, portion: Portion) -> None:
        """Open its file.

        Raises:
            UnreadableError: it is not Parquet, or broken.
            StorageError: it cannot be opened.
        """
        self._portion = portion
        self._place = _place(portion.folder, portion.name)
        with _opened(portion.folder, portion.name) as bounded:
            self._bounded = bounded
            self._is_ours = FileMark.of(bounded.metadata).is_ours
            self.noted = Noted(portion.kind, Intake(bounded.schema, self._is_ours))

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the rows that are samples, some hundred at a time; errors as when it was opened."""
        first, read = self._portion.first, 0
        gone = pl.Series(self._portion.gone, dtype=pl.Int64())
        with reading(self._place):
            if not self._is_ours:
                self._bounded.be_strict()
            for group in self._portion.groups:
                for table, _ in self._bounded.tables(group):
                    rows = self.noted.intake.inspect(table)
                    if len(gone):
                        numbers = pl.int_range(read, read + rows.height, eager=True)
                        rows = rows.filter(~numbers.is_in(gone.implode()))
                    yield self._samples(rows, first)
                    first, read = first + rows.height, read + table.num_rows

    def _samples(self, rows: pl.DataFrame, first: int) -> pl.DataFrame:
        """Return the rows that are samples; one without an id is called by its number."""
        if not self._is_ours:
            is_blank = (rows["question"].fill_null("") == "") | (rows["answer"].fill_null("") == "")
            self.noted.refusals += int(is_blank.sum())
            self.noted.refused += [first + int(row) + 1 for row in is_blank.arg_true()[:_SHOWN]]
            numbers = pl.Series("number", np.arange(first, first + rows.height)).filter(~is_blank)
            rows = rows.filter(~is_blank)
        else:
            numbers = pl.Series("number", np.arange(first, first + rows.height))
        self.noted.ids.append(rows["id"])
        missing = ("imported_" + numbers.cast(pl.String())).alias("id")
        return rows.with_columns(rows["id"].zip_with(rows["id"].is_not_null(), missing))


class ManyFiles:
    """The Parquet files at an address: one file, or all below a folder or prefix, in the order of their names."""

    def __init__(self, address: str) -> None:
        """Read the footers of the files at *address*.

        Raises:
            ConfigurationError: the address cannot be understood.
            UnreadableError: a file is not Parquet, or broken.
            StorageError: there is no such file, or it cannot be opened.
        """
        self.address = address
        self._folder, names, gone = _found(address)
        self._intakes: list[Intake] = []
        self._kinds: dict[str, int] = {}
        self._portions: list[Portion] = []
        self.rows = 0
        self.files = len(names)
        with ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="footers") as threads:
            for name, (rows, schema, is_ours) in zip(names, threads.map(self._footer, names), strict=True):
                kind = self._kind(schema, is_ours=is_ours)
                start = 0
                for groups, count in _cut(rows):
                    missing = [row - start for row in gone.get(name, ()) if start <= row < start + count]
                    self._portions.append(Portion(self._folder, name, groups, self.rows, kind, missing))
                    self.rows += count - len(missing)
                    start += count

    def portions(self) -> Sequence[Portion]:
        """Return what is to be read, in the order of the rows."""
        return self._portions

    def changes(self, noted: Iterable[Noted]) -> list[str]:
        """Say what had to be changed to read the files, from what was *noted* in all portions.

        Raises:
            UnreadableError: no row of any file is a sample.
        """
        ids, refused, refusals = list[pl.Series](), list[int](), 0
        for one in noted:
            self._intakes[one.kind].merge(one.intake)
            ids += one.ids
            refused += one.refused[: max(0, _SHOWN + 1 - len(refused))]
            refusals += one.refusals
        if refusals and refusals == self.rows:
            raise UnreadableError(f"{self.address}: {self._intakes[0].refusal()}")
        names = pl.concat(ids) if ids else pl.Series("id", [], dtype=pl.String())
        _, missing, repeated = mended_ids(names)
        rows = self.rows - refusals
        refused += [0] * (refusals - len(refused))  # only the first are shown
        told = [intake.report(rows, 0, [], []).changes for intake in self._intakes[1:]]
        first = self._intakes[0].report(rows, missing, repeated, refused).changes if self._intakes else []
        return list(dict.fromkeys([*first, *(change for changes in told for change in changes)]))

    def _footer(self, name: str) -> tuple[list[int], pa.Schema, bool]:
        with _opened(self._folder, name) as bounded:
            groups = [bounded.metadata.row_group(n).num_rows for n in range(bounded.metadata.num_row_groups)]
            return groups, bounded.schema, FileMark.of(bounded.metadata).is_ours

    def _kind(self, schema: pa.Schema, *, is_ours: bool) -> int:
        """Return the number of a schema; an intake of its own notes what files of it have."""
        key = f"{is_ours} {schema.to_string(show_field_metadata=False, show_schema_metadata=False)}"
        if key not in self._kinds:
            self._kinds[key] = len(self._intakes)
            self._intakes.append(Intake(schema, is_ours))
        return self._kinds[key]


@contextlib.contextmanager
def _opened(folder: FileFolder, name: str) -> Iterator[BoundedReader]:
    """Open a file to be read once, with errors as `reading` tells them."""
    place = _place(folder, name)
    with reading(place):
        try:
            source = folder.open(name)
        except FileNotFoundError:
            raise StorageError(f"{place}: is not there") from None
        yield BoundedReader(source)


def _place(folder: FileFolder, name: str) -> str:
    """Return how people call a file."""
    address, _, _ = folder.address.partition("?")
    return f"{address.rstrip('/')}/{name}"


def _found(address: str) -> tuple[FileFolder, list[str], dict[str, list[int]]]:
    """Return the folder, the names of its Parquet files, and which of their rows are gone; of one file its own."""
    check_address(address)
    if not is_remote(address) and not Path(address).is_dir():
        path = Path(address)
        return FileFolder(str(path.parent)), [path.name], {}
    bare, mark, options = address.partition("?")
    if is_remote(address) and bare.endswith(_ENDING):
        parent, _, name = bare.rpartition("/")
        return FileFolder(parent + mark + options), [name], {}
    folder = FileFolder(address)
    with contextlib.suppress(FileNotFoundError):
        listed = orjson.loads(folder.read(LIST))["shards"]
        return folder, [shard["path"] for shard in listed], {shard["path"]: shard["gone"] for shard in listed}
    names = sorted(file.name for file in folder.files() if file.name.endswith(_ENDING))
    if not names:
        raise StorageError(f"{address}: holds no file that ends in {_ENDING}")
    return folder, names, {}


def _cut(rows: Sequence[int]) -> Iterator[tuple[Sequence[int], int]]:
    """Yield row groups, by their numbers of *rows*, that make a portion together, and the rows of it."""
    groups: list[int] = []
    held = 0
    for number, count in enumerate(rows):
        if groups and held + count > _PORTION_ROWS:
            yield groups, held
            groups, held = [], 0
        groups.append(number)
        held += count
    if groups:
        yield groups, held
