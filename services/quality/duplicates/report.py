"""The report on similar samples: all pairs of the index, and what the most similar differ in.

Of a large data set it is made in a process beside the service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from models.contract.answers.quality import Duplicates, PairCounts, PairKind, SimilarPair
from models.samples.by_number import pieces_at
from models.samples.snapshot import POSITION, HasSamples, Snapshot, Snapshots
from services.citations.checker import CitationChecker
from services.citations.on_demand import CitationReader
from services.quality.duplicates import ALIKE, DuplicateThresholds
from services.quality.duplicates.gathered import heard
from services.quality.duplicates.index import Segment, SketchIndex, load_segments
from services.quality.duplicates.known import Known, key_of
from services.quality.duplicates.pairs import bands_of, rows_of_pairs, similar_pairs
from services.quality.duplicates.sketch import Hashes, Sketches
from services.quality.duplicates.veto import differs, law_of
from utils.frames import NDArray, np, pl
from utils.side.followed import Done, Progress, Told, followed, nobody, outcome
from utils.side.tasks import Side

_Number = TypeVar("_Number", "np.uint32", "np.uint64")
SHOWN = 1_000
# From so many samples on it is made elsewhere.
_ASIDE = 20_000
_COMPARED = ("id", "question", "answer", "case_citation", "jurisdiction")


class PairTools(HasSamples, Protocol):
    """What reports elsewhere."""

    @property
    def checker(self) -> CitationChecker:
        """Reads the law of texts."""


@dataclass(frozen=True)
class PairsElsewhere:
    """The report, from the segments in *folders* and the sketches that are not saved; None if a segment is gone."""

    folders: Sequence[Path]
    fresh: Sequence[str]
    sketches: Sketches
    limits: DuplicateThresholds

    def run(self, tools: PairTools) -> Iterator[Progress | Done[Duplicates | None]]:
        """Make it; tell how far it came."""
        return followed(partial(self._made, tools))

    def _made(self, tools: PairTools, told: Told) -> Duplicates | None:
        segments = load_segments(self.folders)
        if segments is None:
            return None
        pairs = IndexedPairs(segments, self.fresh, self.sketches, told)
        return _report(pairs, tools.samples.snapshot(), tools.checker.extractor, self.limits)


def report_on(
    index: SketchIndex,
    samples: Snapshots,
    extractor: CitationReader,
    limits: DuplicateThresholds,
    side: Side[PairTools] | None,
    told: Told = nobody,
) -> Duplicates:
    """Return the pairs of similar samples, of many made at the *side*; SideError if its process died.

    *told* hears how far it came.
    """
    while True:
        segments, fresh, sketches = index.saved_and_fresh()
        if side is None or sum(len(segment.ids) for segment in segments) < _ASIDE:
            return _report(IndexedPairs(segments, fresh, sketches, told), samples.snapshot(), extractor, limits)
        elsewhere = PairsElsewhere([segment.folder for segment in segments], fresh, sketches, limits)
        made = outcome(side.stream(elsewhere), told)
        if made is not None:  # else the index was written anew meanwhile
            return made


class IndexedPairs:
    """The sketches of an index, numbered through its parts; of an id that is twice in it the later one counts."""

    def __init__(
        self, segments: Sequence[Segment], fresh: Sequence[str], sketches: Sketches, told: Told = nobody
    ) -> None:
        self._segments = segments
        self._fresh = sketches
        self._told = told
        self.ids = pl.concat([*(segment.ids for segment in segments), pl.Series("id", fresh, dtype=pl.String())])
        is_last = self.ids.is_last_distinct()
        self._is_counted: NDArray[np.bool_] | None = None if is_last.all() else is_last.to_numpy()

    def similar(self, least: float, most: int) -> tuple[int, list[tuple[str, str, float]]]:
        """Count the pairs of at least this similarity, and return the *most* similar: both ids, similarity."""
        parts = [*(segment.sketches for segment in self._segments), self._fresh]
        pairs, values = similar_pairs(parts, heard(self._bands(), self._told), least)
        order = np.argsort(-values, kind="stable")[:most]
        first, second = (self.ids.gather(rows).to_list() for rows in rows_of_pairs(pairs[order]))
        return len(pairs), list(zip(first, second, values[order].tolist(), strict=True))

    def _bands(self) -> Iterator[tuple[Hashes, NDArray[np.int64]]]:
        """Yield each band as `bands_of`; segments have theirs sorted on the disk."""
        for band, (hashes, rows) in enumerate(bands_of(self._fresh)):
            lines, numbers, start = [], [], 0
            for segment in self._segments:
                # Mapped anew each time: pages of a map that is kept count as this process's memory.
                lines.append(_band(segment.folder / "hashes.npy", band, segment.hashes))
                numbers.append(_band(segment.folder / "rows.npy", band, segment.rows).astype(np.int64) + start)
                start += len(segment.ids)
            yield self._joined([*lines, hashes], [*numbers, rows + start])

    def _joined(
        self, lines: Sequence[Hashes], numbers: Sequence[NDArray[np.int64]]
    ) -> tuple[Hashes, NDArray[np.int64]]:
        line, number = np.concatenate(lines), np.concatenate(numbers)
        if sum(len(part) > 0 for part in lines) > 1:
            order = np.argsort(line, kind="stable")
            line, number = line[order], number[order]
        if self._is_counted is not None:
            kept = self._is_counted[number]
            line, number = line[kept], number[kept]
        return line, number


def _band(path: Path, band: int, mapped: NDArray[_Number]) -> NDArray[_Number]:
    """Return one line of the array at *path*; of the one that is *mapped* if the file is gone since."""
    try:
        line: NDArray[_Number] = np.array(np.load(path, mmap_mode="r")[band])
    except FileNotFoundError:
        line = mapped[band]
    return line


def _report(
    pairs: IndexedPairs, snapshot: Snapshot, extractor: CitationReader, limits: DuplicateThresholds
) -> Duplicates:
    total, shown = pairs.similar(limits.report or ALIKE, SHOWN)
    known = _known(snapshot, {name for one, other, _ in shown for name in (one, other)}, extractor)
    rows: list[SimilarPair] = []
    counted: Counter[PairKind] = Counter()
    for one, other, value in shown:
        if one not in known or other not in known:
            continue  # deleted since
        in_what = differs(known[one].law, known[other].law)
        refused = value >= (limits.refuse or 2.0)
        kind: PairKind = "sibling" if in_what else "duplicate" if refused else "similar"
        counted[kind] += 1
        rows.append(
            {
                "ids": [one, other],
                "similarity": round(value, 3),
                "kind": kind,
                "exact": known[one].key == known[other].key,
                "differs_in": in_what,
            }
        )
    counts: PairCounts = {
        "duplicates": counted["duplicate"],
        "siblings": counted["sibling"],
        "similar": counted["similar"],
        "beyond": max(0, total - SHOWN),
    }
    return {
        "samples": len(snapshot),
        "indexed": len(pairs.ids),
        "thresholds": {"report": limits.report, "refuse": limits.refuse},
        "counts": counts,
        "pairs": rows,
    }


def _known(snapshot: Snapshot, names: set[str], extractor: CitationReader) -> dict[str, Known]:
    """Return what the samples *names* are compared by; those that are not there are left out."""
    wanted = pl.Series("id", sorted(names), dtype=pl.String())
    index = snapshot.index().select(POSITION, "id").filter(pl.col("id").is_in(wanted.implode())).collect()
    known: dict[str, Known] = {}
    for piece in pieces_at(snapshot, index[POSITION]):
        for row in piece.select(_COMPARED).iter_rows(named=True):
            known[str(row["id"])] = Known(law_of(row, extractor), key_of(row))
    return known
