"""The database of an installation goes to another address, and with it what is a file where that is SQLite."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Engine

from models.backups import agreement
from models.backups.backup import PARQUET
from models.backups.moving.shelf import FOLDER, put_authorities, put_library, write_authorities, write_library
from models.backups.moving.taking_over import Proof, Told, take_over
from models.database import open_engine
from models.engines.opening import connect, file_of, open_reader, reading
from utils.errors import ConfigurationError, DataMismatchError


def move(folder: Path, url: str, target_url: str, told: Told, *, live_at: str = "") -> list[Proof]:
    """Fill the database at *target_url* with that at *url*, which belongs to the data *folder*.

    The caller owns the folder, unless it is rehearsed: *live_at* is the time then, as `take_over` has it.

    Raises:
        ConfigurationError: there is no database to take over.
        DataMismatchError: it does not belong to what is in *folder*, where it is not rehearsed.
        ConflictError, DifferentError, StorageError: as `take_over`.
    """
    file = file_of(url)
    if file is not None and not file.exists():
        raise ConfigurationError(f"{file}: is not there, so there is nothing to take over")
    source = open_reader(url) if live_at else open_engine(url)
    target = connect(target_url)
    try:
        if not live_at and (fault := agreement.fault_of(folder / PARQUET, source)):
            raise DataMismatchError(fault)
        also = partial(_shelf, folder, source, is_kept=not live_at)
        return take_over(source, target, told, live_at=live_at, also=also)
    finally:
        source.dispose()
        target.dispose()


def _shelf(folder: Path, source: Engine, new: Connection, *, is_kept: bool) -> list[Proof]:
    """Take library and authorities over, where they are files on one of the two sides and tables on the other."""
    here, there = source.dialect.name, new.dialect.name
    if here == there:
        return []
    if there == "postgresql":
        return [*put_library(new, folder), *put_authorities(new, folder)]
    with reading(source) as old:
        if is_kept:
            return [*write_library(old, folder, folder / FOLDER), *write_authorities(old, folder)]
        with TemporaryDirectory(dir=folder, prefix=".rehearsal-") as aside:
            return [*write_library(old, Path(aside), folder / FOLDER), *write_authorities(old, Path(aside))]
