"""The running server: its data set under kills, folds, pushes and large files, with real clients."""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bench.store.crash import kill_again_and_again
from config import PROJECT_DIR
from tests.e2e.server import BUSY_S, RunningServer, environment, free_port
from tests.fakes import sample
from tests.vendors.hub import TOKEN, SimulatedHub


def lines(count: int, start: int = 0) -> bytes:
    """Return samples whose texts have little in common."""
    rows = (
        sample(id=f"s{n:06d}", question="An offer?", answer=" ".join(f"w{n}x{k}" for k in range(12)))
        for n in range(start, start + count)
    )
    return b"\n".join(json.dumps(row).encode() for row in rows)


def command(folder: Path, port: int, *arguments: str, **settings: object) -> str:
    done = subprocess.run(
        [sys.executable, str(PROJECT_DIR / "cli.py"), *arguments],
        capture_output=True,
        text=True,
        env=environment(folder, port, **settings),
        cwd=folder,
        timeout=90,
        check=False,
    )
    return done.stdout + done.stderr


def test_nothing_acknowledged_is_lost_by_kills_during_changes_folds_and_imports(tmp_path: Path) -> None:
    kills = int(os.environ.get("CRASH_KILLS", "12"))

    told = kill_again_and_again(tmp_path, kills)

    assert told["kills"] == kills
    assert told["acknowledged"] > 0  # how many depends on how quick the machine is


def test_nothing_acknowledged_is_lost_by_kills_where_samples_lie_in_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_URL", str(tmp_path / "shards"))

    told = kill_again_and_again(tmp_path, 6)

    assert told["kills"] == 6
    assert told["acknowledged"] > 0
    assert list((tmp_path / "shards").rglob("*.parquet"))


def test_reader_in_a_loop_sees_whole_states_while_folds_happen(tmp_path: Path) -> None:
    faults: list[str] = []
    stop = threading.Event()
    with RunningServer(tmp_path) as server:
        server.session.post(f"{server.url}/import", data=lines(300))

        def read() -> None:
            import requests

            with requests.Session() as session:
                session.trust_env = False
                least = 300
                while not stop.is_set():
                    answer = session.get(f"{server.url}/data", timeout=BUSY_S)
                    rows = answer.json() if answer.ok else []
                    if len(rows) < least or len({row["id"] for row in rows}) != len(rows):
                        faults.append(f"{answer.status_code}: {len(rows)} of {least}")
                    least = max(least, len(rows))
                    if session.get(f"{server.url}/search?q=offer&limit=5", timeout=BUSY_S).json().get("count") != 5:
                        faults.append("search")

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(25):
            server.post("add", **sample(id=f"new{number}"))
            server.post("dataset/fold")
        stop.set()
        for reader in readers:
            reader.join()
        total = server.get("stats")["total"]

    assert faults == []
    assert total == 325


