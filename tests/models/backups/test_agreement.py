"""train.parquet and the database know of each other: a start without one of them is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from bootstrap import build
from config import Settings
from console.doctor import _data_set
from console.recovery import accept, put_back
from models.backups import agreement
from models.samples.file.file_mark import FileMark, mark_of
from models.samples.file.parquet_file import ParquetFile
from tests.databases import only_on_sqlite
from tests.fakes import sample, settings_for
from utils.errors import DataMismatchError, StorageError


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A folder whose service has folded three samples in two versions, with a copy of it after the first."""
    folder = tmp_path / "data"
    settings = settings_for(folder)
    _run(settings, ["a"])
    shutil.copytree(folder, tmp_path / "older")
    _run(settings, ["b", "c"])
    return settings


def _run(settings: Settings, ids: list[str], then: Callable[[], object] = lambda: None) -> set[str]:
    """Start the service, add *ids*, fold; return the ids that are there then."""
    platform = build(settings)
    platform.start()
    try:
        for name in ids:
            platform.dataset.add(sample(id=name))
        platform.dataset.fold()
        then()
        return {row["id"] for row in platform.dataset.draw(100, {})}
    finally:
        platform.close()


def _remove(folder: Path, name: str) -> None:
    for path in folder.glob(f"{name}*"):
        path.unlink()


def _empty(folder: Path, name: str) -> None:
    _remove(folder, name)
    (folder / name).write_bytes(b"")


def _age(folder: Path, name: str) -> None:
    _remove(folder, name)
    for path in folder.with_name("older").glob(f"{name}*"):
        shutil.copy(path, folder / path.name)


@only_on_sqlite
@pytest.mark.parametrize("spoil", [_remove, _empty, _age])
@pytest.mark.parametrize("name", ["train.parquet", "batches.db"])
def test_start_is_refused_where_a_part_is_missing_empty_or_older(
    settings: Settings, name: str, spoil: Callable[[Path, str], None]
) -> None:
    spoil(settings.data_dir, name)

    with pytest.raises(
        DataMismatchError, match=r"(is missing|is not a readable|older than|another database).*accept-data"
    ):
        build(settings)


@only_on_sqlite
def test_refusal_says_how_many_samples_are_missing_and_which_backup_has_them(settings: Settings) -> None:
    platform = build(settings)
    platform.start()
    made = platform.backups.make()
    platform.close()
    _remove(settings.data_dir, "train.parquet")

    with pytest.raises(
        DataMismatchError, match=rf"knows of 3 samples in it.*cli.py restore {made['name']}` \(3 samples\)"
    ):
        build(settings)

    put_back(settings, made["name"])
    assert _run(settings, []) == {"a", "b", "c"}


@only_on_sqlite
def test_refusal_of_an_older_database_names_the_newest_backup(settings: Settings) -> None:
    names = []
    for number in range(2):
        platform = build(settings)
        platform.start()
        names.append(platform.backups.make()["name"])
        platform.dataset.add(sample(id=f"later {number}"))
        platform.dataset.fold()
        platform.close()
    _age(settings.data_dir, "batches.db")

    with pytest.raises(DataMismatchError, match=f"the database is older.*cli.py restore {names[1]}`"):
        build(settings)


@only_on_sqlite
def test_database_that_is_none_is_refused_with_the_backup_that_there_is(settings: Settings) -> None:
    platform = build(settings)
    platform.start()
    made = platform.backups.make()["name"]
    platform.close()
    _remove(settings.data_dir, "batches.db")
    (settings.data_dir / "batches.db").write_bytes(b"no database" * 1000)

    with pytest.raises(StorageError, match=f"cli.py restore {made}"):
        build(settings)


@only_on_sqlite
def test_start_with_nothing_but_backups_is_refused_and_said_by_the_doctor_until_it_is_accepted(
    settings: Settings,
) -> None:
    _run(settings, [], lambda: None)
    platform = build(settings)
    platform.start()
    made = platform.backups.make()["name"]
    platform.close()
    for name in ("train.parquet", "batches.db"):
        _remove(settings.data_dir, name)

    with pytest.raises(DataMismatchError, match=rf"a backup of 3 samples.*restore {made}"):
        build(settings)
    assert "a backup of 3 samples" in _data_set(settings.data_dir / "train.parquet", settings).says

    assert accept(settings)
    assert _run(settings, []) == set()


def test_parts_are_taken_as_they_are_once_that_is_said(settings: Settings) -> None:
    _age(settings.data_dir, "train.parquet")

    fault = accept(settings)

    assert fault is not None
    assert "older than the database" in fault
    assert _run(settings, ["d"]) == {"a", "d"}
    assert accept(settings) is None


@only_on_sqlite
def test_new_database_can_be_given_an_old_file(settings: Settings) -> None:
    _remove(settings.data_dir, "batches.db")

    assert "another database" in str(accept(settings))
    assert _run(settings, ["d"]) == {"a", "b", "c", "d"}
    assert _run(settings, []) == {"a", "b", "c", "d"}


@only_on_sqlite
def test_file_of_others_is_still_taken_in_at_a_start(settings: Settings) -> None:
    pl.DataFrame([sample(id="theirs")]).write_parquet(settings.data_dir / "train.parquet")

    assert _run(settings, ["d"]) == {"theirs", "d"}
    assert _run(settings, []) == {"theirs", "d"}


def test_file_of_ours_that_was_put_there_while_the_service_ran_is_known_at_the_next_start(settings: Settings) -> None:
    older = settings.data_dir.with_name("older") / "train.parquet"
    platform = build(settings)
    platform.start()
    shutil.copy(older, settings.data_dir / "copy")
    (settings.data_dir / "copy").rename(settings.data_dir / "train.parquet")
    assert platform.dataset.count() == 1
    platform.dataset.fold_if_due()
    platform.dataset.tidy()
    platform.close()

    assert _run(settings, []) == {"a"}


def test_start_after_an_end_between_the_note_and_the_renaming_is_let_in(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise StorageError("killed")

    platform = build(settings)
    platform.start()
    platform.dataset.add(sample(id="d"))
    with monkeypatch.context() as patched:
        patched.setattr(ParquetFile, "swap", killed)
        with pytest.raises(StorageError, match="killed"):
            platform.dataset.fold()
        platform.close()

    assert _run(settings, []) == {"a", "b", "c", "d"}


def test_file_that_another_process_folds_at_the_start_is_no_older_database(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = build(settings)
    platform.start()
    folds = iter(["one"])

    def folded_first(file: Path) -> FileMark | None:
        for number in folds:
            platform.dataset.add(sample(id=number))
            platform.dataset.fold()
        return mark_of(file)

    monkeypatch.setattr(agreement, "mark_of", folded_first)
    fault = agreement.fault_of(settings.data_dir / "train.parquet", platform.stores.engine)
    platform.close()

    assert fault is None
    assert next(folds, None) is None
