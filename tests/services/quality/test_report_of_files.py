"""Reports over many files, in folders and in object storage: the same as of one file, whoever reads how much."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from models.samples.file.many_files import ManyFiles, PortionReader
from models.samples.file.parquet_version import ParquetVersion
from services.quality.benchmarks import Benchmarks
from services.quality.duplicates.gathered import Gathered, InMemory, OnDisk
from services.quality.duplicates.sketch import BANDS, sketches
from services.quality.report.files import overlaps_in_files, report_on_files
from services.quality.report.lengths import Lengths
from services.quality.report.measuring import Measures, build_report
from tests.fakes import CATALOGUE, CHECKER, sample
from tests.s3 import S3Server, s3, s3_session
from tests.services.quality.test_quality import INVENTED
from utils.errors import StorageError
from utils.file_systems import FileFolder
from utils.frames import np

__all__ = ["s3", "s3_session"]
HELD_OUT = "the carrier is bound before and at the beginning of the voyage to exercise due diligence to make it sound"


@pytest.fixture
def measures(tmp_path: Path) -> Measures:
    (tmp_path / "held-out.txt").write_text(HELD_OUT)
    benchmarks = Benchmarks(tmp_path / "benchmarks")
    benchmarks.build("held-out", [tmp_path / "held-out.txt"])
    return Measures(CATALOGUE, CHECKER, benchmarks)


def rows(count: int = 60) -> pl.DataFrame:
    """Return samples of many kinds: alike, short, contaminated, with an invented citation and an address."""
    made: list[dict[str, Any]] = []
    for n in range(count):
        answer = f"Answer {n} of {n * 7919 % 101}: " + ("word " * (n % 13)) + f"see clause {n % 5}."
        if n % 10 == 3:
            answer += f" It is settled that {HELD_OUT}. See {INVENTED}."
        if n % 10 == 4:
            answer = made[-1]["answer"]
        if n % 20 == 5:
            answer += f" Write to a{n}@example.org."
        topic = ("Contract Law - Misrepresentation", "Tort - Negligence")[n % 2]
        made.append(
            sample(id=f"s{n:03}", question=f"What of {n // 2}?", answer=answer, topic=topic, quality_score=n / 100)
        )
    return pl.DataFrame(made)


def written(frame: pl.DataFrame, folder: Path, names: list[str]) -> None:
    """Write a part of *frame* into each file, by several row groups."""
    size = -(-frame.height // len(names))
    for n, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.slice(n * size, size).write_parquet(path, row_group_size=7)


def reported(address: str, measures: Measures, gathered: Gathered | None = None) -> dict[str, Any]:
    return {**report_on_files(ManyFiles(address), measures, None, gathered or InMemory())}


@pytest.mark.parametrize("portion_rows", [1, 10, 10_000])
def test_many_files_are_reported_on_as_one_frame_is(
    tmp_path: Path, measures: Measures, monkeypatch: pytest.MonkeyPatch, portion_rows: int
) -> None:
    monkeypatch.setattr("models.samples.file.many_files._PORTION_ROWS", portion_rows)
    frame = rows()
    written(frame, tmp_path / "in", ["a.parquet", "b/c.parquet", "b/d.parquet"])
    (tmp_path / "in" / "notes.txt").write_text("no sample")
    frame.write_parquet(tmp_path / "one.parquet")
    expected = build_report(ParquetVersion(tmp_path / "one.parquet").samples(), measures)

    found = reported(str(tmp_path / "in"), measures)

    assert found.pop("changed_on_reading") == ManyFiles(str(tmp_path / "in" / "a.parquet")).changes([])
    assert found == expected
    assert expected["contamination"]["samples_by_benchmark"] == {"held-out": 12}
    assert expected["duplicates"]["similar_pairs"] > 0
    assert expected["worst"]["duplicates"]


def test_object_storage_is_reported_on_as_a_folder_is(tmp_path: Path, measures: Measures, s3: S3Server) -> None:
    written(rows(), tmp_path / "in", ["a.parquet", "b/c.parquet"])
    there = FileFolder(s3.address("reported"))
    for name in ("a.parquet", "b/c.parquet"):
        there.write(name, lambda write, name=name: write((tmp_path / "in" / name).read_bytes()))  # type: ignore[misc]  # a lambda

    assert reported(s3.address("reported"), measures) == reported(str(tmp_path / "in"), measures)
    one = ManyFiles(s3.address("reported/b/c.parquet"))
    assert (one.files, one.rows) == (1, 30)
    with pytest.raises(StorageError, match=r"holds no file that ends in \.parquet"):
        ManyFiles(s3.address("nothing-here"))


def test_what_was_noted_in_a_portion_comes_back_from_another_process(tmp_path: Path, measures: Measures) -> None:
    frame = pl.DataFrame({"question": ["Why?", "", "How?"], "answer": ["Because.", "x", "So."], "id": [None, "b", "c"]})
    written(frame, tmp_path / "in", ["a.parquet"])
    written(pl.DataFrame({"prompt": ["Who?"], "completion": ["He."]}), tmp_path / "in", ["b.parquet"])
    files = ManyFiles(str(tmp_path / "in"))

    noted, names = [], []
    for portion in files.portions():
        reader = PortionReader(pickle.loads(pickle.dumps(portion)))  # noqa: S301  # just made
        names += [name for piece in reader.frames() for name in piece["id"]]
        noted.append(pickle.loads(pickle.dumps(reader.noted)))  # noqa: S301  # just made
    changes = files.changes(noted)

    assert names == ["imported_0", "c", "imported_3"]
    assert "1 rows were refused, they have no question or no answer (rows 2)" in changes
    assert "column question: read from prompt" in changes
    assert files.rows == 4


def test_files_without_a_sample_are_refused_with_their_columns(tmp_path: Path, measures: Measures) -> None:
    written(pl.DataFrame({"text": ["x", "y"]}), tmp_path / "in", ["a.parquet"])

    with pytest.raises(StorageError, match="no row has a question and an answer; its columns are text"):
        reported(str(tmp_path / "in"), measures)


def test_a_broken_file_among_many_is_named(tmp_path: Path, measures: Measures) -> None:
    written(rows(20), tmp_path / "in", ["a.parquet"])
    (tmp_path / "in" / "z.parquet").write_bytes(b"PAR1 is not enough")

    with pytest.raises(StorageError, match=r"z\.parquet: is not a readable Parquet file"):
        ManyFiles(str(tmp_path / "in"))
    with pytest.raises(StorageError, match=r"gone\.parquet"):
        ManyFiles(str(tmp_path / "in" / "gone.parquet"))


def test_benchmarks_are_found_in_many_files(tmp_path: Path, measures: Measures) -> None:
    written(rows(), tmp_path / "in", ["a.parquet", "b.parquet"])
    heard: list[tuple[str, int, int]] = []

    count, found = overlaps_in_files(
        ManyFiles(str(tmp_path / "in")), measures, None, lambda step, done, total: heard.append((step, done, total))
    )

    assert count == 60
    assert [name for name, _ in found] == [f"s{n:03}" for n in range(60) if n % 10 in (3, 4)]
    assert heard[-1] == ("samples examined", 60, 60)


@pytest.mark.parametrize("make", [lambda _: InMemory(), lambda folder: OnDisk(folder, 2)], ids=["memory", "disk"])
def test_pairs_are_the_same_wherever_sketches_are_kept(tmp_path: Path, make: Callable[[Path], Gathered]) -> None:
    texts = [f"the tenant of house {n % 40} may end the lease after {n % 3} days or more" for n in range(300)]
    gathered, plain, heard = make(tmp_path), InMemory(), list[int]()
    for start in range(0, 300, 70):
        gathered.add(sketches(pl.Series(texts[start : start + 70])))
    plain.add(sketches(pl.Series(texts)))

    pairs, values = gathered.pairs(0.5, lambda _step, done, _total: heard.append(done))
    expected, similarities = plain.pairs(0.5)

    order = np.argsort(expected)
    assert len(pairs) > 300
    assert sorted(pairs.tolist()) == expected[order].tolist()
    assert values[np.argsort(pairs)].tolist() == similarities[order].tolist()
    assert heard[-1] == BANDS


def test_nothing_gathered_has_no_pairs(tmp_path: Path) -> None:
    assert [len(part) for part in OnDisk(tmp_path, 2).pairs(0.5)] == [0, 0]
    assert [len(part) for part in InMemory().pairs(0.5)] == [0, 0]


@pytest.mark.parametrize("count", [1, 2, 3, 10, 101, 1000])
def test_percentiles_of_lengths_are_those_of_numpy(count: int) -> None:
    words = np.random.default_rng(count).integers(0, 50, count)
    texts = pl.Series(["word " * int(n) for n in words])
    parts = [Lengths(), Lengths()]
    for part, some in zip(parts, (texts[: count // 3], texts[count // 3 :]), strict=True):
        part.count(some)
    parts[0].merge(parts[1])

    wanted = [int(value) for value in np.percentile(words, (1, 25, 50, 75, 99))]

    assert list(parts[0].percentiles().values()) == wanted
