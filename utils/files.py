"""Files that are replaced as a whole, so that no reader sees half of one."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

_FULL = ("disk is full", "No space left", "os error 28")


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let *write* make a new file (`.new`), force it to the disk and rename it to *path*.

    One caller at a time for one path.

    Raises:
        OSError: the disk is full or cannot be written; *path* is as it was.
    """
    aside = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(aside)
        sync_file(aside)
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def is_disk_full(error: BaseException) -> bool:
    """Say whether *error*, or what caused it, is a full disk; SQLite, Arrow and Polars tell it in words alone."""
    link: BaseException | None = error
    while link is not None:
        if getattr(link, "errno", None) == errno.ENOSPC or any(words in str(link) for words in _FULL):
            return True
        link = link.__cause__ or link.__context__
    return False


def sync_file(path: Path) -> None:
    """Force the contents of *path* to the disk."""
    with path.open("rb+") as written:
        os.fsync(written.fileno())


def sync_folder(folder: Path) -> None:
    """Force a rename within *folder* to the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def place_of(path: Path) -> tuple[int, int]:
    """Return device and inode of the file at *path*; OSError when there is none."""
    found = path.stat()
    return found.st_dev, found.st_ino
