"""Fixtures of the whole suite; nothing here reaches beyond loopback and the test's own folder."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import bootstrap
import side
from bootstrap import Service, build
from config import Settings
from models.data_folder import DataFolder
from models.database import open_engine
from models.engines.writer import Writer
from models.samples.file.parquet_file import ParquetFile
from models.samples.sample_store import SampleStore
from services.catalogue.catalogue import ProviderInfo
from services.llm.adapters.base import BaseLLMProvider
from services.llm.adapters.scripted import ScriptedProvider, Step
from services.llm.routing.factory import Credentials, LLMProviderFactory
from tests.databases import database_file, database_url
from tests.fakes import KEYS, Start, catalog_without_limits, kept_by_files, settings_for
from tests.layouts import LAYOUT, shard_files
from utils import redaction
from utils.clock import ManualClock

# The same examples in every run: a build fails by what was changed. `--hypothesis-profile=search` looks for new ones.
settings.register_profile("default", deadline=None, max_examples=60, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile("default")


@pytest.fixture(scope="session", autouse=True)
def _catalogue_is_read_once() -> Iterator[None]:
    """What the files of a catalogue say is kept by their state: a thousand services are built of the same ones."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("load_catalogue", "check_reference", "known_reference"):
            kept = kept_by_files(getattr(side, name))
            for root in (bootstrap, side) if name == "load_catalogue" else (side,):
                patch.setattr(root, name, kept)
        yield


@pytest.fixture(autouse=True)
def _no_secret_is_known_from_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test gave as a secret is an ordinary word in the next."""
    monkeypatch.setattr(redaction, "_known", redaction._Known())


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's keys, proxies or folders reach a test."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    bound = DataFolder(tmp_path)
    yield bound
    bound.close()


@pytest.fixture
def writer(folder: DataFolder) -> Iterator[Writer]:
    engine = open_engine(database_url(folder.path))
    if (file := database_file(folder.path)) is not None:
        folder.hold(file)
    made = Writer(engine, folder.check)
    made.start()
    yield made
    made.close()
    engine.dispose()


@pytest.fixture
def store(folder: DataFolder, writer: Writer, clock: ManualClock) -> SampleStore:
    if LAYOUT != "file":
        return SampleStore(shard_files(folder.path, writer.engine), writer.engine, writer, clock)
    file = ParquetFile(folder.path / "train.parquet", folder)
    file.prepare()
    return SampleStore(file, writer.engine, writer, clock)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Service]:
    """The service with a scripted Groq only; not started."""
    made = build(settings_for(tmp_path, groq_api_key="gsk_test_0123456789"))
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Build and start services on the same folder, their providers scripted."""
    running: list[Service] = []
    catalog = catalog_without_limits(tmp_path)

    def begin(scripts: dict[str, list[Step]], **settings: Any) -> Service:
        platform = build(settings_for(tmp_path, catalog_dir=catalog, **{**KEYS, **settings}))
        factory = platform.llm.factory
        for name, script in scripts.items():
            info = factory.roster.provider(name)
            assert info
            factory._made[name] = ScriptedProvider(factory._config(info), script)
        factory.apart = partial(_near, factory, factory.apart)  # type: ignore[method-assign]  # keys go to no vendor
        platform.start()
        running.append(platform)
        return platform

    yield begin
    for platform in running:
        platform.close()


def _near(
    factory: LLMProviderFactory,
    real: Callable[[ProviderInfo, Credentials], BaseLLMProvider],
    info: ProviderInfo,
    credentials: Credentials,
) -> BaseLLMProvider:
    """Try a key at a server of this machine; a vendor far away is scripted, and takes any."""
    if "127.0.0.1" in credentials.base_url:
        return real(info, credentials)
    return ScriptedProvider(factory._config(info, credentials), [])


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(os.environ.get("SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the shared data are not here")
    return folder
