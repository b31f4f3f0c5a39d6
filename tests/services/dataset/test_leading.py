"""Formats without types open in the tools they are meant for, whatever comes late in a column."""

import datetime
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.samples.journal import Overlay, Rows
from models.samples.sample_store import SampleStore
from models.samples.snapshot import Snapshot
from services.dataset.exporting import Exporter, ExportRequest
from services.dataset.hub.push import HubAccess
from services.dataset.leading import leading_first
from services.dataset.publish_service import PublishService
from services.formats import exporters
from services.formats.export_format import ExportFormat, ExportOptions
from services.quality.citation_audit import CitationAudit
from tests.fakes import CHECKER, sample
from utils.plugins import find_specs

SPECS = find_specs(exporters, ExportFormat)
ROWS = 150
# What a column holds at first, and in one late row.
LATE: dict[str, tuple[object, object]] = {
    "text": (None, "late"),
    "number": (None, 7),
    "real": (None, 1.5),
    "not_a_number": (float("nan"), 1.5),
    "flag": (None, True),
    "items": ([], ["late"]),
    "no_items": (None, ["late"]),
    "null_items": ([None], ["late"]),
    "parts": ({"a": None, "b": []}, {"a": "late", "b": [1]}),
    "no_parts": (None, {"a": "late"}),
    "list_of_parts": ([], [{"a": "late", "b": [2.5]}]),
    "list_of_lists": ([[]], [["late"]]),
    "day_or_text": ("2024-01-02", "soon"),
    "moment_or_text": ("2024-01-02T03:04:05+00:00", "2024-01-02T03:04:05.123456+00:00"),
    "minute_or_text": ("2024-01-02 03:04", "about noon"),
    "moment": (datetime.datetime(2024, 1, 2, 3, 4, 5), datetime.datetime(2024, 1, 2, 3, 4, 5, 6)),
    "span": (None, datetime.timedelta(seconds=1.5)),
    "bytes": (None, b"\x00\xff"),
}

# Where all texts of a block look like times, `datasets` spells them in its own way: docs/trainers.md says so.
SPELT_ANEW = re.compile("^moment|_or_text$")


@pytest.fixture
def publish(store: SampleStore, tmp_path: Path) -> PublishService:
    return PublishService(
        Exporter(store, CitationAudit(store, CHECKER), SPECS), tmp_path / "push", HubAccess(), lambda: iter(())
    )


def fill(tmp_path: Path, columns: dict[str, list[object]]) -> None:
    """Put a file with these columns in the store's place."""
    count = len(next(iter(columns.values())))
    rows = pl.DataFrame([sample(id=f"s{n:03}", created_at=f"2024-01-01T00:00:00.{n:06}+00:00") for n in range(count)])
    rows.with_columns(pl.Series(name, values, strict=False) for name, values in columns.items()).write_parquet(
        tmp_path / "train.parquet"
    )


def written(publish: PublishService, **request: Any) -> bytes:
    return b"".join(publish.export(ExportRequest(**request)).content)


def by_id(rows: list[dict[str, Any]], name: str) -> list[Any]:
    return [row[name] for row in sorted(rows, key=lambda row: str(row["id"]))]


@pytest.mark.parametrize("name", sorted(LATE))
@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_column_whose_values_come_late_is_read_as_it_is(
    publish: PublishService, folder: Any, tmp_path: Path, form: str, name: str
) -> None:
    first, late = LATE[name]
    fill(folder.path, {f"x_{name}": [late if n in (ROWS - 3, ROWS - 2) else first for n in range(ROWS)]})
    content = written(publish, format=form)
    path = tmp_path / f"out.{form}"
    path.write_bytes(content)
    wanted = [
        row[f"x_{name}"]
        for row in sorted(
            json.loads(content) if form == "json" else map(json.loads, content.splitlines()), key=lambda row: row["id"]
        )
    ]

    opened = datasets.load_dataset(
        "json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"), chunksize=40_000
    )
    by_polars = pl.read_ndjson(path) if form == "jsonl" else pl.read_json(path)
    by_pandas = pd.read_json(path, lines=form == "jsonl", dtype=False)

    assert len(content) > 80_000
    assert len(opened) == ROWS
    if form == "json" or not SPELT_ANEW.search(name):
        assert by_id(list(opened), f"x_{name}") == wanted
    assert by_id(by_polars.to_dicts(), f"x_{name}") == wanted
    assert len(by_pandas) == ROWS


