"""The data set: exact at every moment, whatever is folded, restarted or brought from outside."""

import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import Connection

from models.database import open_engine
from models.engines.writer import Writer
from models.fields import validated
from models.samples import journal
from models.samples.file.intake import schema
from models.samples.file.parquet_file import ParquetFile
from models.samples.sample_store import SampleStore
from models.samples.staged import StagedSamples
from models.samples.statistics import summarize
from models.schemas import Sample, new_sample
from tests.fakes import sample
from tests.layouts import only_in_one_file
from tests.one_file import file_of
from utils.clock import ManualClock
from utils.errors import DiskFullError, InputError, NotFoundError, StorageError


def ids(store: SampleStore) -> list[str]:
    return [row["id"] for row in store.walk()]


def test_sample_is_found_before_and_after_the_fold(store: SampleStore) -> None:
    store.add(sample())
    before = store.get("s1")

    assert store.fold() == 1
    assert store.fold() == 0
    assert store.get("s1") == before
    assert store.count() == 1


@only_in_one_file
def test_file_opens_with_polars_and_pandas(store: SampleStore) -> None:
    for number in range(3):
        store.add(sample(id=f"s{number}"))
    store.fold()

    path = file_of(store).path
    assert pl.read_parquet(path)["id"].to_list() == ["s0", "s1", "s2"]
    assert list(pd.read_parquet(path)["id"]) == ["s0", "s1", "s2"]
    assert pl.read_parquet(path).schema == pl.Schema(schema())


def test_update_keeps_every_field_that_it_does_not_name(store: SampleStore, clock: ManualClock) -> None:
    store.add(sample(batch_id="b1", provider="groq", model="m", extra="kept"))
    created = store.get("s1")["created_at"]
    store.fold()
    clock.advance(60)

    changed = store.update("s1", {"answer": "better"})

    assert changed["answer"] == "better"
    assert (changed["batch_id"], changed["provider"], dict(changed)["extra"]) == ("b1", "groq", "kept")
    assert changed["created_at"] == created
    assert str(changed["updated_at"]) > str(created)


def test_update_may_change_the_id_but_not_to_one_that_exists(store: SampleStore) -> None:
    store.add(sample())
    store.add(sample(id="s2"))

    store.update("s1", {"id": "renamed"})

    with pytest.raises(InputError, match="'s2' exists"):
        store.update("renamed", {"id": "s2"})
    with pytest.raises(NotFoundError):
        store.get("s1")
    assert sorted(ids(store)) == ["renamed", "s2"]


def test_what_cannot_be_is_refused_with_its_reason(store: SampleStore) -> None:
    store.add(sample())
    store.fold()

    with pytest.raises(InputError, match="'s1' exists"):
        store.add(sample())
    with pytest.raises(InputError, match="Missing required fields: question, reasoning"):
        store.add({**sample(id="s9"), "question": " ", "reasoning": None})
    with pytest.raises(InputError, match="Missing required fields: answer"):
        store.update("s1", {"answer": ""})
    with pytest.raises(InputError, match=r"difficulty: got .*, want "):
        store.add(sample(id="s9", difficulty="hard"))
    with pytest.raises(InputError, match="surrogate"):
        store.add(sample(id="s9", answer="bad \ud800"))
    for act in (lambda: store.delete("no"), lambda: store.update("no", {}), lambda: store.get("no")):
        with pytest.raises(NotFoundError, match="'no': not found"):
            act()
    assert store.count() == 1


