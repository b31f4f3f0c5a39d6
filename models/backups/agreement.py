"""Whether train.parquet and the database belong together.

Each knows of the other: the database notes which file version holds its journal, and how many it has written (`Fold`);
the file carries the database's name and that number (`FileMark`). A start where one of them is missing, unreadable or
older than the other would go on without the samples that only the missing part had.
"""

import uuid
from pathlib import Path

from sqlalchemy import Connection, Engine

from models.backups.backup import newest
from models.database import reading
from models.samples import journal
from models.samples.file.broken_file import UnreadableError
from models.samples.file.parquet_version import FileMark, mark_of
from models.samples.journal import Fold
from utils.errors import DataMismatchError


def check(file: Path, engine: Engine) -> None:
    """Refuse a start with parts that do not belong together; a new database is given its name.

    Args:
        file: Where train.parquet lies, or would lie.
        engine: The database; its tables exist.

    Raises:
        DataMismatchError: says what is missing, and which backup has it.
    """
    fault = fault_of(file, engine)
    if fault:
        raise DataMismatchError(fault)
    with engine.begin() as connection:
        if journal.database_id(connection) is None:
            journal.name_database(connection, uuid.uuid4().hex)


def accept(file: Path, engine: Engine) -> str | None:
    """Take the parts as they are from now on; return what did not belong together, None when all did.

    What the journal holds is newer than the file then. The caller owns the data folder (no service runs).

    Raises:
        UnreadableError: train.parquet is there and cannot be read; it is to be moved away first.
    """
    mark = mark_of(file)
    with engine.begin() as connection:
        fold, name = journal.last_fold(connection), journal.database_id(connection)
        fault = _fault(file, fold, name)
        if fault:
            _take(connection, mark, fold)
        if fault or name is None:
            journal.name_database(connection, (mark.database_id if mark else "") or name or uuid.uuid4().hex)
    return fault


def _take(connection: Connection, mark: FileMark | None, fold: Fold | None) -> None:
    generation = max(fold.generation if fold else 0, mark.generation if mark else 0)
    version_id = mark.version_id if mark else ""
    journal.mark(connection, Fold(version_id, generation=generation, before=version_id))


def fault_of(file: Path, engine: Engine) -> str | None:
    """Say why a start would be refused, and what to do; None where it would not."""
    with reading(engine) as connection:
        fault = _fault(file, journal.last_fold(connection), journal.database_id(connection))
    return f"{fault}; {way_out(file)}" if fault else None


def _fault(file: Path, fold: Fold | None, name: str | None) -> str | None:
    """Say why *file* and the database, with its last *fold* and its *name*, do not belong together; None if they do."""
    try:
        mark = mark_of(file)
    except UnreadableError as error:
        return f"{error}, and the database knows of {_samples(fold)} in it" if fold is not None and fold.file else None
    if mark is None:
        return _missing(file, fold, name)
    # Anybody may put a file of others there.
    if not mark.database_id or (fold is not None and mark.version_id in (fold.file, fold.before)):
        return None
    return _foreign(file, mark, fold, name)


def _foreign(file: Path, mark: FileMark, fold: Fold | None, name: str | None) -> str:
    """Say how a *file* of ours that the database does not know came apart from it."""
    if mark.database_id != name:
        return (
            f"{file} was written together with another database, and the one that is here is "
            f"{'new or empty' if name is None else 'not that one'}: batches, reviews, usage and the samples that "
            "were not folded yet are in the other"
        )
    known = fold.generation if fold is not None else 0
    if mark.generation > known:
        return f"the database is older than {file}: it knows {known} versions of it, this is number {mark.generation}"
    return f"{file} is older than the database: it is version {mark.generation}, the database knows {known}"


def _missing(file: Path, fold: Fold | None, name: str | None) -> str | None:
    backup = newest(file.parent)
    if fold is None and name is None and backup is not None and backup["samples"]:
        return f"{file} and what the database held are missing, and there is a backup of {backup['samples']} samples"
    # Until the first version is renamed into its place nothing lies there; what it was to hold is in the journal.
    if fold is None or not fold.file or fold.before == "":
        return None
    return f"{file}: is missing, and the database knows of {_samples(fold)} in it"


def _samples(fold: Fold | None) -> str:
    return "samples" if fold is None or fold.samples is None else f"{fold.samples} samples"


def way_out(file: Path) -> str:
    """Say what can be done where a part cannot be used: which backup there is."""
    backup = newest(file.parent)
    way = f"`cli.py restore {backup['name']}` ({backup['samples']} samples)" if backup else "there is no backup"
    return f"put the missing part back, or restore: {way}; if it is meant so: `cli.py accept-data`"
