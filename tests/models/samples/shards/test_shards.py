"""Samples in shards: exact in every process, whoever folds, joins, deletes and dies between two steps."""

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from models.engines.opening import open_reader
from models.samples.file.many_files import ManyFiles, PortionReader
from models.samples.file.parquet_file import ParquetFile
from models.samples.sample_query import SampleQuery
from models.samples.shards import manifest, shard_folding, shard_writer
from models.samples.shards.opening import open_shards, refuse_one_file, shard_reader
from models.samples.shards.sharded_version import ShardedVersion
from models.samples.staged import StagedSamples
from models.samples.statistics import summarize
from models.samples.version import Version
from models.schemas import new_sample
from tests.databases import database_url, only_on_servers
from tests.fakes import sample
from tests.models.samples.shards.house import Process, add, files_of, folded, shards_of
from tests.s3 import S3Server, s3, s3_session
from utils.clock import ManualClock
from utils.errors import DataMismatchError, NotFoundError, StorageError

__all__ = ["s3", "s3_session"]
Begin = Callable[..., Process]


@pytest.fixture(params=["a folder", "s3"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "s3":
        server: S3Server = request.getfixturevalue("s3")
        return server.address(uuid.uuid4().hex)
    return str(tmp_path / "shards")


@pytest.fixture
def begin(tmp_path: Path, address: str) -> Iterator[Begin]:
    running: list[Process] = []

    def made(**changes: Any) -> Process:
        running.append(Process(tmp_path, changes.pop("address", address), **changes))
        return running[-1]

    yield made
    for process in running:
        process.close()


@pytest.fixture
def process(begin: Begin) -> Process:
    return begin()


def sharded(version: Version | None) -> ShardedVersion:
    assert isinstance(version, ShardedVersion)
    return version


def test_folds_write_shards_by_jurisdiction_and_month(process: Process) -> None:
    add(process, "a", "b", jurisdiction="us", created_at="2026-10-01T00:00:00Z")
    add(process, "c", jurisdiction="us", created_at="2026-11-01T00:00:00Z")
    add(process, "d", jurisdiction="England & Wales/…", created_at="2026-11-01T00:00:00Z")

    assert process.store.fold() == 4
    parts = {(shard.jurisdiction, shard.month): shard.rows for shard in shards_of(process)}
    assert parts == {("us", "2026-10"): 2, ("us", "2026-11"): 1, ("England & Wales/…", "2026-11"): 1}
    assert set(process.answers()) == {"a", "b", "c", "d"}
    assert process.store.fold() == 0


def test_fold_writes_what_is_new_alone(process: Process) -> None:
    folded(process, "a", "b")
    before = files_of(process)
    folded(process, "c")

    assert len(files_of(process) - before) == 1
    assert before < files_of(process)


def test_changed_and_deleted_samples_are_gone_from_the_shard_that_had_them(process: Process) -> None:
    folded(process, "a", "b", "c")
    process.store.update("a", {"answer": "another"})
    process.store.delete("b")
    process.store.fold()

    assert process.answers() == {"a": "another", "c": sample()["answer"]}
    assert sorted(len(shard.gone) for shard in shards_of(process)) == [0, 2]
    with pytest.raises(NotFoundError):
        process.store.get("b")


def test_sample_that_was_deleted_may_come_again(process: Process) -> None:
    folded(process, "a", "b")
    process.store.delete("a")
    process.store.fold()
    folded(process, "a", answer="again")
    process.store.update("a", {"answer": "and again"})
    process.store.fold()

    assert process.answers()["a"] == "and again"
    assert process.store.get("a")["answer"] == "and again"


def test_another_start_reads_the_same(process: Process, begin: Begin) -> None:
    folded(process, "a", "b", jurisdiction="us", score=1.5)
    folded(process, "c", jurisdiction="uk", tags="x")
    process.store.delete("a")
    add(process, "d")
    process.store.fold()
    add(process, "e")

    again = begin()

    assert again.answers() == process.answers()
    assert summarize(again.store.snapshot()) == summarize(process.store.snapshot())
    assert list(again.store.walk()) == list(process.store.walk())
    assert again.store.get("c")["tags"] == "x"  # type: ignore[typeddict-item]  # a column of others
    assert again.store.get("b")["score"] == 1.5  # type: ignore[typeddict-item]


def test_pages_by_time_are_the_same_however_the_shards_came_about(
    process: Process, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_folding, "_JOINED", 3)
    for number in range(12):
        time = f"2026-{1 + (number * 7) % 12:02d}-01T00:00:{number:02d}Z"
        folded(process, f"s{number}", jurisdiction=("us", "uk")[number % 2], created_at=time)
        if number % 4 == 3:
            process.store.delete(f"s{number - 2}")
    process.store.fold()
    process.folding.tidy()
    add(process, "newest", created_at="2027-01-01T00:00:00Z")

    rows = list(process.store.walk())
    expected = sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)
    assert [row["id"] for row in rows] == [row["id"] for row in expected]
    assert len(rows) == 10
    assert [row["id"] for row in begin().store.walk()] == [row["id"] for row in rows]
    query = SampleQuery({"jurisdiction": "us"}, limit=2, offset=1)
    assert [row["id"] for row in process.store.find(query)[1]] == [r["id"] for r in rows if r["jurisdiction"] == "us"][
        1:3
    ]


def test_small_shards_of_one_part_are_joined_and_nothing_changes(
    process: Process, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_folding, "_JOINED", 3)
    for name in "abcdefg":
        folded(process, name, jurisdiction="us", created_at="2026-10-01T00:00:00Z")
    process.store.delete("b")
    process.store.fold()
    before = process.answers()
    snapshot = process.store.snapshot()

    process.folding.tidy()

    assert (
        sorted(shard.rows - len(shard.gone) for shard in shards_of(process)) == [1, 1, 1, 3]
        or len(shards_of(process)) < 7
    )
    assert process.answers() == before == begin().answers()
    assert {row["id"] for piece in snapshot.pieces() for row in piece.to_dicts()} == set(before)


def test_shard_of_which_much_is_gone_is_written_anew(process: Process) -> None:
    folded(process, *"abcdefghij")
    process.store.delete("a")
    process.store.fold()

    process.folding.tidy()

    assert [(shard.rows, shard.gone) for shard in shards_of(process)] == [(9, ())]
    assert set(process.answers()) == set("bcdefghij")


def test_what_was_deleted_is_out_of_the_files_at_once_when_asked_for(process: Process) -> None:
    folded(process, *(f"s{number}" for number in range(30)))
    process.store.delete("s1")
    process.store.fold()

    process.store.fold(force=True)

    texts = [row["answer"] for shard in shards_of(process) for piece in [_read(process, shard)] for row in piece]
    assert len(texts) == 29
    assert files_of(process) == {shard.name for shard in shards_of(process)}


def _read(process: Process, shard: manifest.Shard) -> list[dict[str, Any]]:
    opened = process.files.open(shard, process.files.index(shard))
    return [row for piece in opened.pieces() for row in piece.to_dicts()]


def test_files_that_no_version_needs_are_removed_a_day_later(process: Process) -> None:
    folded(process, *"abcdefghij")
    process.store.delete("a")
    process.store.fold()
    process.folding.tidy()
    old = files_of(process) - {shard.name for shard in shards_of(process)}
    assert len(old) == 1

    process.clock.advance(80_000)
    process.folding.tidy()
    assert old <= files_of(process)
    process.clock.advance(20_000)
    process.folding.tidy()

    assert not old & files_of(process)
    assert set(process.answers()) == set("bcdefghij")


def test_two_processes_see_each_others_folds_and_changes(process: Process, begin: Begin) -> None:
    other = begin()
    folded(process, "a", "b")
    assert set(other.answers()) == {"a", "b"}
    folded(other, "c")
    other.store.update("a", {"answer": "of the other"})
    add(process, "d")
    assert process.answers() == other.answers()
    process.store.fold()
    other.store.delete("d")

    assert process.answers() == other.answers()
    assert set(process.answers()) == {"a", "b", "c"}


def test_process_that_slept_through_many_versions_reads_the_newest(process: Process, begin: Begin) -> None:
    other = begin()
    folded(process, "a", "b", "c")
    assert len(other.answers()) == 3
    for name in "defgh":
        folded(process, name)
    process.store.delete("a")
    process.store.fold(force=True)  # the versions between are forgotten

    assert set(other.answers()) == set("bcdefgh")


def test_fold_that_another_process_overtook_is_done_again(
    process: Process, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = begin()
    add(process, "a", "b")
    real = process.files.write
    overtaken: list[int] = []

    def slow(*given: Any) -> manifest.Shard:
        if not overtaken:
            overtaken.append(1)
            # As if this process had lost its lock: a fold at the same time.
            assert other.folding._fold(*other.folding._state.newest())
        return real(*given)

    monkeypatch.setattr(process.files, "write", slow)
    process.store.fold()

    assert overtaken
    assert set(process.answers()) == {"a", "b"} == set(other.answers())
    assert {shard.name for shard in shards_of(process)} == files_of(process)


def test_sample_changed_during_a_fold_keeps_its_change(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    add(process, "a", "b")
    real = process.files.write

    def meanwhile(*given: Any) -> manifest.Shard:
        monkeypatch.setattr(process.files, "write", real)
        process.store.update("a", {"answer": "newer"})
        return real(*given)

    monkeypatch.setattr(process.files, "write", meanwhile)
    assert process.store.fold() == 2

    assert process.answers()["a"] == "newer"
    assert process.store.fold() == 1
    assert process.answers()["a"] == "newer"


def test_fold_that_cannot_be_written_loses_nothing(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    folded(process, "a")
    add(process, "b")

    real = process.files.write

    def full(*_: Any) -> None:
        raise StorageError("no space left")

    monkeypatch.setattr(process.files, "write", full)
    with pytest.raises(StorageError):
        process.store.fold()
    monkeypatch.setattr(process.files, "write", real)

    assert set(process.answers()) == {"a", "b"}
    assert process.store.fold() == 1


def test_large_import_becomes_shards(process: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.samples.staged.SMALL", 10)
    monkeypatch.setattr(shard_writer, "SHARD_ROWS", 40)
    folded(process, "s1", "s2")
    staged = StagedSamples(tmp_path / "parts", "replace")
    for number in range(100):
        staged.add(new_sample(sample(id=f"s{number}", answer=f"answer {number}", jurisdiction="uk")).model_dump())
    staged.finish()

    result = process.store.merge(staged)
    staged.close()

    assert (result.added, result.replaced, result.skipped) == (98, 2, 0)
    assert process.answers() == {f"s{number}": f"answer {number}" for number in range(100)}
    assert sorted(shard.rows - len(shard.gone) for shard in shards_of(process)) == [0, 20, 40, 40]


def test_import_does_not_write_over_a_change_made_meanwhile(
    process: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.samples.staged.SMALL", 0)
    staged = StagedSamples(tmp_path / "parts", "skip")
    staged.add(new_sample(sample(id="s1", answer="imported")).model_dump())
    staged.finish()
    real = process.files.write

    def meanwhile(*given: Any) -> manifest.Shard:
        monkeypatch.setattr(process.files, "write", real)
        add(process, "s1", answer="mine")
        return real(*given)

    monkeypatch.setattr(process.files, "write", meanwhile)
    result = process.store.merge(staged)
    staged.close()

    assert (result.added, result.skipped) == (0, 1)
    assert process.answers() == {"s1": "mine"}


def test_train_parquet_is_taken_in_once(process: Process, tmp_path: Path) -> None:
    pl.DataFrame([sample(id="a"), sample(id="b", extra="kept")]).write_parquet(tmp_path / "train.parquet")
    add(process, "b", answer="newer in the journal")
    file = ParquetFile(tmp_path / "train.parquet")

    assert process.folding.take_in(file) == 2
    assert process.folding.take_in(file) == 0
    assert process.answers() == {"a": sample()["answer"], "b": "newer in the journal"}
    process.store.delete("a")
    process.store.fold()
    assert process.folding.take_in(file) == 0
    assert set(process.answers()) == {"b"}


def test_version_is_written_as_one_file_without_what_is_gone(process: Process, tmp_path: Path) -> None:
    folded(process, "a", "b", jurisdiction="us")
    folded(process, "c", jurisdiction="uk", extra="x")
    process.store.delete("a")
    process.store.fold()

    sharded(process.store.snapshot().version).copy_to(tmp_path / "copy.parquet")

    copied = pl.read_parquet(tmp_path / "copy.parquet")
    assert dict(zip(copied["id"], copied["extra"], strict=True)) == {"b": None, "c": "x"}


def test_who_reads_the_files_without_the_service_is_told_which_rows_are_samples(process: Process) -> None:
    folded(process, *(f"s{number:02d}" for number in range(40)))
    process.store.delete("s07")
    process.store.fold()

    process.folding.tidy()

    told = orjson.loads(process.files._folder.read("shards.json"))
    read = [
        row["id"]
        for shard in told["shards"]
        for number, row in enumerate(pl.read_parquet(process.files._folder.read(shard["path"])).to_dicts())
        if number not in shard["gone"]
    ]
    assert sorted(read) == sorted(process.answers())
    assert len(read) == 39
    files = ManyFiles(process.address)
    readers = [PortionReader(portion) for portion in files.portions()]
    assert sorted(row for reader in readers for frame in reader.frames() for row in frame["id"]) == sorted(read)
    assert files.rows == 39


def test_reader_in_another_process_sees_every_version(process: Process, tmp_path: Path, address: str) -> None:
    folded(process, "a")
    engine = open_reader(database_url(tmp_path))
    reader = shard_reader(address, engine)
    assert len(reader.snapshot()) == 1
    folded(process, "b")
    add(process, "c")

    assert len(reader.snapshot()) == 3
    engine.dispose()


def test_index_that_was_lost_is_made_anew_from_the_samples(process: Process, begin: Begin) -> None:
    folded(process, "a", "b", jurisdiction="us")
    (shard,) = shards_of(process)
    process.files._folder.remove(shard.name + ".index")

    again = begin()

    assert again.answers() == process.answers()
    assert again.store.count({"jurisdiction": "us"}) == 2


def test_missing_shard_is_told_by_its_name(process: Process, begin: Begin) -> None:
    folded(process, "a")
    (shard,) = shards_of(process)
    process.files._folder.remove(shard.name + ".parquet")

    with pytest.raises(StorageError, match=rf"{shard.name}.parquet is missing"):
        list(begin().store.walk())


def test_folder_of_another_database_is_refused(process: Process, tmp_path: Path, address: str) -> None:
    folded(process, "a")
    (tmp_path / "other").mkdir()

    with pytest.raises(DataMismatchError, match="samples of another database"):
        Process(tmp_path / "other", address)


def test_samples_are_not_looked_for_where_they_do_not_lie(process: Process, tmp_path: Path) -> None:
    folded(process, "a")

    with pytest.raises(DataMismatchError, match="holds no samples of this database"):
        open_shards(str(tmp_path / "elsewhere"), process.engine)
    with pytest.raises(DataMismatchError, match="set DATA_URL="):
        refuse_one_file(process.engine)


def test_shards_that_are_gone_where_they_lay_are_told_as_such(process: Process, address: str) -> None:
    folded(process, "a", "b")
    process.files._folder.remove("dataset.json")

    with pytest.raises(DataMismatchError, match=r"is empty, and 2 samples .* lay there; .*restore a backup"):
        open_shards(address, process.engine)


def test_files_that_went_away_are_told_until_they_are_back(process: Process) -> None:
    folded(process, "a")
    owner = process.files._folder.read("dataset.json")
    process.clock.advance(61)
    process.folding.fold_if_due()
    assert process.folding.trouble == ""

    process.files._folder.remove("dataset.json")
    process.clock.advance(61)
    with pytest.raises(StorageError, match="the files of the samples are gone"):
        process.folding.fold_if_due()
    assert "restore a backup" in process.folding.trouble

    process.files._folder.write("dataset.json", lambda write: write(owner))
    process.folding.fold_if_due()
    assert process.folding.trouble == ""


def test_server_that_is_away_is_no_broken_file(s3: S3Server, tmp_path: Path) -> None:
    own = S3Server()
    own.start()
    process = Process(tmp_path, own.address("x"))
    try:
        folded(process, "a")
        process.files._open.clear()
        own.kill()
        with pytest.raises(StorageError, match=r"s3://bucket/x.*cannot be") as said:
            list(process.store.walk())
        assert said.value.code == "storage_error"
        assert s3.endpoint != own.endpoint
    finally:
        own.kill()
        process.close()


def test_database_without_shards_may_have_one_file(process: Process) -> None:
    add(process, "a")

    refuse_one_file(process.engine)
    assert shards_of(process) == []


@only_on_servers
def test_two_processes_that_fold_at_the_same_time_lose_nothing(begin: Begin) -> None:
    processes = [begin(clock=ManualClock()) for _ in range(2)]
    faults: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(15):
                add(processes[number], f"s{number}-{step}")
                processes[number].store.fold()
        except Exception as error:  # noqa: BLE001  # a thread's error would be lost
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    expected = {f"s{number}-{step}" for number in range(2) for step in range(15)}
    assert set(processes[0].answers()) == set(processes[1].answers()) == expected
    assert files_of(processes[0]) == {shard.name for shard in shards_of(processes[0])}
