"""Vectors of the chunks: packed for the store, and searched exactly.

A vector has length one and is kept as whole numbers of 8 bits with one scale: a byte a dimension, 1.2 KB for 1,152
dimensions, 120 MB for 100,000 chunks. Up to `EXACT_ROWS` every row is compared. Beyond, a first pass compares signs
(one bit a dimension) and the best `CANDIDATES` are compared exactly. Both are measured in docs/adr/0029-retrieval.md.
"""

from collections.abc import Iterable, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from services.grounding.retrieval.legs import Hit, Vector

EXACT_ROWS = 20_000
CANDIDATES = 4_000
# Rows that are widened at a time; they stay in the processor's cache.
_BLOCK = 2_048
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
        self._state = _State.empty(dimension)

    def __len__(self) -> int:
        return len(self._state.chunks)

    @property
    def size_bytes(self) -> int:
        """Memory of the table."""
        state = self._state
        return (
            state.values.nbytes
            + state.scales.nbytes
            + state.chunks.nbytes
            + state.documents.nbytes
            + state.signs.nbytes
        )

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
        scales = np.ascontiguousarray(raw[:, : _SCALE.itemsize]).view(_SCALE)[:, 0].astype(np.float32)
        values = np.ascontiguousarray(raw[:, _SCALE.itemsize :]).view(np.int8)
        chunks = np.array([chunk for chunk, *_ in listed], np.int64)
        documents = np.array([document for _, document, _ in listed], np.int64)
        with self._lock:
            self._state = self._state.joined(_State(chunks, documents, values, scales, _signs(values)))

    def remove_document(self, document: int) -> None:
        """Remove the chunks of a document."""
        with self._lock:
            self._state = self._state.kept(self._state.documents != document)

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
        order = state.order
        wanted = np.array(sorted(set(chunks)), np.int64)
        if not len(wanted) or not len(order):
            return {}
        places = np.minimum(np.searchsorted(state.chunks, wanted, sorter=order), len(order) - 1)
        rows = order[places]
        found = state.chunks[rows] == wanted
        scores = _scores(state, vector, rows[found])
        return {int(chunk): float(score) for chunk, score in zip(wanted[found], scores, strict=True)}


class _State:
    """One unchanging set of rows; a change makes another, so that a search sees one or the other."""

    def __init__(
        self,
        chunks: Rows,
        documents: Rows,
        values: NDArray[np.int8],
        scales: NDArray[np.float32],
        signs: NDArray[np.uint64],
    ) -> None:
        self.chunks = chunks
        self.documents = documents
        self.values = values
        self.scales = scales
        self.signs = signs
        self.order: Rows = np.argsort(chunks, kind="stable")

    @classmethod
    def empty(cls, dimension: int) -> "_State":
        ids = np.empty(0, np.int64)
        values = np.empty((0, dimension), np.int8)
        return cls(ids, ids, values, np.empty(0, np.float32), _signs(values))

    def joined(self, other: "_State") -> "_State":
        return _State(
            np.concatenate((self.chunks, other.chunks)),
            np.concatenate((self.documents, other.documents)),
            np.concatenate((self.values, other.values)),
            np.concatenate((self.scales, other.scales)),
            np.concatenate((self.signs, other.signs)),
        )

    def kept(self, mask: NDArray[np.bool_]) -> "_State":
        return _State(self.chunks[mask], self.documents[mask], self.values[mask], self.scales[mask], self.signs[mask])


def _signs(values: NDArray[np.int8]) -> NDArray[np.uint64]:
    bits = np.packbits(values > 0, axis=1)
    padded = np.zeros((len(values), -(-bits.shape[1] // 8) * 8), np.uint8)
    padded[:, : bits.shape[1]] = bits
    return padded.view(np.uint64)


def _by_signs(state: _State, vector: Vector, rows: Rows | None, most: int) -> Rows:
    """Return the rows whose signs agree most with those of *vector*."""
    wanted = _signs(np.where(vector[None] > 0, 1, -1).astype(np.int8))
    signs = state.signs if rows is None else state.signs[rows]
    differing = np.bitwise_count(signs ^ wanted).sum(axis=1, dtype=np.uint16)
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
