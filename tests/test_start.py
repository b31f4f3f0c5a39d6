"""What a start loads, and what it leaves until it is used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from config import PROJECT_DIR, load_settings
from tests.e2e.server import environment, free_port

# Each takes megabytes and tens of milliseconds.
HEAVY = (
    "cerebras",
    "cryptography",
    "groq",
    "httpx",
    "httpx2",
    "huggingface_hub",
    "json_repair",
    "numpy",
    "ollama",
    "openai",
    "openpyxl",
    "pandas",
    "polars",
    "pyarrow",
    "pydantic_settings",
    "requests",
    "rensa",
    "rich",
    "services.citations.extractor",
    "services.citations.verifier",
    "services.workbench",
    "xllamacpp",
    "yaml",
)
_SERVICE = """
import api_server
platform = api_server.create_app().extensions["platform"].start()
client = api_server.create_app(platform=platform).test_client()
told = [client.get(f"/api/{page}").status_code for page in ("health", "health/ready", "topics", "models")]
platform.lifetime.upkeep.tell()
for task in platform.lifetime.upkeep._chores.tasks:
    task(lambda: False)
loaded = sorted(sys.modules)
platform.close()
"""
_PARENT = """
import api_server, server.process
from gunicorn.app.base import BaseApplication
from utils.logs import LogSettings, configure_logging
configure_logging(LogSettings())
told, loaded = [], sorted(sys.modules)
"""


def run(code: str, folder: Path) -> tuple[list[int], set[str]]:
    """Run *code* in a process of its own; return what it told and the modules that it had loaded."""
    program = f"import json, sys\n{code}\njson.dump([told, loaded], sys.stdout)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment(folder, free_port()), "PYTHONPATH": str(PROJECT_DIR)},
        cwd=folder,
        capture_output=True,
        check=True,
    )
    told, loaded = json.loads(done.stdout)
    return told, set(loaded)


def test_service_without_samples_answers_and_keeps_itself_up_without_what_only_samples_need(tmp_path: Path) -> None:
    told, loaded = run(_SERVICE, tmp_path)
    assert told == [200, 200, 200, 200]
    assert loaded.isdisjoint(HEAVY), sorted(loaded & set(HEAVY))


def test_parent_process_loads_nothing_of_the_service(tmp_path: Path) -> None:
    _, loaded = run(_PARENT, tmp_path)
    assert loaded.isdisjoint((*HEAVY, "asyncio", "bootstrap", "flask", "services.platform", "sqlalchemy", "structlog"))


def test_settings_are_read_in_any_case_of_letters_and_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings"
    file.write_text(
        '# of the user\nexport PORT=5005\nthreads = "64"\nHOST=127.0.0.2\nLOG_LEVEL=\nUNKNOWN=1\nLOG_KEEP\n'
        "GROQ_API_KEY='gsk_test_0123456789'\n"
    )
    monkeypatch.setenv("Host", "127.0.0.3")
    monkeypatch.setenv("PORT", "")
    read = load_settings(_env_file=str(file), threads=32)
    assert (read.host, read.port, read.threads, read.log_level, read.log_keep) == ("127.0.0.3", 5005, 32, "INFO", 5)
    assert read.secret("GROQ_API_KEY") == "gsk_test_0123456789"
    assert load_settings(_env_file=str(tmp_path / "none")).port == 5001
