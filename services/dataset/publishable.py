"""Decides which samples may be published, and which split each belongs to."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from models.samples.file.row_index import WITHHELD
from models.samples.sample_query import SampleQuery, is_waiting, select
from models.samples.snapshot import POSITION, Snapshot
from models.samples.sources import LICENCES, parted
from services.dataset.splits import COLUMNS, SplitRequest, split
from services.grounding.licences import allows_export
from services.quality.citation_audit import COLUMN, Verdicts
from utils.errors import InputError
from utils.frames import np, pl

Include = Literal["fit", "accepted", "unlicensed", "all"]
Least = Literal["any", "partly", "grounded"]
_INCLUDES: tuple[Include, ...] = get_args(Include)
_LEAST: Mapping[Least, tuple[str, ...]] = {"any": (), "partly": ("partly", "grounded"), "grounded": ("grounded",)}
_KEPT_SPLITS = 4


@dataclass(frozen=True)
class Choice:
    """Which samples are wanted.

    Attributes:
        filters: Exact values by column.
        grounding: How well they stand on law at least.
        include: "fit" for those that may be published; "accepted" for those of them that a reviewer accepted;
            "unlicensed" also those that stand on a document whose licence does not allow it, or that has none; "all"
            also those with an invalid citation, and rejected ones.
    """

    filters: Mapping[str, str] = field(default_factory=dict)
    grounding: Least = "any"
    include: Include = "fit"

    @property
    def key(self) -> object:
        """A value that two choices share only if they are the same."""
        return tuple(sorted(self.filters.items())), self.grounding, self.include


def choice(filters: Mapping[str, str], grounding: str, include: str) -> Choice:
    """Return what a caller asked for; InputError for a word that there is not."""
    chosen = {name: value for name, value in filters.items() if name != "grounding"}
    least = next((name for name in _LEAST if name == (grounding or "any")), None)
    if least is None:
        raise InputError(f"grounding: got {grounding[:40]!r}, want any, partly or grounded")
    included = next((name for name in _INCLUDES if name == (include or "fit")), None)
    if included is None:
        raise InputError(f"include: got {include[:40]!r}, want {', '.join(_INCLUDES[:-1])} or {_INCLUDES[-1]}")
    return Choice(chosen, least, included)


class Publishable:
    """Thread-safe; caches how the last data sets were split."""

    def __init__(self, audit: Verdicts) -> None:
        self._audit = audit
        self._lock = threading.Lock()
        self._splits: dict[object, dict[str, str]] = {}

    def fit(self, snapshot: Snapshot, wanted: Choice) -> tuple[pl.Series, dict[str, int]]:
        """Return the numbers of the samples that are *wanted*, oldest first, and how many are left out, by reason."""
        positions = select(snapshot, SampleQuery(wanted.filters, sort="created_at")).positions
        if wanted.grounding != "any":
            positions = _only(positions, _where(snapshot, pl.col("grounding").is_in(_LEAST[wanted.grounding])))
        if wanted.include == "all" or not len(positions):
            return positions, {}
        states = self._audit.verdicts(snapshot).filter(pl.col(POSITION).is_in(positions.implode()))
        unfit = {
            "invalid_citation": states.filter(pl.col(COLUMN) == "invalid")[POSITION],
            "rejected_by_review": states.filter(pl.col("review").is_in(["rejected", WITHHELD]))[POSITION],
        }
        if wanted.include in ("fit", "accepted") and snapshot.has_any(LICENCES):
            unfit["licence"] = _only(_unlicensed(snapshot), positions)
        if wanted.include == "accepted":
            unfit["not_reviewed"] = states.filter(pl.col("review").is_null())[POSITION]
        counts = {name: len(numbers) for name, numbers in unfit.items() if len(numbers)}
        left_out = pl.concat([numbers.cast(positions.dtype) for numbers in unfit.values()])
        return positions.filter(~positions.is_in(left_out.implode())), counts

    def citations(self, snapshot: Snapshot, wanted: Choice, chosen: pl.Series) -> dict[str, int]:
        """Count those of *chosen*, which *wanted* found, by the worst verdict on their citations.

        With all samples none is checked for it: those that nobody looked at yet are `unchecked`.
        """
        known = snapshot.index().select(POSITION, COLUMN).collect() if wanted.include == "all" else None
        states = known if known is not None else self._audit.verdicts(snapshot)
        mine = states.filter(pl.col(POSITION).is_in(chosen.cast(states[POSITION].dtype).implode()))
        counted = mine.group_by(pl.col(COLUMN).cast(pl.String()).fill_null("unchecked")).len()
        return dict(sorted(counted.iter_rows(), key=lambda item: (-item[1], item[0])))

    def reviewed(self, snapshot: Snapshot, chosen: pl.Series) -> dict[str, int]:
        """Count those of *chosen* that a reviewer accepted, and those that nobody decided on here."""
        known = snapshot.index().select(POSITION, pl.col("review").cast(pl.String())).collect()
        mine = known.filter(pl.col(POSITION).is_in(chosen.cast(known[POSITION].dtype).implode()))
        return {
            "accepted": mine.filter(pl.col("review") == "accepted").height,
            "never": mine.filter(is_waiting()).height,
        }

    def part(self, snapshot: Snapshot, wanted: Choice, splits: SplitRequest, name: str, chosen: pl.Series) -> pl.Series:
        """Return those of *chosen* that are in the split *name*, in their order; all of them for no name."""
        return in_split(snapshot, chosen, self.dealt(snapshot, wanted, splits, chosen), name) if name else chosen

    def dealt(self, snapshot: Snapshot, wanted: Choice, splits: SplitRequest, chosen: pl.Series) -> dict[str, str]:
        """Return the split of each sample, by id; cached for the other splits of the same data set.

        Args:
            snapshot: The data set.
            wanted: What found *chosen*.
            splits: How it is split.
            chosen: Numbers of the samples that are split.
        """
        key = (snapshot.state, wanted.key, splits, len(chosen))
        with self._lock:
            if key not in self._splits:
                while len(self._splits) >= _KEPT_SPLITS:
                    del self._splits[next(iter(self._splits))]
                self._splits[key] = split(_narrow(snapshot, chosen), splits)
            return self._splits[key]


def _narrow(snapshot: Snapshot, chosen: pl.Series) -> Iterator[pl.DataFrame]:
    """Yield what a split goes by of the samples *chosen*, as they lie in the file."""
    wanted = np.zeros(int(chosen.max() or 0) + 1, dtype=np.bool_)  # type: ignore[arg-type]  # numbers of rows
    wanted[chosen.to_numpy()] = True
    start = 0
    for piece in snapshot.narrow(COLUMNS):
        mine = wanted[start : start + piece.height]
        start += piece.height
        if mine.any():
            yield piece.head(len(mine)).filter(pl.Series(mine))


def in_split(snapshot: Snapshot, chosen: pl.Series, dealt: Mapping[str, str], name: str) -> pl.Series:
    """Return those of *chosen* that are in the split *name*, in their order."""
    ids = snapshot.index().select(POSITION, "id").collect()
    mine = ids.filter(pl.col("id").is_in([i for i, other in dealt.items() if other == name]))[POSITION]
    return chosen.filter(chosen.is_in(mine.implode()))


def _unlicensed(snapshot: Snapshot) -> pl.Series:
    """Return the samples that stand on a document whose licence does not allow an export, or that has none."""
    named = snapshot.index().filter(pl.col(LICENCES).is_not_null()).select(POSITION, pl.col(LICENCES).cast(pl.String()))
    found = named.collect()
    denied = [told for told in found[LICENCES].unique() if not all(map(allows_export, parted(told)))]
    return found.filter(pl.col(LICENCES).is_in(denied))[POSITION]


def _where(snapshot: Snapshot, condition: pl.Expr) -> pl.Series:
    return snapshot.index().filter(condition).select(POSITION).collect()[POSITION]


def _only(positions: pl.Series, others: pl.Series) -> pl.Series:
    """Return those of *positions* that are among *others*, in their order."""
    return positions.filter(positions.is_in(others.cast(positions.dtype).implode()))
