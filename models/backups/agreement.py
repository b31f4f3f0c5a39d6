"""Whether train.parquet and the database belong together.

Each records the other: the database which file version holds its journal, and how many it has written (`Fold`); the
file the database's name and that number (`FileMark`). Starting while one of them is missing, unreadable or older than
the other would lose the samples that only that part had.
"""

import uuid
from pathlib import Path

from sqlalchemy import Connection, Engine

from models.backups.backup import newest
from models.engines.opening import reading
from models.samples import journal
from models.samples.file.broken_file import UnreadableError
from models.samples.file.file_mark import FileMark, mark_of
from models.samples.journal import Fold
from utils.errors import DataMismatchError
from utils.installation import COMMAND

# Another process may fold between a look at the database and one at the file; hardly so often.
_LOOKS = 5


def check(file: Path, engine: Engine) -> None:
    """Refuse to start with parts that do not belong together; give a new database its name.

    Args:
        file: Path of train.parquet, which may be missing.
        engine: The database; its tables exist.

    Raises:
        DataMismatchError: names what is missing, and the backup that has it.
    """
    fault = fault_of(file, engine)
    if fault:
        raise DataMismatchError(fault)
    with engine.begin() as connection:
        if journal.database_id(connection) is None:
            journal.name_database(connection, uuid.uuid4().hex)


def accept(file: Path, engine: Engine) -> str | None:
    """Accept the parts as they are; return the mismatch, None if they belong together.

    From then on the journal counts as newer than the file. The caller owns the data folder (no service runs).

    Raises:
        UnreadableError: train.parquet exists and cannot be read; move it away first.
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
    """Say why a start would be refused, and what to do; None if it would not."""
    fault = None
    for _ in range(_LOOKS):
        with reading(engine) as connection:
            fold, name = journal.last_fold(connection), journal.database_id(connection)
        fault = _fault(file, fold, name)
        if fault is None:
            return None
    return f"{fault}; {way_out(file)}"


def _fault(file: Path, fold: Fold | None, name: str | None) -> str | None:
    """Say why *file* and the database, with its last *fold* and its *name*, do not belong together; None if they do."""
    try:
        mark = mark_of(file)
    except UnreadableError as error:
        return f"{error}, and the database knows of {_samples(fold)} in it" if fold is not None and fold.file else None
    if mark is None:
        return _missing(file, fold, name)
    # A file from another program is allowed.
    if not mark.database_id or (fold is not None and mark.version_id in (fold.file, fold.before)):
        return None
    return _foreign(file, mark, fold, name)


def _foreign(file: Path, mark: FileMark, fold: Fold | None, name: str | None) -> str:
    """Say how a *file* that this service wrote differs from the database that does not know it."""
    if mark.database_id != name:
        return (
            f"{file} was written together with another database, and the database here is "
            f"{'new or empty' if name is None else 'a different one'}: batches, reviews, usage and the samples that "
            "were not folded yet are in the other"
        )
    known = fold.generation if fold is not None else 0
    if mark.generation > known:
        return f"the database is older than {file}: it knows {known} versions of it, this is number {mark.generation}"
    return f"{file} is older than the database: it is version {mark.generation}, the database knows {known}"


def _missing(file: Path, fold: Fold | None, name: str | None) -> str | None:
    backup = newest(file.parent)
    if fold is None and name is None and backup is not None and backup["samples"]:
        return f"{file} and the data of the database are missing, and there is a backup of {backup['samples']} samples"
    # Before the first version is renamed into place there is no file; its samples are in the journal.
    if fold is None or not fold.file or fold.before == "":
        return None
    return f"{file}: is missing, and the database knows of {_samples(fold)} in it"


def _samples(fold: Fold | None) -> str:
    return "samples" if fold is None or fold.samples is None else f"{fold.samples} samples"


def way_out(file: Path) -> str:
    """Say what to do if a part cannot be used, with the newest backup."""
    backup = newest(file.parent)
    way = f"`{COMMAND} restore {backup['name']}` ({backup['samples']} samples)" if backup else "there is no backup"
    return f"put the missing part back, or restore: {way}; if it is intended: `{COMMAND} accept-data`"
