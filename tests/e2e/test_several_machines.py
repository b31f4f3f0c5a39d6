"""Two servers on one PostgreSQL, each with a data folder of its own: what one has both have, also when one dies."""

import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import PROJECT_DIR
from tests.databases import PostgresServer, needs_postgresql
from tests.e2e.server import RunningServer, environment
from tests.e2e.test_documents import upload
from tests.patience import until
from tests.redis_server import RedisServer, redis_server, redis_session
from tests.s3 import S3Server, s3, s3_session
from utils.secret_box import new_key

__all__ = ["redis_server", "redis_session", "s3", "s3_session"]
pytestmark = needs_postgresql
ACT = "Section 1. Fees\nThe owner of a vessel must pay a fee of £5 to the harbour master.\n"


@pytest.fixture
def settings(redis_server: RedisServer, s3: S3Server) -> Iterator[dict[str, object]]:
    database = PostgresServer()
    yield {
        "database_uri": database.url("postgres"),
        "redis_url": redis_server.url,
        "data_url": s3.address(uuid.uuid4().hex),
        "encryption_key": new_key(),
        "embedder": "off",
        "rate_limit": "off",
    }
    database.remove()


@pytest.fixture
def machines(tmp_path: Path, settings: dict[str, object]) -> Iterator[list[RunningServer]]:
    made = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        made.append(RunningServer(tmp_path / name, **settings))
    try:
        yield [server.start() for server in made]
    finally:
        for server in made:
            if server.process is not None:
                server.kill()
            server.session.close()


def status(server: RunningServer, file_id: str) -> str:
    return str(server.get(f"files/{file_id}").get("file", {}).get("status", "gone"))


def verdict(server: RunningServer, citation: str) -> str:
    found = server.post("citations/check", text=citation)["citations"]
    return str(found[0]["verdict"])


def long_act(sections: int) -> bytes:
    return "".join(f"Section {n}. Berth {n}\nBerth {n} is kept free for pilots.\n\n" for n in range(sections)).encode()


def test_documents_law_and_authorities_of_one_machine_are_those_of_the_other_and_outlive_its_disk(
    tmp_path: Path, machines: list[RunningServer], settings: dict[str, object]
) -> None:
    one, other = machines
    given = upload(one, ACT.encode(), name="act.txt", title="Harbour Fees Act 2021", jurisdiction="uk", wait="true")
    file_id = given["file_id"]

    until(lambda: status(other, file_id) == "ready")
    found = [server.post("retrieve", query="what fee must the owner of a vessel pay")["results"] for server in machines]
    assert found[0]
    assert found[0] == found[1]
    content = other.session.get(f"{other.url}/files/{file_id}/content", timeout=60)
    assert content.content == ACT.encode()

    csv = tmp_path / "mine.csv"
    csv.write_text('name,citation\n"Smith v Jones","[2015] UKSC 999"\n')
    before = verdict(other, "[2015] UKSC 999")
    done = subprocess.run(
        [sys.executable, str(PROJECT_DIR / "cli.py"), "authorities", "import", str(csv), "--format", "csv"],
        cwd=tmp_path,
        env=environment(tmp_path / "one", 1, **settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert before != "verified"
    assert verdict(other, "[2015] UKSC 999") == "verified"

    # A machine that is killed while it reads, with its disk: another reads on.
    late = upload(one, long_act(20_000), name="berths.txt", title="Berths Act 2022")["file_id"]
    until(lambda: status(other, late) in ("extracting", "chunking", "ready"))
    one.kill()
    shutil.rmtree(tmp_path / "one")
    until(lambda: status(other, late) == "ready")
    (tmp_path / "one").mkdir()
    one.start()
    assert [status(one, name) for name in (file_id, late)] == ["ready", "ready"]
    results = [server.post("retrieve", query="which berth is kept free for pilots")["results"] for server in machines]
    assert results[0]
    assert results[0] == results[1]
    assert one.session.get(f"{one.url}/files/{late}/content", timeout=60).content == long_act(20_000)
    one.session.delete(f"{one.url}/files/{file_id}", timeout=60)
    assert status(other, file_id) == "gone"


def test_a_machine_with_another_encryption_key_is_refused_in_words(
    tmp_path: Path, machines: list[RunningServer], settings: dict[str, object]
) -> None:
    (tmp_path / "third").mkdir()
    third = RunningServer(tmp_path / "third", **{**settings, "encryption_key": new_key()})
    with pytest.raises(AssertionError, match="ENCRYPTION_KEY: differs from that of a process on"):
        third.start()
