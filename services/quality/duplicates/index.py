"""An index of sketches: finds the texts that share a band with a given one.

New sketches are kept in memory; `save` writes them as a sorted segment of arrays beside the
data, which is mapped into memory and searched by bisection, so that a million texts cost
disk and not memory. An id is in one segment at most; a sketch that is not saved yet
takes precedence. The files can be deleted at any time: they are rebuilt from the data.
"""

from __future__ import annotations

import json
import shutil
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from services.quality.duplicates.fresh import FreshSketches
from services.quality.duplicates.pairs import COMPARED
from services.quality.duplicates.sketch import Hashes, Sketches, band_hashes, similarity, version
from utils.frames import NDArray, np, pl

_SEGMENTS = 6
_META = "segment.json"


@dataclass(frozen=True)
class Segment:
    """Sketches on the disk: `hashes[b]` is sorted, `rows[b]` has the row of each."""

    folder: Path
    ids: pl.Series
    sketches: Sketches
    hashes: Hashes
    rows: NDArray[np.uint32]
    replaces: Sequence[str]

    @cached_property
    def _lines(self) -> list[memoryview]:
        # Bisection over these takes a third of numpy's, which is made for many values at a time.
        return [memoryview(line) for line in self.hashes]

    def candidates(self, bands: Hashes) -> NDArray[np.uint32]:
        """Return the rows that share a band with the 32 hashes *bands*; of a large bucket the first."""
        found, count = [], len(self.ids)
        for band, (line, value) in enumerate(zip(self._lines, bands.tolist(), strict=True)):
            first = bisect_left(line, value)
            if first == count or line[first] != value:
                continue
            end = min(count, first + COMPARED)
            found.append(self.rows[band][first : bisect_right(line, value, first, end)])
        return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.uint32)


class SketchIndex:
    """Sketches by id. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # taken before the other
        self._segments = _load_all(folder)
        self._fresh = FreshSketches()
        # Saved sketches of samples that are not there any more: until the next segment of all.
        self._gone: set[str] = set()

    def __len__(self) -> int:
        """Return the number of texts."""
        with self._lock:
            return sum(len(segment.ids) for segment in self._segments) + len(self._fresh)

    @property
    def unsaved(self) -> int:
        """How many sketches are held in memory only."""
        return self._fresh.held

    def add(self, ids: Sequence[str], rows: Sketches) -> None:
        """Add sketches; an id that exists gets the new one."""
        with self._lock:
            self._fresh.add(ids, rows)
            self._gone.difference_update(ids)

    def discard(self, sample_id: str) -> None:
        """Remove a sketch."""
        with self._lock:
            self._fresh.discard(sample_id)
            if self._segments:
                self._gone.add(sample_id)

    def keep_only(self, ids: pl.Series, waiting: Collection[str]) -> None:
        """Take saved sketches of other samples than *ids* for gone.

        Those *waiting* may not be among *ids* yet; so many deletions may go unnoticed while nothing else is gone.
        """
        with self._lock:
            if self._gone:
                back = pl.Series("id", list(self._gone), dtype=pl.String())
                self._gone.difference_update(back.filter(back.is_in(ids.implode())))
            saved = sum(len(segment.ids) for segment in self._segments)
            if not saved or saved + len(self._fresh) - len(self._gone) - len(waiting) <= len(ids):
                return
            there = pl.concat([segment.ids for segment in self._segments])
            self._gone = set(there.filter(~there.is_in(ids.implode()))).difference(waiting)

    def near(self, row: Sketches, least: float, most: int | None = None) -> list[tuple[str, float]]:
        """Return the ids whose similarity to the sketch *row* is at least *least*, the most similar first.

        Args:
            row: The sketch.
            least: From which similarity on (0 to 1).
            most: How many at most; None for all of them.
        """
        bands = band_hashes(row.reshape(1, -1))[0]
        with self._lock:
            segments, fresh, gone = list(self._segments), self._fresh, self._gone
            names, alike = fresh.near(row, bands)
        parts = [segment.candidates(bands) for segment in segments]
        values = [similarity(row, segment.sketches[part]) for segment, part in zip(segments, parts, strict=True)]
        whole = np.concatenate([*values, alike])
        starts = list(accumulate(map(len, parts), initial=0))
        chosen = np.flatnonzero(whole >= least)
        found: list[tuple[str, float]] = []
        for place in chosen[np.argsort(-whole[chosen], kind="stable")].tolist():
            if len(found) == most:
                break
            number = min(bisect_right(starts, place) - 1, len(segments))
            inside = place - starts[number]
            if number == len(segments):
                found.append((names[inside], float(whole[place])))
                continue
            name = segments[number].ids[int(parts[number][inside])]
            if name not in fresh and name not in gone:
                found.append((name, float(whole[place])))
        return found

    def missing(self, ids: pl.Series) -> pl.Series:
        """Return which of *ids* are not in it."""
        with self._lock:
            there = pl.concat([*(segment.ids for segment in self._segments), self._fresh.all()[0]])
        frame = pl.DataFrame({"id": ids})
        return frame.join(pl.DataFrame({"id": there}), on="id", how="anti")["id"]

    def save(self, keep: pl.Series | None = None) -> None:
        """Write what is new as a segment; *keep*, where given, drops all other ids and makes one segment of all."""
        with self._writing:
            with self._lock:
                if not self._fresh.held and keep is None:
                    return
                ids, rows = self._fresh.all()
            self._append(ids, rows, keep)
            with self._lock:
                self._fresh = self._fresh.without(ids, rows)
                if keep is not None:
                    self._gone = set()

    def append(self, ids: pl.Series, rows: Sketches) -> None:
        """Add many sketches as one segment, at a tenth of the cost of `add`."""
        with self._writing:
            self._append(ids, rows, None)

    def _append(self, ids: pl.Series, rows: Sketches, keep: pl.Series | None) -> None:
        if not len(ids) and keep is None:
            return
        with self._lock:
            old = list(self._segments) if keep is not None else self._to_merge(ids)
        ids, rows = _merged(old, ids, rows, keep)
        number = max((int(path.name) for path in self._folder.glob("*") if path.name.isdigit()), default=0) + 1
        made = _write(self._folder / f"{number:06d}", ids, rows, [segment.folder.name for segment in old])
        with self._lock:
            replaced = {id(segment) for segment in old}
            self._segments = [segment for segment in self._segments if id(segment) not in replaced] + [made]
            self._gone.difference_update(ids)
        for segment in old:
            shutil.rmtree(segment.folder, ignore_errors=True)

    def _to_merge(self, ids: pl.Series) -> list[Segment]:
        """Return the segments to write together with *ids*: those that hold one, the small ones once there are many."""
        holders = [segment for segment in self._segments if segment.ids.is_in(ids.implode()).any()]
        if len(self._segments) < _SEGMENTS:
            return holders
        by_size = sorted(self._segments, key=lambda segment: len(segment.ids))
        small = by_size[:-1]
        total = len(ids) + sum(len(segment.ids) for segment in small)
        largest_too = 2 * total >= len(by_size[-1].ids) or by_size[-1] in holders
        return by_size if largest_too else small

    def saved_and_fresh(self) -> tuple[list[Segment], list[str], Sketches]:
        """Return what is on the disk, and ids and sketches that are not; the latter count where both have an id."""
        with self._lock:
            segments, (names, unsaved) = list(self._segments), self._fresh.all()
        return segments, names.to_list(), unsaved


def _merged(
    segments: Iterable[Segment], names: pl.Series, fresh: Sketches, keep: pl.Series | None
) -> tuple[pl.Series, Sketches]:
    """Return ids and sketches of *segments* and the new ones together, the newest of each id."""
    ids = pl.concat([*(segment.ids for segment in segments), names.alias("id")])
    rows = np.concatenate([*(segment.sketches for segment in segments), fresh])
    frame = pl.DataFrame({"id": ids}).with_row_index("n").unique("id", keep="last", maintain_order=True)
    if keep is not None:
        frame = frame.join(pl.DataFrame({"id": keep}), on="id", how="semi")
    return frame["id"], rows[frame["n"].to_numpy()]


def _write(folder: Path, ids: pl.Series, rows: Sketches, replaces: Sequence[str]) -> Segment:
    """Write a segment, or nothing; once its description is there it counts instead of those it *replaces*."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _write_files(folder, ids, rows, replaces)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    loaded = _load(folder)
    if loaded is None:  # pragma: no cover  # just written
        raise OSError(f"{folder}: cannot be read back")
    return loaded


