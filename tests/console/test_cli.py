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
from tests.e2e.server import free_port
from tests.vendors.simulator import SimulatedVendor, error
from utils.access_tokens import hashed_form
from utils.secret_box import SecretBox


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


# --- with a service that runs ----------------------------------------------------------------


def test_sample_is_written_by_the_service_that_is_named(at: str) -> None:
    said = invoked("generate", "--difficulty", "basic", "--sample-type", "simple_qa", "--url", at)

    assert "groq · openai/gpt-oss-120b" in said
    assert "Contract Law - Formation of Contracts · basic · simple_qa" in said
    assert " tokens, " in said
    assert "stored" not in said


@pytest.mark.parametrize(
    ("command", "says"),
    [
        pytest.param(["generate", "--provider", "acme"], "Invalid provider: acme. Available: groq", id="provider"),
        pytest.param(["generate", "--difficulty", "heroic"], "heroic", id="difficulty"),
        pytest.param(["batch", "--model", "x", "--provider", "local"], "Invalid model: x", id="embedded-model"),
        pytest.param(["batch", "--jurisdiction", "mars"], "mars", id="jurisdiction"),
        pytest.param(["batch", "--judge", "groq/", "--provider", "acme"], "acme", id="judge"),
        pytest.param(["export", "x.out", "--format", "docx"], "docx", id="format"),
        pytest.param(["push"], "token", id="no-token"),
    ],
)
def test_refusal_of_the_service_is_one_sentence_and_exit_code_one(at: str, command: list[str], says: str) -> None:
    said = invoked(*command, "--url", at, code=1)

    assert said.splitlines()[-1].startswith("Error: ")
    assert says in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["batch", "--count", "0"], id="no-samples"),
        pytest.param(["batch", "--max-cost-usd", "0"], id="no-money"),
        pytest.param(["batch", "--max-minutes", "-1"], id="no-time"),
        pytest.param(["batch", "--min-score", "2"], id="score"),
        pytest.param(["import", "no-such-file"], id="no-such-file"),
        pytest.param(["import", ".", "--starter"], id="folder"),
        pytest.param(["export", "x", "--split", "most"], id="split"),
        pytest.param(["push", "--format", "xml"], id="format"),
        pytest.param(["tokens", "new", "--role", "king"], id="role"),
        pytest.param(["decontaminate", "build", "name"], id="no-files"),
        pytest.param(["fly"], id="no-such-command"),
    ],
)
def test_command_that_cannot_be_meant_is_refused_before_anything_is_done(folder: Path, command: list[str]) -> None:
    said = invoked(*command, code=2)

    assert "Usage: " in said
    assert not (folder / "server.log").exists()


@pytest.mark.parametrize(
    "command", [["generate"], ["batch"], ["backup"], ["export", "x.jsonl"], ["push"], ["import", "--starter"]]
)
def test_service_that_is_named_and_does_not_answer_is_said_with_the_next_step(folder: Path, command: list[str]) -> None:
    dead = f"http://127.0.0.1:{free_port()}"

    said = invoked(*command, "--url", dead, code=1)

    assert f"Error: {dead}: no service answers there; start it with `make run`" in said
    assert not (folder / "x.jsonl").exists()


def test_batch_says_what_it_made_and_why_it_stopped_early(at: str) -> None:
    said = invoked(
        *("batch", "--count", "50", "--difficulty", "basic", "--sample-type", "simple_qa"),
        *("--max-tokens-total", "9000", "--url", at),
    )

    assert "stopped: " in said
    assert " of 50 samples, " in said
    assert "budget" in said


def test_batch_with_a_judge_is_judged_by_another_model(at: str) -> None:
    said = invoked(
        *("batch", "--count", "1", "--difficulty", "basic", "--sample-type", "simple_qa"),
        *("--judge", "groq/openai/gpt-oss-20b", "--min-score", "0.5", "--url", at),
    )

    assert "completed: 1 of 1 samples" in said


def test_batch_that_fails_ends_with_its_reason_and_exit_code_one(with_groq: Settings, vendor: SimulatedVendor) -> None:
    vendor.fault = lambda number, body: error(401, "Invalid API Key", "invalid_api_key")

    said = invoked("batch", "--count", "2", "--provider", "groq", code=1)

    assert "failed: 0 of 2 samples" in said
    assert said.splitlines()[-1].startswith("Error: ")


# --- without any service ---------------------------------------------------------------------


def test_token_is_shown_once_with_the_hash_that_the_service_is_given() -> None:
    token, hashed = (line.strip() for line in invoked("tokens", "new", "--role", "read").splitlines() if "  " in line)

    assert hashed == f"read:{hashed_form(token)}"
    assert token not in hashed
    assert token != invoked("tokens", "new").splitlines()[1].strip()


def test_key_that_is_made_encrypts() -> None:
    box = SecretBox([invoked("keys", "new").strip()])

    assert box.open(box.seal("a secret of mine")) == "a secret of mine"


def test_wrong_setting_stops_a_command_with_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")

    said = invoked("backup", code=1)

    assert "Error: " in said
    assert "PORT" in said


def test_model_that_cannot_be_had_is_said(folder: Path) -> None:
    said = invoked("model", "fetch", "nowhere.gguf", code=1)

    assert "nowhere.gguf cannot be read" in said


@pytest.mark.parametrize("command", [["report"], ["decontaminate", "check"]])
def test_data_set_that_is_not_there_yet_is_said(folder: Path, command: list[str]) -> None:
    said = invoked(*command, code=1)

    assert "train.parquet: is not there yet; generate or import samples, or name a file" in said


@pytest.mark.parametrize("group", ["authorities", "decontaminate", "tokens", "keys", "model"])
def test_group_of_commands_explains_itself(group: str) -> None:
    assert "Commands:" in invoked(group, "--help")