@pytest.mark.parametrize("extra", [{"_row": "x"}, {"meta": {}}, {"tags": [1]}, {"n": 2**60}, {"tokens_used": 2**63}])
def test_extra_field_that_fits_no_table_is_refused(store: SampleStore, extra: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        store.add(sample(**extra))


def test_extra_column_of_mixed_types_becomes_text_and_reserved_names_do_no_harm(store: SampleStore) -> None:
    store.add(sample(score=1))
    store.add(sample(id="s2", score="high", n_=True))
    store.fold()
    store.add(sample(id="s3", score=2.5))

    assert {row["id"]: dict(row)["score"] for row in store.walk()} == {"s1": "1", "s2": "high", "s3": "2.5"}
    assert store.fold() == 1


def test_deleted_sample_is_gone_and_may_be_added_again(store: SampleStore) -> None:
    store.add(sample())
    store.fold()
    store.delete("s1")
    assert ids(store) == []

    store.add(sample(answer="new"))
    store.fold()

    assert store.get("s1")["answer"] == "new"


def test_pages_are_newest_first_and_filters_match_exactly(store: SampleStore, clock: ManualClock) -> None:
    for number in range(7):
        store.add(sample(id=f"s{number}", jurisdiction="us" if number % 2 else "uk"))
        clock.advance(1)
        if number == 3:
            store.fold()

    assert [row["id"] for row in store.walk(limit=3, offset=1)] == ["s5", "s4", "s3"]
    assert [row["id"] for row in store.walk({"jurisdiction": "us"})] == ["s5", "s3", "s1"]
    assert [row["id"] for row in store.walk({"jurisdiction": "us"}, limit=1)] == ["s5"]
    assert [row["id"] for row in store.walk(offset=5)] == ["s1", "s0"]
    assert store.count({"jurisdiction": "uk"}) == 4


def test_fold_waits_for_ten_samples_and_ten_seconds(store: SampleStore, clock: ManualClock) -> None:
    for number in range(9):
        store.add(sample(id=f"s{number}"))
    clock.advance(10)
    assert not store.folding.fold_if_due()

    store.add(sample(id="s9"))
    assert store.folding.fold_if_due()

    store.add(sample(id="s10"))
    assert not store.folding.fold_if_due()


def test_readers_see_whole_states_while_folds_happen(store: SampleStore) -> None:
    for number in range(20):
        store.add(sample(id=f"s{number:02d}"))
    faults: list[str] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            found = ids(store)
            if len(found) != len(set(found)) or len(found) < 20:
                faults.append(str(found))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(20, 50):
        store.add(sample(id=f"s{number:02d}"))
        store.fold()
    stop.set()
    for reader in readers:
        reader.join()

    assert faults == []
    assert store.count() == 50


@only_in_one_file
def test_full_disk_during_a_fold_loses_nothing(store: SampleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add(sample())
    store.fold()
    store.add(sample(id="s2"))

    def full(*_: object, **__: object) -> None:
        file_of(store)._temporary.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("models.samples.file.parquet_file.write_groups", full)
        with pytest.raises(DiskFullError, match="safe in the database"):
            store.fold()

    assert not file_of(store)._temporary.exists()
    assert store.count() == 2
    assert store.fold() == 1


@only_in_one_file
def test_folder_that_cannot_be_written_is_a_clear_error(store: SampleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add(sample())

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("models.samples.file.parquet_file.write_groups", denied)
    with pytest.raises(StorageError, match="samples stay in the database"):
        store.fold()


def test_leftover_of_a_crash_is_removed_at_start(tmp_path: Path) -> None:
    (tmp_path / "train.parquet.tmp").write_bytes(b"half")

    ParquetFile(tmp_path / "train.parquet").prepare()

    assert list(tmp_path.iterdir()) == []


@only_in_one_file
def test_foreign_file_is_taken_in_with_its_extra_columns(tmp_path: Path, store: SampleStore) -> None:
    foreign = pl.DataFrame(
        {
            "reasoning": ["r", "r2"],
            "score": [1.5, None],
            "question": ["q", "q2"],
            "answer": ["a", "a2"],
            "topic": ["A - B", None],
            "case_citation": ["c", "c2"],
            "difficulty": pl.Series(["basic", None], dtype=pl.Categorical),
            "id": ["f1", None],
        }
    )
    foreign.write_parquet(file_of(store).path)

    rows = list(store.walk())
    store.add(sample())
    store.fold()

    assert {row["id"] for row in rows} == {"f1", "imported_1"}
    assert all(row["difficulty"] and row["topic"] for row in rows)
    assert {dict(row)["score"] for row in rows} == {1.5, None}
    assert set(pl.read_parquet(file_of(store).path)["score"].to_list()) == {1.5, None}
    assert store.count() == 3


def test_statistics_count_everything(store: SampleStore) -> None:
    store.add(sample())
    store.add(sample(id="s2", topic="Tort Law - Nuisance", difficulty="expert"))

    summary = summarize(store.snapshot())

    assert summary["total"] == 2
    assert summary["difficulty_distribution"] == [
        {"difficulty": "basic", "len": 1, "count": 1},
        {"difficulty": "expert", "len": 1, "count": 1},
    ]
    assert (summary["unique_topics"], summary["unique_practice_areas"]) == (2, 2)
    assert summary["avg_lengths"]["question"] == len("Is it an offer?")


def test_statistics_of_nothing_are_zeros(store: SampleStore) -> None:
    summary = summarize(store.snapshot())

    assert (summary["total"], summary["avg_lengths"]["answer"], summary["top_topics"]) == (0, 0.0, [])


def test_schema_names_the_field_and_the_value() -> None:
    with pytest.raises(InputError, match="tokens_used: got 'many', want a whole number"):
        validated(Sample, sample(tokens_used="many"))
    assert new_sample(sample(extra=1)).model_extra == {"extra": 1}


def test_journal_that_was_read_in_part_is_read_to_its_end(store: SampleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        store.add(sample(id=name))
    store.fold()
    assert store.count() == 2
    real = journal.read_after

    def cut(connection: Connection, seq: int) -> Iterator[Sequence[journal.Change]]:
        yield from real(connection, seq)
        monkeypatch.setattr(journal, "read_after", real)
        raise StorageError("database: the connection failed")

    monkeypatch.setattr(journal, "read_after", cut)
    with pytest.raises(StorageError):  # the change is made, its reading fails
        store.update("a", {"answer": "newer"})

    assert {row["id"]: row["answer"] for row in store.walk()}["a"] == "newer"
    assert store.count() == 2


class StoreAgainstDictionary(RuleBasedStateMachine):
    """Any sequence of add, update, delete, fold and restart equals a dictionary."""

    keys = st.sampled_from(["a", "b", "c", "d"])
    answers = st.text("xyz é(", min_size=1).filter(str.strip)

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.model: dict[str, str] = {}
        self.clock = ManualClock()
        self.open()

    def open(self) -> None:
        self.engine = open_engine(f"sqlite:///{self.folder / 'batches.db'}")
        self.writer = Writer(self.engine)
        self.writer.start()
        file = ParquetFile(self.folder / "train.parquet")
        file.prepare()
        self.store = SampleStore(file, self.engine, self.writer, self.clock)

    def close(self) -> None:
        self.writer.close()
        self.engine.dispose()

    def teardown(self) -> None:
        self.close()
        shutil.rmtree(self.folder)

    @rule(key=keys, answer=answers)
    def add(self, key: str, answer: str) -> None:
        if key in self.model:
            with pytest.raises(InputError):
                self.store.add(sample(id=key, answer=answer))
        else:
            self.store.add(sample(id=key, answer=answer))
            self.model[key] = answer

    @rule(key=keys, answer=answers)
    def update(self, key: str, answer: str) -> None:
        if key not in self.model:
            with pytest.raises(NotFoundError):
                self.store.update(key, {"answer": answer})
        else:
            self.store.update(key, {"answer": answer})
            self.model[key] = answer

    @rule(key=keys)
    def delete(self, key: str) -> None:
        if key in self.model:
            self.store.delete(key)
            del self.model[key]

    @rule()
    def fold(self) -> None:
        self.store.fold()

    @rule(key=keys, answer=answers, mode=st.sampled_from(["skip", "replace"]), small=st.booleans())
    def import_some(self, key: str, answer: str, mode: str, small: bool) -> None:
        staged = StagedSamples(self.folder / "parts", mode)
        for name in (key, "imported"):
            staged.add(new_sample(sample(id=name, answer=answer)).model_dump())
        staged.finish()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("models.samples.staged.SMALL", 2000 if small else 0)
            self.store.merge(staged)
        staged.close()
        for name in (key, "imported"):
            if mode == "replace" or name not in self.model:
                self.model[name] = answer

    @rule(held=st.dictionaries(keys, answers, min_size=1))
    def replace_from_outside(self, held: dict[str, str]) -> None:
        """Another program puts a file of its own there; what is newer in the journal stays on top."""
        newer = self.store.snapshot().overlay
        rows = [sample(id=key, answer=answer) for key, answer in held.items()]
        other = self.folder / "other.parquet"
        pl.DataFrame(rows).write_parquet(other)
        other.replace(self.folder / "train.parquet")
        kept = dict(zip(newer.live["id"], newer.live["answer"], strict=True))
        self.model = {key: answer for key, answer in held.items() if key not in newer.changed} | kept

    @rule()
    def restart(self) -> None:
        self.close()
        self.open()

    @invariant()
    def agrees(self) -> None:
        rows = list(self.store.walk())
        assert {row["id"]: row["answer"] for row in rows} == self.model
        assert len(rows) == self.store.count() == len(self.model)
        assert {key: self.store.get(key)["answer"] for key in self.model} == self.model


TestStoreAgainstDictionary = StoreAgainstDictionary.TestCase
TestStoreAgainstDictionary.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
