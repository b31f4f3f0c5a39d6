"""Row groups of our own files go into the next file as they are, and the rows come out the same."""

import contextlib
import errno
import random
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.samples.file.carried_groups import CarriedGroup
from models.samples.file.footer import Footer, footer_in
from models.samples.file.row_groups import GROUP_ROWS, GroupFile, open_groups, write_groups
from models.samples.sample_store import SampleStore
from models.samples.staged import StagedSamples, taken_parts
from tests.fakes import sample
from tests.one_file import file_of
from utils.files import is_disk_full

COLUMNS = {"id": pl.String(), "answer": pl.String(), "score": pl.Float64(), "tags": pl.List(pl.String())}


def rows(first: int, count: int) -> pl.DataFrame:
    numbers = range(first, first + count)
    return pl.DataFrame(
        {
            "id": [f"s{n}" for n in numbers],
            "answer": [f"answer {n} é" * (n % 7) if n % 5 else None for n in numbers],
            "score": [n / 3 if n % 3 else None for n in numbers],
            "tags": [["a"] * (n % 3) if n % 4 else None for n in numbers],
        },
        schema=COLUMNS,
    )


def pages_of(path: Path) -> list[bytes]:
    return [b"".join(group.blocks()) for group in open_groups(path).groups()]


@given(groups=st.lists(st.integers(1, 40), max_size=20), shift=st.integers(-3, 1 << 40))
@settings(max_examples=60)
def test_a_footer_cut_into_parts_is_joined_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, groups: list[int], shift: int
) -> None:
    path = tmp_path_factory.mktemp("footer") / "file"
    with pq.ParquetWriter(path, rows(0, 1).to_arrow().schema) as writer:
        for count in groups:
            writer.write_table(rows(0, count).to_arrow())
    data = footer_in(path.read_bytes())

    footer = Footer.of(data)

    assert [group.rows for group in footer.groups] == groups
    assert footer.joined([group.moved(0, n) for n, group in enumerate(footer.groups)], sum(groups)) == data
    moved = footer.joined([group.moved(shift, n) for n, group in enumerate(footer.groups)], sum(groups))
    for before, after in zip(footer.groups, Footer.of(moved).groups, strict=True):
        assert (after.start, after.end) == (before.start + shift, before.end + shift)


