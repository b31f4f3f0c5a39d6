"""What others do to train.parquet while the service runs."""

import os
from pathlib import Path

import polars as pl
import pytest

from models.samples.file.parquet_file import ParquetFile
from models.samples.file.row_index import load_index
from models.samples.sample_store import SampleStore
from models.samples.version import Identity
from tests.fakes import sample
from tests.one_file import file_of
from utils.clock import ManualClock
from utils.errors import DataFolderGoneError, StorageError


@pytest.fixture
def filled(store: SampleStore) -> SampleStore:
    store.add(sample())
    store.fold()
    store.add(sample(id="waiting"))
    return store


def ids(store: SampleStore) -> set[str]:
    return {row["id"] for row in store.walk()}


def events(store: SampleStore) -> list[str]:
    return [event["event"] for event in store.reports()]


def put(path: Path, content: bytes) -> None:
    other = path.with_name("other")
    other.write_bytes(content)
    other.replace(path)


def test_file_replaced_from_outside_is_used_at_the_next_read(filled: SampleStore) -> None:
    pl.DataFrame([sample(id="theirs")]).write_parquet(file_of(filled).path)

    assert ids(filled) == {"theirs", "waiting"}
    assert events(filled) == ["taken in"]


def test_fold_does_not_overwrite_a_file_that_came_while_it_was_writing(
    filled: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_aside = ParquetFile.write_aside
    theirs = [True]

    def slow(self: ParquetFile, *arguments: object) -> object:
        made = write_aside(self, *arguments)  # type: ignore[arg-type]
        if theirs:
            theirs.pop()
            pl.DataFrame([sample(id="theirs")]).write_parquet(file_of(filled).path)
        return made

    monkeypatch.setattr(ParquetFile, "write_aside", slow)

    assert filled.fold() == 1
    assert set(pl.read_parquet(file_of(filled).path)["id"]) == {"theirs", "waiting"}


def test_rubbish_is_given_time_then_set_aside_and_the_last_good_version_is_written_back(
    filled: SampleStore, clock: ManualClock
) -> None:
    put(file_of(filled).path, b"rubbish")

    assert ids(filled) == {"s1", "waiting"}
    with pytest.raises(StorageError, match="another program is changing it"):
        filled.fold()
    clock.advance(6)
    assert ids(filled) == {"s1", "waiting"}

    (aside,) = file_of(filled).path.parent.glob("train.parquet.refused-*")
    assert aside.read_bytes() == b"rubbish"
    assert events(filled) == ["written back", "set aside"]
    assert filled.fold() == 1


def test_file_that_becomes_whole_in_time_is_used(filled: SampleStore, clock: ManualClock) -> None:
    put(file_of(filled).path, b"half of it")
    assert ids(filled) == {"s1", "waiting"}
    clock.advance(3)

    pl.DataFrame([sample(id="theirs")]).write_parquet(file_of(filled).path)

    assert ids(filled) == {"theirs", "waiting"}


def test_file_that_was_removed_is_written_back(filled: SampleStore, clock: ManualClock) -> None:
    file_of(filled).path.unlink()
    assert ids(filled) == {"s1", "waiting"}

    clock.advance(6)
    assert ids(filled) == {"s1", "waiting"}

    assert set(pl.read_parquet(file_of(filled).path)["id"]) == {"s1"}
    assert events(filled) == ["written back"]


def test_file_cut_in_place_is_an_error_then_set_aside_and_said_to_be_lost(
    filled: SampleStore, clock: ManualClock
) -> None:
    with file_of(filled).path.open("rb+") as file:
        file.truncate(100)
    with pytest.raises(StorageError, match="not a readable Parquet file"):
        filled.get("s1")

    clock.advance(6)

    assert ids(filled) == {"waiting"}
    assert events(filled) == ["lost", "set aside"]


def test_file_overwritten_in_place_and_then_removed_is_lost_and_not_written_back_broken(
    filled: SampleStore, clock: ManualClock
) -> None:
    file_of(filled).path.write_bytes(b"rubbish " * 400)
    filled.count()
    file_of(filled).path.unlink()
    filled.count()
    clock.advance(6)

    assert ids(filled) == {"waiting"}
    assert events(filled) == ["lost"]
    assert not file_of(filled).path.exists()


def test_removed_file_is_written_back_beside_a_fold_under_way(
    filled: SampleStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_aside = ParquetFile.write_aside
    first = [True]

    def slow(self: ParquetFile, *arguments: object) -> object:
        made = write_aside(self, *arguments)  # type: ignore[arg-type]
        if first:
            first.pop()
            file_of(filled).path.unlink()
            filled.count()
            clock.advance(6)
            filled.count()
        return made

    monkeypatch.setattr(ParquetFile, "write_aside", slow)

    assert filled.fold() == 1
    assert set(pl.read_parquet(file_of(filled).path)["id"]) == {"s1", "waiting"}


def test_fault_of_the_system_at_a_read_sets_nothing_aside(
    filled: SampleStore, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    import pyarrow as pa

    def refused(*_: object) -> None:
        raise OSError(24, "Too many open files")

    again = SampleStore(file_of(filled), filled._engine, filled._writer, clock)
    with monkeypatch.context() as patched:
        patched.setattr(pa, "OSFile", refused)
        with pytest.raises(StorageError, match=r"cannot be read now .* try again"):
            again.count()

    assert ids(again) == {"s1", "waiting"}
    assert events(again) == []


def test_rubbish_at_start_is_set_aside_at_once(store: SampleStore) -> None:
    file_of(store).path.write_bytes(b"rubbish")

    assert ids(store) == set()
    assert events(store) == ["set aside"]


def test_what_was_noticed_is_told_after_a_restart(filled: SampleStore, clock: ManualClock) -> None:
    pl.DataFrame([sample(id="theirs")]).write_parquet(file_of(filled).path)
    filled.count()

    again = SampleStore(file_of(filled), filled._engine, filled._writer, clock)

    assert events(again) == ["taken in"]


def test_folder_without_access_is_a_clear_error(filled: SampleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "stat", denied)
    with pytest.raises(DataFolderGoneError, match="Permission denied"):
        filled.add(sample(id="late"))
    assert filled.count() == 2  # what is open goes on being read


@pytest.mark.parametrize("rows", [1, 2])
def test_file_that_is_replaced_while_it_is_opened_at_a_start_is_read_with_its_own_index(
    filled: SampleStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    filled.fold()
    filled.folding.save_index()
    theirs = [sample(id=f"theirs {number}") for number in range(rows)]

    def while_it_is_replaced(path: Path, identity: Identity) -> object:
        pl.DataFrame(theirs).write_parquet(file_of(filled).path.with_name("other"))
        file_of(filled).path.with_name("other").replace(file_of(filled).path)
        return load_index(path, identity)

    with monkeypatch.context() as patched:
        patched.setattr("models.samples.file.parquet_file.load_index", while_it_is_replaced)
        again = SampleStore(file_of(filled), filled._engine, filled._writer, clock)
        again.count()

    assert ids(again) == {row["id"] for row in theirs}
    assert "set aside" not in events(again)
