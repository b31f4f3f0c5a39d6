"""What may go wrong between two steps of a fold, two processes, or a process and its storage: nothing comes of it."""

import datetime
import decimal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import polars as pl
import pytest
from sqlalchemy import Connection

from bootstrap import _search_index
from models.engines.postgresql import FOLDING
from models.samples import journal
from models.samples.file.parquet_file import ParquetFile
from models.samples.file.row_index import DOCUMENT
from models.samples.search.search_index import SearchIndex
from models.samples.shards import manifest, shard_files, shard_folding
from models.samples.shards.manifest import Change, Shard
from models.samples.shards.opening import open_shards
from models.samples.shards.sharded_version import ShardedVersion
from models.stores import Stores
from services.dataset.search_service import SearchRequest, SearchService
from tests.databases import only_on_servers
from tests.fakes import sample, settings_for
from tests.models.samples.shards.house import Process, add, files_of, folded, shards_of
from tests.s3 import S3Server, s3, s3_session
from utils.clock import ManualClock
from utils.errors import ConfigurationError, StorageError
from utils.file_systems import check_address

__all__ = ["s3", "s3_session"]
Begin = Callable[..., Process]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    running: list[Process] = []

    def made(clock: ManualClock | None = None) -> Process:
        running.append(Process(tmp_path, str(tmp_path / "shards"), clock))
        return running[-1]

    yield made
    for process in running:
        process.close()


@pytest.fixture
def process(begin: Begin) -> Process:
    return begin()


def names_of(process: Process) -> set[str]:
    return {shard.name for shard in shards_of(process)}


def version_of(process: Process) -> ShardedVersion:
    version = process.store.snapshot().version
    assert isinstance(version, ShardedVersion)
    return version


def lose_lock(process: Process) -> None:
    """End the session that holds the lock of folds, as a server does with one that it takes for dead."""
    if process.engine.dialect.name == "postgresql":
        ended = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = %(what)s"
        with process.engine.connect() as connection:
            assert connection.exec_driver_sql(ended, {"what": FOLDING}).scalars().all() == [True]


def ids_by_number(process: Process) -> list[str]:
    return [name for piece in version_of(process).pieces() for name in piece["id"]]


def test_rows_have_the_same_numbers_in_every_process(process: Process, begin: Begin) -> None:
    folded(process, "a", "b", jurisdiction="us")
    folded(process, "c", "d", jurisdiction="uk")
    process.store.delete("a")
    process.store.fold()
    folded(process, "e", jurisdiction="eu")
    other = begin()

    assert version_of(other).identity == version_of(process).identity
    assert ids_by_number(other) == ids_by_number(process)


def test_rows_have_the_same_numbers_after_joins(
    process: Process, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_folding, "_JOINED", 2)
    sleeper = begin()
    for name in "abcdefg":
        folded(process, name, jurisdiction=("us", "uk")[ord(name) % 2])
        if name == "c":
            sleeper.store.count()
    process.store.delete("c")
    process.store.fold()
    process.folding.tidy()
    folded(process, "h")

    assert ids_by_number(sleeper) == ids_by_number(process) == ids_by_number(begin())
    assert list(sleeper.store.walk()) == list(process.store.walk()) == list(begin().store.walk())


