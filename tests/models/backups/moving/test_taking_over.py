"""All tables go from one database to another and back, of either kind; nothing is lost or kept by halves."""

import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, Table, inspect, select, text

from models.backups.moving import taking_over
from models.backups.moving.contents import contents_of, rows_of
from models.backups.moving.taking_over import TABLES, DifferentError, take_over
from models.batches.event_store import EventStore
from models.database import Base, EventRow, JournalRow, open_engine
from models.engines.bulk import fill
from models.engines.opening import connect
from models.samples import journal
from tests.databases import needs_postgresql, postgres
from utils.errors import ConflictError, StorageError

KINDS = ["sqlite", pytest.param("postgresql", marks=needs_postgresql)]
_numbers = itertools.count()
_TEXTS = st.text(max_size=12) | st.sampled_from(["\\N", "\t\n\r\\", "ünï — “q”", "👩‍⚖️", "'\"", "\\x00", "{}"])
_VALUES: dict[type, st.SearchStrategy[Any]] = {
    str: _TEXTS,
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False),
}


class Places:
    """Makes databases, and takes them away at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._engines: list[Engine] = []
        self._made: list[str] = []

    def url(self, kind: str) -> str:
        """Return the address of a new database without tables."""
        number = next(_numbers)
        if kind == "sqlite":
            return f"sqlite:///{self._folder / f'{number}.db'}"
        postgres().sql(f"CREATE DATABASE place{number}")
        self._made.append(f"place{number}")
        return postgres().url(f"place{number}")

    def empty(self, kind: str) -> Engine:
        """Return a new database without tables."""
        return self._kept(connect(self.url(kind)))

    def ready(self, kind: str) -> Engine:
        """Return a new database with empty tables."""
        return self._kept(open_engine(self.url(kind)))

    def _kept(self, engine: Engine) -> Engine:
        self._engines.append(engine)
        return engine

    def close(self) -> None:
        for engine in self._engines:
            engine.dispose()
        for name in self._made:
            postgres().sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    with closing(Places(tmp_path)) as made:
        yield made


def rows_for(table: Table) -> st.SearchStrategy[list[tuple[object, ...]]]:
    """Return rows of *table*; what has to be unique is numbered."""
    unique = {column.name for column in table.primary_key}
    unique |= {column.name for index in table.indexes if index.unique for column in index.columns}
    unique |= {column.name for column in table.columns if column.unique}
    values: list[st.SearchStrategy[Any]] = []
    for column in table.columns:
        kind = column.type.python_type
        if column.name in unique:
            values.append(st.just(kind))
        elif column.nullable:
            values.append(st.none() | _VALUES[kind])
        else:
            values.append(_VALUES[kind])
    return st.lists(st.tuples(*values), max_size=3).map(_numbered)


def _numbered(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [tuple(value(n + 1) if isinstance(value, type) else value for value in row) for n, row in enumerate(rows)]


def held(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    return {table.name: sorted(rows_of(connection, table), key=repr) for table in TABLES}


def hold(engine: Engine, rows: dict[str, list[tuple[object, ...]]]) -> None:
    with engine.begin() as connection:
        for table in TABLES:
            fill(connection, table, iter(rows.get(table.name, [])))


def events(engine: Engine, *kinds: str) -> list[int]:
    """Add events as the service does; return their ids."""
    with engine.begin() as connection:
        store = EventStore(engine)
        return [store.add(connection, "b", "t", kind, {}) for kind in kinds]


@needs_postgresql
@given(rows=st.fixed_dictionaries({table.name: rows_for(table) for table in TABLES}))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_went_to_a_server_and_back_is_what_it_was(
    rows: dict[str, list[tuple[object, ...]]], places: Places
) -> None:
    here, there, back = places.ready("sqlite"), places.empty("postgresql"), places.empty("sqlite")
    hold(here, rows)

    first, second = take_over(here, there), take_over(there, back)

    with here.connect() as before, back.connect() as after:
        assert held(after) == held(before)
    assert {proof.table: proof.after.rows for proof in first} == {name: len(of) for name, of in rows.items()}
    assert [proof.after for proof in second] == [proof.before for proof in first]


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_ids_go_on_after_the_highest_that_was_ever_given(source: str, target: str, places: Places) -> None:
    old, new = places.ready(source), places.empty(target)
    given_before = events(old, "one", "two", "three")
    with old.begin() as connection:
        connection.execute(EventRow.__table__.delete().where(EventRow.id >= given_before[1]))  # type: ignore[attr-defined]  # a table
        journal.write(connection, [("a", None), ("b", None)])
        journal.trim(connection, 2)

    take_over(old, new)

    assert events(new, "four") == [given_before[2] + 1]
    with new.begin() as connection:
        journal.write(connection, [("c", None)])
        assert connection.execute(select(JournalRow.seq)).scalars().all() == [3]


@pytest.mark.parametrize("target", KINDS)
def test_a_target_that_somebody_uses_is_refused_and_left_alone(target: str, places: Places) -> None:
    old, new = places.ready("sqlite"), places.ready(target)
    events(old, "mine")
    events(new, "theirs")

    with pytest.raises(ConflictError, match="in use, it has rows in events; want an empty one"):
        take_over(old, new)

    with new.connect() as connection:
        assert connection.execute(select(EventRow.type)).scalars().all() == ["theirs"]


@pytest.mark.parametrize("target", KINDS)
def test_a_copy_that_differs_is_not_kept(target: str, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = places.ready("sqlite"), places.empty(target)
    events(old, "one", "two")

    def loses_one(connection: Connection, table: Table, rows: Iterator[tuple[object, ...]]) -> None:
        fill(connection, table, itertools.islice(rows, 1))

    monkeypatch.setattr(taking_over, "fill", loses_one)
    with pytest.raises(
        DifferentError, match="events arrived otherwise than they left; the target is as it was"
    ) as said:
        take_over(old, new)

    (wrong,) = [proof for proof in said.value.proofs if not proof.holds]
    assert (wrong.table, wrong.before.rows, wrong.after.rows) == ("events", 2, 1)
    assert inspect(new).get_table_names() == []


@pytest.mark.parametrize("target", KINDS)
def test_a_copy_that_was_cut_off_leaves_nothing_and_the_next_succeeds(
    target: str, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = places.ready("sqlite"), places.empty(target)
    events(old, "one")

    def cut(table: str) -> None:
        if table == "events":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_over(old, new, cut)
    assert inspect(new).get_table_names() == []

    assert all(proof.holds for proof in take_over(old, new))


@pytest.mark.parametrize("target", KINDS)
def test_nobody_starts_on_a_copy_of_a_running_service_and_the_next_replaces_it(target: str, places: Places) -> None:
    old, url = places.ready("sqlite"), places.url(target)
    new = connect(url)
    events(old, "one")
    take_over(old, new, live_at="2026-01-01T00:00:00Z")
    events(old, "two")

    with pytest.raises(StorageError, match="lacks what was written after it"):
        open_engine(url)
    take_over(old, new)

    assert events(new, "three") == [3]
    new.dispose()
    open_engine(url).dispose()


@pytest.mark.parametrize("kind", KINDS)
def test_contents_depend_on_values_alone_and_see_each_of_them(kind: str, places: Places) -> None:
    table = Base.metadata.tables["events"]
    rows: list[tuple[object, ...]] = [(1, "b", "t", "one", "{}"), (2, "b", "t", "two", "{}")]
    digests = []
    for held_rows in (rows, rows[::-1], [rows[0], (2, "b", "t", "tw", "o{}")], rows[:1]):
        engine = places.ready(kind)
        hold(engine, {"events": held_rows})
        with engine.connect() as connection:
            digests.append(contents_of(connection, table))

    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


@needs_postgresql
def test_signs_that_a_server_cannot_hold_are_left_out_and_nothing_else(places: Places) -> None:
    old, new = places.ready("sqlite"), places.empty("postgresql")
    hold(old, {"events": [(1, "b", "t", "a\x00b", "\\x00")]})

    proofs = take_over(old, new)

    with new.connect() as connection:
        assert connection.execute(select(EventRow.type, EventRow.detail)).one() == ("ab", "\\x00")
    assert all(proof.holds for proof in proofs)


def test_a_value_of_another_type_is_said_with_its_table(places: Places) -> None:
    old, new = places.ready("sqlite"), places.empty("sqlite")
    with old.begin() as connection:
        connection.execute(text("INSERT INTO folds (id, file, upto) VALUES (1, 'f', 'many')"))

    with pytest.raises(StorageError, match="table folds has a value of another type"):
        take_over(old, new)
