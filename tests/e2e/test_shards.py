"""A service whose samples lie in shards on S3: as a user meets it, killed in between, and back to one file."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.e2e.server import BUSY_S, RunningServer, free_port
from tests.e2e.test_data_set import command, lines
from tests.fakes import catalog_without_limits, sample
from tests.patience import until
from tests.s3 import S3Server, s3, s3_session
from tests.vendors.simulator import SimulatedVendor

__all__ = ["s3", "s3_session"]


@pytest.fixture
def groq() -> Iterator[SimulatedVendor]:
    with SimulatedVendor("groq", ["openai/gpt-oss-120b"]) as vendor:
        vendor.set(latency_s=0.05)
        yield vendor


def ids(server: RunningServer) -> list[str]:
    return [row["id"] for row in server.get("data?sort=id")]


def test_samples_on_s3_outlive_kills_and_come_back_into_one_file(
    tmp_path: Path, s3: S3Server, groq: SimulatedVendor
) -> None:
    (tmp_path / "in.jsonl").write_bytes(lines(2500))
    pl.DataFrame([sample(id=f"old{number}") for number in range(20)]).write_parquet(tmp_path / "train.parquet")
    settings = {
        "catalog_dir": catalog_without_limits(tmp_path),
        "groq_api_key": "gsk_test_0123456789",
        "groq_base_url": groq.url,
        "max_workers": 4,
    }
    shards = {**settings, "data_url": s3.address(uuid.uuid4().hex)}

    with RunningServer(tmp_path, **shards) as server:
        assert len(ids(server)) == 20  # the file that was there was taken in
        wanted = {"count": 30, "provider": "groq", "difficulty": "basic", "allow_failover": False}
        batch = server.post("generate/batch/start", **wanted)["batch_id"]
        until(lambda: groq.answered >= 10)
        server.post("dataset/fold")
        server.kill()
        server.start()
        assert server.wait_for_end(batch)["status"] == "completed"
        assert server.session.delete(f"{server.url}/sample/{ids(server)[0]}", timeout=BUSY_S).ok
        assert server.post("dataset/fold", erase=True)["success"]
        made = ids(server)
        assert len(set(made)) == len(made) == 20 + 30 - 1
        assert server.get("stats")["total"] == 49
        assert server.get("search?q=the&limit=5")["count"] > 0
        assert server.get("dataset/report")["file"].startswith("s3://")
    imported = command(tmp_path, free_port(), "import", "in.jsonl", **shards)
    backed_up = command(tmp_path, free_port(), "backup", **shards)
    refused = command(tmp_path, free_port(), "export", "no.jsonl", **settings)
    doctor = command(tmp_path, free_port(), "doctor", **shards)
    restored = command(tmp_path, free_port(), "restore", **settings)
    with RunningServer(tmp_path, **settings) as server:
        at_home = ids(server)
        report = server.get("dataset/report")

    assert "2500 new" in imported
    assert "2549 samples" in backed_up
    assert "set DATA_URL=s3://" in refused
    assert "2549 rows" in doctor
    assert "restored: 2549 samples" in restored
    assert set(made) < set(at_home)
    assert len(at_home) == 2549
    assert report["file"] == str(tmp_path / "train.parquet")
