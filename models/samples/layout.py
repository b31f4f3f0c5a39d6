"""How the samples lie on the disk: as one `train.parquet`, or as shards (docs/adr/0040-shards.md).

Either has the journal on top of it. What is here is all that the store asks of them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine

from models.contract.answers.dataset import FileNote
from models.engines.writer import Writer
from models.samples.file.parquet_file import ParquetFile
from models.samples.folding import Folding
from models.samples.shards.shard_files import ShardFiles
from models.samples.shards.shard_folding import ShardFolding
from models.samples.shards.shard_state import ShardState
from models.samples.snapshot import Snapshot
from models.samples.staged import MergeResult, StagedSamples
from models.samples.store_state import StoreState
from models.samples.version import Version
from utils.clock import Clock


class State(Protocol):
    """What the samples are now."""

    def snapshot(self) -> Snapshot:
        """Return all samples as they are now."""

    def base(self, connection: Connection) -> tuple[Version | None, int]:
        """Return the version in use and the highest `seq` of the journal in it; for the writer's thread."""

    def reports(self) -> list[FileNote]:
        """Return changes of files by others that were noticed, newest first."""

    def copy_to(self, version: Version, path: Path) -> None:
        """Write *version* as one Parquet file; StorageError if it is not there any more."""


class Folds(Protocol):
    """Makes the next version (`models.samples.folding`).

    Attributes:
        folded: Called with the seconds that each fold took.
        trouble: Why the files cannot be reached or written now, as it was last seen; "" for no reason.
    """

    folded: Callable[[float], None]
    trouble: str

    def fold(self, force: bool = False) -> int:
        """Move the journal into the next version; return how many changes went in."""

    def fold_if_due(self) -> bool:
        """Fold if enough changes wait and folding takes a small share of the time."""

    def fold_at_end(self) -> int:
        """Fold, unless that would delay the shutdown."""

    def tidy(self) -> None:
        """Make the files quick to read again."""

    def hold_still(self) -> AbstractContextManager[None]:
        """Make no next version during the block, also for other processes; changes go on in the journal."""

    def merge(self, staged: StagedSamples) -> MergeResult | None:
        """Make the next version with *staged* in it; None if the data set changed meanwhile: call again."""

    def save_index(self) -> None:
        """Save what is known of the rows for the next start."""


def laid_out(files: ParquetFile | ShardFiles, engine: Engine, writer: Writer, clock: Clock) -> tuple[State, Folds]:
    """Return state and folds of samples that lie in *files*."""
    if isinstance(files, ShardFiles):
        shards = ShardState(files, engine)
        return shards, ShardFolding(shards, files, writer, clock)
    state = StoreState(files, engine, clock)
    return state, Folding(state, files, writer, clock)
