"""What folds make, one version after the other: samples that lie in files and never change.

`train.parquet` is one such version (`models.samples.file.parquet_version`), a set of shards another
(`models.samples.shards.sharded_version`); whoever reads samples needs not know which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

from models.samples.file.carried_groups import CarriedFile
from models.samples.file.newest import Rows
from utils.frames import pl

# Tells versions apart; the last number is the size in bytes.
Identity: TypeAlias = tuple[int, int, int]


class Index(Protocol):
    """What queries need of every row of a version, without its texts (`models.samples.file.row_index`).

    Attributes:
        generation: Name of the search index that its document numbers are of.
    """

    generation: str

    def __len__(self) -> int:
        """Return the number of rows."""

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each row of the version, in its order."""

    @property
    def refused(self) -> pl.Series:
        """The rows that no snapshot shows (UInt32, ascending)."""

    @property
    def newest(self) -> Rows:
        """The rows, newest first."""

    def matching(self, filters: Mapping[str, str]) -> tuple[int, Callable[[], pl.Series]]:
        """Return how many rows have these values (columns of `FILTERS`), and what finds them (UInt32, ascending).

        Rows that no snapshot shows count too.
        """

    def positions(self, ids: Sequence[str]) -> pl.Series:
        """Return the rows that hold *ids* (UInt32, ascending); missing ids are left out."""

    def position(self, sample_id: str) -> int | None:
        """Return the row of *sample_id*, or None."""

    def places(self, ids: Sequence[str]) -> dict[str, int]:
        """Return the row of each of *ids* that is there."""

    def fill(self, rows: pl.Series, columns: pl.DataFrame) -> None:
        """Set *columns* of the given rows."""

    def without(self, hidden: pl.Series) -> pl.DataFrame:
        """Return the frame without the rows *hidden*."""


class Version(Protocol):
    """Samples in files, numbered by row; readable for as long as somebody holds it."""

    @property
    def identity(self) -> Identity:
        """What tells it from other versions."""

    @property
    def version_id(self) -> str:
        """Its unique name; "" for files of others."""

    @property
    def is_ours(self) -> bool:
        """True if this service wrote it."""

    @property
    def index(self) -> Index:
        """What is known of its rows."""

    @property
    def columns(self) -> dict[str, pl.DataType]:
        """Names and types of the columns, ours first."""

    @property
    def taken(self) -> int:
        """The number of rows that are samples."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def take(self, positions: Sequence[int]) -> pl.DataFrame:
        """Return the rows at *positions* (ascending), all columns."""

    def sizes(self, positions: pl.Series) -> pl.Series:
        """Return how many bytes the rows at *positions* take in memory, as the mean of their row groups."""

    def groups(self) -> Iterator[tuple[int, int]]:
        """Yield the first row of each row group and how many it has."""

    def pieces(self) -> Iterator[pl.DataFrame]:
        """Yield all rows in order, in pieces of bounded size."""

    def pieces_of(self, group: int) -> Iterator[pl.DataFrame]:
        """Yield the rows of a row group in order, in pieces of bounded size."""

    def narrow(self, names: Sequence[str], only: Sequence[int] | None = None) -> Iterator[pl.DataFrame]:
        """Yield these columns of all rows in order, or of row groups."""

    def carried(self, columns: Mapping[str, pl.DataType]) -> CarriedFile | None:
        """Return what its row groups are carried over with to a file of *columns*; None where that cannot be done."""

    def copy_to(self, path: Path) -> None:
        """Write its samples as one Parquet file."""


def rows_of(version: Version | None) -> int:
    """Return the number of rows of *version*; 0 for None."""
    return len(version) if version is not None else 0


def take_in_order(version: Version, positions: Sequence[int]) -> pl.DataFrame:
    """Return the rows at *positions* in that order."""
    order = sorted(range(len(positions)), key=positions.__getitem__)
    places = sorted(range(len(positions)), key=order.__getitem__)
    return version.take([positions[n] for n in order])[places]
