"""The row indexes of many shards as one.

Each shard's index goes with it from version to version, so that the next version costs what is new in it and not what
was there before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from models.samples.file.newest import TIME, Rows, joined, newest_first
from models.samples.file.row_index import RowIndex, hashed, without_rows
from utils.frames import NDArray, np, pl

# No row has this number.
_GONE = (1 << 32) - 1


class JoinedIndex:
    """The indexes of shards, one behind the other. Thread-safe.

    Attributes:
        generation: Name of the search index that its document numbers are of.
        refused: Rows that are gone (UInt32, ascending).
    """

    def __init__(self, parts: Sequence[RowIndex], refused: pl.Series, generation: str = "") -> None:
        self.parts = tuple(parts)
        self.refused = refused
        self.generation = generation
        ends = np.cumsum([0, *(len(part) for part in self.parts)], dtype=np.int64)
        self.starts: NDArray[np.int64] = ends[:-1]
        self._rows = int(ends[-1])
        self._refused = refused.to_numpy()
        self._lock = threading.Lock()
        self._joined: tuple[tuple[pl.DataFrame, ...], pl.DataFrame] | None = None
        self._newest: Rows | None = None

    def __len__(self) -> int:
        """Return the number of rows, those that are gone too."""
        return self._rows

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each row of the shards, in their order."""
        frames = tuple(part.frame for part in self.parts)
        kept = self._joined
        if kept is not None and all(map(_is_same, kept[0], frames)):
            return kept[1]
        whole = pl.concat(frames, rechunk=False)
        self._joined = frames, whole
        return whole

    @property
    def newest(self) -> Rows:
        """The rows, newest first, those that are gone too."""
        with self._lock:
            if self._newest is None:
                self._newest = newest_first(self.frame)
            return self._newest

    def follow(self, before: JoinedIndex) -> None:
        """Take from the version *before* what is the same in this one: the order by time, and the generation."""
        self.generation = before.generation
        order = before._newest  # of the same class
        if order is None:
            return
        first_of = {id(part): int(start) for part, start in zip(self.parts, self.starts, strict=True)}
        kept = [part for part in before.parts if id(part) in first_of]
        rows = sum(map(len, kept))
        if [id(part) for part in self.parts[: len(kept)]] != [id(part) for part in kept]:
            return
        if len(kept) != len(before.parts):
            place = np.full(len(before), _GONE, dtype=np.uint32)
            for part, start in zip(before.parts, before.starts, strict=True):
                new = first_of.get(id(part))
                if new is not None:
                    place[start : start + len(part)] = np.arange(new, new + len(part), dtype=np.uint32)
            order = place[order]
            order = order[order != _GONE]
        added = [part.frame.select(TIME, "id") for part in self.parts[len(kept) :]]
        self._newest = joined(order, self._keys, pl.concat(added), rows) if added else order

    def _keys(self, rows: Rows) -> pl.DataFrame:
        return self.frame.select(TIME, "id")[rows]

    def matching(self, filters: Mapping[str, str]) -> tuple[int, Callable[[], pl.Series]]:
        """Return how many rows have these values, and what finds them; only shards that have any are looked at."""
        found = [(int(start), *part.matching(filters)) for part, start in zip(self.parts, self.starts, strict=True)]

        def rows() -> pl.Series:
            some = [find() + start for start, count, find in found if count]
            return pl.concat([pl.Series("n", dtype=pl.UInt32()), *(each.cast(pl.UInt32()).alias("n") for each in some)])

        return sum(count for _, count, _ in found), rows

    def positions(self, ids: Sequence[str]) -> pl.Series:
        """Return the rows that hold *ids* (UInt32, ascending); missing ids are left out."""
        found = [
            part.positions(ids).cast(pl.UInt32()) + int(start)
            for part, start in zip(self.parts, self.starts, strict=True)
        ]
        rows = pl.concat([pl.Series("n", dtype=pl.UInt32()), *(each.alias("n") for each in found)])
        return rows.filter(~rows.is_in(self.refused.implode())) if len(self.refused) else rows

    def position(self, sample_id: str) -> int | None:
        """Return the row of *sample_id*, or None."""
        return self.places([sample_id]).get(sample_id)

    def places(self, ids: Sequence[str]) -> dict[str, int]:
        """Return the row of each of *ids* that is there."""
        found: dict[str, int] = {}
        hashes = hashed(ids)  # once, and not for each shard
        for part, start in zip(self.parts, self.starts.tolist(), strict=True):
            for name, row in part.places(ids, hashes).items():
                if not self._is_refused(start + row):
                    found[name] = start + row
        return found

    def _is_refused(self, row: int) -> bool:
        place = int(np.searchsorted(self._refused, row))
        return place < len(self._refused) and int(self._refused[place]) == row

    def fill(self, rows: pl.Series, columns: pl.DataFrame) -> None:
        """Set *columns* of the given rows."""
        numbers = rows.to_numpy().astype(np.int64)
        part_of = np.searchsorted(self.starts, numbers, side="right") - 1
        for number in np.unique(part_of).tolist():
            mine = np.flatnonzero(part_of == number)
            local = pl.Series(rows.name, (numbers[mine] - self.starts[number]).astype(np.uint32))
            self.parts[number].fill(local, columns[mine])

    def without(self, hidden: pl.Series) -> pl.DataFrame:
        """Return the frame without the rows *hidden*."""
        return without_rows(self.frame, hidden)


def _is_same(one: object, other: object) -> bool:
    return one is other
