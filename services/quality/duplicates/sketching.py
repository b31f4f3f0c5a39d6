"""Sketches the samples of a data set a piece at a time; of many in a process beside the service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.samples.by_number import pieces_at
from models.samples.index_filling import taken
from models.samples.snapshot import HasSamples, Snapshot
from models.samples.version import Identity
from services.quality.duplicates.sketch import Sketches, sketches, texts_of
from utils.frames import pl
from utils.side.tasks import Side

_PIECE = 500
# Up to so many samples are sketched here: half a second.
_HERE = 5_000


@dataclass(frozen=True)
class SketchElsewhere:
    """Sketches *rows* (UInt32, ascending) of the file version *identity*; yields ids and sketches."""

    identity: Identity
    rows: pl.Series

    def run(self, tools: HasSamples) -> Iterator[tuple[pl.Series, Sketches]]:
        """Sketch; ends when the file was replaced."""
        snapshot = tools.samples.snapshot()
        if snapshot.is_of(self.identity):
            for _, rows in taken(snapshot, self.rows, _PIECE):
                yield rows["id"], sketches(texts_of(rows))


def sketched(
    snapshot: Snapshot, positions: pl.Series, side: Side[HasSamples] | None
) -> Iterator[tuple[pl.Series, Sketches]]:
    """Yield ids and sketches of the samples at *positions*, those of the file in the order of its rows."""
    version = snapshot.version
    filed = positions.filter(positions < len(version)).sort() if version is not None else positions.head(0)
    if side is not None and version is not None and len(filed) > _HERE:
        yield from side.stream(SketchElsewhere(version.identity, filed))
        positions = positions.filter(positions >= len(version))
    for piece in pieces_at(snapshot, positions):
        yield piece["id"], sketches(texts_of(piece))
