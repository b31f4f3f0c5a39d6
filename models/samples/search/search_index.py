"""The full-text index: which rows of the file may hold a word (SQLite FTS5).

It stores no texts and knows rows by document numbers that `RowIndex` holds. Rows that
left the file leave orphans, numbers that no row has; rows without a number are examined
directly. So a search is right whether the index is complete, half built or lost. The file can be deleted at any time.
"""

from __future__ import annotations

import logging
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

from models.samples.file.row_index import DOCUMENT
from models.samples.search.search_text import FIELDS, TextQuery, fold_column, words_of
from models.samples.version import Index
from utils.errors import StorageError
from utils.frames import pl

log = logging.getLogger(__name__)
# Of the words that are kept (`search_text.words_of`): an index of another is made anew.
_FORMAT = 3
_SCHEMA = f"""
PRAGMA user_version = {_FORMAT};
CREATE TABLE generation (name TEXT NOT NULL);
CREATE VIRTUAL TABLE words USING fts5({", ".join(FIELDS)}, content='', detail=full, tokenize='ascii', prefix='3');
"""
# Half a second of CPU: FTS5 looks at every place of every word.
_RANKED = 15_000
_WEIGHTS = "2.0, 1.0, 3.0, 3.0, 1.0"


class SearchIndex:
    """The index in one file. One thread writes (`add`), here or in another process; any thread may query."""

    def __init__(self, path: Path, is_kept: bool = True) -> None:
        """Use the file at *path*; without *is_kept* it begins empty, since nobody keeps the numbers that it gives."""
        self._path = path
        self._is_kept = is_kept
        self._generation = ""
        self._last = 0

    @property
    def path(self) -> Path:
        """Its file."""
        return self._path

    @property
    def generation(self) -> str:
        """Name of this index; one with another name has other document numbers."""
        return self._generation

    def open(self) -> None:
        """Open the file; create it if missing or broken.

        Raises:
            StorageError: the folder cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                if self._is_kept:
                    self._attach()
                else:
                    self.reset()
                    self._is_kept = True
            except (sqlite3.DatabaseError, TypeError):  # broken, or killed before its name was written
                self.reset()
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"{self._path}: cannot be written ({error})") from error

    def reset(self) -> None:
        """Start again with an empty index."""
        self._generation = ""  # a query running meanwhile must not trust its result
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        with closing(self._connect()) as connection, connection:
            connection.executescript(_SCHEMA)
            connection.execute("INSERT INTO generation VALUES (?)", (uuid.uuid4().hex,))
        self._attach()

    def adopt(self, index: Index) -> None:
        """Drop the document numbers of *index* that this index does not have."""
        numbers = index.frame[DOCUMENT]
        if index.generation != self._generation:
            unknown = numbers.is_not_null()
        else:
            unknown = (numbers > self._last).fill_null(False)
        rows = unknown.arg_true().cast(pl.UInt32())
        if len(rows):
            index.fill(rows, pl.DataFrame({DOCUMENT: pl.Series([None] * len(rows), dtype=pl.UInt32())}))
        index.generation = self._generation

    def add(self, rows: pl.DataFrame) -> pl.Series:
        """Index *rows* (samples) in one commit; return their document numbers."""
        words = [words_of(fold_column(rows[name])).to_list() for name in FIELDS]
        numbers = range(self._last + 1, self._last + 1 + rows.height)
        marks = ", ".join("?" * (len(FIELDS) + 1))
        sql = f"INSERT INTO words (rowid, {', '.join(FIELDS)}) VALUES ({marks})"  # noqa: S608  # names of ours  # nosec B608
        try:
            with closing(self._connect()) as connection, connection:
                connection.executemany(sql, zip(numbers, *words, strict=True))
        except sqlite3.Error as error:
            self._generation = ""
            raise StorageError(f"{self._path}: cannot be written ({error}); the index is made anew") from error
        self._last = numbers[-1] if rows.height else self._last
        return pl.Series(DOCUMENT, numbers, dtype=pl.UInt32())

    def find(self, query: TextQuery, best: int | None = None, latest: int | None = None) -> pl.Series | None:
        """Return the documents that may match, including all that do; None if it cannot tell.

        Args:
            query: The parsed query.
            best: Return at most so many, best first; of very many matches those added last are ranked.
            latest: Return at most so many, last added first.
        """
        wanted = expression(query)
        if not wanted:
            return None
        sql = "SELECT rowid FROM words WHERE words MATCH ?"
        if best is not None:
            ranked = f"SELECT rowid, bm25(words, {_WEIGHTS}) AS score FROM words WHERE words MATCH ?"  # noqa: S608  # nosec B608
            sql = f"SELECT rowid FROM ({ranked} ORDER BY rowid DESC LIMIT {_RANKED}) ORDER BY score LIMIT {int(best)}"  # noqa: S608  # nosec B608
        elif latest is not None:
            sql += f" ORDER BY rowid DESC LIMIT {int(latest)}"
        try:
            with closing(self._connect()) as connection:
                found = connection.execute(sql, (wanted,)).fetchall()
        except sqlite3.Error as error:
            log.warning("search index not used", extra={"reason": str(error)})
            return None
        return pl.Series(DOCUMENT, [row[0] for row in found], dtype=pl.UInt32())

    def size(self) -> int:
        """Return the number of documents ever added, orphans included."""
        return self._last

    def _attach(self) -> None:
        with closing(self._connect()) as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
                raise sqlite3.DatabaseError("an index of another release")
            self._generation = str(connection.execute("SELECT name FROM generation").fetchone()[0])
            self._last = int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM words_docsize").fetchone()[0])

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=5)
        connection.execute("PRAGMA journal_mode=WAL")
        # What a power cut loses is indexed again: `adopt` drops unknown numbers.
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection


def expression(query: TextQuery) -> str:
    """Return *query* in FTS5's syntax; "" if it has no word. The words of one term stand together."""
    terms = [f'"{" ".join(term.tokens)}"' + (" *" if term.is_prefix else "") for term in query.terms if term.tokens]
    return f"{{{' '.join(query.fields)}}} : ({' AND '.join(terms)})" if terms else ""
