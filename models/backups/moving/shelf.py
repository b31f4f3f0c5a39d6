"""The library and the authorities: files of the data folder with SQLite, tables with PostgreSQL; they go both ways.

Within the caller's transaction on the server, and read again to the end on both sides, as `taking_over.py` has it.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b, sha256
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, delete, select

from models.backups.moving.contents import Contents, contents_of, rows_of
from models.backups.moving.taking_over import DifferentError, Proof
from models.database.files import add_bytes, write_bytes
from models.database.library import IN_SQLITE, make_tables
from models.database.shared import (
    AUTHORITIES,
    AUTHORITIES_NAME,
    CHANGES,
    FILES,
    HEADS,
    IN_POSTGRESQL,
    LIBRARY,
    LIBRARY_NAME,
    LIBRARY_TURN,
    LOOKUPS,
    What,
    note_changes,
)
from models.engines.bulk import fill, given_ids, go_on_after, wait_for_long
from models.engines.heads import move_on
from models.engines.postgresql import wait_turn
from models.engines.sqlite import open_sqlite, open_to_read

log = logging.getLogger(__name__)
LIBRARY_FILE, FOLDER, AUTHORITIES_FILE = "documents.db", "documents", "authorities.db"
_PAIRS = tuple(zip(IN_SQLITE.all, IN_POSTGRESQL.all, strict=True))
# What counts ids that must not be given again.
_COUNTED = ("documents", "units", "chunks")


def take_in(folder: Path, engine: Engine) -> None:
    """Take library and authorities of a data *folder* in, where the server knows of none; the files stay.

    Raises:
        DifferentError: what arrived is not what left; nothing was kept.
        StorageError: one of them fails.
    """
    if not any((folder / name).exists() for name in (LIBRARY_FILE, AUTHORITIES_FILE)):
        return
    with engine.begin() as server:
        wait_turn(server, LIBRARY_TURN)
        known = set(server.execute(select(HEADS.c.name)).scalars())
        proofs = [] if LIBRARY_NAME in known else put_library(server, folder)
        proofs += [] if AUTHORITIES_NAME in known else put_authorities(server, folder)
    if proofs:
        log.warning("documents and authorities taken in", extra={"path": str(folder), "rows": _told(proofs)})


def put_library(server: Connection, folder: Path) -> list[Proof]:
    """Put the library that lies in *folder* in place of the server's; nothing where there is none."""
    if not (folder / LIBRARY_FILE).exists():
        return []
    wait_for_long(server)
    _empty(server)
    with _reading(folder / LIBRARY_FILE) as old:
        for ours, theirs in _PAIRS:
            fill(server, theirs, rows_of(old, ours))
            if ours.name in _COUNTED:
                go_on_after(server, theirs, given_ids(old, ours))
        proofs = [Proof(ours.name, contents_of(old, ours), contents_of(server, theirs)) for ours, theirs in _PAIRS]
    documents = IN_POSTGRESQL.documents.c
    kept = server.execute(select(documents.number, documents.file, documents.sha256)).all()
    there = [one.sha256 for one in kept if _has_bytes(folder / FOLDER / one.file, one.sha256)]
    for one in kept:
        if one.sha256 in there:
            add_bytes(server, one.sha256, folder / FOLDER / one.file)
        else:
            log.warning("document has lost its file", extra={"document": one.number})
    proofs.append(Proof("files", _hashes(there), _hashes(_stored(server))))
    _refuse(proofs)
    note_changes(server, {(LIBRARY, What.FACTS)})
    for one in kept:  # each under a number of its own, so that copies take them in pieces
        note_changes(server, {(one.number, What.TEXT)})
    return proofs


def put_authorities(server: Connection, folder: Path) -> list[Proof]:
    """Put the authorities that lie in *folder* into the server's tables, which are empty."""
    if not (folder / AUTHORITIES_FILE).exists():
        return []
    wait_for_long(server)
    with _reading(folder / AUTHORITIES_FILE) as old:
        for table in (AUTHORITIES, LOOKUPS):
            fill(server, table, rows_of(old, table))
        go_on_after(server, AUTHORITIES, given_ids(old, AUTHORITIES))
        proofs = _proofs(old, server, AUTHORITIES, LOOKUPS)
    _refuse(proofs)
    move_on(server, AUTHORITIES_NAME)
    return proofs


