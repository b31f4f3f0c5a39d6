"""The command line: every command with its exit code and its sentence."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli import cli
from config import PROJECT_DIR, Settings
from console.client import Client
from tests.console.terminal import console, invoked
from tests.vendors.simulator import SimulatedVendor


def test_help_names_every_command() -> None:
    done = CliRunner().invoke(cli, ["--help"])

    assert done.exit_code == 0
    assert all(name in done.output for name in ("serve", "generate", "batch", "demo", "doctor", "model"))


def test_generate_starts_a_server_for_itself_and_stops_it(with_groq: Settings) -> None:
    done = CliRunner().invoke(cli, ["generate", "--sample-type", "simple_qa", "--difficulty", "basic", "--save"])

    assert done.exit_code == 0, done.output
    assert "groq · openai/gpt-oss-120b" in done.output
    assert "stored" in done.output
    assert (with_groq.data_dir / "train.parquet").exists()
    assert not Client(f"http://127.0.0.1:{with_groq.port}").answers()


def test_batch_shows_its_end_and_fails_with_the_reason(with_groq: Settings, vendor: SimulatedVendor) -> None:
    done = CliRunner().invoke(cli, ["batch", "--count", "2", "--difficulty", "basic", "--sample-type", "simple_qa"])
    assert done.exit_code == 0, done.output
    assert "completed: 2 of 2 samples" in done.output

    unknown = CliRunner().invoke(cli, ["batch", "--count", "2", "--topic", "no separator"])
    assert unknown.exit_code == 1
    assert "want" in unknown.output


def test_starter_set_is_imported_once(with_groq: Settings) -> None:
    assert "32 starter samples imported, 0 were there already" in invoked("import", "--starter")
    assert "0 starter samples imported, 32 were there already" in invoked("import", "--starter")
    assert "one of them" in invoked("import", code=2)


def test_judge_that_does_not_exist_is_refused(with_groq: Settings) -> None:
    said = invoked("batch", "--count", "1", "--judge", "nobody", code=1)

    assert "nobody" in said


def test_serve_passes_its_options_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []
    monkeypatch.setattr("api_server.serve", seen.append)

    done = CliRunner().invoke(cli, ["serve", "--port", "5999"])

    assert done.exit_code == 0
    assert (seen[0].port, seen[0].host) == (5999, "127.0.0.1")


def test_model_fetch_names_the_file(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")

    done = CliRunner().invoke(cli, ["model", "fetch", str(own)])

    assert done.exit_code == 0
    assert "own.gguf" in done.output.replace("\n", "")


def test_interrupt_stops_the_batch_and_shows_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    import cli as module

    shows = iter([KeyboardInterrupt, {"status": "stopped"}])
    posted: list[str] = []

    def show(*_: object) -> Any:
        step = next(shows)
        if step is KeyboardInterrupt:
            raise KeyboardInterrupt
        return step

    monkeypatch.setattr(module, "show_batch", show)
    client = Client("http://127.0.0.1:9")
    monkeypatch.setattr(client, "post", lambda path, body: posted.append(path))

    assert module._follow(client, "b", console())["status"] == "stopped"
    assert posted == ["generate/batch/stop"]


def test_command_line_runs_as_a_script() -> None:
    done = subprocess.run(
        [sys.executable, str(PROJECT_DIR / "cli.py"), "--help"], capture_output=True, text=True, check=True
    )

    assert "Usage" in done.stdout
