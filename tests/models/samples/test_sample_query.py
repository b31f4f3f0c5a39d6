"""Queries by time: pages of any offset and cursor, over file and journal, are what a plain sort gives."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.samples import sample_query
from models.samples.file.column_types import fitted
from models.samples.file.file_mark import MARK
from models.samples.file.intake import schema
from models.samples.file.parquet_version import ParquetVersion
from models.samples.file.row_groups import write_groups
from models.samples.file.row_index import describe
from models.samples.journal import Overlay, Rows
from models.samples.sample_query import SampleQuery, select
from models.samples.sample_store import SampleStore
from models.samples.snapshot import Snapshot
from tests.fakes import sample
from utils.errors import NotFoundError

TIMES = st.sampled_from([None, "2025-01-01T00:00:00+00:00", "2025-01-02T00:00:00+00:00", "2026-01-01T00:00:00+00:00"])
TOPICS = st.sampled_from(["Tort - Negligence", "Contract - Offer"])
ROWS = st.lists(st.tuples(TIMES, TOPICS), max_size=12)


def frame(rows: Sequence[tuple[str | None, str]], prefix: str) -> pl.DataFrame:
    made = {
        "id": [f"{prefix}{number}" for number in range(len(rows))],
        "created_at": [time for time, _ in rows],
        "topic": [topic for _, topic in rows],
    }
    return fitted(pl.DataFrame(made, schema=dict.fromkeys(made, pl.String())), dict(schema()))


def snapshot_of(folder: Path, filed: pl.DataFrame, live: pl.DataFrame, hidden: list[int]) -> Snapshot:
    version = None
    if filed.height:
        path = folder / "train.parquet"
        write_groups(path, [filed], dict(schema()), MARK)
        version = ParquetVersion(path)
    seqs = pl.Series("seq", range(1, live.height + 1), dtype=pl.Int64())
    overlay = Overlay(held=Rows(live, seqs, describe(live, is_ours=True)))
    kept = [number for number in sorted(set(hidden)) if number < filed.height]
    return Snapshot(version, overlay, pl.Series("n", kept, dtype=pl.UInt32()))


def plainly(snapshot: Snapshot, query: SampleQuery) -> list[str]:
    """Return the ids that *query* finds, by sorting everything."""
    rows = snapshot.index().collect()
    for name, value in query.filters.items():
        rows = rows.filter(pl.col(name).cast(pl.String()) == value)
    down = query.sort != "created_at"
    ids = rows.sort("created_at", "id", descending=down, nulls_last=True)["id"].to_list()
    return ids[query.offset :][: query.limit]


def found(snapshot: Snapshot, query: SampleQuery) -> list[str]:
    positions = select(snapshot, query).positions
    return snapshot.take(positions)["id"].to_list() if len(positions) else []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, ROWS, st.lists(st.integers(0, 11)), st.booleans(), st.booleans(), st.integers(0, 8), st.integers(1, 5))
def test_pages_by_time_are_those_of_a_plain_sort_with_and_without_filter(
    tmp_path: Path,
    filed: list[tuple[str | None, str]],
    live: list[tuple[str | None, str]],
    hidden: list[int],
    is_newest_first: bool,
    is_filtered: bool,
    offset: int,
    limit: int,
) -> None:
    snapshot = snapshot_of(tmp_path, frame(filed, "f"), frame(live, "j"), hidden)
    sort = "-created_at" if is_newest_first else "created_at"
    wanted = SampleQuery({"topic": "Tort - Negligence"} if is_filtered else {}, sort=sort, limit=limit)
    everything = plainly(snapshot, replace(wanted, limit=None))

    assert found(snapshot, replace(wanted, offset=offset)) == everything[offset : offset + limit]
    pages, cursor = [], ""
    while True:
        page = select(snapshot, replace(wanted, cursor=cursor))
        assert page.total == len(everything)
        pages += snapshot.take(page.positions)["id"].to_list() if len(page.positions) else []
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    assert pages == everything


def test_what_was_folded_has_the_order_that_it_had_before(tmp_path: Path) -> None:
    times = ["2025-01-02T00:00:00+00:00", "2025-01-01T00:00:00+00:00", None, "2026-01-01T00:00:00+00:00"]
    rows = [(time, "Tort - Negligence") for time in times]
    snapshot = snapshot_of(tmp_path, frame(rows, "f"), frame(rows, "j"), [0])

    written = pl.concat(list(snapshot.pieces()))["id"].to_list()

    expected = snapshot.take(pl.Series(snapshot.newest))["id"].to_list()
    assert [written[row] for row in snapshot.newest_written] == expected == ["j3", "f3", "j0", "j1", "f1", "j2", "f2"]


@pytest.mark.parametrize("sort", ["-created_at", "created_at"])
def test_the_cursor_of_a_page_by_time_goes_on_after_a_sample_that_is_gone(tmp_path: Path, sort: str) -> None:
    rows = [(f"2025-01-0{day}T00:00:00+00:00", "Tort - Negligence") for day in range(1, 7)]
    whole = snapshot_of(tmp_path, frame(rows, "f"), frame([], "j"), [])
    page = select(whole, SampleQuery(sort=sort, limit=3))
    assert page.next_cursor is not None
    gone = Snapshot(whole.version, whole.overlay, pl.Series("n", [int(page.positions[-1])], dtype=pl.UInt32()))

    behind = select(gone, SampleQuery(sort=sort, limit=3, cursor=page.next_cursor))

    assert found(gone, SampleQuery(sort=sort, limit=3, cursor=page.next_cursor)) == plainly(
        whole, SampleQuery(sort=sort, offset=3, limit=3)
    )
    assert behind.next_cursor is None


@pytest.mark.parametrize("few", [0, 5, 2_000])
@pytest.mark.parametrize("sort", ["newest", "oldest"])
def test_pages_and_counts_are_those_of_a_reading_of_all(
    store: SampleStore, monkeypatch: pytest.MonkeyPatch, few: int, sort: str
) -> None:
    monkeypatch.setattr(sample_query, "_FEW", few)
    monkeypatch.setattr(sample_query, "_LOOKED_AT", 3)
    draw = random.Random(few)
    for number in range(60):
        store.add(
            sample(
                id=f"s{draw.randrange(10**6):06d}-{number}",
                jurisdiction=draw.choice(["us", "uk"]),
                difficulty=draw.choice(["basic", "expert"]),
                created_at=f"2026-01-{draw.randrange(1, 9):02d}T00:00:00Z",
            )
        )
        if number in (20, 35, 50):
            store.fold()
        if number % 7 == 6:
            ids = [row["id"] for row in store.walk()]
            store.delete(draw.choice(ids))
            store.update(draw.choice([name for name in ids if _is_there(store, name)]), {"difficulty": "expert"})
    rows = sorted(store.walk(), key=lambda row: (row["created_at"], row["id"]), reverse=sort == "newest")

    for filters in ({}, {"jurisdiction": "us"}, {"jurisdiction": "uk", "difficulty": "basic"}, {"topic": "none"}):
        fitting = [row["id"] for row in rows if all(dict(row)[name] == value for name, value in filters.items())]
        assert store.count(filters) == len(fitting)
        for limit, offset in ((1, 0), (4, 0), (7, 3), (100, 2), (None, 0)):
            selection, found = store.find(SampleQuery(filters, sort=sort, limit=limit, offset=offset))
            assert selection.total == len(fitting)
            assert [row["id"] for row in found] == fitting[offset:][:limit]
        paged: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            selection, found = store.find(SampleQuery(filters, sort=sort, limit=4, cursor=cursor))
            paged += [row["id"] for row in found]
            cursor = selection.next_cursor
        assert paged == fitting


def _is_there(store: SampleStore, name: str) -> bool:
    try:
        return bool(store.get(name))
    except NotFoundError:
        return False