def test_version_whose_commit_failed_is_taken_by_nobody(
    process: Process, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded(process, "a")
    add(process, "b")
    real = process.folding._commit

    def fails(connection: Connection, *given: Any) -> bool:
        assert real(connection, *given)
        # An update in the same group of the writer sees the version before it is there.
        assert process.store._state.base(connection)[0] is not None
        raise StorageError("database: no space left")

    monkeypatch.setattr(process.folding, "_commit", fails)
    with pytest.raises(StorageError):
        process.store.fold()
    monkeypatch.setattr(process.folding, "_commit", real)

    assert set(process.answers()) == {"a", "b"}
    assert version_of(process).number == 1
    folded(process, "c")
    assert set(begin().answers()) == {"a", "b", "c"}


def test_journal_that_was_read_in_part_is_read_to_its_end(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    folded(process, "a", "b")
    assert process.store.count() == 2
    real = journal.read_after

    def cut(connection: Connection, seq: int) -> Iterator[Sequence[journal.Change]]:
        yield from real(connection, seq)
        monkeypatch.setattr(journal, "read_after", real)
        raise StorageError("database: the connection failed")

    monkeypatch.setattr(journal, "read_after", cut)
    with pytest.raises(StorageError):  # the change is made, its reading fails
        process.store.update("a", {"answer": "newer"})

    assert process.answers()["a"] == "newer"
    assert process.store.count() == 2


def test_fold_that_was_overtaken_is_refused_however_much_was_read_meanwhile(
    process: Process, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = begin()
    add(process, "a", "b")
    real = process.files.write

    def slow(*given: Any) -> Shard:
        monkeypatch.setattr(process.files, "write", real)
        lose_lock(process)  # while it serves readers
        assert other.store.fold() == 2
        assert process.store.count() == 2
        return real(*given)

    monkeypatch.setattr(process.files, "write", slow)
    process.store.fold()

    assert set(process.answers()) == {"a", "b"} == set(begin().answers())
    assert sum(shard.rows for shard in shards_of(process)) == 2


def test_join_that_was_overtaken_is_refused_however_much_was_read_meanwhile(
    process: Process, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded(process, *"abcdefghij")
    process.store.delete("a")
    process.store.fold()
    other = begin()
    real = process.files.write

    def slow(*given: Any) -> Shard:
        monkeypatch.setattr(process.files, "write", real)
        lose_lock(process)
        other.store.delete("b")
        other.store.fold()
        assert process.store.count() == 8
        return real(*given)

    monkeypatch.setattr(process.files, "write", slow)
    process.folding.tidy()

    assert set(process.answers()) == set("cdefghij") == set(begin().answers())


def test_files_of_a_commit_that_comes_after_a_cleaning_are_there(
    process: Process, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded(process, "a")
    other = begin()
    add(process, "b")
    real = process.files.write

    def slow(*given: Any) -> Shard:
        monkeypatch.setattr(process.files, "write", real)
        shard = real(*given)
        lose_lock(process)
        other.folding._clean(float("inf"))
        return shard

    monkeypatch.setattr(process.files, "write", slow)
    process.store.fold()

    assert set(begin().answers()) == {"a", "b"}
    assert files_of(process) == names_of(process)


def test_version_that_is_erased_while_it_is_opened_is_passed_over(
    process: Process, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded(process, "a", "b")
    other = begin()
    real = other.files.index

    def slow(shard: Shard) -> Any:
        monkeypatch.setattr(other.files, "index", real)
        process.store.delete("a")
        process.store.fold(force=True)
        return real(shard)

    monkeypatch.setattr(other.files, "index", slow)

    assert set(other.answers()) == {"b"}


def test_erasing_removes_what_a_process_with_another_clock_replaced(process: Process, begin: Begin) -> None:
    ahead = begin(ManualClock())
    ahead.clock.advance(600)
    folded(process, *"abcdefghij")
    ahead.store.delete("a")
    ahead.store.fold()
    ahead.folding._join(lambda part: bool(part.shard.gone))

    process.store.fold(force=True)

    assert files_of(process) == names_of(process)
    assert len(shards_of(process)) == 1


def test_versions_that_were_forgotten_stay_so_where_clocks_differ(process: Process, begin: Begin) -> None:
    folded(process, "a")
    with process.engine.begin() as connection:
        first = manifest.head(connection)
        shard = shards_of(process)[0]
        # The later version was made by a process whose clock is behind.
        assert manifest.commit(connection, Change(first, first.upto, [shard.name], [shard]), 2000.0)
        second = manifest.head(connection)
        assert manifest.commit(connection, Change(second, second.upto, [shard.name], [shard]), 1000.0)
        manifest.forget(connection, 1500.0)
        since = manifest.head(connection).since
        manifest.forget(connection, 2500.0)
        assert manifest.head(connection).since == since == 3


def test_shards_that_are_read_by_turns_hold_no_more_memory_than_one_file(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcde":
        folded(process, name, jurisdiction=name)
    most = version_of(process).parts[0].shard.groups[0][1]
    monkeypatch.setattr(shard_files, "_CACHED_BYTES", 2 * most)

    for _ in range(2):
        for number in range(5):
            version_of(process).take([number])
            # What is read after it was opened counts at the next.
            assert sum(each.cached_bytes for each in process.files._open.values()) <= 3 * most
    assert 0 < len(process.files._open) < 5


def test_search_numbers_of_another_index_come_with_no_shard(process: Process, begin: Begin) -> None:
    folded(process, *"abcdefghij")
    index = version_of(process).index
    index.generation = "one"
    index.fill(pl.Series([0, 1], dtype=pl.UInt32()), pl.DataFrame({DOCUMENT: pl.Series([7, 8], dtype=pl.UInt32())}))
    other = begin()
    version_of(other).index.generation = "another"
    process.store.delete("j")
    process.store.fold()
    process.folding.tidy()

    assert version_of(other).index.generation == "another"
    assert version_of(other).index.frame[DOCUMENT].null_count() == 9


def test_column_that_a_shard_lacks_keeps_its_rows_where_they_are(process: Process) -> None:
    folded(process, "a", "b", jurisdiction="us")
    folded(process, "c", jurisdiction="uk", score=2)
    version = version_of(process)

    read = pl.concat(version.narrow(["score"]))

    assert read["score"].to_list() == [None, None, 2]
    snapshot = process.store.snapshot()
    some = snapshot.some(pl.Series([2, 0], dtype=pl.UInt32()), ["score"])
    assert some["score"].to_list() == [2, None]


def test_what_a_kill_left_half_written_is_removed(process: Process, tmp_path: Path) -> None:
    folded(process, "a")
    (name,) = files_of(process)
    left = tmp_path / "shards" / Path(name).parent / "f00.parquet.new"
    left.write_bytes(b"half")

    process.store.fold(force=True)

    assert not left.exists()
    assert files_of(process) == {name}


def test_fold_that_fails_leaves_no_files_and_nothing_in_memory(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(process, "a", jurisdiction="us")
    add(process, "b", jurisdiction="uk")
    real, calls = process.files._folder.write, list[str]()

    def full(name: str, make: Any) -> None:
        calls.append(name)
        if len(calls) == 4:  # the index of the second shard
            raise StorageError("no space left")
        real(name, make)

    monkeypatch.setattr(process.files._folder, "write", full)
    with pytest.raises(StorageError):
        process.store.fold()

    assert len(calls) == 4
    assert files_of(process) == set()
    assert not process.files._written


def test_one_broken_shard_does_not_keep_the_others_from_being_mended(process: Process) -> None:
    folded(process, *"abcd", jurisdiction="us")
    folded(process, *"efgh", jurisdiction="uk")
    process.store.delete("a")
    process.store.delete("e")
    process.store.fold()
    broken = next(shard for shard in shards_of(process) if shard.jurisdiction == "us")
    process.files._folder.remove(f"{broken.name}.parquet")

    with pytest.raises(StorageError, match="is missing"):
        process.folding.tidy()

    assert [shard.rows for shard in shards_of(process) if shard.jurisdiction == "uk"] == [3]


def test_columns_of_others_keep_types_and_values_through_folds_and_joins(
    process: Process, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_folding, "_JOINED", 2)
    more = pl.DataFrame(
        {
            "day": [datetime.date(2026, 1, 2), None],
            "at": pl.Series([datetime.datetime(2026, 1, 2, 3), None], dtype=pl.Datetime("ms", "Europe/Berlin")),
            "hour": [datetime.time(1, 2), None],
            "took": pl.Series([datetime.timedelta(seconds=3), None], dtype=pl.Duration("us")),
            "price": pl.Series([decimal.Decimal("1.25"), None], dtype=pl.Decimal(10, 2)),
            "small": pl.Series([1, None], dtype=pl.Int8()),
            "large": pl.Series([2**63 + 1, None], dtype=pl.UInt64()),
            "bytes": [b"\x00x", None],
            "words": [["a", None], []],
            "pair": pl.Series([[1.0, 2.0], None], dtype=pl.Array(pl.Float32(), 2)),
            "thing": [{"x": 1, "y": ["z"]}, None],
            "kind": pl.Series(["k", None], dtype=pl.Categorical()),
            "enum": pl.Series(["e", None], dtype=pl.Enum(["e", "f"])),
            "nothing": pl.Series([None, None], dtype=pl.Null()),
        }
    )
    ours = pl.DataFrame([sample(id=name, created_at="2026-10-01T00:00:00Z") for name in "ab"])
    pl.concat([ours, more], how="horizontal").write_parquet(tmp_path / "train.parquet")
    file = ParquetFile(tmp_path / "train.parquet")
    version = file.open()
    assert version is not None
    columns, expected = version.columns, next(iter(version.pieces())).select(more.columns)
    assert process.folding.take_in(file) == 2
    folded(process, "c", created_at="2026-10-02T00:00:00Z")
    process.folding.tidy()

    for each in (process, begin()):
        assert len(version_of(each).parts) == 1
        assert {name: version_of(each).columns[name] for name in more.columns} == {
            name: columns[name] for name in more.columns
        }
        read = each.store.snapshot().take(pl.Series([0, 1], dtype=pl.UInt32()))
        assert read["id"].to_list() == ["a", "b"]
        assert read.select(more.columns).to_dicts() == expected.to_dicts()


def test_bucket_that_is_not_there_is_told_in_words(process: Process, s3: S3Server) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        open_shards(f"s3://nowhere/x?endpoint={s3.endpoint}&region=us-east-1", process.engine)


@pytest.mark.parametrize("endpoint", ["objects:9000", "objects", "ftp://objects"])
def test_endpoint_without_http_does_not_send_to_amazon(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="endpoint"):
        check_address(f"s3://bucket/x?endpoint={endpoint}")


def test_search_index_of_a_process_comes_to_rest_beside_that_of_another(
    process: Process, begin: Begin, tmp_path: Path
) -> None:
    folded(process, *(f"s{number:02d}" for number in range(20)))
    service = SearchIndex(tmp_path / "search-shards.db", is_kept=False)
    search = SearchService(process.store, service, scan_rows=5)
    assert search.update(lambda: False) == 20
    assert search.update(lambda: False) == 0
    process.store.delete("s07")
    process.store.fold(force=True)
    assert search.update(lambda: False) == 19

    again = SearchIndex(tmp_path / "search-shards.db", is_kept=False)
    after = SearchService(begin().store, again, scan_rows=5)

    assert after.update(lambda: False) == 19
    assert again.size() == 19
    assert after.update(lambda: False) == 0
    found = after.search(SearchRequest("invitation"))["results"]
    assert {row["id"] for row in found} == {f"s{number:02d}" for number in range(20)} - {"s07"}


def test_each_process_with_shards_has_a_search_index_of_its_own(tmp_path: Path) -> None:
    files = ParquetFile(tmp_path / "train.parquet")
    paths = [
        _search_index(
            settings_for(tmp_path, data_url=url), cast("Stores", SimpleNamespace(file=files, own_name=name))
        ).path.name
        for url, name in (("", "-1"), ("shards", ""), ("shards", "-1"))
    ]

    assert paths == ["search-1.db", "search-shards.db", "search-shards-1.db"]


@only_on_servers
def test_processes_that_fold_join_delete_erase_and_read_at_once_agree(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_folding, "_JOINED", 2)
    processes = [begin(ManualClock()) for _ in range(3)]
    done = threading.Event()

    def work(number: int) -> None:
        mine = processes[number]
        for step in range(12):
            add(mine, f"s{number}-{step}", f"t{number}-{step}")
            mine.store.delete(f"t{number}-{step}")
            mine.store.fold(force=step % 4 == 3)
            mine.folding.tidy()

    def read() -> None:
        seen = 0
        while not done.is_set():
            ids = processes[0].store.snapshot().index().collect()["id"]
            kept = ids.filter(ids.str.starts_with("s"))
            assert kept.n_unique() == len(kept) >= seen
            seen = len(kept)

    with ThreadPoolExecutor(4) as threads:
        reader = threads.submit(read)
        try:
            list(threads.map(work, range(3)))
        finally:
            done.set()
    reader.result()

    expected = {f"s{number}-{step}" for number in range(3) for step in range(12)}
    assert all(set(process.answers()) == expected for process in (*processes, begin()))
    processes[0].store.fold(force=True)
    assert files_of(processes[0]) == names_of(processes[0])
