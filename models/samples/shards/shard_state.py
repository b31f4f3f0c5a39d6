"""The current state of samples that lie in shards: the version in use, and the journal on top of it.

The database says which version is the newest and what of the journal is in it, and trims the journal in the same
commit. So whatever is read of it at one moment belongs together, in any process.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, Engine

from models.contract.answers.dataset import FileNote
from models.engines.opening import reading
from models.samples import journal
from models.samples.journal import Overlay
from models.samples.shards import manifest
from models.samples.shards.manifest import Head, Shard
from models.samples.shards.shard_files import ShardFiles
from models.samples.shards.sharded_version import Part, ShardedVersion
from models.samples.snapshot import Snapshot
from models.samples.version import Version
from utils.errors import StorageError
from utils.frames import pl


class ShardState:
    """Takes snapshots of samples in shards, in the service and in processes beside it. Thread-safe."""

    def __init__(self, files: ShardFiles, engine: Engine) -> None:
        self._files = files
        self._engine = engine
        self._lock = threading.Lock()
        self._head = Head()
        self._version: ShardedVersion | None = None
        self._overlay = Overlay()
        self._hidden: dict[str, int] = {}
        self._snapshot: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """Return all samples as they are now.

        Raises:
            StorageError: database or shards cannot be read.
        """
        return self.newest()[1]

    def newest(self) -> tuple[Head, Snapshot]:
        """Return all samples as they are now, and the version that they are of; errors as `snapshot`."""
        with self._lock:
            while True:
                with reading(self._engine) as connection:
                    head = manifest.head(connection)
                    if head.version == self._head.version:
                        return head, self._current(connection)
                    shards = self._listed(connection, head)
                # What is new may take a while to read: no transaction waits for it.
                try:
                    self._use(head, self._made(head, shards))
                except StorageError:
                    if not self._has_moved(head):  # else its files may have been erased meanwhile
                        raise

    def base(self, connection: Connection) -> tuple[Version | None, int]:
        """Return the version in use and the highest `seq` that it holds; for the writer's thread."""
        with self._lock:
            head = manifest.head(connection)
            if head.version == self._head.version:
                return self._version, head.upto
            # Not for use: a fold in the same transaction may have made it, which may yet come to nothing.
            return self._made(head, self._listed(connection, head)), head.upto

    def reports(self) -> list[FileNote]:
        """Return nothing: nobody else writes shards."""
        return []

    def copy_to(self, version: Version, path: Path) -> None:
        """Write *version* as one Parquet file."""
        version.copy_to(path)

    def parts(self) -> tuple[Part, ...]:
        """Return the shards of the version in use."""
        return self._version.parts if self._version is not None else ()

    def _listed(self, connection: Connection, head: Head) -> list[Shard]:
        """Return the shards of the version *head*, in the order of their `place`: those of the one in use first."""
        known = [part.shard for part in self.parts()]
        if not known or self._head.version < head.since:
            return list(manifest.listed(connection))
        changed = manifest.difference(connection, self._head.version)
        stays = (shard for shard in known if shard.name not in changed.out)
        return sorted((*stays, *changed.new), key=lambda shard: shard.place)

    def _has_moved(self, head: Head) -> bool:
        with reading(self._engine) as connection:
            return manifest.head(connection).version != head.version

    def _made(self, head: Head, shards: list[Shard]) -> ShardedVersion | None:
        """Return the version *head*, with what is known of the one in use."""
        known = {part.shard.name: part.index for part in self.parts()}
        parts = [Part(shard, known.get(shard.name) or self._files.index(shard)) for shard in shards]
        version = ShardedVersion(head.version, parts, self._files) if parts else None
        if version is not None and self._version is not None:
            version.index.follow(self._version.index)
        return version

    def _use(self, head: Head, version: ShardedVersion | None) -> None:
        self._head, self._version = head, version
        self._overlay = self._overlay.beyond(head.upto)
        if self._overlay.upto < head.upto:  # others wrote and folded what was never seen here
            self._overlay = replace(self._overlay, upto=head.upto)
        self._hidden, self._snapshot = {}, None

    def _current(self, connection: Connection) -> Snapshot:
        """Return the version in use with the newest journal."""
        version = self._version
        self._overlay, added = journal.caught_up(connection, self._overlay)
        if self._snapshot is not None and not added:
            return self._snapshot
        fresh = added if self._snapshot is not None else set(self._overlay.changed)
        if version is None:
            self._snapshot = Snapshot(None, self._overlay)
            return self._snapshot
        self._hidden |= version.index.places(list(fresh - self._hidden.keys()))
        hidden = pl.Series("n", sorted(self._hidden.values()), dtype=pl.UInt32())
        refused = version.index.refused
        self._snapshot = Snapshot(version, self._overlay, pl.concat([hidden, refused]).sort())
        return self._snapshot
