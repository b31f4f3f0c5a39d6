"""`release verify`: a copy of a release, checked where no service runs."""

from pathlib import Path

import polars as pl
from click.testing import CliRunner

from cli import cli
from services.platform import Platform
from tests.services.dataset.releases.conftest import filled, release

__all__ = ["filled"]  # a fixture


def verify(*arguments: str) -> tuple[int, str]:
    ran = CliRunner().invoke(cli, ["release", "verify", *arguments])
    return ran.exit_code, ran.output


def test_copy_is_checked_without_a_service(filled: Platform) -> None:
    made = release(filled)
    folder = Path(filled.releases.folder(made["id"]).path())

    assert verify(str(folder), "--hash", made["content_hash"])[0] == 0
    assert verify(str(folder), "--hash", "0" * 64)[0] == 1

    path = folder / made["files"][0]["path"]
    rows = pl.read_parquet(path)
    rows.with_columns(pl.col("answer").str.replace("It", "it", literal=True)).write_parquet(path)
    code, told = verify(str(folder))

    assert code == 1
    assert "changed row: s00: its texts are not those released" in told


def test_folder_that_is_no_release_is_named(tmp_path: Path) -> None:
    code, told = verify(str(tmp_path))

    assert code == 1
    assert "release.json: cannot be read" in told
