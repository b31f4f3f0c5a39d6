"""Has the copy of a shared library follow what is on the server: what was changed since comes over, and no more.

A piece at a time, each in one transaction of the copy, which holds the lock of its file: a process that is killed
leaves the copy as it was before the piece. Whoever reads meanwhile sees the state before.
"""

import secrets
from collections.abc import Iterator

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    Row,
    Select,
    Table,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from models.database.library import IN_SQLITE
from models.database.shared import CHANGES, IN_POSTGRESQL, LIBRARY, What
from models.engines.bulk import fill, wait_for_long
from models.engines.dialects import WHOLE
from models.engines.heads import NONE, Head
from models.grounding.document_files import DocumentFiles

META = MetaData()
# Where the copy stands: the newest change that it has. The epoch is another after the copy was begun anew.
_STANDING = Table(
    "standing",
    META,
    Column("id", WHOLE, primary_key=True),
    Column("revision", WHOLE, nullable=False),
    Column("token", WHOLE, nullable=False),
    Column("epoch", WHOLE, nullable=False),
)
# At which number each document came last, for processes that hold something of it in memory.
_CAME = Table("came", META, Column("document", WHOLE, primary_key=True), Column("revision", WHOLE, nullable=False))
# Chunks after which a piece ends: 2 s of work.
_MOST_CHUNKS = 5_000
_AT_A_TIME = 2_000
_Rows = Iterator[tuple[object, ...]]


def standing(copy: Connection) -> tuple[int, Head]:
    """Return the epoch of a copy, and the newest change that it has."""
    row = copy.execute(select(_STANDING.c.epoch, _STANDING.c.revision, _STANDING.c.token)).first()
    return (row[0], (row[1], row[2])) if row is not None else (0, NONE)


class Follower:
    """What a copy follows the server with, once."""

    def __init__(self, server: Engine, copy: Engine, files: DocumentFiles) -> None:
        """Follow *server*; of *files* those are removed whose documents were deleted."""
        self._server = server
        self._copy = copy
        self._files = files

    @staticmethod
    def changed_since(copy: Connection, revision: int) -> list[int]:
        """Return the documents that came after *revision*; `LIBRARY` among them stands for all."""
        return list(copy.execute(select(_CAME.c.document).where(_CAME.c.revision > revision)).scalars())

    def follow(self) -> Head:
        """Bring the copy up to date; return where it stands then.

        Raises:
            SQLAlchemyError, driver's errors: one of the two failed, or another process is at the copy for long.
        """
        while True:
            gone: list[str] = []
            with self._copy.begin() as copy:
                _lock(copy)  # before the server is looked at: whoever had the lock may have come further
                with self._server.connect() as server:
                    server.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                    wait_for_long(server)
                    head, is_whole = _bring_piece(server, copy, gone)
            for name in gone:
                self._files.forget(name)
            if is_whole:
                return head


def _lock(copy: Connection) -> None:
    """Take the lock of the copy's file, before anything is read of it."""
    if not copy.execute(update(_STANDING).values(id=1)).rowcount:
        first = {"id": 1, "revision": 0, "token": 0, "epoch": secrets.randbits(62)}
        copy.execute(insert(_STANDING).values(first))


def _bring_piece(server: Connection, copy: Connection, gone: list[str]) -> tuple[Head, bool]:
    """Bring some of what was changed; return where the copy stands then, and whether that was all."""
    _, at = standing(copy)
    if at != NONE and not _is_known(server, at):
        _begin_anew(copy, gone)
        at = NONE
    newest = server.execute(_NEWEST).first()
    upto: Head = (newest[0], newest[1]) if newest is not None else NONE
    loaded, came, last = 0, [], 0
    for row in server.execute(_moved(at[0])).all() if upto != at else ():
        if loaded >= _MOST_CHUNKS and row.first != last:
            upto = (
                last,
                int(server.execute(select(CHANGES.c.token).where(CHANGES.c.revision == last)).scalars().first() or 0),
            )
            break
        loaded += _bring(server, copy, row, gone)
        came.append(row.document)
        last = row.first if row.document != LIBRARY else last
    if came:
        copy.execute(delete(_CAME).where(_CAME.c.document.in_(came)))
        copy.execute(insert(_CAME), [{"document": one, "revision": upto[0]} for one in came])
    copy.execute(update(_STANDING).values(revision=upto[0], token=upto[1]))
    return upto, newest is None or upto == (newest[0], newest[1])


