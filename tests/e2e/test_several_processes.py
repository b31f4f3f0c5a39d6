"""Two servers on one PostgreSQL, killed in turns, and the database crashed: nothing is lost, nothing is made twice."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import PostgresServer, needs_postgresql
from tests.e2e.server import RunningServer
from tests.e2e.several import Evidence, StreamReader, judged, member
from tests.fakes import catalog_without_limits
from tests.patience import until
from tests.redis_server import RedisServer, redis_server, redis_session
from tests.s3 import S3Server, s3, s3_session
from tests.vendors.simulator import SimulatedVendor
from utils.file_systems import FileFolder

__all__ = ["redis_server", "redis_session", "s3", "s3_session"]
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


@pytest.fixture(params=["one file", "shards"])
def data_url(request: pytest.FixtureRequest) -> str:
    """Where the samples lie; "" for one file."""
    if request.param == "one file":
        return ""
    server: S3Server = request.getfixturevalue("s3")
    return server.address(uuid.uuid4().hex)


@pytest.fixture
def servers(
    tmp_path: Path, database: PostgresServer, groq: SimulatedVendor, redis_server: RedisServer, data_url: str
) -> Iterator[list[RunningServer]]:
    settings = {
        "data_url": data_url,
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
    servers: list[RunningServer], database: PostgresServer, groq: SimulatedVendor, data_url: str
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
    shards = FileFolder(data_url) if data_url else None
    found = judged(Evidence(servers, batches, database.sql, groq.calls, readers, shards))
    assert {promise: was for promise, (was, _) in found.items()} == {
        promise: want for promise, (_, want) in found.items()
    }
    for reader in readers:
        reader.close()
