"""The files of releases: in folders of their own below the data folder, or where shards lie. They never change."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from models.contract.answers.releases import ReleaseFile
from utils.file_systems import FileFolder

FOLDER, MANIFEST = "releases", "release.json"
_ID = re.compile(r"rel_[0-9a-f]{1,64}")
# Another process may be writing what belongs to no release yet.
_LEFT_AFTER = timedelta(days=1)
_PIECE_BYTES = 4 << 20


class ReleaseFiles:
    """Writes, reads and removes them. Thread-safe."""

    def __init__(self, address: str) -> None:
        """Keep them below the folder or bucket at *address*."""
        self.address = address
        self._folder = FileFolder(address)

    def write(
        self,
        release_id: str,
        path: str,
        make: Callable[[Callable[[bytes], object]], object],
        split: str = "",
        samples: int = 0,
    ) -> ReleaseFile:
        """Write the file *path* of a release by *make*, which calls what it is given with each piece of bytes.

        Raises:
            StorageError: it cannot be written; there is no such file.
        """
        digest, size = hashlib.sha256(), 0

        def hashed(write: Callable[[bytes], object]) -> None:
            def taken(piece: bytes) -> int:
                nonlocal size
                digest.update(piece)
                size += len(piece)
                write(piece)
                return len(piece)

            make(taken)

        self._folder.write(_name(release_id, path), hashed)
        return {"path": path, "size_bytes": size, "sha256": digest.hexdigest(), "split": split, "samples": samples}

    def copy(self, release_id: str, file: ReleaseFile, source: Path) -> None:
        """Take in the *file* of a release that lies at *source*; StorageError as `write`."""

        def pieces(write: Callable[[bytes], object]) -> None:
            with source.open("rb") as opened:
                while piece := opened.read(_PIECE_BYTES):
                    write(piece)

        self.write(release_id, file["path"], pieces, file["split"], file["samples"])

    def of(self, release_id: str) -> FileFolder:
        """Return the folder of a release."""
        return self._folder.below(_name(release_id, ""))

    def remove(self, release_id: str) -> None:
        """Remove all files of a release; StorageError if that fails."""
        self._folder.remove_all(_name(release_id, ""))

    def leftovers(self, known: Collection[str], now: datetime) -> Iterator[str]:
        """Yield the ids of what a kill left: files of no release that is *known*, older than a day.

        With a manifest they are whole: those of a data set that was there before a restore.
        """
        newest: dict[str, datetime] = {}
        whole: set[str] = set()
        for file in self._folder.files(FOLDER):
            release_id = file.name.split("/")[1] if file.name.count("/") > 1 else ""
            if _ID.fullmatch(release_id) and release_id not in known:
                newest[release_id] = max(file.written_at, newest.get(release_id, file.written_at))
                whole |= {release_id} if file.name.endswith(f"/{MANIFEST}") else set()
        yield from (each for each, at in newest.items() if now - at > _LEFT_AFTER and each not in whole)


def _name(release_id: str, path: str) -> str:
    if not _ID.fullmatch(release_id):
        raise ValueError(f"{release_id!r} is no id of a release")
    return f"{FOLDER}/{release_id}/{path}".rstrip("/")
