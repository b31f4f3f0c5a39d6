"""All pairs of similar texts, by arrays: sketches that share a band, sorted band by band, and compared once.

They are compared by all cores: numpy lets go of the interpreter meanwhile.

A pair is a number, the first row in its upper half and the second, which is greater, in the lower.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TypeAlias

from services.quality.duplicates.sketch import BANDS, PERMUTATIONS, Hashes, Sketches, band_hashes
from utils.frames import NDArray, np
from utils.side.ahead import ahead

Pairs: TypeAlias = "NDArray[np.uint64]"
# Rows of a bucket that are compared; the rest only with the first: what shares a bucket with so many shares others too.
COMPARED = 32
_CHUNK = 65_536
_HALF, _LOWER = 32, 0xFFFFFFFF
# Rows whose bands are hashed at a time: 64 MB.
_ROWS = 65_536


def pairs_of(rows: Sketches, least: float) -> tuple[Pairs, NDArray[np.float64]]:
    """Return the pairs of *rows* of at least this similarity, each once, and their similarities.

    They come band by band, in each by number.
    """
    return similar_pairs([rows], bands_of(rows), least)


def bands_of(rows: Sketches) -> Iterator[tuple[Hashes, NDArray[np.int64]]]:
    """Yield for each band its hashes, sorted, and the row of each; rows of one hash ascend."""
    hashes = np.empty((BANDS, len(rows)), dtype=np.uint64)
    for start in range(0, len(rows), _ROWS):
        hashes[:, start : start + _ROWS] = band_hashes(rows[start : start + _ROWS]).T
    for line in hashes:
        order = np.argsort(line, kind="stable")
        yield line[order], order


def similar_pairs(
    parts: Sequence[Sketches], bands: Iterator[tuple[Hashes, NDArray[np.int64]]], least: float
) -> tuple[Pairs, NDArray[np.float64]]:
    """Return the pairs, as `pairs_of`, of rows that are numbered through *parts*; *bands* as `bands_of` yields."""
    starts = np.cumsum([0, *(len(part) for part in parts)])
    seen: Pairs = np.empty(0, dtype=np.uint64)
    found: list[Pairs] = []
    values: list[NDArray[np.float64]] = []
    for hashes, rows in bands:
        new = np.setdiff1d(_in_buckets(hashes, rows), seen)
        if not len(new):
            continue
        seen = np.union1d(seen, new)
        chunks = [new[start : start + _CHUNK] for start in range(0, len(new), _CHUNK)]
        for chunk, alike in zip(chunks, ahead(partial(_similarities, parts, starts), chunks), strict=True):
            is_found = alike >= least
            found.append(chunk[is_found])
            values.append(alike[is_found])
    if not found:
        return seen[:0], np.empty(0, dtype=np.float64)
    return np.concatenate(found), np.concatenate(values)


def rows_of_pairs(pairs: Pairs) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and the second row of each pair."""
    return (pairs >> np.uint64(_HALF)).astype(np.int64), (pairs & np.uint64(_LOWER)).astype(np.int64)


def _similarities(parts: Sequence[Sketches], starts: NDArray[np.int64], pairs: Pairs) -> NDArray[np.float64]:
    first, second = (_gathered(parts, starts, rows) for rows in rows_of_pairs(pairs))
    return np.asarray((first == second).mean(axis=1), dtype=np.float64)


def _gathered(parts: Sequence[Sketches], starts: NDArray[np.int64], rows: NDArray[np.int64]) -> Sketches:
    if len(parts) == 1:
        return parts[0][rows]
    gathered = np.empty((len(rows), PERMUTATIONS), dtype=np.uint32)
    part_of = np.searchsorted(starts, rows, side="right") - 1
    for number in np.unique(part_of):
        mine = part_of == number
        gathered[mine] = parts[number][rows[mine] - starts[number]]
    return gathered


def _in_buckets(hashes: Hashes, rows: NDArray[np.int64]) -> Pairs:
    """Return the pairs of *rows* whose *hashes* (sorted) are equal."""
    same = np.flatnonzero(hashes[1:] == hashes[:-1])
    if not len(same):
        return np.empty(0, dtype=np.uint64)
    # Runs of neighbours that are equal are buckets.
    begins = same[np.concatenate([[True], np.diff(same) > 1])]
    ends = same[np.concatenate([np.diff(same) > 1, [True]])] + 2
    sizes = ends - begins
    found: list[Pairs] = []
    for size in np.unique(sizes):
        mine = begins[sizes == size]
        if size <= COMPARED:
            found.append(_within(rows[mine[:, None] + np.arange(size)]))
            continue
        for start in mine:
            members = rows[start : start + size].astype(np.uint64)
            found.append(_within(rows[start : start + COMPARED][None, :]))
            found.append(_numbered(members[0], members[COMPARED:]))
    return np.concatenate(found)


def _within(members: NDArray[np.int64]) -> Pairs:
    """Return all pairs within each line of *members*, which ascend."""
    one, other = np.triu_indices(members.shape[1], 1)
    numbers = members.astype(np.uint64)
    return _numbered(numbers[:, one], numbers[:, other]).ravel()


def _numbered(first: NDArray[np.uint64] | np.uint64, second: Pairs) -> Pairs:
    return np.asarray((first << np.uint64(_HALF)) | second)
