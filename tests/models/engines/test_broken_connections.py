"""A server that is restarted, away, or cuts connections: nothing acknowledged is lost, nothing is written twice."""

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, insert, select, text, update

from bootstrap import build
from models.database import EventRow, StoreRow, open_engine
from models.engines.writer import Writer
from tests.databases import PostgresServer, needs_postgresql, postgres
from tests.fakes import sample, settings_for
from tests.patience import PATIENCE_S, until
from utils.errors import NotReadyError, StorageError

pytestmark = needs_postgresql
_ROUNDS = 100
_CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'legal-training-platform'"
)


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A database of its own, whose counter (`store.generation`) stands at 0."""
    postgres().sql("CREATE DATABASE broken")
    made = open_engine(postgres().url("broken"))
    with made.begin() as connection:
        connection.execute(insert(StoreRow).values(id=1, generation=0))
    yield made
    made.dispose()
    postgres().sql("DROP DATABASE broken WITH (FORCE)")


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    made = Writer(engine)
    made.start()
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that may be stopped: no other test uses it."""
    made = PostgresServer()
    yield made
    made.remove()


def counting(token: str) -> Callable[[Connection], None]:
    """Return a change that reads before it writes, and leaves a row of its own."""

    def change(connection: Connection) -> None:
        count = connection.execute(select(StoreRow.generation)).scalar_one()
        connection.execute(update(StoreRow).values(generation=count + 1))
        connection.execute(insert(EventRow).values(batch_id="", at="", type=token, detail="{}"))

    return change


def counted(engine: Engine) -> tuple[int, list[str]]:
    with engine.connect() as connection:
        count = connection.execute(select(StoreRow.generation)).scalar_one()
        return count, sorted(connection.execute(select(EventRow.type)).scalars())


class Crowd:
    """Threads that count as fast as they can, and note what they were told."""

    def __init__(self, writers: list[Writer]) -> None:
        self.kept: list[str] = []
        self.refused: list[str] = []
        self.begun = 0
        self._numbers = itertools.count()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._count, args=(writer,)) for writer in writers]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _count(self, writer: Writer) -> None:
        while not self._stop.is_set():
            token = f"t{next(self._numbers)}"
            self.begun += 1
            try:
                writer.run(counting(token))
            except StorageError:
                self.refused.append(token)
            else:
                self.kept.append(token)


def test_no_change_is_lost_or_made_twice_while_connections_are_cut_at_any_moment(engine: Engine) -> None:
    moments, cut = random.Random(7), 0
    both = [Writer(engine), Writer(engine)]  # as two processes have
    for writer in both:
        writer.start()

    with Crowd([*both, *both]) as crowd:
        for _ in range(_ROUNDS):
            wanted = crowd.begun + moments.randint(0, 12)
            until(lambda wanted=wanted: crowd.begun >= wanted)  # type: ignore[misc]  # bound at once
            cut += int(str(postgres().sql(_CUT, "broken")[0][0]))
    for writer in both:
        writer.close()

    count, tokens = counted(engine)
    assert tokens == sorted(crowd.kept)
    assert count == len(crowd.kept)
    assert cut >= _ROUNDS
    assert len(crowd.kept) > _ROUNDS


@pytest.mark.parametrize("reached", [False, True], ids=["before-the-server-has-it", "before-the-answer-is-here"])
def test_connection_that_breaks_in_a_commit_counts_once_and_troubles_nobody(
    engine: Engine, writer: Writer, monkeypatch: pytest.MonkeyPatch, reached: bool
) -> None:
    breaking_at_commit(engine, monkeypatch, reached, lambda: None)

    writer.run(counting("one"))

    assert counted(engine) == (1, ["one"])


def breaking_at_commit(engine: Engine, patch: pytest.MonkeyPatch, reached: bool, then: Callable[[], object]) -> None:
    """Break the connection of the next commit; *reached* is whether the server had it, *then* what happens besides."""
    real, left = engine.dialect.do_commit, iter([True])

    def breaks(connection: object) -> None:
        if not next(left, False):
            real(connection)  # type: ignore[arg-type]  # the driver's
            return
        if reached:
            real(connection)  # type: ignore[arg-type]
        postgres().sql(_CUT, "broken")
        then()
        connection.execute("SELECT 1")  # type: ignore[attr-defined]  # as the commit would, it fails

    patch.setattr(engine.dialect, "do_commit", breaks)


