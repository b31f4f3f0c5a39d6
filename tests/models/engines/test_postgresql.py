"""What becomes of a commit whose server crashed before it said that it was done."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from models.database import open_engine
from models.engines.postgresql import Turns
from models.engines.writer import Writer
from tests.databases import PostgresServer, needs_postgresql
from tests.patience import PATIENCE_S

pytestmark = needs_postgresql


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    made = PostgresServer()
    # What was written and not committed is lost in a crash, every time.
    made.sql("ALTER SYSTEM SET wal_writer_delay = '10s'")
    made.stop("fast")
    made.start()
    yield made
    made.remove()


@pytest.fixture
def engine(server: PostgresServer) -> Iterator[Engine]:
    made = open_engine(server.url("postgres"))
    yield made
    made.dispose()


def number_of(connection: Connection) -> object:
    return connection.exec_driver_sql("SELECT pg_current_xact_id()::text").scalar()


def test_turn_that_was_lost_in_a_crash_is_not_taken_for_the_next_of_the_same_number(
    server: PostgresServer, engine: Engine
) -> None:
    lost, kept = Turns(), Turns()
    server.sql("CHECKPOINT")
    with engine.connect() as connection:
        turn = lost.take(connection)
        number = number_of(connection)
        server.stop()
        server.start()
        connection.invalidate()

    with engine.begin() as connection:
        later = kept.take(connection)
        assert number_of(connection) == number

    assert not lost.was_kept(engine, turn)
    assert kept.was_kept(engine, later)


def test_change_whose_commit_was_lost_in_a_crash_is_written_again(server: PostgresServer, engine: Engine) -> None:
    writer = Writer(engine)
    writer.start()
    writer.run(lambda connection: connection.exec_driver_sql("CREATE TABLE made (name TEXT)"))
    crashed = threading.Event()

    def write(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO made VALUES ('once')")
        if not crashed.is_set():  # the commit that follows meets a server that has forgotten all of it
            crashed.set()
            server.stop()
            server.start()

    def insist() -> None:
        try:
            writer.run(write)
        except Exception:  # noqa: BLE001  # whoever writes tries again, as `ItemWorker.durable` does
            writer.run(write)

    thread = threading.Thread(target=insist)
    thread.start()
    thread.join(PATIENCE_S)
    writer.close()

    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT name FROM made").scalars().all() == ["once"]
