"""Splits a data set into train, validation and test without leaks.

Near-duplicates are clustered (MinHash over three-word shingles of question and answer,
Broder 1997; parameters measured in docs/adr/0008-splits.md) and each cluster goes whole
into one split. Clusters are distributed so that the shares hold for each mix of topic,
difficulty and type, and overall. The same seed gives the same splits.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.samples.search.search_text import fold_column, words_of
from utils.errors import InputError
from utils.frames import pl

if TYPE_CHECKING:
    from rensa import RMinHash

NAMES = ("train", "validation", "test")
_PERMUTATIONS, _BANDS, _SIMILAR = 128, 32, 0.3
_SHINGLE = 3
_COMPARED = 32
_COLUMNS = ("id", "topic", "difficulty", "sample_type", "question", "answer")


@dataclass(frozen=True)
class SplitRequest:
    """How a data set is split.

    Attributes:
        shares: Share of each of `NAMES`, in order; they add up to 1.
        seed: Another seed gives other splits.
    """

    shares: tuple[float, float, float] = (0.9, 0.05, 0.05)
    seed: int = 0


def parse_shares(text: str) -> tuple[float, float, float]:
    """Read "0.8,0.1,0.1"; InputError if that is no split."""
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        shares = ()
    if len(shares) != len(NAMES) or not all(0 <= share <= 1 for share in shares) or abs(sum(shares) - 1) > 1e-6:
        raise InputError(f"splits: got {text[:40]!r}, want three shares that add up to 1, for example 0.9,0.05,0.05")
    return shares[0], shares[1], shares[2]


def split(pieces: Iterable[pl.DataFrame], request: SplitRequest) -> dict[str, str]:
    """Return the split of every sample, by id; *pieces* are samples with all columns."""
    rows: list[tuple[str, str]] = []
    similar = _Similar()
    for piece in pieces:
        part = piece.select(_COLUMNS)
        strata = part.select(pl.concat_str("topic", "difficulty", "sample_type", separator="\x1f"))
        rows += zip(part["id"], strata.to_series(), strict=True)
        similar.add(part)
    clusters = defaultdict(list)
    for row, root in enumerate(similar.roots()):
        clusters[root].append(row)
    return _deal(rows, list(clusters.values()), request)


class _Similar:
    """Clusters of near-duplicates, built as rows come, in time linear in their number.

    Rows that share a band of their sketches are candidates. A row is compared only
    with the first rows of each of its buckets, and with none of its own cluster.
    """

    def __init__(self) -> None:
        from rensa import RMinHash

        self._minhash = RMinHash
        self._buckets: dict[tuple[int, ...], list[int]] = defaultdict(list)
        self._sketches: dict[int, RMinHash] = {}
        self._parent: list[int] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Add the next rows."""
        texts = words_of(fold_column(rows.select(pl.concat_str("question", "answer", separator=" ")).to_series()))
        for text in texts:
            number = len(self._parent)
            self._parent.append(number)
            sketch = self._minhash(num_perm=_PERMUTATIONS, seed=1)
            sketch.update(list(_shingles(text.split())))
            digest = sketch.digest()
            for band in range(_BANDS):
                start = band * _PERMUTATIONS // _BANDS
                bucket = self._buckets[band, *digest[start : start + _PERMUTATIONS // _BANDS]]
                self._join(number, sketch, bucket)
                if len(bucket) < _COMPARED:
                    bucket.append(number)
                    self._sketches[number] = sketch

    def _join(self, number: int, sketch: RMinHash, bucket: list[int]) -> None:
        for other in bucket:
            mine, theirs = self._root(number), self._root(other)
            if mine != theirs and sketch.jaccard(self._sketches[other]) >= _SIMILAR:
                self._parent[mine] = theirs

    def roots(self) -> Iterator[int]:
        """Yield the cluster of each row, in order."""
        return (self._root(row) for row in range(len(self._parent)))

    def _root(self, row: int) -> int:
        while self._parent[row] != row:
            self._parent[row] = self._parent[self._parent[row]]
            row = self._parent[row]
        return row


def _shingles(words: Sequence[str]) -> Iterator[str]:
    if len(words) < _SHINGLE:
        return iter([" ".join(words)])
    return (" ".join(words[start : start + _SHINGLE]) for start in range(len(words) - _SHINGLE + 1))


def _deal(rows: list[tuple[str, str]], clusters: list[list[int]], request: SplitRequest) -> dict[str, str]:
    """Distribute clusters, largest first, each to the split that lacks most in its stratum and overall."""
    order = sorted(clusters, key=lambda cluster: (-len(cluster), _draw(rows[cluster[0]][0], request.seed)))
    whole = [0] * len(NAMES)
    strata: Mapping[str, list[int]] = defaultdict(lambda: [0] * len(NAMES))
    dealt: dict[str, str] = {}
    for cluster in order:
        mine = strata[rows[cluster[0]][1]]
        wants = [
            share * (sum(mine) + len(cluster)) - mine[n] + share * (sum(whole) + len(cluster)) - whole[n]
            if share
            else float("-inf")
            for n, share in enumerate(request.shares)
        ]
        chosen = wants.index(max(wants))
        for counts in (mine, whole):
            counts[chosen] += len(cluster)
        dealt.update({rows[row][0]: NAMES[chosen] for row in cluster})
    return dealt


def _draw(sample_id: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}:{sample_id}".encode(), digest_size=8).digest()
