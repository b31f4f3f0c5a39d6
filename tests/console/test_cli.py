"""The command line: commands, displays, doctor, and a server for one command."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import requests
from click.testing import CliRunner
from rich.console import Console

from cli import cli
from config import PROJECT_DIR, Settings
from console import temporary_server
from console.client import Client, RequestRefusedError
from console.demo import choose_provider, run_demo
from console.display import fetch_weights, show_batch, show_sample
from console.doctor import examine
from console.temporary_server import client_for
from services.llm.weights import WeightStore
from tests.e2e.server import free_port
from tests.fakes import CATALOG, catalog_without_limits, sample, settings_for
from tests.vendors.simulator import SimulatedVendor
from utils.errors import ConfigurationError, GenerationError, UnavailableError


def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def text_of(made: Console) -> str:
    assert isinstance(made.file, io.StringIO)
    return made.file.getvalue()


@pytest.fixture
def vendor() -> Any:
    with SimulatedVendor("groq", ["openai/gpt-oss-120b"]) as made:
        yield made


@pytest.fixture
def with_groq(tmp_path: Path, vendor: SimulatedVendor, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings, also in the environment, for a data folder with a simulated Groq."""
    values = {
        "DATA_DIR": str(tmp_path),
        "PORT": str(free_port()),
        "GROQ_API_KEY": "gsk_test_0123456789",
        "GROQ_BASE_URL": vendor.url,
        "LOG_LEVEL": "INFO",
        "CATALOG_DIR": str(catalog_without_limits(tmp_path)),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return Settings(_env_file=None)


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


INVENTED = "Marsh v Baird [2007] UKSC 4"


def invoked(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli, list(arguments))
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_report_of_a_foreign_file_says_what_it_holds(folder: Path) -> None:
    rows = [{"question": f"What is {n}?", "answer": f"See {INVENTED}. Write to a{n}@example.org."} for n in range(3)]
    pl.DataFrame(rows).write_parquet(folder / "foreign.parquet")

    said = invoked("report", "foreign.parquet", "--out", "report.json")

    made = json.loads((folder / "report.json").read_text())
    assert "3 samples, 0 valid" in said
    assert made["citations"]["by_verdict"] == {"invalid": 3}
    assert made["pii"]["e_mail"] == 3
    assert any("reasoning" in change for change in made["changed_on_reading"])
    invoked("report", "foreign.parquet", "--out", "report.html")
    assert "Changed when the file was read" in (folder / "report.html").read_text()


def test_report_of_a_file_without_questions_says_which_columns_it_has(folder: Path) -> None:
    pl.DataFrame({"text": ["x"]}).write_parquet(folder / "other.parquet")
    (folder / "no.parquet").write_bytes(b"nothing")

    assert "got the columns text, want at least question and answer" in invoked("report", "other.parquet", code=1)
    assert "no.parquet" in invoked("report", "no.parquet", code=1)


def test_large_file_is_reported_on_by_several_processes_as_by_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [sample(id=f"s{n}", question=f"What is {n}?", answer=f"See {INVENTED}.") for n in range(30)]
    pl.DataFrame(rows).write_parquet(folder / "train.parquet", row_group_size=10)
    invoked("report", "--out", "one.json")
    monkeypatch.setattr("console.quality._PARALLEL_FROM", 10)
    invoked("report", "--out", "two.json")

    one, two = (json.loads((folder / name).read_text()) for name in ("one.json", "two.json"))
    assert one == two
    assert one["citations"]["by_verdict"]["invalid"] == 30


def test_authorities_of_ones_own_are_imported(folder: Path) -> None:
    (folder / "mine.csv").write_text("name,citation\nMarsh v Baird,[2015] EWHC 901 (Ch)\nNobody,not a citation\n")

    said = invoked("authorities", "import", "mine.csv")

    assert "1 added, 0 known before, 1 not understood" in said
    assert "0 added, 1 known before" in invoked("authorities", "import", "mine.csv")


def test_benchmark_is_built_and_found_in_a_data_set(folder: Path) -> None:
    text = "the carrier is bound before and at the beginning of the voyage to exercise due diligence to make it sound"
    (folder / "held-out.txt").write_text(text)
    rows = [sample(id="clean"), sample(id="copied", answer=f"It is settled that {text}.")]
    pl.DataFrame(rows).write_parquet(folder / "train.parquet")

    assert "there are none" in invoked("decontaminate", "check", code=1)
    assert "windows" in invoked("decontaminate", "build", "held-out", "held-out.txt")
    said = invoked("decontaminate", "check", code=1)

    assert "copied: " in said
    assert "1 of 2 samples overlap with a benchmark" in said


def test_starter_set_is_imported_once(with_groq: Settings) -> None:
    assert "32 starter samples imported, 0 were there already" in invoked("import", "--starter")
    assert "0 starter samples imported, 32 were there already" in invoked("import", "--starter")
    assert "one of them" in invoked("import", code=2)


def test_judge_that_does_not_exist_is_refused(with_groq: Settings) -> None:
    said = invoked("batch", "--count", "1", "--judge", "nobody", code=1)

    assert "nobody" in said


def test_demo_uses_the_key_that_is_set_and_shows_three_samples(with_groq: Settings) -> None:
    shown = console()

    run_demo(with_groq, shown)

    said = text_of(shown)
    assert "Provider: groq" in said
    assert "embedded model" not in said
    assert said.count("groq · openai/gpt-oss-120b") == 3
    assert str(with_groq.data_dir / "train.parquet") in said


def test_demo_that_falls_short_says_why(with_groq: Settings, vendor: SimulatedVendor) -> None:
    from tests.vendors.simulator import error

    vendor.fault = lambda number, body: error(401, "Invalid API Key", "invalid_api_key")

    with pytest.raises(GenerationError, match="ended with 0 of 3 samples"):
        run_demo(with_groq, console())


def test_provider_of_the_demo_is_the_best_that_is_set_up(tmp_path: Path) -> None:
    assert choose_provider(settings_for(tmp_path)) == "local"
    assert choose_provider(settings_for(tmp_path, ollama_host="http://127.0.0.1:11434")) == "ollama"
    assert choose_provider(settings_for(tmp_path, openai_base_url="http://127.0.0.1:1/v1")) == "openai"
    assert choose_provider(settings_for(tmp_path, cerebras_api_key="csk-1")) == "cerebras"
    assert choose_provider(settings_for(tmp_path, cerebras_api_key="csk-1", default_provider="local")) == "local"


def test_server_of_the_users_own_that_does_not_answer_is_passed_over(tmp_path: Path, vendor: SimulatedVendor) -> None:
    shown = console()
    dead = f"http://127.0.0.1:{free_port()}"

    assert choose_provider(settings_for(tmp_path, ollama_host=dead), shown) == "local"
    assert f"ollama: nothing answers at {dead}" in text_of(shown)
    assert choose_provider(settings_for(tmp_path, ollama_host=vendor.url), shown) == "ollama"


def test_server_that_cannot_start_says_its_own_sentence(tmp_path: Path) -> None:
    (tmp_path / "batches.db").write_bytes(b"no database at all" * 100)
    settings = settings_for(tmp_path, port=free_port())

    with (
        pytest.raises(ConfigurationError, match="file is not a database"),
        client_for(settings, None, tmp_path / "log"),
    ):
        pass


def test_service_named_by_url_must_answer(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    with (
        pytest.raises(ConfigurationError, match="no service answers there"),
        client_for(settings_for(tmp_path), url, tmp_path / "log"),
    ):
        pass
    with pytest.raises(UnavailableError, match="does not answer"):
        Client(url).get("health")


def test_running_service_is_used_and_its_refusal_passed_on(with_groq: Settings, tmp_path: Path) -> None:
    with (
        client_for(with_groq, None, tmp_path / "log") as first,
        client_for(with_groq, first.url, tmp_path / "log") as second,
    ):
        assert second.url == first.url
        with pytest.raises(RequestRefusedError, match="Invalid provider"):
            first.post("generate", {"provider": "acme"})
        with pytest.raises(RequestRefusedError, match="token: is missing"):  # the server of a command is that command's
            second.post("generate", {"provider": "acme"})


def test_taken_port_is_avoided(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        assert not temporary_server._is_free(taken.getsockname()[1])
    assert temporary_server._loopback("0.0.0.0") == "127.0.0.1"
    assert temporary_server._loopback("10.0.0.1") == "10.0.0.1"


def test_broken_stream_is_followed_by_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client("http://127.0.0.1:9")
    states = iter([{"running": True, "status": "running"}, {"running": False, "status": "completed"}])

    def broken(_: str) -> Any:
        raise requests.ConnectionError
        yield

    monkeypatch.setattr(client, "_stream", broken)
    monkeypatch.setattr(client, "get", lambda *_, **__: next(states))

    assert [batch["running"] for batch in client.follow("b")] == [True, False]


def test_batch_is_drawn_with_what_it_waits_for() -> None:
    shown = console()
    state = {
        "progress": 1, "total": 2, "current_provider": "groq", "current_model": "m", "current_sample": None,
        "status": "running", "rejected": 2, "waiting_until": None,
    }  # fmt: skip

    last = show_batch([state, {**state, "waiting_until": "noon"}], shown)

    assert last["waiting_until"] == "noon"
    assert "waiting until noon" in text_of(shown)


def test_long_fields_of_a_sample_are_cut() -> None:
    shown = console()

    show_sample(sample(answer="word " * 500, provider="p", model="m", sample_type="case_analysis"), shown)

    assert "…" in text_of(shown)


def test_fetching_says_what_it_does_without_a_terminal(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")
    store = WeightStore(CATALOG, tmp_path, str(own))
    shown = console()

    assert fetch_weights(store, shown) == own
    assert "model own ready" in text_of(shown)


def test_doctor_reports_on_everything_and_shows_no_key(tmp_path: Path, vendor: SimulatedVendor) -> None:
    settings = settings_for(
        tmp_path,
        groq_api_key="gsk_test_0123456789",
        groq_base_url=vendor.url,
        cerebras_api_key="csk-1",
        cerebras_base_url="http://127.0.0.1:9",
    )
    (tmp_path / "train.parquet").write_bytes(b"broken")

    found = {finding.what: finding for finding in examine(settings)}

    assert found["Python"].ok
    assert found["packages"].ok, found["packages"].says
    assert found["catalogue"].ok
    assert found["data set"].ok is False
    assert found["model file"].ok is None
    assert (found["provider groq"].ok, found["provider cerebras"].ok, found["provider ollama"].ok) == (
        True,
        False,
        None,
    )
    assert "1 models" in found["provider groq"].says
    assert "gsk_test" not in str(found)


def test_doctor_command_fails_when_something_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("DEFAULT_PROVIDER", "mistral")

    done = CliRunner().invoke(cli, ["doctor"], env={"COLUMNS": "200"})

    assert done.exit_code == 1
    assert "wrong" in done.output


def test_healthy_installation_passes_the_doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "models"))

    done = CliRunner().invoke(cli, ["doctor"])

    assert done.exit_code == 0, done.output


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

    assert module._follow(client, "b", console()) == {"status": "stopped"}
    assert posted == ["generate/batch/stop"]


def test_command_line_runs_as_a_script() -> None:
    done = subprocess.run(
        [sys.executable, str(PROJECT_DIR / "cli.py"), "--help"], capture_output=True, text=True, check=True
    )

    assert "Usage" in done.stdout
