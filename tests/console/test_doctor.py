"""The check of an installation."""

import importlib.metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from bootstrap import build
from cli import cli
from config import Settings
from console.doctor import Finding, examine, findings
from tests.databases import database_file, needs_postgresql, postgres
from tests.fakes import catalog_without_limits, sample, settings_for
from tests.vendors.simulator import SimulatedVendor
from utils.logs import redact


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


def found_in(settings: Settings, what: str) -> Finding:
    return next(finding for finding in examine(settings) if finding.what == what)


def tesseract(folder: Path, script: str) -> Path:
    """Put a Tesseract into a folder that does what *script* says."""
    (folder / "tesseract").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "tesseract").chmod(0o755)
    return folder


_SPEAKS = (
    'if [ "$1" = --version ]; then echo "tesseract 5.9.1"; echo " leptonica-1.82"; else echo "List:"; echo LANG; fi'
)


@pytest.mark.parametrize(
    ("script", "ok", "says"),
    [
        (_SPEAKS.replace("LANG", "'eng\ncym\nosd'"), True, "tesseract 5.9.1, languages eng, cym, osd"),
        (_SPEAKS.replace("LANG", "cym"), False, "its language 'eng' is missing"),
        ("exit 3", False, "Tesseract does not run"),
        (None, None, "cannot be read: Tesseract is not installed: on Debian apt-get install"),
    ],
    ids=["there", "without-english", "broken", "missing"],
)
def test_doctor_tells_whether_scans_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, ok: bool | None, says: str
) -> None:
    monkeypatch.setenv("PATH", str(tesseract(tmp_path, script) if script else tmp_path))

    found = found_in(settings_for(tmp_path / "data"), "scanned pages")

    assert found.ok is ok
    assert says in found.says


@pytest.mark.parametrize(
    ("given", "ok", "says"),
    [
        ({}, None, "embedder fetch"),
        ({"embedder": "off"}, None, "EMBEDDER is off"),
        (
            {"embedding_base_url": "http://127.0.0.1:9/v1", "embedding_model": "bge"},
            True,
            "bge at http://127",
        ),
    ],
    ids=["not-fetched", "off", "over-http"],
)
def test_doctor_tells_what_embeds(tmp_path: Path, given: dict[str, str], ok: bool | None, says: str) -> None:
    found = found_in(settings_for(tmp_path, **given), "embedder")

    assert found.ok is ok
    assert says in found.says


def test_wrong_setting_is_the_only_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PORT", "many")

    (only,) = findings()

    assert (only.what, only.ok) == ("settings", False)
    assert "PORT" in only.says


def test_valid_settings_are_found_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "models"))

    assert [finding.what for finding in findings()][:4] == ["settings", "Python", "packages", "catalogue"]


def test_package_of_another_version_and_one_that_is_missing_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name == "click":
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.0.1" if name == "rich" else real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)

    found = found_in(settings_for(tmp_path), "packages")

    assert found.ok is False
    assert "click: got missing, want " in found.says
    assert "rich: got 0.0.1, want " in found.says
    assert found.says.endswith("; run `make install`")


@pytest.mark.parametrize(
    ("free_mib", "ok"), [pytest.param(500, True, id="enough"), pytest.param(499, False, id="too-little")]
)
def test_disk_must_have_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_mib: int, ok: bool) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free_mib << 20))

    found = found_in(settings_for(tmp_path), "data folder")

    assert found.ok is ok
    assert found.says.startswith(f"{tmp_path}, {free_mib} MiB free")
    assert found.says.endswith(", want 500") is not ok
    assert not list(tmp_path.glob(".write-test"))


