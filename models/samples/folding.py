"""Folding: writes the journal, and imports, into the next version of train.parquet.

The new version is written beside the file and forced to the disk; the database notes
which changes it holds; it is renamed over the old one, and the journal is trimmed. The
rename is the commit. A file that another program put there meanwhile is never
overwritten unread: the fold starts again from that file.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from itertools import chain

from models.engines.writer import Writer
from models.samples import journal
from models.samples.file.carried_groups import CarriedGroup
from models.samples.file.parquet_file import ParquetFile
from models.samples.file.parquet_version import ParquetVersion
from models.samples.file.row_index import RowIndex
from models.samples.fold_turn import FoldTurn
from models.samples.snapshot import Snapshot
from models.samples.staged import MergePlan, MergeResult, StagedSamples, taken_parts
from models.samples.store_state import StoreState
from models.samples.version import rows_of
from utils.clock import Clock
from utils.errors import StorageError
from utils.frames import pl

log = logging.getLogger(__name__)
_WAITING = 10
# Rows that are written in about a second.
_QUICK_ROWS = 100_000


class Folding:
    """Writes file versions, one at a time. Every method may be called from any thread but the writer's.

    Attributes:
        folded: Called with the seconds that each fold took.
        trouble: As of `models.samples.layout.Folds`.
    """

    def __init__(self, state: StoreState, file: ParquetFile, writer: Writer, clock: Clock) -> None:
        self.folded: Callable[[float], None] = lambda _: None
        self.trouble = ""  # of one file the disk is asked
        self._state = state
        self._file = file
        self._writer = writer
        self._clock = clock
        self._turn = FoldTurn(writer, clock)

    def fold_if_due(self) -> bool:
        """Fold if enough changes wait and folding takes a small share of the time."""
        if not self._turn.is_due():
            return False
        self._adopt()
        snapshot = self._state.snapshot()
        return len(snapshot.overlay.changed) >= _WAITING and self.fold() > 0

    def fold(self, force: bool = False) -> int:
        """Move the journal into train.parquet; return how many changes went in.

        Args:
            force: Write the file even if nothing waits.

        Raises:
            StorageError: the file could not be written; everything stays in the journal.
        """
        if not force and not self._state.snapshot().overlay.changed:
            return 0
        with self.hold_still():
            while True:
                snapshot = self._state.snapshot()
                if not snapshot.overlay.changed and not force:
                    return 0
                if self._fold(snapshot):
                    return len(snapshot.overlay.changed)

    def fold_at_end(self) -> int:
        """Fold, unless the file is so large that it would delay the shutdown."""
        snapshot = self._state.snapshot()
        return self.fold() if rows_of(snapshot.version) <= _QUICK_ROWS else 0

    def tidy(self) -> None:
        """Rewrite a file that others wrote so that it is quick to read; keep the original."""
        self._state.snapshot()
        version = self._state.watch.version
        if version is not None and not version.is_handy:
            self.fold(force=True)
        self._adopt()

    def _adopt(self) -> None:
        """Record a file of ours that was put there from outside: the next start checks for it."""
        if self._state.stranger() is None:
            return
        with self.hold_still():
            version = self._state.stranger()
            if version is not None:
                self._writer.run(lambda connection: self._state.adopt(connection, version))

    def hold_still(self) -> AbstractContextManager[None]:
        """Keep train.parquet as it is during the block, also for other processes; changes go on in the journal."""
        return self._turn.held()

    def merge(self, staged: StagedSamples) -> MergeResult | None:
        """Make the next file version with *staged* in it; None if the data set changed meanwhile: call again."""
        with self.hold_still():
            plan = staged.plan(self._state.snapshot())
            return plan.result() if self._fold(plan.snapshot, staged, plan) else None

    def save_index(self) -> None:
        """Save the row index for the next start."""
        version = self._state.watch.version
        if version is not None and version.report is None:
            self._keep_index(version)

    def _fold(self, snapshot: Snapshot, staged: StagedSamples | None = None, plan: MergePlan | None = None) -> bool:
        """Write the next file version; False if the data set changed and it must be done again."""
        if not self._state.watch.is_still(snapshot.version):
            raise StorageError(f"{self._file.path}: another program is changing it; try again in a moment")
        started = self._clock.monotonic()
        columns, described = snapshot.columns, snapshot.described()
        added: Iterable[pl.DataFrame | CarriedGroup] = ()
        newest = None if staged is not None else snapshot.newest_written
        if staged is not None and plan is not None:
            columns, described = plan.columns, pl.concat([described, plan.index])
            added = taken_parts(staged, plan)
        generation = snapshot.version.index.generation if snapshot.version is not None else ""
        version = self._file.write_aside(
            chain(snapshot.parts(columns), added),
            columns,
            RowIndex(described, generation, newest),
            self._state.next_mark(),
        )
        try:
            before, upto = snapshot.version, snapshot.overlay.upto
            fold = self._writer.run(lambda connection: self._state.mark(connection, version, before, upto))
            if fold is None:
                return False
            ids = set(plan.index["id"]) if plan is not None else set()
            if self._writer.is_shared:
                self._keep_index(version)  # the other processes read it as soon as the file is in place
            done = self._exchange(snapshot, version, ids)
        finally:
            self._file.discard()
        if done:
            # The journal may be trimmed only once the rename is on the disk.
            self._file.sync()
            self._settle(fold, version)
            self._keep_index(version)
        self.folded(self._turn.ended(started))
        return done

    def _exchange(self, snapshot: Snapshot, version: ParquetVersion, ids: set[str]) -> bool:
        try:
            return self._writer.run(lambda connection: self._state.exchange(connection, snapshot, version, ids))
        except StorageError:
            # The commit failed, perhaps due to another change in its group; the rename counts.
            if not self._state.uses(version):
                raise
            return True

    def _settle(self, fold: journal.Fold, version: ParquetVersion) -> None:
        try:
            self._writer.run(lambda connection: self._state.settle(connection, fold, version))
        except StorageError as error:
            log.warning("journal not trimmed, the next fold will", extra={"reason": str(error)})

    def _keep_index(self, version: ParquetVersion) -> None:
        try:
            self._file.save_index(version)
        except (OSError, pl.exceptions.PolarsError) as error:
            log.warning("index not kept, it is made anew at the next start", extra={"reason": str(error)[:200]})
