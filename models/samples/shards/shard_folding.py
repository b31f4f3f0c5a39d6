"""Folding into shards: writes what the journal and imports bring as new shards, and names them in one commit.

What is written costs what is new, however much is there. Shards that many folds made small are joined later (`tidy`),
tier by tier, so that a row is written three times at most; files that no version needs any more are removed a day
after: whoever began to read then has ended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection

from models.engines.opening import reading
from models.engines.writer import Writer
from models.samples import journal
from models.samples.file.broken_file import UnreadableError
from models.samples.file.carried_groups import decoded
from models.samples.file.column_types import fitted
from models.samples.file.parquet_file import ParquetFile
from models.samples.fold_turn import FoldTurn
from models.samples.journal import Fold
from models.samples.shards import manifest
from models.samples.shards.manifest import Change, Head, Shard
from models.samples.shards.shard_files import ShardFiles
from models.samples.shards.shard_state import ShardState
from models.samples.shards.shard_writer import SHARD_ROWS, ShardWriter
from models.samples.shards.sharded_version import Part, ShardedVersion
from models.samples.snapshot import Snapshot
from models.samples.staged import MergePlan, MergeResult, StagedSamples, taken_parts
from utils.clock import Clock
from utils.errors import StorageError
from utils.frames import np

log = logging.getLogger(__name__)
_WAITING = 10
# So many shards of one size, of the same jurisdiction and month, become one.
_JOINED = 10
_TIERS = (SHARD_ROWS // 25, SHARD_ROWS // 2)
# A shard of which so much is gone is written anew.
_GONE_SHARE = 0.05
_TIDIED_S, _CLEANED_S, _KEPT_S = 60.0, 3600.0, 86_400.0


class ShardFolding:
    """Makes versions of shards, one at a time. Every method may be called from any thread but the writer's.

    Attributes:
        folded: Called with the seconds that each fold took.
        trouble: As of `models.samples.layout.Folds`.
    """

    def __init__(self, state: ShardState, files: ShardFiles, writer: Writer, clock: Clock) -> None:
        self.folded: Callable[[float], None] = lambda _: None
        self.trouble = ""
        self._state = state
        self._files = files
        self._writer = writer
        self._clock = clock
        self._turn = FoldTurn(writer, clock)
        self._tidied_at = clock.monotonic()
        self._cleaned_at = float("-inf")
        self._told = 0

    def take_in(self, file: ParquetFile) -> int:
        """Write the samples of a `train.parquet` as shards, where there are none yet; return how many.

        Raises:
            UnreadableError: the file is not Parquet.
            StorageError: it cannot be read, or the shards not written.
        """
        with self.hold_still():
            head, _ = self._state.newest()
            if head.version or (version := file.open()) is None:
                return 0
            start = 0
            log.info("taking train.parquet into shards", extra={"samples": version.taken})
            with self._writing() as writer:
                for piece in version.pieces():
                    known = version.index.frame.slice(start, piece.height)
                    are_samples = known["id"].is_not_null()
                    writer.add(fitted(piece.filter(are_samples), version.columns), known.filter(are_samples))
                    start += piece.height
            with reading(self._writer.engine) as connection:
                upto = journal.folded(connection, version.version_id)
            change = Change(head, upto, (), writer.shards)

            def commit(connection: Connection) -> bool:
                journal.mark(connection, Fold(""))  # no file is missing where it is removed
                return self._commit(connection, change)

            return version.taken if self._next(writer.shards, commit) else 0

    def fold_if_due(self) -> bool:
        """Fold if enough changes wait and folding takes a small share of the time; now and then see to the files."""
        try:
            return self._fold_if_due()
        except StorageError as error:
            self.trouble = str(error)
            raise

    def _fold_if_due(self) -> bool:
        now = self._clock.monotonic()
        if now - self._tidied_at >= _TIDIED_S:
            self._files.check()
            self.trouble = ""
            self._tidied_at = now
            self.tidy()
        if not self._turn.is_due():
            return False
        return len(self._state.snapshot().overlay.changed) >= _WAITING and self.fold() > 0

    def fold(self, force: bool = False) -> int:
        """Move the journal into shards; return how many changes went in.

        Args:
            force: Then also remove at once what was deleted or replaced: its rows, and the files that had them.

        Raises:
            StorageError: they cannot be written; everything stays in the journal.
        """
        changes = self._fold_all() if self._state.snapshot().overlay.changed else 0
        if force:
            try:
                self._join(lambda part: len(part.shard.gone) > 0)
            finally:
                self._tell()
                self._clean(float("inf"))  # whatever the clocks of others say
        return changes

    def _fold_all(self) -> int:
        with self.hold_still():
            while True:
                head, snapshot = self._state.newest()
                if not snapshot.overlay.changed or self._fold(head, snapshot):
                    return len(snapshot.overlay.changed)

    def fold_at_end(self) -> int:
        """Fold: what it costs does not depend on how much is there."""
        return self.fold()

    def tidy(self) -> None:
        """Join small shards, write anew those of which much is gone, tell others, and remove what no version needs."""
        try:
            self._join(lambda part: len(part.shard.gone) > _GONE_SHARE * part.shard.rows)
        finally:
            self._tell()
            now = self._clock.monotonic()
            if now - self._cleaned_at >= _CLEANED_S:
                self._cleaned_at = now
                self._clean(self._clock.now().timestamp() - _KEPT_S)

    def hold_still(self) -> AbstractContextManager[None]:
        """Make no next version during the block, also for other processes; changes go on in the journal."""
        return self._turn.held()

    def merge(self, staged: StagedSamples) -> MergeResult | None:
        """Make the next version with *staged* in it; None if the data set changed meanwhile: call again."""
        with self.hold_still():
            head, snapshot = self._state.newest()
            plan = staged.plan(snapshot)
            return plan.result() if self._fold(head, plan.snapshot, staged, plan) else None

    def save_index(self) -> None:
        """Save nothing: what is known of the rows lies beside each shard."""

    def _fold(
        self, head: Head, snapshot: Snapshot, staged: StagedSamples | None = None, plan: MergePlan | None = None
    ) -> bool:
        """Make the version after *head*, which *snapshot* is of; False if there is one and it must be done again."""
        started = self._clock.monotonic()
        overlay = snapshot.overlay
        columns = dict(plan.columns if plan is not None else snapshot.columns)
        with self._writing() as writer:
            if len(overlay):
                writer.add(fitted(overlay.live, columns), overlay.index)
            if staged is not None and plan is not None:
                start = 0
                for taken in taken_parts(staged, plan):
                    rows = decoded(taken)
                    if rows.height:
                        writer.add(fitted(rows, columns), plan.index.slice(start, rows.height))
                    start += rows.height
        thinner = self._thinner(snapshot)
        change = Change(head, overlay.upto, [each.name for each in thinner], [*thinner, *writer.shards])
        ids = set(plan.index["id"]) if plan is not None else set()
        if not self._next(writer.shards, lambda connection: self._commit(connection, change, ids)):
            return False
        self.folded(self._turn.ended(started))
        return True

    @contextmanager
    def _writing(self) -> Iterator[ShardWriter]:
        """Lend what writes shards; at the end all of them are written, or after an error none is left."""
        writer = ShardWriter(self._files)
        try:
            yield writer
            writer.finish()
        except BaseException:
            self._drop(writer.shards)
            self._files.let_go()
            raise

    def _next(self, new: Sequence[Shard], commit: Callable[[Connection], bool]) -> bool:
        """Make the next version by *commit*, and use it; where that is refused, remove the *new* shards."""
        try:
            if not self._writer.run(commit):
                self._drop(new)
                return False
            self._state.snapshot()
            return True
        finally:
            self._files.let_go()

    def _commit(self, connection: Connection, change: Change, ids: Set[str] = frozenset()) -> bool:
        """Make the next version, unless there is one, or one of the imported *ids* was changed meanwhile."""
        if ids & journal.ids_after(connection, change.upto):
            return False
        if not manifest.commit(connection, change, self._clock.now().timestamp()):
            return False
        journal.trim(connection, change.upto)
        return True

    def _thinner(self, snapshot: Snapshot) -> list[Shard]:
        """Return the shards of which *snapshot* hides more than is gone already, without what it hides."""
        version = snapshot.version
        if not isinstance(version, ShardedVersion):
            return []
        hidden = snapshot.hidden.to_numpy()
        bounds = np.searchsorted(hidden, version.starts).tolist()
        found = []
        for part, start, low, high in zip(version.parts, version.starts, bounds, bounds[1:], strict=False):
            if high - low > len(part.shard.gone):
                found.append(part.shard.without((hidden[low:high] - start).tolist()))
        return found

    def _join(self, is_thin: Callable[[Part], bool]) -> None:
        """Write shards anew that are small or *is_thin*, those of a jurisdiction and month together."""
        broken: UnreadableError | None = None
        for group in _joinable(_parts_of(self._state.snapshot()), is_thin):
            with self.hold_still():
                head, snapshot = self._state.newest()
                # Another process may have been at it meanwhile.
                now = {part.shard.name: part for part in _parts_of(snapshot)}
                parts = [now[part.shard.name] for part in group if part.shard.name in now]
                try:
                    if len(parts) == len(group):
                        self._rewrite(head, parts)
                except UnreadableError as error:  # the others can be mended all the same
                    broken = broken or error
        if broken is not None:
            raise broken

    def _rewrite(self, head: Head, parts: list[Part]) -> None:
        version = ShardedVersion(head.version, parts, self._files)
        start = 0
        with self._writing() as writer:
            for piece in version.pieces():
                shown = version.shown(start, piece.height)
                writer.add(piece[shown], version.index.frame[start : start + piece.height][shown])
                start += piece.height
        change = Change(head, head.upto, [part.shard.name for part in parts], writer.shards)
        self._next(writer.shards, lambda connection: self._commit(connection, change))

    def _tell(self) -> None:
        """Say what the newest version is, where others look for it."""
        with self.hold_still():
            head, snapshot = self._state.newest()
            if head.version != self._told:
                self._files.tell(head.version, [part.shard for part in _parts_of(snapshot)])
                self._told = head.version

    def _clean(self, before_s: float) -> None:
        """Remove the files of versions that ended before then, and what a kill left that long ago."""
        with self.hold_still():
            there = self._files.names(before_s)
            for name in self._writer.run(lambda connection: self._forget(connection, before_s, there)):
                self._files.remove(name)

    def _forget(self, connection: Connection, before_s: float, there: Set[str]) -> list[str]:
        """Forget the versions that ended before then; return what to remove, of that and of what is *there*."""
        gone = manifest.forget(connection, before_s)
        strange = sorted(there - manifest.names(connection) - set(gone))
        if strange:
            # One that lost its lock may be about to name them: its version is refused if there is a newer one.
            head = manifest.head(connection)
            manifest.commit(connection, Change(head, head.upto, (), ()), self._clock.now().timestamp())
        return [*gone, *strange]

    def _drop(self, shards: Sequence[Shard]) -> None:
        try:
            for shard in shards:
                self._files.remove(shard.name)
        except StorageError as error:  # they are removed later, as what a kill leaves
            log.warning("shards not removed", extra={"reason": str(error)[:200]})


def _parts_of(snapshot: Snapshot) -> tuple[Part, ...]:
    """Return the shards of *snapshot*."""
    return snapshot.version.parts if isinstance(snapshot.version, ShardedVersion) else ()


def _joinable(parts: tuple[Part, ...], is_thin: Callable[[Part], bool]) -> list[list[Part]]:
    """Return what is to be written anew: shards of one size, jurisdiction and month together, thin ones alone."""
    by_size: dict[tuple[tuple[str, str], int], list[Part]] = {}
    found = [[part] for part in parts if is_thin(part)]
    for part in parts:
        tier = next((tier for tier, rows in enumerate(_TIERS) if part.shard.rows < rows), None)
        if tier is not None and not is_thin(part):
            by_size.setdefault((part.shard.part, tier), []).append(part)
    for group in by_size.values():
        found += [group[start : start + _JOINED] for start in range(0, len(group) - _JOINED + 1, _JOINED)]
    return found
