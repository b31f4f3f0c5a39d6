"""Puts a backup in place of the data, whole or not at all; the old data are kept beside the backups.

Where a server has the database, its contents are replaced in one transaction, which is committed when the files lie
where they belong. What it held is kept as a file, as backups hold it.
"""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import orjson

from models.backups.backup import (
    BEFORE,
    DATABASE,
    DOCUMENTS,
    FOLDER,
    LIBRARY,
    LINKED,
    MANIFEST,
    PARQUET,
    free_name,
    link_or_copy,
    manifests,
    rolling,
    unwritable,
)
from models.backups.moving.files import filled_from, keep_contents
from models.contract.answers.dataset import Manifest
from models.engines.opening import file_of
from models.samples.file.parquet_file import CACHE_FOLDER
from models.samples.file.parquet_version import ParquetVersion
from models.samples.releases.release_files import FOLDER as RELEASES
from utils.clock import Clock, iso, stamp
from utils.errors import NotFoundError, StorageError
from utils.files import sync_file, sync_folder

_FRESH = ".restore"
_Move = tuple[Path, Path]


class Restored(Manifest):
    """The manifest of a backup that was restored; the old data are in the folder `kept`."""

    kept: str


def restore(data_dir: Path, database_url: str, name: str | None, clock: Clock) -> Restored:
    """Put a backup in place of the data; move the old data to a new folder beside the backups.

    The caller owns the data folder (no service runs).

    Args:
        data_dir: The data folder.
        database_url: Address of the database.
        name: Name of a backup; None for the newest.
        clock: Gives the time that names the new folder.

    Returns:
        The backup's manifest, and the folder of the old data.

    Raises:
        NotFoundError: there is no such backup.
        StorageError: the backup is damaged, or the disk or the database fails; the data are unchanged.
    """
    folder = data_dir / FOLDER
    known = {manifest["name"]: manifest for manifest in manifests(folder)}
    wanted = name or next((made["name"] for made in rolling(known.values())), "")
    if wanted not in known:
        raise NotFoundError(f"backup {wanted!r}: not found; there are: {', '.join(known) or 'none'}")
    _check(folder / wanted)
    kept = folder / free_name(folder, f"{BEFORE}{stamp(clock.now())}")
    fresh, database = data_dir / _FRESH, file_of(database_url)
    try:
        _copy(folder / wanted, fresh)
        _make_room(kept, clock)
        with _replaced(database_url, database, fresh, kept) as commit:
            _checkpoint(data_dir / LIBRARY)
            with _moved([*_old(data_dir, database, fresh, kept), *_new(data_dir, database, fresh)]):
                commit()
        sync_folder(data_dir)
    except OSError as error:
        raise unwritable(data_dir, error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        _drop_empty(kept)
    shutil.rmtree(data_dir / CACHE_FOLDER, ignore_errors=True)
    return {**known[wanted], "kept": str(kept)}


@contextmanager
def _replaced(url: str, database: Path | None, fresh: Path, kept: Path) -> Iterator[Callable[[], None]]:
    """Make the database ready to be the one in *fresh*; yield what has to be called when the files are."""
    if database is not None:
        _checkpoint(database)
        yield lambda: None
        return
    keep_contents(url, kept / DATABASE)
    try:
        with filled_from(fresh / DATABASE, url) as commit:
            yield commit
    except BaseException:
        for name in (DATABASE, LIBRARY):
            (kept / name).unlink(missing_ok=True)
        shutil.rmtree(kept / DOCUMENTS, ignore_errors=True)
        raise


def _copy(source: Path, fresh: Path) -> None:
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(source, fresh, ignore=shutil.ignore_patterns(*LINKED))
    for name in LINKED:
        if (source / name).is_dir():
            shutil.copytree(source / name, fresh / name, copy_function=_linked)
    for path in fresh.rglob("*"):
        if path.is_file():
            sync_file(path)


def _linked(source: str, target: str) -> None:
    link_or_copy(Path(source), Path(target))


def _make_room(kept: Path, clock: Clock) -> None:
    kept.mkdir(parents=True)
    manifest = {"name": kept.name, "created_at": iso(clock.now()), "samples": None, "size_bytes": None}
    (kept / MANIFEST).write_bytes(orjson.dumps(manifest))


def _checkpoint(database: Path) -> None:
    """Merge the log that a crash left beside the database into it."""
    if database.exists():
        with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _old(data_dir: Path, database: Path | None, fresh: Path, kept: Path) -> Iterable[_Move]:
    parts = [data_dir / PARQUET, *([] if database is None else _with_log(database)), data_dir / RELEASES]
    # A backup of before there were documents leaves them as they are.
    if database is not None and (fresh / LIBRARY).exists():
        parts += [*_with_log(data_dir / LIBRARY), data_dir / DOCUMENTS]
    return [(path, kept / path.name) for path in parts if path.exists()]


def _with_log(database: Path) -> list[Path]:
    return [database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))]


def _new(data_dir: Path, database: Path | None, fresh: Path) -> Iterable[_Move]:
    parts = [(fresh / PARQUET, data_dir / PARQUET), (fresh / RELEASES, data_dir / RELEASES)]
    if database is not None:  # a server has all but the samples
        parts += [(fresh / DATABASE, database)]
        parts += [(fresh / name, data_dir / name) for name in (LIBRARY, DOCUMENTS)]
    return [(path, place) for path, place in parts if path.exists()]


@contextmanager
def _moved(moves: Iterable[_Move]) -> Iterator[None]:
    """Make every move, in order; if one fails, or the block, undo those that were made."""
    done: list[_Move] = []
    try:
        for source, target in moves:
            shutil.move(source, target)
            done.append((source, target))
            sync_folder(target.parent)
        yield
    except BaseException:
        for source, target in reversed(done):
            shutil.move(target, source)
        raise


def _drop_empty(kept: Path) -> None:
    """Remove the folder of the old data, if they were put back."""
    if [path.name for path in kept.glob("*")] == [MANIFEST]:
        shutil.rmtree(kept, ignore_errors=True)


def _check(source: Path) -> None:
    """Refuse a backup that cannot be read."""
    if (source / PARQUET).exists():
        ParquetVersion(source / PARQUET)
    for name in (DATABASE, *([LIBRARY] if (source / LIBRARY).exists() else [])):
        _check_database(source, name)


def _check_database(source: Path, name: str) -> None:
    try:
        with closing(sqlite3.connect(f"file:{source / name}?mode=ro", uri=True)) as connection:
            verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise StorageError(f"backup {source.name}: damaged ({error}); choose another") from error
    if verdict != "ok":
        raise StorageError(f"backup {source.name}: damaged ({verdict}); choose another")
