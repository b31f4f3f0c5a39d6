"""The real server with the vendors' real clients against simulated vendors: failover, crashes, bad starts."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import requests

from config import PROJECT_DIR
from tests.databases import KIND, only_on_sqlite
from tests.e2e.server import BUSY_S, STOP_S, RunningServer, environment, free_port
from tests.fakes import catalog_without_limits, sample
from tests.patience import PATIENCE_S
from tests.vendors.simulator import Reply, SimulatedVendor, error

KEYS = {"groq_api_key": "gsk_test_0123456789", "cerebras_api_key": "csk-test-0123456789"}


@pytest.fixture
def fast_catalog(tmp_path: Path) -> Path:
    return catalog_without_limits(tmp_path)


@pytest.fixture
def groq() -> Iterator[SimulatedVendor]:
    with SimulatedVendor("groq", ["openai/gpt-oss-120b", "openai/gpt-oss-20b"]) as vendor:
        yield vendor


@pytest.fixture
def cerebras() -> Iterator[SimulatedVendor]:
    with SimulatedVendor("cerebras", ["gpt-oss-120b"]) as vendor:
        yield vendor


@pytest.fixture
def settings(fast_catalog: Path, groq: SimulatedVendor, cerebras: SimulatedVendor) -> dict[str, Any]:
    return {**KEYS, "catalog_dir": fast_catalog, "groq_base_url": groq.url, "cerebras_base_url": cerebras.url}


def test_batch_of_two_hundred_survives_the_death_of_one_vendor(
    tmp_path: Path, settings: dict[str, Any], groq: SimulatedVendor, cerebras: SimulatedVendor
) -> None:
    groq.fault = lambda number, body: error(503, "down") if number > 60 else None
    with RunningServer(tmp_path, **settings) as server:
        started = server.post("generate/batch/start", count=200, provider="auto", difficulty="basic")

        batch = server.wait_for_end(started["batch_id"])
        samples = server.get(f"data?batch_id={started['batch_id']}")

    assert (batch["status"], batch["progress"], batch["total"]) == ("completed", 200, 200)
    assert len(samples) == len({row["id"] for row in samples}) == 200
    authors = {(row["provider"], row["model"]) for row in samples}
    assert authors <= {("groq", "openai/gpt-oss-120b"), ("groq", "openai/gpt-oss-20b"), ("cerebras", "gpt-oss-120b")}
    assert sum(row["provider"] == "groq" for row in samples) == groq.answered <= 60
    assert groq.answered + cerebras.answered == 200
    assert len(pl.read_parquet(tmp_path / "train.parquet")) == 200


def test_killed_server_goes_on_and_asks_again_only_for_what_was_in_flight(
    tmp_path: Path, settings: dict[str, Any], groq: SimulatedVendor
) -> None:
    served = threading.Event()

    def slow(number: int, body: dict[str, Any]) -> Reply | None:
        if number > 30:
            served.set()
            return Reply(hang=True)
        return None

    groq.fault = slow
    with RunningServer(tmp_path, **settings, max_workers=4) as server:
        started = server.post("generate/batch/start", count=40, provider="groq", allow_failover=False)
        assert served.wait(BUSY_S)
        server.kill()
        groq.fault = lambda number, body: None
        server.start()

        batch = server.wait_for_end(started["batch_id"])
        total = server.get("health")["total_samples"]

    assert (batch["status"], batch["progress"], total) == ("completed", 40, 40)
    assert 0 <= batch["in_doubt"] <= 4
    assert groq.calls <= 40 + 4 + 4
    assert groq.answered >= 40


def test_stop_and_shutdown_act_at_once_while_a_vendor_hangs(
    tmp_path: Path, settings: dict[str, Any], groq: SimulatedVendor
) -> None:
    groq.fault = lambda number, body: Reply(hang=True) if number > 3 else None
    with RunningServer(tmp_path, **settings, max_workers=4) as server:
        first = server.post("generate/batch/start", count=50, provider="groq", allow_failover=False)["batch_id"]
        while server.get(f"generate/batch/status?batch_id={first}")["progress"] < 3:
            pass
        server.post("generate/batch/stop", batch_id=first)
        stopped = server.wait_for_end(first)
        second = server.post("generate/batch/start", count=5, provider="groq", allow_failover=False)["batch_id"]
        seconds = server.end()
        groq.fault = lambda number, body: None
        server.start()
        resumed = server.wait_for_end(second)

    assert (stopped["status"], stopped["progress"]) == ("stopped", 3)
    assert (resumed["status"], resumed["progress"]) == ("completed", 5)
    assert seconds < STOP_S


def test_worker_that_dies_is_replaced_and_its_batch_goes_on(
    tmp_path: Path, settings: dict[str, Any], groq: SimulatedVendor
) -> None:
    with RunningServer(tmp_path, **settings) as server:
        assert server.process
        started = server.post("generate/batch/start", count=30, provider="groq", difficulty="basic")
        children = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True, check=True)
        subprocess.run(["kill", "-9", *children.stdout.split()], check=True)
        while True:
            try:
                batch = server.get(f"generate/batch/status?batch_id={started['batch_id']}")
            except requests.RequestException:
                continue
            if not batch["running"]:
                break

    assert (batch["status"], batch["progress"]) == ("completed", 30)


def test_readme_commands_work_as_written(tmp_path: Path, settings: dict[str, Any]) -> None:
    text = (PROJECT_DIR / "README.md").read_text()
    block = re.search(r"<!-- tested -->\n```\n(.*?)```", text, re.DOTALL)
    assert block
    commands = block.group(1).strip().splitlines()
    outputs = []
    with RunningServer(tmp_path, **settings) as server:
        for command in commands:
            arguments = shlex.split(command.replace("127.0.0.1:5001", f"127.0.0.1:{server.port}"))
            if "stop" in command:  # the batch of three may have ended already
                server.post("generate/batch/start", count=1000)
            outputs.append(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout)

    assert len(outputs) >= 8
    assert all('"success":false' not in output and output for output in outputs), outputs


def refused(arguments: list[str], folder: Path, **settings: object) -> str:
    """Run a command that must fail; return what it says."""
    port = settings.pop("port", None) or free_port()
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=environment(folder, int(str(port)), **settings),
        cwd=folder,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


SERVER = [str(PROJECT_DIR / "api_server.py")]
CLI = [str(PROJECT_DIR / "cli.py")]


def test_port_in_use_is_said_and_nothing_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        says = refused(SERVER, tmp_path, port=port)

    assert f"port {port} on 127.0.0.1" in says
    assert "set PORT to another number" in says
    assert not (tmp_path / "batches.db").exists()


def test_second_process_on_the_same_folder_is_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    with RunningServer(tmp_path, **settings) as server:
        says = refused(SERVER, tmp_path)
        assert server.process

        # On a server's database it is who would share the limits of the providers, and does not.
        is_alone = f"process {server.process.pid} is using it"
        assert (is_alone if KIND == "sqlite" else "REDIS_URL: is missing, and a process on") in says
        assert server.get("health")["status"] == "healthy"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"port": "99999"}, "PORT: Input should be less than or equal to 65535", id="bad-port"),
        pytest.param({"groq_api_key": "two words", "max_workers": "x"}, "GROQ_API_KEY", id="bad-key"),
        pytest.param({"default_provider": "mistral"}, "DEFAULT_PROVIDER: got 'mistral'", id="provider-without-key"),
        pytest.param({"catalog_dir": "/nowhere"}, "catalogue", id="no-catalogue"),
        pytest.param({"data_dir": "/proc/nowhere"}, "data folder", id="no-folder"),
    ],
)
def test_bad_setting_is_a_sentence_and_an_exit_code(tmp_path: Path, change: dict[str, object], says: str) -> None:
    assert says in refused(SERVER, tmp_path, **change)


def test_file_that_is_not_parquet_is_set_aside_untouched_and_reported(tmp_path: Path) -> None:
    (tmp_path / "train.parquet").write_bytes(b"not parquet")

    with RunningServer(tmp_path) as server:
        health, report = server.get("health"), server.get("dataset/report")

    (aside,) = tmp_path.glob("train.parquet.refused-*")
    assert aside.read_bytes() == b"not parquet"
    assert (health["total_samples"], health["dataset_exists"]) == (0, False)
    assert report["events"][0]["event"] == "set aside"
    assert aside.name in report["events"][0]["message"]


def test_damaged_model_file_is_said_by_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf").write_bytes(b"GGUF damaged")

    says = " ".join(refused([*CLI, "model", "fetch"], tmp_path).split())

    assert "damaged" in says
    assert "delete it and run" in says


def test_damaged_model_file_fails_a_sample_and_a_batch_with_its_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"GGUF damaged")
    with RunningServer(tmp_path, local_model=tmp_path / "x.gguf") as server:
        one = server.post("generate", provider="local")

    assert one["success"] is False
    assert "cli.py doctor" in one["error"]


@only_on_sqlite
def test_full_disk_keeps_what_was_acknowledged_and_says_so(tmp_path: Path, settings: dict[str, Any]) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no small file system can be mounted here")
    try:
        with RunningServer(small, **settings) as server:
            kept = []
            for number in range(400):
                body = {"id": f"s{number}", "question": "q" * 3000, "answer": f"a{number}" * 500, "topic": "A - B"}
                reply = server.post("add", **body, difficulty="basic", case_citation="c", reasoning="r")
                if not reply["success"]:
                    break
                kept.append(body["id"])
            found = [row["id"] for row in server.get("data")]
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)

    assert "no space left" in reply["error"]
    assert sorted(found) == sorted(kept)
    assert kept


def test_worker_that_dies_while_the_folder_is_away_is_not_replaced_by_one_with_an_empty_folder(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    data.mkdir()
    server = RunningServer(data).start()
    assert server.process
    try:
        server.post("add", **sample(id="kept"))
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        data.rename(elsewhere)
        os.kill(int(children[-1]), signal.SIGKILL)

        assert server.process.wait(PATIENCE_S) != 0
    finally:
        server.kill()
        server.session.close()

    assert not data.exists()
    assert "went away while the service ran" in (elsewhere / "server.log").read_text()
    elsewhere.rename(data)
    with server as again:
        assert again.get("stats")["total"] == 1
