"""The row index: what queries and statistics need of every row, without its texts.

One narrow frame a file version: id, time, the filter columns as categories, lengths,
token counts, and the row's number in the search index. At a million rows it is about
120 MB and answers in milliseconds; the texts would be 3 GB to decode
(docs/adr/0003-store.md). It is in memory, is carried over from fold to fold, and is
saved beside the data in a file that can be deleted at any time.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from models.contract.answers.dataset import FILTERS
from models.contract.answers.quality_report import TextField
from models.contract.answers.statistics import CountedField
from models.samples.file.newest import Rows, newest_first
from models.samples.sources import CLAIMED as CLAIMED_SOURCES
from models.samples.sources import COLUMN as SOURCES
from models.samples.sources import LICENCES, licences_of
from utils.files import replace_file
from utils.frames import NDArray, np, pl

LENGTHS: tuple[TextField, ...] = ("question", "answer", "reasoning", "case_citation")
COUNTED: tuple[CountedField, ...] = (*LENGTHS, "topic")
DOCUMENT = "document"
# Not reviewed here, and rejected elsewhere (`models.samples.claims`).
WITHHELD = "withheld"
_CLAIMED = "imported_review"
_KEY = "row_index_of"
_GENERATION = "search_index"
_FORMAT = "3"
# So many counts of an index are remembered.
_COUNTED = 200
# Up to so many ids are looked up one by one; a join reads all of them at once.
_FEW = 200


def describe(rows: pl.DataFrame, is_ours: bool = False) -> pl.DataFrame:
    """Return the narrow frame of *rows*: conformed samples, one row each, same order.

    The verdict on the citations counts only if it *is_ours*: the citations of foreign files are checked again.
    A checked sample without citations has no verdict, but an empty list.
    """
    empty = pl.lit(None, dtype=pl.UInt32())
    known = pl.coalesce("citation_verdict", pl.when(pl.col("citations") == "[]").then(pl.lit("none")))
    verdict = known if is_ours else pl.lit(None)
    return rows.select(
        "id",
        "created_at",
        pl.col("created_at").str.slice(0, 10).cast(pl.Categorical()).alias("day"),
        pl.col("topic").str.splitn(" - ", 2).struct.field("field_0").cast(pl.Categorical()).alias("practice_area"),
        *(pl.col(name).cast(pl.Categorical()) for name in FILTERS),
        *(pl.col(name).str.len_chars().cast(pl.UInt32()).alias(f"{name}_chars") for name in LENGTHS),
        verdict.cast(pl.Categorical()).alias("citation_verdict"),
        _review(rows),
        _licences(rows).cast(pl.Categorical()).alias(LICENCES),
        pl.col("quality_score").cast(pl.Float32()),
        *(empty.alias(f"{name}_tokens") for name in COUNTED),
        empty.alias(DOCUMENT),
    )


def _review(rows: pl.DataFrame) -> pl.Expr:
    """Return the review made here, else whether the sample is withheld because it was rejected elsewhere."""
    decided = pl.when(pl.col("review").is_in(["accepted", "rejected"])).then(pl.col("review"))
    claimed = pl.col(_CLAIMED) if rows.schema.get(_CLAIMED) == pl.String() else pl.lit("")
    waiting = pl.when(claimed == "rejected").then(pl.lit(WITHHELD))
    return decided.otherwise(waiting).cast(pl.Categorical()).alias("review")


def _licences(rows: pl.DataFrame) -> pl.Series:
    """Return the licences of what the samples stand on, here or where they came from."""
    claimed = rows.schema.get(CLAIMED_SOURCES) == pl.String()
    return licences_of(rows.select(pl.coalesce(SOURCES, CLAIMED_SOURCES)).to_series() if claimed else rows[SOURCES])


def hashed(ids: Sequence[str]) -> NDArray[np.uint64]:
    """Return the hashes by which rows are found."""
    return pl.Series(ids, dtype=pl.String()).hash(7).to_numpy()


class RowIndex:
    """The narrow frame of one file version, with a way from an id to its row.

    Row n of `frame` is row n of the file. Other columns may be filled in later by
    `fill`; readers see the frame before or after, never between.

    Attributes:
        refused: Rows that are no samples (ascending): they have no id, and no snapshot shows them.
    """

    def __init__(self, frame: pl.DataFrame, generation: str = "", newest: Rows | None = None) -> None:
        """Index *frame*; its document numbers are those of the search index named *generation*.

        *newest* are its rows, newest first, where that is known.
        """
        self.frame = frame
        self.generation = generation
        if newest is not None:
            self.newest = newest
        self._lock = threading.Lock()
        self._counted: OrderedDict[frozenset[tuple[str, str]], int] = OrderedDict()
        self.refused = frame["id"].is_null().arg_true().cast(pl.UInt32())
        hashes = frame["id"].hash(7)
        self._order = hashes.arg_sort().to_numpy()
        self._hashes = hashes.to_numpy()[self._order]

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.frame.height

    @cached_property
    def newest(self) -> Rows:
        """Its rows, newest first."""
        return newest_first(self.frame)

    def matching(self, filters: Mapping[str, str]) -> tuple[int, Callable[[], pl.Series]]:
        """Return how many rows have these values (columns of `FILTERS`), and what finds them (UInt32, ascending).

        Rows that are refused count too. What was counted last is known: these columns of a version never change.
        """
        key = frozenset(filters.items())
        with self._lock:
            known = self._counted.get(key)
            if known is not None:
                self._counted.move_to_end(key)
        if known is None:
            known = int(self.frame.lazy().filter(_has(filters)).select(pl.len()).collect().item())
            with self._lock:
                self._counted[key] = known
                if len(self._counted) > _COUNTED:
                    self._counted.popitem(last=False)
        return known, lambda: self.frame.lazy().select(_has(filters).arg_true().cast(pl.UInt32())).collect().to_series()

    def positions(self, ids: Sequence[str]) -> pl.Series:
        """Return the rows that hold *ids* (UInt32, ascending); missing ids are left out."""
        if len(ids) > _FEW:
            wanted = pl.DataFrame({"id": pl.Series(ids, dtype=pl.String())})
            numbered = self.frame.select("id").with_row_index("n")
            return numbered.join(wanted, on="id", how="semi")["n"].sort()
        return pl.Series("n", sorted(self.places(ids).values()), dtype=pl.UInt32())

    def position(self, sample_id: str) -> int | None:
        """Return the row of *sample_id*, or None; a binary search, whatever the size."""
        return self.places([sample_id]).get(sample_id)

    def places(self, ids: Sequence[str], hashes: NDArray[np.uint64] | None = None) -> dict[str, int]:
        """Return the row of each of *ids* that is there; *hashes* are theirs (`hashed`), where they are known."""
        if not len(self) or not ids:
            return {}
        wanted = hashed(ids) if hashes is None else hashes
        starts = np.searchsorted(self._hashes, wanted)
        there = self._hashes[np.minimum(starts, len(self) - 1)] == wanted
        found = {}
        for number in np.flatnonzero(there).tolist():
            row = self._row(ids[number], int(wanted[number]), int(starts[number]))
            if row is not None:
                found[ids[number]] = row
        return found

    def _row(self, sample_id: str, wanted: int, place: int) -> int | None:
        """Return the row of *sample_id* among those of the hash *wanted*, the first of which is at *place*."""
        while place < len(self._hashes) and self._hashes[place] == wanted:
            row = int(self._order[place])
            if self.frame["id"][row] == sample_id:
                return row
            place += 1
        return None

    def fill(self, rows: pl.Series, columns: pl.DataFrame) -> None:
        """Set *columns* of the given rows."""
        with self._lock:
            filled = [self.frame[name].scatter(rows, columns[name]) for name in columns.columns]
            self.frame = self.frame.with_columns(filled)

    def without(self, hidden: pl.Series) -> pl.DataFrame:
        """Return the frame without the rows *hidden*."""
        return without_rows(self.frame, hidden)

    def save(self, path: Path, identity: object) -> None:
        """Save the frame in a file, for the file version with this *identity*."""
        replace_file(path, lambda aside: self._write(aside, identity))

    def _write(self, where: Path | BinaryIO, identity: object) -> None:
        key = {_KEY: f"{_FORMAT} {identity}", _GENERATION: self.generation}
        self.frame.write_parquet(where, compression="lz4", metadata=key)

    def to_bytes(self, identity: object) -> bytes:
        """Return what `save` writes."""
        content = io.BytesIO()
        self._write(content, identity)
        return content.getvalue()


def _has(filters: Mapping[str, str]) -> pl.Expr:
    """Rows that have these values; nothing is not among them."""
    return pl.all_horizontal(*(pl.col(name) == value for name, value in filters.items())).fill_null(False)


def without_rows(frame: pl.DataFrame, hidden: pl.Series) -> pl.DataFrame:
    """Return *frame* without the rows *hidden*."""
    if not len(hidden):
        return frame
    return frame.with_row_index("n").filter(~pl.col("n").is_in(hidden.implode())).drop("n")


def load_index(path: Path, identity: object) -> RowIndex | None:
    """Return the index saved for the file version with this *identity*; None if there is none."""
    try:
        with path.open("rb") as file:
            return index_in(file, identity)
    except OSError:
        return None


def index_in(file: BinaryIO, identity: object) -> RowIndex | None:
    """Return the index that is saved in *file*; as `load_index`."""
    try:
        metadata = pl.read_parquet_metadata(file)
        if metadata.get(_KEY) != f"{_FORMAT} {identity}":
            return None
        file.seek(0)
        return RowIndex(pl.read_parquet(file), metadata.get(_GENERATION, ""))
    except pl.exceptions.PolarsError:
        return None