@given(data=st.binary(max_size=60) | st.integers(0, 400))
@settings(max_examples=200)
def test_a_broken_footer_is_refused_or_cut_but_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, data: bytes | int
) -> None:
    if isinstance(data, int):
        path = tmp_path_factory.mktemp("broken") / "file"
        write_groups(path, [rows(0, 30)], COLUMNS, {})
        data = footer_in(path.read_bytes())[:data]

    with contextlib.suppress(ValueError):
        assert Footer.of(data).rest is not None


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3 * GROUP_ROWS)), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_carried_and_written_rows_stand_in_their_order(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[bool, int]]
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    expected, first = [], 0
    with (folder / "new").open("wb") as target, GroupFile(target.write, COLUMNS, {}) as file:
        for number, (is_carried, count) in enumerate(parts):
            frame = rows(first, count)
            first += count
            expected.append(frame)
            if is_carried:
                write_groups(folder / str(number), [frame], COLUMNS, {})
                for group in open_groups(folder / str(number)).groups():
                    file.add(group)
            else:
                file.add(frame)

    wanted = pl.concat(expected)
    assert pl.read_parquet(folder / "new").equals(wanted)
    assert pl.DataFrame(pl.from_arrow(pq.read_table(folder / "new"))).equals(wanted)
    assert pl.concat([group.read() for group in open_groups(folder / "new").groups()]).equals(wanted)
    sizes = [group.rows for group in open_groups(folder / "new").groups()]
    assert max(sizes) <= GROUP_ROWS
    # No part alone makes many small groups: each end of a part at most one.
    assert sum(size < GROUP_ROWS // 2 for size in sizes) <= len(parts)


def filled(store: SampleStore, folder: Path, first: int, count: int) -> None:
    staged = StagedSamples(folder / f"staged{first}", "replace")
    for number in range(first, first + count):
        staged.add(sample(id=f"s{number}", answer=f"answer {number}", created_at=f"2026-01-01T00:00:00.{number:06d}Z"))
    staged.finish()
    store.merge(staged)


def test_a_fold_carries_the_row_groups_in_which_nothing_changed(store: SampleStore, tmp_path: Path) -> None:
    filled(store, tmp_path, 0, 5 * GROUP_ROWS + 20)
    before = pages_of(file_of(store).path)

    store.delete(f"s{GROUP_ROWS + 3}")
    store.update("s1", {"answer": "changed"})
    store.add(sample(id="new"))
    store.fold()

    after = pages_of(file_of(store).path)
    assert len(before) == len(after) == 6
    assert after[2:5] == before[2:5]
    assert all(here != there for here, there in zip(after[:2], before[:2], strict=True))
    numbers = [*range(2, GROUP_ROWS + 3), *range(GROUP_ROWS + 4, 5 * GROUP_ROWS + 20)]
    held = pl.read_parquet(file_of(store).path)
    assert held["id"].to_list() == ["s0", *(f"s{n}" for n in numbers), "s1", "new"]
    assert held["answer"].to_list()[:2] == ["answer 0", "answer 2"]
    assert held["answer"].to_list()[-2] == "changed"
    assert store.get(f"s{3 * GROUP_ROWS}")["answer"] == f"answer {3 * GROUP_ROWS}"


def test_an_import_is_carried_as_it_was_staged(store: SampleStore, tmp_path: Path) -> None:
    staged = StagedSamples(tmp_path / "staged", "skip")
    store.add(sample(id=f"s{GROUP_ROWS}"))
    for number in range(5 * GROUP_ROWS):
        staged.add(sample(id=f"s{number}", answer=f"answer {number}"))
    staged.finish()

    plan = staged.plan(store.snapshot())
    parts = list(taken_parts(staged, plan))
    result = store.merge(staged)

    assert (result.added, result.skipped) == (5 * GROUP_ROWS - 1, 1)
    assert [isinstance(part, CarriedGroup) for part in parts] == [True, False, True, True, True]
    held = pl.read_parquet(file_of(store).path)
    assert sorted(held["id"]) == sorted(f"s{n}" for n in range(5 * GROUP_ROWS))


def test_groups_are_decoded_where_the_columns_differ(store: SampleStore, tmp_path: Path) -> None:
    filled(store, tmp_path, 0, 5 * GROUP_ROWS)

    store.add(sample(id="new", court="Court of Appeal"))
    store.fold()

    held = pl.read_parquet(file_of(store).path)
    assert held["court"].to_list() == [None] * 5 * GROUP_ROWS + ["Court of Appeal"]
    assert store.snapshot().version.carried(store.snapshot().columns) is not None  # type: ignore[union-attr]


def test_files_of_older_releases_with_statistics_of_texts_are_written_anew(store: SampleStore, tmp_path: Path) -> None:
    filled(store, tmp_path, 0, 5 * GROUP_ROWS)
    table = pq.read_table(file_of(store).path)
    pq.write_table(table, file_of(store).path, row_group_size=GROUP_ROWS)
    assert store.snapshot().version.carried(store.snapshot().columns) is None  # type: ignore[union-attr]

    store.fold(force=True)

    group = pq.read_metadata(file_of(store).path).row_group(0)
    stated = {group.column(n).path_in_schema for n in range(group.num_columns) if group.column(n).is_stats_set}
    assert not {"question", "answer", "reasoning"} & stated


@pytest.mark.parametrize("room", [0, 200, 3000])
@pytest.mark.parametrize("count", [100, 2 * GROUP_ROWS])
def test_a_full_disk_is_told_as_such_wherever_it_is_met(room: int, count: int) -> None:
    written = 0

    def write(content: bytes) -> None:
        nonlocal written
        written += len(content)
        if written > room:
            raise OSError(errno.ENOSPC, "No space left on device")

    answers = [random.Random(n).randbytes(99).hex() for n in range(count)]
    texts = pl.DataFrame({"id": [f"s{n}" for n in range(count)], "answer": answers})

    with pytest.raises(OSError, match="No space left") as failed, GroupFile(write, texts.schema, {}) as file:
        file.add(texts)

    assert is_disk_full(failed.value)
