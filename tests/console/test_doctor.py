"""The check of an installation."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import cli
from console.doctor import examine
from tests.fakes import settings_for
from tests.vendors.simulator import SimulatedVendor


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
