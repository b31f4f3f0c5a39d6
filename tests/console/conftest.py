"""Settings and a simulated vendor for commands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from tests.console.stub import Stub, answering
from tests.databases import KIND, database_url
from tests.e2e.server import RunningServer, free_port
from tests.fakes import catalog_without_limits
from tests.vendors.simulator import SimulatedVendor


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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    if KIND != "sqlite":
        monkeypatch.setenv("DATABASE_URI", database_url(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A running service with a simulated Groq, for commands that are given its address."""
    folder = tmp_path_factory.mktemp("service")
    with SimulatedVendor("groq", ["openai/gpt-oss-120b", "openai/gpt-oss-20b"]) as made:
        settings = {"groq_api_key": "gsk_test_0123456789", "groq_base_url": made.url}
        with RunningServer(folder, catalog_dir=catalog_without_limits(folder), **settings) as running:
            yield running


@pytest.fixture
def at(service: RunningServer, folder: Path) -> str:
    """The address of the running service, for `--url`; the command's own folder is another."""
    return service.url.removesuffix("/api")


@pytest.fixture
def stub() -> Iterator[Stub]:
    with answering() as made:
        yield made
