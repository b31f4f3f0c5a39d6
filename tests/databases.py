"""The database of a test: a file in its folder or, with TEST_DATABASE=postgresql, one of a server of its own.

With TEST_ENGINE=pgqueuer PgQueuer carries the items of batches wherever that is PostgreSQL.
"""

import atexit
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections import deque
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from models.database import Base, open_engine

KIND = os.environ.get("TEST_DATABASE", "sqlite")
# What carries the items of batches wherever a test has a database of PostgreSQL.
ENGINE = os.environ.get("TEST_ENGINE", "table")
only_on_sqlite = pytest.mark.skipif(KIND != "sqlite", reason="is about the file of SQLite")
only_on_servers = pytest.mark.skipif(KIND == "sqlite", reason="is about a server's database")
_KEPT = 40
_OPTIONS = (
    "fsync=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
    "max_connections=400",
    "listen_addresses=127.0.0.1",
    "log_min_messages=fatal",
)
# In memory where there is room: a database is some 300 files, and 40 are kept.
_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 2 << 30  # noqa: S108  # the folder made there is ours alone


def binaries() -> Path | None:
    """Return the folder of PostgreSQL's programs; None where it is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


needs_postgresql = pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed")


class PostgresServer:
    """A server of its own on a port of its own; loses nothing but at a power cut."""

    def __init__(self) -> None:
        found = binaries()
        assert found is not None, "PostgreSQL is not installed"
        self._bin = found
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=_place()))
        # It refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._folder, self._user)
        self.port = _free_port()
        self._made: deque[str] = deque()
        self._known: dict[str, str] = {}
        self._run(
            "initdb", "-D", str(self.data), "-A", "trust", "-U", "postgres", "-N", "-E", "UTF8", "--locale=C.UTF-8"
        )
        atexit.register(self.remove)
        self.start()

    @property
    def data(self) -> Path:
        """Where its data are."""
        return self._folder / "data"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = " ".join(f"-c {option}" for option in (*_OPTIONS, f"port={self.port}"))
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", str(self.data), "-w", "-l", log, "-o", f"{options} -k {self._folder}", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it; "immediate" as a crash does."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def remove(self) -> None:
        """Stop it and remove what it kept."""
        if self._folder.exists():
            if (self.data / "postmaster.pid").exists():
                self.stop()
            shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """Return the address of a database as the setting takes it."""
        return f"postgresql+psycopg://127.0.0.1:{self.port}/{name}?user=postgres"

    def database(self, key: str) -> str:
        """Return the address of the database of *key*, which is made if it is not there."""
        if key not in self._known:
            if len(self._made) >= _KEPT:
                self._drop(self._made.popleft())
            name = "t" + hashlib.sha256(key.encode()).hexdigest()[:20]
            self.sql(f"CREATE DATABASE {name} TEMPLATE {self._template()}{self._quickly()}")
            self._made.append(key)
            self._known[key] = name
        return self.url(self._known[key])

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement; return its rows."""
        import psycopg

        place = f"host=127.0.0.1 port={self.port} dbname={database} user=postgres"
        with psycopg.connect(place, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @cache  # noqa: B019  # it lives as long as the process
    def _template(self) -> str:
        self.sql("CREATE DATABASE ours")
        open_engine(self.url("ours")).dispose()
        return "ours"

    @cache  # noqa: B019  # as above
    def _quickly(self) -> str:
        """Return what has a database made by copying files: a third of the time of writing them to the log."""
        ((number,),) = self.sql("SELECT current_setting('server_version_num')")
        return " STRATEGY FILE_COPY" if int(str(number)) >= 15_00_00 else ""  # older ones do nothing else

    def _drop(self, key: str) -> None:
        name = self._known.pop(key)
        self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._bin / program), *arguments],
            user=self._user,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@cache
def postgres() -> PostgresServer:
    """Return the server of this process, which starts with the first test that needs it."""
    return PostgresServer()


def engine_for(database_url: str) -> str:
    """Return the engine that carries the items of a test's batches in that database."""
    return ENGINE if database_url.startswith("postgresql") else "table"


def database_url(folder: Path) -> str:
    """Return the address of the database of a test whose data are in *folder*; the same for the same folder."""
    return f"sqlite:///{folder / 'batches.db'}" if KIND == "sqlite" else postgres().database(str(folder))


def database_file(folder: Path) -> Path | None:
    """Return its file; None where it is a server's."""
    return folder / "batches.db" if KIND == "sqlite" else None


def kept_bytes(engine: Engine, folder: Path) -> bytes:
    """Return all that the database of a test holds, as it is kept: the files of SQLite, or the rows as text."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return b"".join(path.read_bytes() for path in folder.glob("batches.db*"))
    with engine.connect() as connection:
        tables = [select(table) for table in Base.metadata.sorted_tables]
        return "\n".join(str(row) for query in tables for row in connection.execute(query)).encode()


def _place() -> Path | None:
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
    return _MEMORY if has_room else None


def _free_port() -> int:
    from tests.e2e.server import free_port

    return free_port()
