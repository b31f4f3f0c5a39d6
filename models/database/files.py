"""The bytes of documents' files on a server, in pieces of a mebibyte."""

import hashlib
from itertools import count
from pathlib import Path

from sqlalchemy import Connection, insert, select

from models.database.shared import FILES
from utils.errors import StorageError

_PIECE = 1 << 20


def add_bytes(connection: Connection, sha256: str, file: Path) -> None:
    """Add what *file* holds, within the caller's transaction.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as stream:
        for ordinal in count():
            piece = stream.read(_PIECE)
            if not piece:
                return
            connection.execute(insert(FILES).values(sha256=sha256, ordinal=ordinal, piece=piece))


def write_bytes(connection: Connection, sha256: str, file: Path) -> None:
    """Write the bytes with that hash to *file*.

    Raises:
        StorageError: the server has others, or not all of them.
        OSError: the disk refuses.
    """
    digest = hashlib.sha256()
    query = select(FILES.c.piece).where(FILES.c.sha256 == sha256)
    with file.open("wb") as stream:
        for ordinal in count():
            piece = connection.execute(query.where(FILES.c.ordinal == ordinal)).scalar()
            if piece is None:
                break
            digest.update(piece)
            stream.write(piece)
    if digest.hexdigest() != sha256:
        raise StorageError("documents: the server has not all bytes of a file; it may have been deleted meanwhile")
