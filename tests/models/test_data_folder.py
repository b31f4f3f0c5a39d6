"""The path of the data folder leads elsewhere while the service runs: nothing is accepted, nothing is lost."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from bootstrap import build
from models.data_folder import DataFolder
from models.engines.writer import Writer
from models.samples.file.parquet_file import ParquetFile
from models.samples.file.parquet_version import ParquetVersion
from models.samples.sample_store import SampleStore
from tests.databases import only_on_sqlite
from tests.fakes import sample, settings_for
from tests.one_file import file_of
from utils.errors import DataFolderGoneError, StorageError


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    path = tmp_path / "data"
    path.mkdir()
    return DataFolder(path)


@pytest.fixture
def filled(store: SampleStore) -> SampleStore:
    store.add(sample(id="folded"))
    store.fold()
    store.add(sample(id="waiting"))
    return store


def _renamed(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))


def _unmounted(path: Path) -> None:
    """What a lazily unmounted volume leaves behind: the folder that it was mounted on."""
    _renamed(path)
    path.mkdir()


@pytest.mark.parametrize("away", [_renamed, _unmounted])
def test_nothing_is_accepted_while_the_folder_is_away_and_all_goes_on_when_it_is_back(
    filled: SampleStore, folder: DataFolder, away: Callable[[Path], None]
) -> None:
    away(folder.path)

    with pytest.raises(DataFolderGoneError, match="nothing until"):
        filled.add(sample(id="refused"))
    with pytest.raises(DataFolderGoneError):
        filled.fold()
    assert {row["id"] for row in filled.walk()} == {"folded", "waiting"}

    shutil.rmtree(folder.path, ignore_errors=True)
    folder.path.with_name("elsewhere").rename(folder.path)
    filled.add(sample(id="later"))
    assert filled.fold() == 2
    assert set(pl.read_parquet(folder.path / "train.parquet")["id"]) == {"folded", "waiting", "later"}


@only_on_sqlite
@pytest.mark.parametrize("name", ["", "batches.db", "batches.db-wal"])
def test_nothing_is_accepted_once_folder_or_database_were_removed(
    filled: SampleStore, folder: DataFolder, name: str
) -> None:
    if name:
        (folder.path / name).unlink()
    else:
        shutil.rmtree(folder.path)

    with pytest.raises(DataFolderGoneError, match="is gone"):
        filled.add(sample(id="refused"))


def test_fold_does_not_trim_the_journal_when_the_folder_went_away_while_it_was_writing(
    filled: SampleStore, folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_aside = ParquetFile.write_aside

    def slow(self: ParquetFile, *arguments: object) -> ParquetVersion:
        _unmounted(folder.path)
        return write_aside(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ParquetFile, "write_aside", slow)
    with pytest.raises(StorageError):
        filled.fold()
    monkeypatch.undo()

    assert list(folder.path.iterdir()) == []
    shutil.rmtree(folder.path)
    folder.path.with_name("elsewhere").rename(folder.path)
    assert filled.fold() == 1
    assert set(pl.read_parquet(folder.path / "train.parquet")["id"]) == {"folded", "waiting"}


def test_nothing_is_written_into_a_folder_that_was_removed_at_the_end(tmp_path: Path) -> None:
    data = tmp_path / "data"
    platform = build(settings_for(data))
    platform.start()
    platform.dataset.add(sample())
    platform.dataset.fold()
    shutil.rmtree(data)

    platform.close()

    assert not data.exists()


def test_file_written_into_another_folder_is_never_put_in_place(filled: SampleStore, folder: DataFolder) -> None:
    file = file_of(filled)
    version = file.open()
    assert version is not None
    (folder.path / "train.parquet.tmp").write_bytes(b"of somebody else")

    with pytest.raises(StorageError, match="is not what was written"):
        file.swap(version)


@only_on_sqlite
def test_change_is_not_called_kept_when_the_folder_went_away_during_its_commit(writer: Writer) -> None:
    asked: list[int] = []

    def guard() -> None:
        asked.append(1)
        if len(asked) == 2:
            raise DataFolderGoneError("gone")

    writer._guard = guard

    with pytest.raises(DataFolderGoneError):
        writer.run(lambda _connection: None)
    assert len(asked) == 2
