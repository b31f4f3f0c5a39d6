"""Splits a data set into train, validation and test without leaks.

Near-duplicates are clustered by the sketches that duplicates are found by (`services.quality.duplicates`; parameters
measured in docs/adr/0008-splits.md) and each cluster goes whole into one split. Clusters are distributed so that the
shares hold for each mix of topic, difficulty and type, and overall. The same seed gives the same splits.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from models.samples.search.search_text import spaced
from services.quality.duplicates import ALIKE
from services.quality.duplicates.gathered import Gathered, InMemory, OnDisk
from services.quality.duplicates.pairs import rows_of_pairs
from services.quality.duplicates.sketch import Sketches, sketches
from utils.errors import InputError
from utils.frames import NDArray, np, pl

NAMES = ("train", "validation", "test")
# What a split goes by.
COLUMNS = ("id", "topic", "difficulty", "sample_type", "question", "answer")
# Up to so many sketches are held in memory, 768 bytes each; more are in files while pairs are sought.
_IN_MEMORY = 200_000


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
    """Return the split of every sample, by id; *pieces* are samples with `COLUMNS`, in any order."""
    ids: list[pl.Series] = []
    strata: list[pl.Series] = []
    with _Alike() as alike:
        for piece in pieces:
            part = piece.select(COLUMNS)
            ids.append(part["id"])
            mix = part.select(pl.concat_str("topic", "difficulty", "sample_type", separator="\x1f"))
            strata.append(mix.to_series().cast(pl.Categorical()))
            alike.add(sketches(spaced(part.select(pl.concat_str("question", "answer", separator=" ")).to_series())))
        if not ids:
            return {}
        clusters = alike.clusters()
    return _dealt(pl.concat(ids), pl.concat(strata).to_physical().to_numpy(), clusters, request)


class _Alike(ExitStack):
    """The sketches of samples as they come, in memory or, of many, in files that go with it."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._sketches: Gathered = InMemory()
        self._waiting: list[Sketches] = []

    def add(self, rows: Sketches) -> None:
        """Add the next sketches."""
        self._count += len(rows)
        if self._count > _IN_MEMORY and not isinstance(self._sketches, OnDisk):
            self._sketches = OnDisk(Path(self.enter_context(TemporaryDirectory(prefix="splits-"))), cores=1)
            for earlier in self._waiting:
                self._sketches.add(earlier)
            self._waiting.clear()
        self._sketches.add(rows)
        if not isinstance(self._sketches, OnDisk):
            self._waiting.append(rows)

    def clusters(self) -> NDArray[np.int64]:
        """Return the cluster of each sample: the number of the first one in it."""
        pairs, _ = self._sketches.pairs(ALIKE)
        roots = np.arange(self._count)
        first, second = rows_of_pairs(pairs)
        while len(first):
            # Each round hangs the higher root of a pair below the lower, and then all below their roots.
            low, high = np.minimum(roots[first], roots[second]), np.maximum(roots[first], roots[second])
            np.minimum.at(roots, high, low)
            while not np.array_equal(roots, above := roots[roots]):
                roots = above
            apart = roots[first] != roots[second]
            first, second = first[apart], second[apart]
        return roots


def _dealt(
    ids: pl.Series, strata: NDArray[np.uint32], clusters: NDArray[np.int64], request: SplitRequest
) -> dict[str, str]:
    """Distribute clusters, largest first, each to the split that lacks most in its stratum and overall.

    A cluster is known by its lowest id: where its samples lie makes no difference.
    """
    rows = pl.DataFrame({"root": clusters, "id": ids, "row": np.arange(len(ids))})
    lowest = rows.sort("id").group_by("root", maintain_order=True).agg(pl.len(), pl.col("id", "row").first())
    drawn = [_draw(request.seed, name) for name in lowest["id"]]
    order = sorted(zip((-lowest["len"].cast(pl.Int64())).to_list(), drawn, lowest["root"], lowest["row"], strict=True))
    whole = [0] * len(NAMES)
    mixes: Mapping[int, list[int]] = defaultdict(lambda: [0] * len(NAMES))
    chosen = np.zeros(len(ids), dtype=np.uint32)
    for less, _, root, row in order:
        size = -less
        mine = mixes[int(strata[row])]
        wants = [
            share * (sum(mine) + size) - mine[n] + share * (sum(whole) + size) - whole[n] if share else float("-inf")
            for n, share in enumerate(request.shares)
        ]
        chosen[root] = best = wants.index(max(wants))
        for counts in (mine, whole):
            counts[best] += size
    return dict(zip(ids, pl.Series(NAMES).gather(chosen[clusters]), strict=True))


def _draw(seed: int, sample_id: str) -> bytes:
    return hashlib.blake2b(f"{seed}:{sample_id}".encode(), digest_size=8).digest()
