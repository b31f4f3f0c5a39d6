"""Checks files against the manifest of a release: byte by byte, and row by row."""

from __future__ import annotations

from collections.abc import Iterator

from models.contract.answers.releases import FaultKind, ReleaseCheck, ReleaseFacts, ReleaseFault
from services.dataset.releases.reading import data_files, digest_of, frames, rows_of
from services.dataset.releases.row_hashes import HASHED, content_hash, row_hashes
from services.dataset.releases.writing import ROWS
from utils.errors import StorageError
from utils.file_systems import FileFolder
from utils.frames import pl

_SHOWN = 100


def verified(folder: FileFolder, facts: ReleaseFacts) -> ReleaseCheck:
    """Return whether the files in *folder* are those of the release *facts*."""
    faults = list(_files(folder, facts))
    rows, unreadable = _rows(folder, facts)
    faults += unreadable
    found = content_hash(rows["hash"]) if rows is not None else ""
    if rows is not None and found != facts["content_hash"]:
        faults += _changes(folder, facts, rows)
    return {
        "is_intact": not faults,
        "content_hash": found,
        "samples": rows.height if rows is not None else 0,
        "faults": faults[:_SHOWN],
    }


def _files(folder: FileFolder, facts: ReleaseFacts) -> Iterator[ReleaseFault]:
    for file in facts["files"]:
        try:
            digest = digest_of(folder, file["path"])
        except FileNotFoundError:
            yield {"kind": "missing_file", "what": file["path"], "detail": "is not there"}
        except StorageError as error:
            yield {"kind": "unreadable", "what": file["path"], "detail": str(error)}
        else:
            if digest != file["sha256"]:
                detail = f"SHA-256 is {digest}, was {file['sha256']}"
                yield {"kind": "changed_file", "what": file["path"], "detail": detail}


def _rows(folder: FileFolder, facts: ReleaseFacts) -> tuple[pl.DataFrame | None, list[ReleaseFault]]:
    """Return id and hash of the rows that are there; None where they cannot be read."""
    try:
        parts = [
            pl.DataFrame([piece["id"], row_hashes(piece)])
            for piece in frames(folder, data_files(facts), ("id", *HASHED))
        ]
    except (StorageError, pl.exceptions.PolarsError) as error:
        return None, [{"kind": "unreadable", "what": "data", "detail": " ".join(str(error).split())[:300]}]
    return pl.concat(parts), []


def _changes(folder: FileFolder, facts: ReleaseFacts, rows: pl.DataFrame) -> list[ReleaseFault]:
    """Name the rows that differ from those that were released."""
    try:
        released = rows_of(folder)
    except StorageError as error:
        return [{"kind": "unreadable", "what": ROWS, "detail": str(error)}]
    if content_hash(released["hash"]) != facts["content_hash"]:
        detail = "is not that of the manifest either, so the rows that differ cannot be named"
        return [{"kind": "manifest", "what": ROWS, "detail": detail}]
    both = released.join(rows, on="id", how="full", suffix="_now", coalesce=True).sort("id")
    missing, added = both.filter(pl.col("hash_now").is_null()), both.filter(pl.col("hash").is_null())
    changed = both.filter(pl.col("hash") != pl.col("hash_now"))
    told: list[tuple[FaultKind, pl.DataFrame, str]] = [
        ("changed_row", changed, "its texts are not those released"),
        ("missing_row", missing, "is not in the files"),
        ("added_row", added, "was not released"),
    ]
    return [{"kind": kind, "what": name, "detail": detail} for kind, found, detail in told for name in found["id"]]