def test_command_line_imports_exports_backs_up_and_restores(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(lines(2500))
    (tmp_path / "bad.jsonl").write_bytes(lines(1) + b"\n{broken\n")
    port = free_port()

    refused = command(tmp_path, port, "import", "bad.jsonl")
    imported = command(tmp_path, port, "import", "in.jsonl")
    exported = command(tmp_path, port, "export", "out.parquet", "--format", "parquet")
    backed_up = command(tmp_path, port, "backup")
    (tmp_path / "train.parquet").unlink()
    restored = command(tmp_path, port, "restore")
    again = command(tmp_path, port, "export", "again.jsonl")
    no_folder = command(tmp_path, port, "export", "none/out.jsonl")

    assert "Line 2: Invalid JSON" in refused
    assert "nothing was imported" in refused
    assert "2500 new, 0 replaced, 0 skipped; the data set has 2500" in imported
    assert "2500 samples written" in exported
    assert pl.read_parquet(tmp_path / "out.parquet").height == 2500
    assert "2500 samples" in backed_up
    assert "restored: 2500 samples" in restored
    assert "2500 samples written" in again
    assert "cannot be written" in no_folder
    assert not list(tmp_path.glob("*.part"))


def test_restore_beside_a_running_service_is_refused(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        assert "is using it" in command(tmp_path, server.port, "restore")


def run_block(name: str, folder: Path, server: RunningServer, page: str = "README.md") -> None:
    """Run the commands of *page* under the comment *name*; none may fail."""
    text = (PROJECT_DIR / page).read_text()
    block = re.search(rf"<!-- {name} -->\n```\n(.*?)```", text, re.DOTALL)
    assert block
    cli = f"{sys.executable} {PROJECT_DIR / 'cli.py'}"
    for line in block.group(1).strip().splitlines():
        if line == "make restore":  # wants the service stopped
            server.end()
        command = line.replace("127.0.0.1:5001", f"127.0.0.1:{server.port}")
        command = command.replace(".venv/bin/python cli.py", cli).replace("make ", f"{cli} ")
        done = subprocess.run(
            shlex.split(command),
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment(folder, server.port),
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert '"success":false' not in done.stdout, (line, done.stdout)


def test_readme_commands_on_quality_work_as_written(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        run_block("tested with the starter set", tmp_path, server)
        reviewed = server.get("sample/starter_uk_case_basic")["sample"]

    assert reviewed["review"] == "accepted"
    assert "<svg" in (tmp_path / "report.html").read_text()
    assert (tmp_path / "benchmarks" / "held-out.13gram").exists()


def test_commands_of_the_page_on_training_work_as_written(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        run_block("tested with the starter set", tmp_path, server, "docs/howto/train-and-review.md")

    train, held_out, prompts, records = (
        [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        for name in ("train", "held-out", "grpo", "argilla")
    )
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert (len(train) + len(held_out), len(prompts)) == (32, len(train))
    assert {row["question"] for row in held_out}.isdisjoint(line["messages"][0]["content"] for line in train)
    assert sorted(record["id"] for record in records) == sorted(task["data"]["sample_id"] for task in tasks)
    assert len(tasks) == 32


def test_readme_commands_of_the_data_set_work_as_written(tmp_path: Path) -> None:
    (tmp_path / "samples.jsonl").write_bytes(lines(5, start=100))
    (tmp_path / "samples.csv").write_text(
        ",".join(sample()) + "\n" + ",".join(f'"{cell}"' for cell in sample().values())
    )
    with (
        SimulatedHub() as hub,
        RunningServer(tmp_path, hf_endpoint=hub.url, hf_hub_offline="0", huggingface_token=TOKEN) as server,
    ):
        run_block("tested with files", tmp_path, server)

    assert hub.repos["lawyer/my-legal-data"]
    assert (tmp_path / "train.jsonl").exists()
    assert (tmp_path / "legal-training-dataset-train.jsonl").exists()


def test_search_index_is_built_in_the_background_of_a_large_data_set(tmp_path: Path) -> None:
    with RunningServer(tmp_path, search_scan_rows=100) as server:
        server.session.post(f"{server.url}/import", data=lines(400))
        found: Any = None
        for _ in range(400):
            found = server.get("search?q=offer&limit=500")
            if (tmp_path / ".index" / "search.db").exists() and "search index grown" in server.log():
                break
            threading.Event().wait(0.05)
        after = server.get("search?q=offer&limit=500")

    assert found["count"] == after["count"] == 400
    assert "search index grown" in server.log()


@pytest.mark.parametrize("content", [b"x" * 2_000_000])
def test_import_larger_than_the_setting_is_refused(tmp_path: Path, content: bytes) -> None:
    with RunningServer(tmp_path, max_import_mb=1) as server:
        answer = server.session.post(f"{server.url}/import", data=content)

    assert (answer.status_code, "MAX_IMPORT_MB" in answer.json()["error"]) == (413, True)


def test_broken_files_neither_end_the_process_nor_cost_a_row(tmp_path: Path) -> None:
    """In a process of its own: a crash of the reader would end it."""
    files = os.environ.get("FUZZ_FILES", "80")

    done = subprocess.run(
        [sys.executable, str(PROJECT_DIR / "bench" / "store" / "fuzz.py"), files, "7"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=500,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert "parquet taken in" in done.stdout
