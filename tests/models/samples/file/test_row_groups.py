"""Samples are written, read and handed on in pieces bounded in rows and in bytes."""

from itertools import pairwise
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.samples.by_number import frame_at, pieces_at
from models.samples.file.carried_groups import CarriedGroup, decoded
from models.samples.file.footer import GroupFooter
from models.samples.file.parquet_version import ParquetVersion
from models.samples.file.row_groups import GROUP_ROWS, gathered, packed, portions, row_bytes, slices, write_groups
from models.samples.sample_store import SampleStore
from models.sizes import PIECE_BYTES
from tests.fakes import sample
from utils.errors import InputError

LARGE = "x" * (PIECE_BYTES // 20)


@pytest.fixture
def large(store: SampleStore) -> SampleStore:
    for number in range(45):
        store.add(sample(id=f"s{number:02d}", answer=f"{number}{LARGE}"))
    return store


def test_bytes_of_rows_are_those_of_their_texts() -> None:
    rows = pl.DataFrame(
        {"a": ["x", "éé", None], "n": [1, 2, None], "l": [["a"], None, ["bb", "c"]], "b": [b"x", None, b""]}
    )

    assert row_bytes(rows).to_list() == [1 + 8 + 8 + 5 + 1 + 8, 4 + 8 + 8 + 0 + 0 + 8, 0 + 8 + 8 + 11 + 0 + 8]


@given(
    lengths=st.lists(st.integers(0, 30), max_size=40),
    cuts=st.integers(1, 9),
    rows=st.integers(1, 12),
    size=st.integers(1, 200),
)
@settings(max_examples=200)
def test_pieces_hold_every_row_once_in_order_and_are_bounded(
    lengths: list[int], cuts: int, rows: int, size: int
) -> None:
    frame = pl.DataFrame(
        {"n": range(len(lengths)), "t": ["x" * length for length in lengths]},
        schema={"n": pl.Int64(), "t": pl.String()},
    )

    pieces = list(packed(frame.iter_slices(cuts), rows, size))

    assert [n for piece in pieces for n in piece["n"]] == list(range(len(lengths)))
    assert all(0 < piece.height <= rows for piece in pieces)
    assert all(piece.height == 1 or row_bytes(piece).sum() <= size for piece in pieces)
    parts = list(portions(frame["n"], row_bytes(frame), size))
    assert [n for part in parts for n in part] == list(range(len(lengths)))
    assert all(len(part) == 1 or row_bytes(frame).gather(part).sum() <= size for part in parts)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, GROUP_ROWS)), max_size=30))
@settings(max_examples=100)
def test_small_neighbours_are_joined_and_all_rows_keep_their_order(kinds: list[tuple[bool, int]]) -> None:
    pieces: list[pl.DataFrame | CarriedGroup] = []
    start = 0
    for is_whole, height in kinds:
        rows = pl.DataFrame({"n": range(start, start + height)})
        start += height
        pieces.append(whole(rows) if is_whole else rows)

    made = list(gathered(pieces))

    assert [n for piece in made for n in decoded(piece)["n"]] == list(range(start))
    assert [piece for piece in made if isinstance(piece, CarriedGroup)] == [
        piece for piece in pieces if isinstance(piece, CarriedGroup)
    ]
    small = [isinstance(piece, pl.DataFrame) and piece.height < GROUP_ROWS // 2 for piece in made]
    assert not any(one and other for one, other in pairwise(small))


def whole(rows: pl.DataFrame) -> CarriedGroup:
    """A row group of a file, of which only the rows matter here."""
    return CarriedGroup(GroupFooter(rows.height, 0, 0, b"", ()), 0, lambda: rows, None)


def test_row_groups_are_full_where_rows_are_short_and_small_where_they_are_long(tmp_path: Path) -> None:
    rows = pl.DataFrame({"t": ["short"] * (2 * GROUP_ROWS) + [LARGE] * 100})

    write_groups(tmp_path / "file", rows.iter_slices(7), rows.schema, {"mark": "ours"})

    metadata = pq.read_metadata(tmp_path / "file")
    groups = [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
    assert groups[:2] == [GROUP_ROWS, GROUP_ROWS]
    assert max(groups[2:]) <= 20
    assert metadata.metadata[b"mark"] == b"ours"
    assert pl.read_parquet(tmp_path / "file").equals(rows)


@pytest.mark.parametrize("folded", [0, 20, 45])
def test_large_samples_are_written_read_and_exported_in_bounded_pieces(large: SampleStore, folded: int) -> None:
    if folded:
        waiting = [large.get(f"s{number:02d}") for number in range(folded, 45)]
        for row in waiting:
            large.delete(row["id"])
        large.fold()
        for row in waiting:
            large.add({name: value for name, value in row.items() if value is not None})
    snapshot = large.snapshot()
    positions = snapshot.index().sort("id").collect()["position"]

    pieces = list(pieces_at(snapshot, positions))
    whole = list(snapshot.pieces())

    for found in (pieces, whole):
        assert [name for piece in found for name in piece["id"]] == [f"s{number:02d}" for number in range(45)]
        assert max(int(row_bytes(piece).sum()) for piece in found) <= PIECE_BYTES
    assert max(len(part) for part in snapshot.portions(positions, 500)) <= 40
    assert sum(map(len, slices(frame_at(snapshot, positions)))) == 45


def test_fold_of_repeated_large_values_tells_how_large_its_row_groups_are(store: SampleStore) -> None:
    for number in range(45):
        store.add(sample(id=f"s{number:02d}", answer=LARGE))  # a dictionary hides them
    store.fold()

    version = store.snapshot().version
    assert version is not None
    assert isinstance(version, ParquetVersion)
    assert max(version._bytes) <= PIECE_BYTES
    assert sum(version._bytes) > 45 * len(LARGE)
    assert version.sizes(pl.Series([0, 44])).min() >= len(LARGE)  # type: ignore[operator]  # they are numbers


def test_answer_that_would_hold_too_much_is_refused_and_streams_are_not(
    large: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.samples.file.row_groups.ANSWER_BYTES", 2 * PIECE_BYTES)
    snapshot = large.snapshot()
    positions = snapshot.index().collect()["position"]

    with pytest.raises(InputError, match="ask for fewer"):
        frame_at(snapshot, positions)

    assert frame_at(snapshot, positions.head(10)).height == 10
    assert sum(1 for _ in large.walk()) == 45
