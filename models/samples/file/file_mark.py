"""What the footer of a file of ours says of it: that this service wrote it, its name, its database."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.samples.file.broken_file import reading

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MARK = {"written-by": "legal-training-platform"}
_VERSION_ID, _DATABASE_ID, _GENERATION = "version-id", "database-id", "generation"


def new_mark(database_id: str, generation: int) -> dict[str, str]:
    """Return the footer metadata of a new file: that this service wrote it, a unique name, and its database.

    Args:
        database_id: The database whose journal was folded into it.
        generation: How many folds that database has seen, this one included.
    """
    return {**MARK, _VERSION_ID: uuid.uuid4().hex, _DATABASE_ID: database_id, _GENERATION: str(generation)}


@dataclass(frozen=True, slots=True)
class FileMark:
    """The metadata in a file's footer; empty for a file of others.

    Attributes:
        version_id: Its unique name, which copies keep.
        database_id: The database whose journal was folded into it; "" in files of older releases.
        generation: How many folds that database had seen.
    """

    is_ours: bool = False
    version_id: str = ""
    database_id: str = ""
    generation: int = 0

    @classmethod
    def of(cls, metadata: pq.FileMetaData) -> FileMark:
        """Read a footer."""
        told = _text(metadata.metadata)
        if not MARK.items() <= told.items():
            return cls()
        generation = told.get(_GENERATION, "")
        number = int(generation) if generation.isdecimal() else 0
        return cls(True, told.get(_VERSION_ID, ""), told.get(_DATABASE_ID, ""), number)


def mark_of(path: Path) -> FileMark | None:
    """Read the footer of the file at *path*; None when there is none.

    Raises:
        UnreadableError: it is not Parquet, or broken.
    """
    if not path.exists():
        return None  # known without Arrow, which takes 50 MiB
    import pyarrow.parquet as pq

    try:
        with reading(path):
            return FileMark.of(pq.read_metadata(path))
    except FileNotFoundError:
        return None


def _text(metadata: dict[bytes, bytes] | None) -> dict[str, str]:
    return {key.decode(errors="replace"): value.decode(errors="replace") for key, value in (metadata or {}).items()}
