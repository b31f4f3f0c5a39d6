"""The writer, the migrations and what is said about a broken database."""

import threading
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from models.database import BatchHistory, db, init_db, open_engine
from models.engines.writer import Writer
from tests.databases import only_on_sqlite
from utils.errors import DiskFullError, InputError, StorageError


def insert(number: int) -> object:
    def change(connection: Connection) -> int:
        connection.execute(text("INSERT INTO journal (id, op) VALUES (:id, 'd')"), {"id": f"n{number}"})
        return number

    return change


def count(writer: Writer) -> int:
    with writer.engine.connect() as connection:
        return int(connection.execute(text("SELECT COUNT(*) FROM journal")).scalar() or 0)


def test_change_is_on_the_disk_when_run_returns(writer: Writer) -> None:
    assert writer.run(insert(1)) == 1  # type: ignore[arg-type]
    assert count(writer) == 1


def test_change_that_fails_takes_only_itself_back(writer: Writer) -> None:
    results: list[object] = []

    def failing(connection: Connection) -> None:
        connection.execute(text("INSERT INTO journal (id, op) VALUES ('x', 'd')"))
        raise InputError("no")

    def attempt(change: object) -> None:
        try:
            results.append(writer.run(change))  # type: ignore[arg-type]
        except InputError as error:
            results.append(str(error))

    threads = [
        threading.Thread(target=attempt, args=(change,)) for change in (insert(1), failing, insert(2), insert(3))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, results)) == ["1", "2", "3", "no"]
    assert count(writer) == 3


def test_writer_survives_a_refused_change_and_a_bug(writer: Writer) -> None:
    with pytest.raises(StorageError, match=r"no such table|does not exist"):
        writer.run(lambda connection: connection.execute(text("INSERT INTO nowhere VALUES (1)")))
    with pytest.raises(ZeroDivisionError):
        writer.run(lambda connection: 1 / 0)

    assert writer.run(insert(5)) == 5  # type: ignore[arg-type]


def test_fault_of_one_change_does_not_reach_those_beside_it(writer: Writer) -> None:
    results: list[object] = []

    def attempt(change: object) -> None:
        try:
            results.append(writer.run(change))  # type: ignore[arg-type]
        except TypeError as error:
            results.append(str(error))

    def broken(_: Connection) -> None:
        raise TypeError("bad")

    threads = [threading.Thread(target=attempt, args=(change,)) for change in (insert(1), broken, insert(2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, results)) == ["1", "2", "bad"]


@only_on_sqlite
def test_full_disk_is_said_in_words_and_nothing_is_lost(writer: Writer) -> None:
    writer.run(insert(1))  # type: ignore[arg-type]

    def fill(connection: Connection) -> None:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        connection.execute(text("INSERT INTO journal (id, op, data) VALUES ('big', 'u', zeroblob(10000000))"))

    with pytest.raises(DiskFullError, match="no space left"):
        writer.run(fill)

    assert count(writer) == 1


def test_writer_that_does_not_run_says_so(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(StorageError, match="writer is not running"):
        Writer(engine).run(insert(1))  # type: ignore[arg-type]
    Writer(engine).close()
    engine.dispose()


@only_on_sqlite
def test_every_connection_is_durable(writer: Writer) -> None:
    with writer.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "batches.db"
    path.write_bytes(b"this is no database" * 100)

    with pytest.raises(StorageError, match="check that the database is one of ours"):
        open_engine(f"sqlite:///{path}")

    assert path.read_bytes() == b"this is no database" * 100


def test_flask_sqlalchemy_reads_the_same_tables(tmp_path: Path) -> None:
    app = Flask("test")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'batches.db'}"
    init_db(app)

    with app.app_context():
        db.session.add(BatchHistory(id="b", status="completed", started_at="x", provider="p", target=1, request="{}"))
        db.session.commit()
        assert db.session.query(BatchHistory).one().samples_generated == 0
        db.session.remove()
        db.engine.dispose()