def write_library(server: Connection, folder: Path, here: Path | None = None) -> list[Proof]:
    """Write the server's library into *folder*, as a file and the files of its documents.

    Args:
        server: Where from, one state of it.
        folder: Where to; a library that lies there is replaced, files stay.
        here: A folder that has files of some documents: they get a second name.
    """
    wait_for_long(server)
    with _written(folder / LIBRARY_FILE) as new:
        make_tables(new)
        for ours, theirs in _PAIRS:
            fill(new, ours, rows_of(server, theirs))
            if ours.name in _COUNTED:
                go_on_after(new, ours, given_ids(server, theirs))
        proofs = [Proof(ours.name, contents_of(server, theirs), contents_of(new, ours)) for ours, theirs in _PAIRS]
        _refuse(proofs)
    (folder / FOLDER).mkdir(exist_ok=True)
    documents, stored = IN_POSTGRESQL.documents.c, set(_stored(server))
    for name, digest in server.execute(select(documents.file, documents.sha256)).all():
        if digest in stored:
            _write_file(server, digest, folder / FOLDER / name, here / name if here is not None else None)
    return proofs


def write_authorities(server: Connection, folder: Path) -> list[Proof]:
    """Write the server's authorities into *folder*, in place of those that lie there."""
    with _written(folder / AUTHORITIES_FILE) as new:
        AUTHORITIES.metadata.create_all(new)
        for table in (AUTHORITIES, LOOKUPS):
            fill(new, table, rows_of(server, table))
        proofs = _proofs(server, new, AUTHORITIES, LOOKUPS)
        _refuse(proofs)
    return proofs


def has_library(server: Connection) -> bool:
    """Tell whether the server ever had one."""
    return LIBRARY_NAME in set(server.execute(select(HEADS.c.name)).scalars())


def _empty(server: Connection) -> None:
    """Drop the server's library; the numbers of its changes go on, so that copies of it are known to be old."""
    for table in (*IN_POSTGRESQL.all, FILES, CHANGES):
        server.execute(delete(table))


def _write_file(server: Connection, digest: str, path: Path, here: Path | None) -> None:
    if path.exists():
        return
    aside = path.with_suffix(".part")
    aside.unlink(missing_ok=True)
    with suppress(OSError):  # copied where a second name cannot be had
        if here is not None:
            os.link(here, aside)
    if not aside.exists():
        write_bytes(server, digest, aside)
    os.replace(aside, path)


def _has_bytes(file: Path, digest: str) -> bool:
    found = sha256()
    with suppress(OSError), file.open("rb") as stream:
        while piece := stream.read(1 << 20):
            found.update(piece)
        return found.hexdigest() == digest
    return False


def _stored(server: Connection) -> list[str]:
    return list(server.execute(select(FILES.c.sha256).distinct()).scalars())


def _hashes(hashes: list[str]) -> Contents:
    return Contents(len(hashes), blake2b("".join(sorted(hashes)).encode(), digest_size=16).hexdigest())


def _proofs(before: Connection, after: Connection, *tables: Table) -> list[Proof]:
    return [Proof(table.name, contents_of(before, table), contents_of(after, table)) for table in tables]


def _refuse(proofs: list[Proof]) -> None:
    if not all(proof.holds for proof in proofs):
        raise DifferentError(proofs)


def _told(proofs: list[Proof]) -> str:
    return ", ".join(f"{proof.table} {proof.after.rows}" for proof in proofs)


@contextmanager
def _reading(file: Path) -> Iterator[Connection]:
    engine = open_to_read(f"sqlite:///{file}")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _written(file: Path) -> Iterator[Connection]:
    """Lend a new database that is put in the place of *file* when the block ends well; an old one is kept beside it."""
    aside = file.with_name(f"{file.name}.unfinished")
    _remove(aside)
    engine = open_sqlite(f"sqlite:///{aside}")
    try:
        with engine.begin() as connection:
            yield connection
        engine.dispose()
        _merge_log(aside)
        if file.exists():
            _merge_log(file)
            os.replace(file, file.with_name(f"{file.name}.before"))
        os.replace(aside, file)
    finally:
        engine.dispose()
        _remove(aside)


def _merge_log(database: Path) -> None:
    engine = open_sqlite(f"sqlite:///{database}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    engine.dispose()  # the last connection removes the log
    _remove_log(database)


def _remove(database: Path) -> None:
    database.unlink(missing_ok=True)
    _remove_log(database)


def _remove_log(database: Path) -> None:
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