def test_server_that_was_restarted_costs_no_writer_and_no_reader_an_error(server: PostgresServer) -> None:
    engine = open_engine(server.database("any"))
    writer = Writer(engine)
    writer.start()
    writer.run(lambda connection: connection.execute(insert(StoreRow).values(id=1, generation=0)))
    writer.run(counting("before"))

    server.stop()
    server.start()

    assert counted(engine) == (1, ["before"])
    writer.run(counting("after"))
    assert counted(engine) == (2, ["after", "before"])
    writer.close()
    engine.dispose()


def test_server_that_is_away_is_said_in_words_and_work_goes_on_when_it_is_back(
    server: PostgresServer, tmp_path: Path
) -> None:
    service = build(settings_for(tmp_path, database_uri=server.database("any"))).start()
    service.dataset.add(sample(id="before"))

    server.stop()
    with pytest.raises(StorageError, match=r"the connection to the server failed \(.*\); check that it runs"):
        service.dataset.add(sample(id="while", question="Is it lost?"))
    with pytest.raises(NotReadyError, match="database: the connection to the server failed"):
        service.health.ready()
    server.start()

    assert service.health.ready()["status"] == "ready"
    service.dataset.add(sample(id="after", question="Is it back?"))
    assert {row["id"] for row in service.dataset.draw(100, {})} == {"before", "after"}
    service.close()


def test_commit_in_doubt_is_settled_when_the_server_is_back(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, writer, done, away = _in_doubt(server, monkeypatch)

    until(away.is_set)
    assert not done.is_set()
    server.start()

    assert done.wait(PATIENCE_S)
    assert counted(engine) == (1, ["one"])
    writer.close()
    engine.dispose()


def test_service_that_is_stopped_in_doubt_says_so_and_writes_nothing_twice(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    engine, writer, done, away = _in_doubt(server, monkeypatch, said)

    until(away.is_set)
    writer.close()

    assert done.wait(PATIENCE_S)
    assert "whether the last changes were kept is seen at the next start" in said[0]
    server.start()
    assert counted(engine) == (1, ["one"])
    engine.dispose()


def _in_doubt(
    server: PostgresServer, patch: pytest.MonkeyPatch, said: list[str] | None = None
) -> tuple[Engine, Writer, threading.Event, threading.Event]:
    """Have a server take a commit and be away before it answers; return when it is done, and when it is away."""
    engine = open_engine(server.database("any"))
    writer, done, away = Writer(engine), threading.Event(), threading.Event()
    writer.start()
    writer.run(lambda connection: connection.execute(insert(StoreRow).values(id=1, generation=0)))
    real = engine.dialect.do_commit

    def gone(connection: object) -> None:
        real(connection)  # type: ignore[arg-type]  # the driver's
        if not away.is_set():
            server.stop()
            away.set()
            connection.execute("SELECT 1")  # type: ignore[attr-defined]

    def run() -> None:
        try:
            writer.run(counting("one"))
        except StorageError as error:
            (said if said is not None else []).append(str(error))
        done.set()

    patch.setattr(engine.dialect, "do_commit", gone)
    threading.Thread(target=run).start()
    return engine, writer, done, away


def test_change_that_fails_beside_others_takes_only_itself_back_though_their_connection_broke(
    engine: Engine, writer: Writer
) -> None:
    first = iter([True])

    def breaks_once(connection: Connection) -> None:
        counting("one")(connection)
        if next(first, False):
            postgres().sql(_CUT, "broken")
        connection.execute(text("SELECT 1"))

    writer.run(breaks_once)
    with pytest.raises(ZeroDivisionError):
        writer.run(lambda _: 1 / 0)

    assert counted(engine) == (1, ["one"])
