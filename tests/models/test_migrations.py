"""Databases of earlier releases are brought up to date, and are then as a new one is."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from config import PROJECT_DIR
from models import migrations
from models.batches.batch_store import BatchStore
from models.database import open_engine, tables_on
from models.engines.opening import connect
from tests.databases import needs_postgresql, postgres

SCHEMAS = Path(__file__).parent / "schemas"
RELEASES = sorted(path.name.rpartition(".sql")[0].rpartition(".")[0] for path in SCHEMAS.glob("*.sqlite.sql"))
DIALECTS = ["sqlite", pytest.param("postgresql", marks=needs_postgresql)]


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(dialect: str, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'batches.db'}"
        return
    postgres().sql("CREATE DATABASE migrated")
    yield postgres().url("migrated")
    postgres().sql("DROP DATABASE migrated WITH (FORCE)")


def of_release(release: str, dialect: str, url: str) -> None:
    """Make a database as *release* left it, with a row in each table."""
    engine = connect(url)
    with engine.begin() as connection:
        for statement in (SCHEMAS / f"{release}.{dialect}.sql").read_text().split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()


def differences(engine: Engine) -> list[object]:
    """Return what differs from the tables as they are meant; types only where they matter to the database."""
    with engine.connect() as connection:
        options = {"compare_type": engine.dialect.name == "postgresql", "include_name": _is_ours}
        meant: Any = list(tables_on(engine.dialect.name))  # Alembic takes several, and does not say so
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), meant))


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and name == "schema_version")


@pytest.mark.parametrize("release", RELEASES)
def test_a_database_of_a_release_becomes_what_a_new_one_is_and_keeps_its_rows(
    release: str, dialect: str, url: str
) -> None:
    of_release(release, dialect, url)

    open_engine(url).dispose()
    engine = open_engine(url)  # a second time there is nothing to do

    row = BatchStore(engine).get("b")
    with engine.connect() as connection:
        samples = [tuple(one) for one in connection.execute(text("SELECT seq, id, op FROM journal"))]
        seen = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    assert differences(engine) == []
    engine.dispose()
    assert row is not None
    # What was used before usage was recorded has no price.
    assert (row["tokens_used"], row["unpriced_tokens"], row["in_doubt"], row["metrics"]) == (77, 77, 0, {})
    assert (samples, seen) == ([(1, "s", "u")], migrations.NEWEST)


def test_a_new_database_needs_no_migration(url: str) -> None:
    engine = open_engine(url)

    assert differences(engine) == []
    engine.dispose()


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    dialect: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_release("0.1.0", dialect, url)
    engine = connect(url)
    before = {table: [column["name"] for column in inspect(engine).get_columns(table)] for table in ("batches", "work")}

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("alembic.op.create_index", fails)
    with pytest.raises(RuntimeError, match="power cut"):
        open_engine(url)
    monkeypatch.undo()

    assert {table: [column["name"] for column in inspect(engine).get_columns(table)] for table in before} == before
    engine.dispose()
    engine = open_engine(url)
    assert differences(engine) == []
    engine.dispose()


def test_the_newest_migration_is_the_one_that_new_databases_are_marked_with() -> None:
    assert ScriptDirectory(str(PROJECT_DIR / "models" / "migrations")).get_current_head() == migrations.NEWEST


def test_a_start_with_nothing_to_change_does_not_load_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'batches.db'}"
    code = (
        f"import sys; from models.database import open_engine; open_engine({url!r}); sys.exit('alembic' in sys.modules)"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], cwd=PROJECT_DIR, check=True)