def _write_files(folder: Path, ids: pl.Series, rows: Sketches, replaces: Sequence[str]) -> None:
    hashes = band_hashes(rows)
    order = np.argsort(hashes, axis=0, kind="stable").astype(np.uint32)
    np.save(folder / "sketches.npy", rows)
    np.save(folder / "rows.npy", np.ascontiguousarray(order.T))
    np.save(folder / "hashes.npy", np.ascontiguousarray(np.take_along_axis(hashes, order.astype(np.int64), axis=0).T))
    pl.DataFrame({"id": ids}).write_parquet(folder / "ids.parquet", compression="lz4")
    (folder / _META).write_text(json.dumps({"version": version(), "rows": len(ids), "replaces": list(replaces)}))


def load_segments(folders: Iterable[Path]) -> list[Segment] | None:
    """Return the segments in *folders* as another process wrote them; None if one is gone, replaced by a later one."""
    if not all((folder / _META).exists() for folder in folders):
        return None
    loaded = [_read(folder) for folder in folders]
    return [segment for segment in loaded if segment is not None] if all(loaded) else None


def _load_all(folder: Path) -> list[Segment]:
    """Return the segments in *folder*, except those that a later one replaced (left by a crash between steps)."""
    loaded = [segment for path in sorted(folder.glob("*")) if (segment := _load(path)) is not None]
    replaced = {name for segment in loaded for name in segment.replaces}
    for segment in loaded:
        if segment.folder.name in replaced:
            shutil.rmtree(segment.folder, ignore_errors=True)
    return [segment for segment in loaded if segment.folder.name not in replaced]


def _load(folder: Path) -> Segment | None:
    """Return the segment in *folder*; None, and the folder is removed, if it is foreign or incomplete."""
    segment = _read(folder)
    if segment is None:
        shutil.rmtree(folder, ignore_errors=True)
    return segment


def _read(folder: Path) -> Segment | None:
    """Return the segment in *folder*; None if it is foreign or incomplete."""
    try:
        described = json.loads((folder / _META).read_text())
        if described["version"] != version():
            raise ValueError(described["version"])
        ids = pl.read_parquet(folder / "ids.parquet")["id"]
        # Plain views: slices of numpy's memmap class are ten times slower.
        arrays = [np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in ("sketches", "hashes", "rows")]
        if not len(ids) == described["rows"] == arrays[0].shape[0] == arrays[1].shape[1]:
            raise ValueError("rows")
        return Segment(folder, ids, arrays[0], arrays[1], arrays[2], described["replaces"])
    except (OSError, EOFError, ValueError, TypeError, KeyError, IndexError, pl.exceptions.PolarsError):
        return None
