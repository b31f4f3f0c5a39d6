"""Two servers on one PostgreSQL, killed in turns, and the database crashed: nothing is lost, nothing is made twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import PostgresServer, needs_postgresql
from tests.e2e.server import RunningServer
from tests.e2e.several import Evidence, StreamReader, judged, member
from tests.fakes import catalog_without_limits
from tests.patience import until
from tests.redis_server import RedisServer, redis_server, redis_session
from tests.vendors.simulator import SimulatedVendor

__all__ = ["redis_server", "redis_session"]
pytestmark = needs_postgresql
COUNT = 60


@pytest.fixture
def database() -> Iterator[PostgresServer]:
    made = PostgresServer()
    yield made
    made.remove()


@pytest.fixture
def groq() -> Iterator[SimulatedVendor]:
    with SimulatedVendor("groq", ["openai/gpt-oss-120b", "openai/gpt-oss-20b"]) as vendor:
        vendor.set(latency_s=0.1, latency_spread=0.5)
        yield vendor


@pytest.fixture
def servers(
    tmp_path: Path, database: PostgresServer, groq: SimulatedVendor, redis_server: RedisServer
) -> Iterator[list[RunningServer]]:
    settings = {
        "groq_api_key": "gsk_test_0123456789",
        "groq_base_url": groq.url,
        "catalog_dir": catalog_without_limits(tmp_path),
        "database_uri": database.url("postgres"),
        "redis_url": redis_server.url,
        "max_workers": 2,
        "rate_limit": "off",
        "embedder": "off",
    }
    made = [member(tmp_path, number, **settings) for number in range(2)]
    try:
        yield [server.start() for server in made]
    finally:
        for server in made:
            if server.process is not None:
                server.kill()
            server.session.close()


def test_batches_outlive_a_killed_server_a_crashed_database_and_commands_at_any_server(
    servers: list[RunningServer], database: PostgresServer, groq: SimulatedVendor
) -> None:
    one, other = servers
    readers = [StreamReader(server) for server in servers]
    for reader in readers:
        reader.start()
    wanted = {"count": COUNT, "provider": "groq", "difficulty": "basic", "allow_failover": False}
    batches = [str(server.post("generate/batch/start", **wanted)["batch_id"]) for server in servers]

    until(lambda: groq.answered >= 10)
    other.post("generate/batch/pause", batch_id=batches[0])
    one.kill()
    until(lambda: groq.answered >= 20)
    database.stop("immediate")
    database.start()
    one.start()
    until(lambda: one.post("generate/batch/resume", batch_id=batches[0]).get("success"))
    until(lambda: groq.answered >= 40)
    other.kill()
    other.start()

    until(lambda: all(one.get(f"generate/batch/status?batch_id={batch}")["status"] == "completed" for batch in batches))
    until(lambda: all(reader.saw_end_of(batches) for reader in readers))
    until(lambda: database.sql("SELECT count(*) FROM members") == [(2,)])
    found = judged(Evidence(servers, batches, database.sql, groq.calls, readers))
    assert {promise: was for promise, (was, _) in found.items()} == {
        promise: want for promise, (_, want) in found.items()
    }
    for reader in readers:
        reader.close()