@pytest.mark.parametrize("late", ["late", 7, 1.5, True])
def test_csv_whose_values_come_late_is_read_by_every_tool(
    publish: PublishService, folder: Any, tmp_path: Path, late: object
) -> None:
    fill(folder.path, {"x": [late if n == ROWS - 2 else None for n in range(ROWS)]})
    path = tmp_path / "out.csv"
    path.write_bytes(written(publish, format="csv"))

    opened = datasets.load_dataset(
        "csv", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"), chunksize=40
    )
    by_polars = pl.read_csv(path)

    assert [row["x"] for row in opened if row["x"] is not None] == [late]
    assert by_polars["x"].drop_nulls().to_list() == [late]
    assert len(pd.read_csv(path)) == ROWS


def test_few_rows_stand_out_of_turn_and_only_where_they_must(publish: PublishService, folder: Any) -> None:
    fill(folder.path, {"x": [None] * 30 + ["late"] * 2, "y": [None] * 29 + [1] * 3, "z": [None] * 32})
    told = [json.loads(line)["id"] for line in written(publish).splitlines()]
    without = [json.loads(line)["id"] for line in written(publish, options=ExportOptions(("id",))).splitlines()]
    chats = [
        json.loads(line)["id"]
        for line in written(publish, format="messages", options=ExportOptions(("id", "y"))).splitlines()
    ]
    in_order = [f"s{n:03}" for n in range(32)]

    assert told[:3] == ["s000", "s029", "s030"]
    assert told == [*told[:3], *(name for name in in_order if name not in told[:3])]
    assert without == in_order
    assert chats[:2] == ["s000", "s029"]
    assert pl.read_parquet(io.BytesIO(written(publish, format="parquet")))["id"].to_list() == in_order


VALUES = st.none() | st.sampled_from(["", "x", "2024-01-02", "2024-01-02T03:04:05Z"])


@given(st.lists(st.tuples(VALUES, st.none() | st.lists(VALUES, max_size=2)), min_size=25, max_size=60))
@settings(max_examples=25, deadline=None)
def test_every_row_is_written_once_and_the_first_show_what_there_is(rows: list[tuple[Any, Any]]) -> None:
    frame = pl.DataFrame([sample(id=f"s{n:03}") for n in range(len(rows))]).with_columns(
        pl.Series("x_one", [one for one, _ in rows], dtype=pl.String),
        pl.Series("x_many", [many for _, many in rows], dtype=pl.List(pl.String)),
    )
    snapshot = Snapshot(None, Overlay(held=replace(Rows.none(), live=frame)), pl.Series(dtype=pl.UInt32))
    positions = pl.Series(range(len(rows)), dtype=pl.UInt32)

    order = leading_first(snapshot, positions, {"x_one": pl.String(), "x_many": pl.List(pl.String())}).to_list()

    assert sorted(order) == list(range(len(rows)))
    shown = [rows[number] for number in order[:20]]
    for kind in (_is_there, _is_no_time):
        assert any(kind(one) for one, _ in shown) == any(kind(one) for one, _ in rows)
        assert any(kind(item) for _, many in shown for item in many or ()) == any(
            kind(item) for _, many in rows for item in many or ()
        )


def _is_there(value: object) -> bool:
    return value is not None


def _is_no_time(value: object) -> bool:
    return value in ("", "x")
