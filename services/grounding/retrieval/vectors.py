"""Vectors of the chunks: packed for the store, and searched exactly.

A vector has length one and is kept as whole numbers of 8 bits with one scale: a byte a dimension, 1.2 KB for 1,152
dimensions, 120 MB for 100,000 chunks. Up to `EXACT_ROWS` every row is compared. Beyond, a first pass compares signs
(one bit a dimension) and the best `CANDIDATES` are compared exactly. Both are measured in docs/adr/0029-retrieval.md.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from services.grounding.retrieval.legs import Hit, Vector

EXACT_ROWS = 20_000
CANDIDATES = 4_000
# Rows that are widened at a time: they stay in the processor's cache, and are too few to be shared between cores.
_BLOCK = 256
_GROWTH = 1.25
_LEVELS = 127
_SCALE = np.dtype("<f4")
Rows = NDArray[np.int64]


def pack(vector: Vector) -> bytes:
    """Return a vector as the store keeps it: its scale, then a signed byte a dimension."""
    scale = max(float(np.abs(vector).max(initial=0.0)), 1e-9) / _LEVELS
    levels = np.rint(np.asarray(vector) / scale).astype(np.int8)
    return bytes(np.array(scale, _SCALE).tobytes() + levels.tobytes())


def unpack(packed: bytes) -> Vector:
    """Return the vector that `pack` made, to within half a step of its scale."""
    scale = np.frombuffer(packed, _SCALE, 1)[0]
    found: Vector = (np.frombuffer(packed, np.int8, -1, _SCALE.itemsize) * scale).astype(np.float32)
    return found


def packed_bytes(vector: Vector) -> int:
    """Return how many bytes a packed vector of the dimension of *vector* has."""
    return _SCALE.itemsize + len(vector)


def likenesses(packed: Sequence[bytes], vector: Vector) -> list[float]:
    """Return the cosine of each packed vector with *vector*; all have its dimension."""
    raw = np.frombuffer(b"".join(packed), np.uint8).reshape(len(packed), packed_bytes(vector))
    scales = np.ascontiguousarray(raw[:, : _SCALE.itemsize]).view(_SCALE)[:, 0]
    found: list[float] = (raw[:, _SCALE.itemsize :].view(np.int8).astype(np.float32) @ vector * scales).tolist()
    return found


class VectorTable:
    """Packed vectors of chunks in memory, in rows; many threads may search while one adds or removes."""

    def __init__(self, dimension: int, exact_rows: int = EXACT_ROWS, candidates: int = CANDIDATES) -> None:
        """Make an empty table.

        Args:
            dimension: Numbers a vector.
            exact_rows: Rows up to which all are compared.
            candidates: How many rows the first pass leaves to be compared exactly where there are more.
        """
        self.dimension = dimension
        self._exact_rows = exact_rows
        self._candidates = candidates
        self._lock = Lock()
        self._state = _State(_Buffers(0, dimension), 0)

    def __len__(self) -> int:
        return len(self._state.chunks)

    @property
    def size_bytes(self) -> int:
        """Memory of the table."""
        return self._state.buffers.size_bytes

    def reserve(self, rows: int) -> None:
        """Make room for so many rows more, so that adding them copies nothing."""
        with self._lock:
            self._state = self._state.with_room(rows)

    def add(self, entries: Iterable[tuple[int, int, bytes]]) -> None:
        """Add chunks: id, id of the document, packed vector.

        Raises:
            ValueError: a vector has another dimension.
        """
        listed = list(entries)
        if not listed:
            return
        size = self.dimension + _SCALE.itemsize
        if wrong := next((len(packed) for *_, packed in listed if len(packed) != size), None):
            raise ValueError(f"vector: got {wrong - _SCALE.itemsize} dimensions, want {self.dimension}")
        raw = np.frombuffer(b"".join(packed for *_, packed in listed), np.uint8).reshape(len(listed), size)
        with self._lock:
            state = self._state.with_room(len(listed))
            start, end = len(state.chunks), len(state.chunks) + len(listed)
            # Behind the rows that a search under way sees, so that it is not disturbed.
            buffers = state.buffers
            buffers.chunks[start:end] = [chunk for chunk, *_ in listed]
            buffers.documents[start:end] = [document for _, document, _ in listed]
            buffers.scales[start:end] = np.ascontiguousarray(raw[:, : _SCALE.itemsize]).view(_SCALE)[:, 0]
            buffers.values[start:end] = raw[:, _SCALE.itemsize :].view(np.int8)
            buffers.signs[:, start:end] = _signs(buffers.values[start:end])
            self._state = _State(buffers, end)

    def remove_document(self, document: int) -> None:
        """Remove the chunks of a document."""
        with self._lock:
            kept = np.flatnonzero(self._state.documents != document)
            if len(kept) < len(self._state.chunks):
                self._state = self._state.of(kept)

    def search(self, vector: Vector, most: int, documents: frozenset[int] | None = None) -> list[Hit]:
        """Return the *most* nearest chunks with their cosine, nearest first.

        Only chunks of *documents*; None for all.
        """
        state = self._state
        rows = None if documents is None else np.flatnonzero(np.isin(state.documents, list(documents)))
        count = len(state.chunks) if rows is None else len(rows)
        if count > self._exact_rows:
            rows = _by_signs(state, vector, rows, self._candidates + most)
        scores = _scores(state, vector, rows)
        best = _best(scores, most)
        places = best if rows is None else rows[best]
        return [Hit(int(chunk), float(score)) for chunk, score in zip(state.chunks[places], scores[best], strict=True)]

    def scores(self, vector: Vector, chunks: Sequence[int]) -> dict[int, float]:
        """Return the cosine of each of *chunks* that has a vector."""
        state = self._state
        wanted = np.unique(np.fromiter(chunks, np.int64))
        if not len(wanted) or not len(state.chunks):
            return {}
        order = state.order
        places = np.searchsorted(state.chunks, wanted, sorter=order)
        places = np.minimum(places, len(state.chunks) - 1)
        rows = places if order is None else order[places]
        found = state.chunks[rows] == wanted
        scores = _scores(state, vector, rows[found])
        return dict(zip(wanted[found].tolist(), scores.tolist(), strict=True))


class _Buffers:
    """Room for rows; the signs lie by their places, so that a comparison reads them in one sweep."""

    def __init__(self, rows: int, dimension: int) -> None:
        self.chunks = np.empty(rows, np.int64)
        self.documents = np.empty(rows, np.int64)
        self.values = np.empty((rows, dimension), np.int8)
        self.scales = np.empty(rows, np.float32)
        self.signs = np.empty((-(-dimension // 64), rows), np.uint64)

    @property
    def room(self) -> int:
        return len(self.chunks)

    @property
    def size_bytes(self) -> int:
        return sum(one.nbytes for one in (self.chunks, self.documents, self.values, self.scales, self.signs))


class _State:
    """One unchanging set of rows, the first of its buffers; a change makes another, and a search sees one of them."""

    def __init__(self, buffers: _Buffers, rows: int) -> None:
        self.buffers = buffers
        self.chunks: Rows = buffers.chunks[:rows]
        self.documents: Rows = buffers.documents[:rows]
        self.values: NDArray[np.int8] = buffers.values[:rows]
        self.scales: NDArray[np.float32] = buffers.scales[:rows]
        self.signs: NDArray[np.uint64] = buffers.signs[:, :rows]

    @cached_property
    def order(self) -> Rows | None:
        """The rows by the ids of their chunks; None where they lie so."""
        return None if (np.diff(self.chunks) > 0).all() else np.argsort(self.chunks, kind="stable")

    def with_room(self, more: int) -> "_State":
        rows = len(self.chunks)
        if rows + more <= self.buffers.room:
            return self
        return self._copied(slice(None), max(rows + more, int(rows * _GROWTH)))

    def of(self, rows: Rows) -> "_State":
        return self._copied(rows, len(rows))

    def _copied(self, rows: Rows | slice, room: int) -> "_State":
        buffers = _Buffers(room, self.values.shape[1])
        count = len(self.chunks[rows])
        buffers.chunks[:count] = self.chunks[rows]
        buffers.documents[:count] = self.documents[rows]
        buffers.values[:count] = self.values[rows]
        buffers.scales[:count] = self.scales[rows]
        buffers.signs[:, :count] = self.signs[:, rows]
        return _State(buffers, count)


def _signs(values: NDArray[np.int8]) -> NDArray[np.uint64]:
    """Return one bit a dimension: in rows of 64 dimensions, with a column for each vector."""
    bits = np.packbits(values > 0, axis=1)
    padded = np.zeros((len(values), -(-bits.shape[1] // 8) * 8), np.uint8)
    padded[:, : bits.shape[1]] = bits
    return padded.view(np.uint64).T


def _by_signs(state: _State, vector: Vector, rows: Rows | None, most: int) -> Rows:
    """Return the rows whose signs agree most with those of *vector*."""
    wanted = _signs(np.where(vector[None] > 0, 1, -1).astype(np.int8))[:, 0]
    differing = np.zeros(len(state.chunks), np.uint16)
    for place, bits in zip(state.signs, wanted, strict=True):
        differing += np.bitwise_count(place ^ bits)
    if rows is not None:
        differing = differing[rows]
    nearest = np.argpartition(differing, min(most, len(differing) - 1))[:most]
    return nearest.astype(np.int64) if rows is None else rows[nearest]


def _scores(state: _State, vector: Vector, rows: Rows | None) -> NDArray[np.float32]:
    count = len(state.chunks) if rows is None else len(rows)
    scores = np.empty(count, np.float32)
    for start in range(0, count, _BLOCK):
        place: slice | Rows = slice(start, start + _BLOCK) if rows is None else rows[start : start + _BLOCK]
        scores[start : start + _BLOCK] = state.values[place].astype(np.float32) @ vector
    return scores * (state.scales if rows is None else state.scales[rows])


def _best(scores: NDArray[np.float32], most: int) -> Rows:
    if most < len(scores):
        nearest = np.argpartition(-scores, most)[:most]
        return nearest[np.argsort(-scores[nearest], kind="stable")]
    return np.argsort(-scores, kind="stable")[:most]
