"""The samples of the data set that stand in benchmarks, found by all cores in processes beside the service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from models.contract.answers.quality import Overlap, Overlaps
from models.samples.snapshot import Snapshot
from services.quality.report.measuring import EXAMINED, Measures
from utils.frames import pl
from utils.side.ahead import ahead
from utils.side.followed import Done, Progress, Told, followed
from utils.side.tasks import Side

if TYPE_CHECKING:
    from services.quality.report.quality_service import ReportTools

_PIECE = 500
_SHOWN = 1_000
_READ = ("id", "question", "answer", "reasoning")


@dataclass(frozen=True)
class ComparePiece:
    """Compares a frame with the benchmarks, wherever it runs."""

    frame: pl.DataFrame

    def run(self, measures: Measures) -> list[Overlap]:
        """Return what overlaps."""
        return [
            {"id": str(row["id"]), "windows": overlap}
            for row in self.frame.iter_rows(named=True)
            if (overlap := measures.benchmarks.of_sample(row))
        ]


@dataclass(frozen=True)
class OverlapsElsewhere:
    """What of the data set stands in benchmarks."""

    def run(self, tools: ReportTools) -> Iterator[Progress | Done[Overlaps]]:
        """Tell how far it came, then what was found."""
        return followed(partial(self._found, tools))

    @staticmethod
    def _found(tools: ReportTools, told: Told) -> Overlaps:
        with closing(tools.examiners()) as side:
            return overlaps(tools.samples.snapshot(), tools.measures, side, told)


def overlaps(snapshot: Snapshot, measures: Measures, side: Side[Measures] | None, told: Told) -> Overlaps:
    """Return what of *snapshot* stands in benchmarks; None for *side* to look here, *told* hears how far it is."""
    frames = (part.select(_READ) for piece in snapshot.pieces() for part in piece.iter_slices(_PIECE))
    counted: list[int] = []
    tasks = (ComparePiece(frame) for frame in _counting(frames, counted))
    found: list[Overlap] = []
    count = 0
    for done, some in enumerate(ahead(side.run, tasks) if side is not None else (t.run(measures) for t in tasks), 1):
        count += len(some)
        found += some[: max(0, _SHOWN - len(found))]
        told(EXAMINED, sum(counted[:done]), len(snapshot))
    return {"samples": len(snapshot), "benchmarks": measures.benchmarks.names(), "overlapping": count, "found": found}


def _counting(frames: Iterator[pl.DataFrame], counted: list[int]) -> Iterator[pl.DataFrame]:
    """Yield *frames*; note how many rows each has."""
    for frame in frames:
        counted.append(frame.height)
        yield frame