_NEWEST = select(CHANGES.c.revision, CHANGES.c.token).order_by(CHANGES.c.revision.desc()).limit(1)


def _is_known(server: Connection, head: Head) -> bool:
    """Tell whether the server gave that number; another database, or a backup of this one, did not."""
    given = select(CHANGES.c.revision).where(CHANGES.c.revision == head[0], CHANGES.c.token == head[1]).limit(1)
    return server.execute(given).first() is not None


def _begin_anew(copy: Connection, gone: list[str]) -> None:
    """Empty the copy."""
    gone.extend(copy.execute(select(IN_SQLITE.documents.c.file)).scalars())
    for table in (*IN_SQLITE.all, _CAME):
        copy.execute(delete(table))
    copy.execute(update(_STANDING).values(epoch=secrets.randbits(62)))


def _moved(revision: int) -> Select[int, int, bool, bool]:
    """Return the query for what was changed since, in the order of what came first.

    A document is brought as it is now, so whatever is told of it by then is had; what comes later is told again.
    """
    of = {what: func.bool_or(CHANGES.c.what == what).label(what) for what in (What.TEXT, What.NO_VECTORS)}
    first = func.min(CHANGES.c.revision).label("first")
    return (
        select(CHANGES.c.document, first, of[What.TEXT], of[What.NO_VECTORS])
        .where(CHANGES.c.revision > revision)
        .group_by(CHANGES.c.document)
        .order_by(case((CHANGES.c.document == LIBRARY, 0), else_=1), first, CHANGES.c.document)
    )


def _bring(server: Connection, copy: Connection, moved: Row[int, int, bool, bool], gone: list[str]) -> int:
    """Bring what was changed of one document, or of the library; return how many chunks came."""
    number = moved.document
    if number == LIBRARY:
        _bring_facts(server, copy, anew=moved.no_vectors)
        return 0
    theirs, ours = IN_POSTGRESQL, IN_SQLITE
    row = server.execute(select(theirs.documents).where(theirs.documents.c.number == number)).first()
    known = copy.execute(select(ours.documents.c.file).where(ours.documents.c.number == number)).scalar()
    if row is None or moved.text or known is None:
        ours.drop_text(copy, number)
    copy.execute(delete(ours.documents).where(ours.documents.c.number == number))
    if row is None:
        gone.extend([known] if known is not None else [])
        return 0
    fill(copy, ours.documents, [tuple(row)])
    if moved.text or known is None:
        _bring_text(server, copy, number)
    _bring_vectors(server, copy, number, int(row.embedded))
    return int(row.chunks) if moved.text or known is None else 0


def _bring_facts(server: Connection, copy: Connection, *, anew: bool) -> None:
    copy.execute(delete(IN_SQLITE.facts))
    fill(copy, IN_SQLITE.facts, _rows(server, select(IN_POSTGRESQL.facts)))
    if anew:
        copy.execute(delete(IN_SQLITE.vectors))
        copy.execute(update(IN_SQLITE.documents).values(embedded=0))


def _bring_text(server: Connection, copy: Connection, number: int) -> None:
    chunks = IN_POSTGRESQL.chunks
    for theirs, ours in zip(IN_POSTGRESQL.text, IN_SQLITE.text, strict=True):
        query = select(theirs)
        if "document" in theirs.c:
            query = query.where(theirs.c.document == number)
        else:
            query = query.join(chunks, chunks.c.id == theirs.c.rowid).where(chunks.c.document == number)
        fill(copy, ours, _rows(server, query.order_by(*theirs.primary_key)))


def _bring_vectors(server: Connection, copy: Connection, number: int, wanted: int) -> None:
    """Bring the vectors of a document that are not here; they come in the order of its chunks."""
    theirs, ours = IN_POSTGRESQL.vectors, IN_SQLITE.vectors
    here = select(func.count(), func.coalesce(func.max(ours.c.chunk), 0)).where(ours.c.document == number)
    had, last = copy.execute(here).one()
    if had == wanted:
        return
    query = select(theirs).where(theirs.c.document == number).order_by(theirs.c.chunk)
    fill(copy, ours, _rows(server, query.where(theirs.c.chunk > last)))
    if copy.execute(here).one()[0] != wanted:
        copy.execute(delete(ours).where(ours.c.document == number))
        fill(copy, ours, _rows(server, query))


def _rows(server: Connection, query: Select[*tuple[object, ...]]) -> _Rows:
    found = server.execution_options(yield_per=_AT_A_TIME).execute(query)
    return (tuple(row) for row in found)
