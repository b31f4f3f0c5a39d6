"""Decides which samples may be published, and which split each belongs to."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from models.samples.by_number import pieces_at
from models.samples.file.row_index import WITHHELD
from models.samples.sample_query import SampleQuery, select
from models.samples.snapshot import POSITION, Snapshot
from services.dataset.splits import SplitRequest, split
from services.quality.citation_audit import COLUMN, Verdicts
from utils.frames import pl

_KEPT_SPLITS = 4


class Publishable:
    """Thread-safe; caches how the last data sets were split."""

    def __init__(self, audit: Verdicts) -> None:
        self._audit = audit
        self._lock = threading.Lock()
        self._splits: dict[object, dict[str, str]] = {}

    def fit(self, snapshot: Snapshot, filters: Mapping[str, str], everything: bool) -> tuple[pl.Series, dict[str, int]]:
        """Return the numbers of the samples that may be published, oldest first, and how many may not, by reason.

        Args:
            snapshot: The data set.
            filters: Exact values by column.
            everything: Also samples with an invalid citation, and those that a reviewer rejected.
        """
        positions = select(snapshot, SampleQuery(filters, sort="created_at")).positions
        if everything or not len(positions):
            return positions, {}
        states = self._audit.verdicts(snapshot).filter(pl.col(POSITION).is_in(positions.implode()))
        invalid = states.filter(pl.col(COLUMN) == "invalid")[POSITION]
        rejected = states.filter(pl.col("review").is_in(["rejected", WITHHELD]))[POSITION]
        counts = {"invalid_citation": len(invalid), "rejected_by_review": len(rejected)}
        unfit = pl.concat([invalid, rejected])
        return positions.filter(~positions.is_in(unfit.implode())), {name: n for name, n in counts.items() if n}

    def part(
        self, snapshot: Snapshot, filters: Mapping[str, str], splits: SplitRequest, name: str, chosen: pl.Series
    ) -> pl.Series:
        """Return those of *chosen* that are in the split *name*, in their order; all of them for no name."""
        return in_split(snapshot, chosen, self.dealt(snapshot, filters, splits, chosen), name) if name else chosen

    def dealt(
        self, snapshot: Snapshot, filters: Mapping[str, str], splits: SplitRequest, chosen: pl.Series
    ) -> dict[str, str]:
        """Return the split of each sample, by id; cached for the other splits of the same data set.

        Args:
            snapshot: The data set.
            filters: The filters that found *chosen*.
            splits: How it is split.
            chosen: Numbers of the samples that are split.
        """
        key = (snapshot.state, tuple(sorted(filters.items())), splits, len(chosen))
        with self._lock:
            if key not in self._splits:
                while len(self._splits) >= _KEPT_SPLITS:
                    del self._splits[next(iter(self._splits))]
                self._splits[key] = split(pieces_at(snapshot, chosen), splits)
            return self._splits[key]


def in_split(snapshot: Snapshot, chosen: pl.Series, dealt: Mapping[str, str], name: str) -> pl.Series:
    """Return those of *chosen* that are in the split *name*, in their order."""
    ids = snapshot.index().select(POSITION, "id").collect()
    mine = ids.filter(pl.col("id").is_in([i for i, other in dealt.items() if other == name]))[POSITION]
    return chosen.filter(chosen.is_in(mine.implode()))
