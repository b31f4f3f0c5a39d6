"""The sketches that are in memory only."""

from __future__ import annotations

from collections.abc import Sequence

from services.quality.duplicates.pairs import COMPARED
from services.quality.duplicates.sketch import BANDS, PERMUTATIONS, Hashes, Sketches, band_hashes, similarity
from utils.frames import NDArray, np, pl

_FIRST_ROOM = 64


class FreshSketches:
    """Sketches by id, each in a row of one array. The caller holds the lock.

    All their hashes are looked through for each question: of some thousand that takes less than the CPU of a tenth of
    a millisecond, and an eighth of the memory of a table of buckets.
    """

    def __init__(self) -> None:
        # From the first sketch on: no start loads NumPy for them.
        self._rows: Sketches
        self._hashes: Hashes  # a line for each band
        self._live: NDArray[np.bool_]
        self._ids: list[str] = []
        self._places: dict[str, int] = {}

    def __len__(self) -> int:
        """Return the number of sketches."""
        return len(self._places)

    @property
    def held(self) -> int:
        """How many rows are held, those of discarded sketches among them."""
        return len(self._ids)

    def __contains__(self, sample_id: str) -> bool:
        """Tell whether there is a sketch of *sample_id*."""
        return sample_id in self._places

    def add(self, ids: Sequence[str], rows: Sketches) -> None:
        """Add sketches; an id that exists gets the new one."""
        for sample_id, row, hashes in zip(ids, rows, band_hashes(rows), strict=True):
            self.discard(sample_id)
            place = len(self._ids)
            self._make_room(place)
            self._rows[place] = row
            self._hashes[:, place] = hashes
            self._live[place] = True
            self._ids.append(sample_id)
            self._places[sample_id] = place

    def discard(self, sample_id: str) -> bool:
        """Remove the sketch of *sample_id*; False when there is none. Its row stays empty until they are saved."""
        place = self._places.pop(sample_id, None)
        if place is None:
            return False
        self._live[place] = False
        return True

    def near(self, row: Sketches, bands: Hashes) -> tuple[list[str], NDArray[np.float64]]:
        """Return ids and similarity (0 to 1) of the sketches that share a band with *row*, whose hashes are *bands*."""
        count = len(self._ids)
        if not self._places:
            return [], np.empty(0, dtype=np.float64)
        shared = self._hashes[:, :count] == bands[:, np.newaxis]
        if len(self._places) < count:
            shared &= self._live[:count]
        # Indices of the flat array: in two dimensions NumPy takes ten times as long.
        bucket, place = np.divmod(np.flatnonzero(shared), count)
        if len(bucket) > COMPARED:
            inside = np.arange(len(bucket)) - np.searchsorted(bucket, bucket)
            place = place[inside < COMPARED]
        places = np.unique(place)
        return [self._ids[place] for place in places.tolist()], similarity(row, self._rows[places])

    def all(self) -> tuple[pl.Series, Sketches]:
        """Return ids and sketches, the oldest first."""
        places = list(self._places.values())
        rows = self._rows[places] if places else np.empty((0, PERMUTATIONS), dtype=np.uint32)
        return pl.Series("id", list(self._places), dtype=pl.String()), rows

    def without(self, ids: pl.Series, rows: Sketches) -> FreshSketches:
        """Return what is not among these sketches: added since, or renewed."""
        left = FreshSketches()
        saved = dict(zip(ids, rows, strict=True))
        names = [name for name, place in self._places.items() if not self._is(saved.get(name), place)]
        if names:
            left.add(names, self._rows[[self._places[name] for name in names]])
        return left

    def _is(self, row: Sketches | None, place: int) -> bool:
        return row is not None and bool((row == self._rows[place]).all())

    def _make_room(self, place: int) -> None:
        if not place:
            self._rows = np.empty((_FIRST_ROOM, PERMUTATIONS), dtype=np.uint32)
            self._hashes = np.empty((BANDS, _FIRST_ROOM), dtype=np.uint64)
            self._live = np.empty(_FIRST_ROOM, dtype=np.bool_)
        elif place == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
            self._hashes = np.concatenate([self._hashes, np.empty_like(self._hashes)], axis=1)
            self._live = np.concatenate([self._live, np.empty_like(self._live)])
