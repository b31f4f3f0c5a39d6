"""The database of an installation goes to another address; what lies in the data folder stays."""

from pathlib import Path

from models.backups import agreement
from models.backups.backup import PARQUET
from models.backups.moving.taking_over import Proof, Told, take_over
from models.database import open_engine
from models.engines.opening import connect, file_of, open_reader
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
        return take_over(source, target, told, live_at=live_at)
    finally:
        source.dispose()
        target.dispose()
