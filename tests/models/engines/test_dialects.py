"""What is asked of the database in the words of its dialect."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, select

from models.database import EventRow, open_engine
from models.engines.dialects import JsonText
from tests.databases import needs_postgresql, postgres


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=needs_postgresql)])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder: Path = tmp_path_factory.mktemp("dialects")
    file = f"sqlite:///{folder / 'batches.db'}"
    made = open_engine(file if request.param == "sqlite" else postgres().database(str(folder)))
    yield made
    made.dispose()


@given(beside=st.text(), key=st.text(st.sampled_from('\\u0"\x00x'), max_size=8))
@example(beside="\x00\x00", key="")
@example(beside="\\u0000", key="\\\\\x00")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_member_of_an_object_is_read_whatever_texts_are_beside_it(engine: Engine, beside: str, key: str) -> None:
    detail = orjson.dumps({"before": beside, f"k{key}": key, "item": 17, "sample": "s-1"}).decode()
    wanted = select(*(JsonText(EventRow.detail, name) for name in ("item", "sample", "nothing")))

    with engine.begin() as connection:
        connection.execute(delete(EventRow))
        connection.execute(insert(EventRow).values(batch_id="b", at="", type="sample", detail=detail))
        found = connection.execute(wanted).one()

    assert found == ("17", "s-1", None)