def test_folder_that_cannot_be_made_is_said_and_stops_no_other_check(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    found = {finding.what: finding for finding in examine(settings_for(tmp_path / "file" / "data"))}

    assert found["data folder"].ok is False
    assert found["catalogue"].ok
    assert "provider groq" in found


@pytest.mark.parametrize(
    ("folded", "ok", "says"),
    [pytest.param(False, None, "not written yet", id="no-file"), pytest.param(True, True, "1 samples", id="file")],
)
def test_data_set_is_counted_where_there_is_one(tmp_path: Path, folded: bool, ok: bool | None, says: str) -> None:
    settings = settings_for(tmp_path)
    if folded:
        platform = build(settings)
        platform.start()
        platform.dataset.add(sample())
        platform.dataset.fold()
        platform.close()

    found = found_in(settings, "data set")

    assert (found.ok, says in found.says) == (ok, True)
    if (file := database_file(tmp_path)) is not None:
        assert file.exists() is folded  # a look makes none


def test_catalogue_with_a_fault_is_said_with_file_and_line(tmp_path: Path) -> None:
    catalog = catalog_without_limits(tmp_path)
    (catalog / "providers.toml").write_text("[[provider]]\nid = 7\n")

    found = {finding.what: finding for finding in examine(settings_for(tmp_path, catalog_dir=catalog))}

    assert found["catalogue"].ok is False
    assert "providers.toml:1" in found["catalogue"].says
    assert found["providers"] == Finding("providers", False, found["catalogue"].says)


@pytest.mark.parametrize(
    ("content", "ok", "says"),
    [
        pytest.param(b"GGUF and more", True, "own.gguf: verified", id="model"),
        pytest.param(b"PK", False, "is no GGUF file", id="no-model"),
    ],
)
def test_model_file_of_the_users_own_is_looked_at(tmp_path: Path, content: bytes, ok: bool, says: str) -> None:
    (tmp_path / "own.gguf").write_bytes(content)

    found = found_in(settings_for(tmp_path, local_model=str(tmp_path / "own.gguf")), "model file")

    assert (found.ok, says in found.says) == (ok, True)


def test_engine_that_is_missing_is_said_with_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.util.find_library", lambda _: None)
    monkeypatch.setattr("sys.platform", "linux")
    assert "apt-get install libgomp1" in found_in(settings_for(tmp_path), "embedded model").says

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    found = found_in(settings_for(tmp_path), "embedded model")

    assert (found.ok, found.says) == (False, "xllamacpp is missing; run `make install`")


@pytest.mark.parametrize(
    ("name", "ok", "says"),
    [
        pytest.param("mistral", False, "want one that is set up: groq, local", id="not-set-up"),
        pytest.param("acme", None, "must have been added over the API", id="not-of-the-catalogue"),
    ],
)
def test_default_provider_that_is_not_set_up_is_said(
    tmp_path: Path, vendor: SimulatedVendor, name: str, ok: bool | None, says: str
) -> None:
    settings = settings_for(
        tmp_path, default_provider=name, groq_api_key="gsk_test_0123456789", groq_base_url=vendor.url
    )

    found = found_in(settings, "default provider")

    assert (found.ok, says in found.says) == (ok, True)


def test_user_and_password_of_an_address_are_not_shown(tmp_path: Path, vendor: SimulatedVendor) -> None:
    address = vendor.url.replace("http://", "http://me:my-password@")

    found = found_in(settings_for(tmp_path, groq_api_key="gsk_test_0123456789", groq_base_url=address), "provider groq")

    assert vendor.url in found.says
    assert "my-password" not in found.says


def found_of_database(folder: Path, address: str) -> Finding:
    settings = settings_for(folder, database_uri=address)
    return next(finding for finding in examine(settings) if finding.what == "database")


@needs_postgresql
def test_database_of_a_server_is_named_with_its_version_and_without_its_password(tmp_path: Path) -> None:
    address = f"{postgres().database(str(tmp_path))}&password=pass-word"

    found = found_of_database(tmp_path, address)

    assert found.ok
    assert found.says.startswith("PostgreSQL 1")
    assert "pass-word" not in found.says
    assert redact(address) != address


@needs_postgresql
@pytest.mark.parametrize(
    ("place", "says"),
    [
        pytest.param("nobody:pass-word@127.0.0.1:{port}/postgres", 'role "nobody" does not exist', id="user"),
        pytest.param("postgres@127.0.0.1:{port}/nothing", 'database "nothing" does not exist', id="database"),
        pytest.param("postgres@127.0.0.1:1/postgres", "check that it runs, and DATABASE_URI", id="server"),
        pytest.param("postgres@127.0.0.1:{port}/latin", "encoding is SQL_ASCII, want UTF8", id="encoding"),
        pytest.param("reader@127.0.0.1:{port}/postgres", "the user may make no tables", id="rights"),
    ],
)
def test_what_is_wrong_with_the_database_of_a_server_is_said_in_words(tmp_path: Path, place: str, says: str) -> None:
    server = postgres()
    server.sql("CREATE DATABASE latin ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    server.sql("CREATE ROLE reader LOGIN")
    try:
        found = found_of_database(tmp_path, "postgresql://" + place.format(port=server.port))
    finally:
        server.sql("DROP DATABASE latin WITH (FORCE)")
        server.sql("DROP ROLE reader")

    assert found.ok is False
    assert says in found.says
    assert "pass-word" not in found.says


@needs_postgresql
def test_server_that_is_too_old_is_said_with_what_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.engines.postgresql._OLDEST", 99_00_00)

    found = found_of_database(tmp_path, postgres().database(str(tmp_path)))

    assert found.ok is False
    assert "is too old, want 99 or newer" in found.says
