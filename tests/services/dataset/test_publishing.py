"""Exports open in the tools they are meant for; splits do not leak; the card says what is there."""

import csv
import io
import json
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.samples.sample_store import SampleStore
from services.dataset.exporting import ExportRequest
from services.dataset.hub.upload import Destination, Hub
from services.dataset.import_service import ImportService
from services.dataset.pairs import PAIR_FORMATS
from services.dataset.publish_service import PublishService
from services.dataset.publishable import Choice
from services.dataset.splits import NAMES, SplitRequest, parse_shares, split
from services.formats import exporters
from services.formats.export_format import ExportFormat, ExportOptions
from tests.fakes import sample
from tests.services.dataset.taking import take, written
from utils.errors import InputError, PublishError
from utils.plugins import find_specs

SPECS = find_specs(exporters, ExportFormat)
FLAT = [spec for spec in SPECS if spec.is_flat]


def rows_of(publish: PublishService, **request: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(publish, **request).splitlines()]


def test_every_format_is_listed_with_what_it_is(publish: PublishService) -> None:
    listed = publish.formats()

    assert {row["id"] for row in listed} == {*(spec.name for spec in SPECS), *PAIR_FORMATS}
    assert {*"parquet jsonl json csv messages sharegpt alpaca prompts argilla label_studio".split()} == {
        spec.name for spec in SPECS
    }
    assert all(row["description"] and row["extension"] for row in listed)


def test_spreadsheet_runs_no_cell_as_a_formula(publish: PublishService, store: SampleStore) -> None:
    store.add(sample(answer='=HYPERLINK("http://x")', question="@SUM(1)", reasoning="\u00a0=1", **{"=name": "-1"}))

    cells = [cell for row in csv.reader(io.StringIO(written(publish, format="csv").decode())) for cell in row]

    assert [cell for cell in cells if cell.strip().startswith(("=", "+", "-", "@"))] == []
    assert "'@SUM(1)" in cells


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_export_is_opened_by_the_datasets_library(
    publish: PublishService, store: SampleStore, tmp_path: Path, spec: ExportFormat
) -> None:
    for number in range(3):
        store.add(sample(id=f"s{number}"))
    store.fold()
    store.add(sample(id="s3"))
    path = tmp_path / f"file.{spec.extension}"
    path.write_bytes(written(publish, format=spec.name))
    builder = {"jsonl": "json"}.get(spec.extension, spec.extension)

    opened = datasets.load_dataset(builder, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))

    assert opened.num_rows == 4
    if spec.is_flat:
        assert opened["id"][:] == ["s0", "s1", "s2", "s3"]


@pytest.mark.parametrize(
    ("reasoning", "said"),
    [("omit", "A."), ("answer", "Step 1: so\n\nA."), ("think", "<think>\nStep 1: so\n</think>\n\nA.")],
)
def test_conversations_have_the_form_that_trainers_take(
    publish: PublishService, store: SampleStore, reasoning: str, said: str
) -> None:
    store.add(sample(question="Q?", answer="A.", reasoning="Step 1: so"))
    options = ExportOptions(("id",), "Be exact.", reasoning)

    (messages,) = rows_of(publish, format="messages", options=options)
    (sharegpt,) = rows_of(publish, format="sharegpt", options=options)
    (alpaca,) = rows_of(publish, format="alpaca", options=options)

    assert messages == {
        "id": "s1",
        "messages": [
            {"role": "system", "content": "Be exact."},
            {"role": "user", "content": "Q?"},
            {"role": "assistant", "content": said},
        ],
    }
    assert sharegpt["conversations"] == [
        {"from": "system", "value": "Be exact."},
        {"from": "human", "value": "Q?"},
        {"from": "gpt", "value": said},
    ]
    assert alpaca == {"id": "s1", "system": "Be exact.", "instruction": "Q?", "input": "", "output": said}


def test_fields_and_filters_choose_what_is_written(publish: PublishService, store: SampleStore) -> None:
    store.add(sample(id="a", jurisdiction="us"))
    store.add(sample(id="b"))

    assert rows_of(publish, options=ExportOptions(("topic", "id")), wanted=Choice({"jurisdiction": "us"})) == [
        {"topic": "Contract Law - Formation of Contracts", "id": "a"}
    ]
    assert written(publish, format="json", wanted=Choice({"topic": "none"})) == b"[]\n"


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"format": "xml"}, "format: got 'xml'"),
        ({"options": ExportOptions(("nope",))}, "fields: nope unknown"),
        ({"split": "dev"}, "split: got 'dev'"),
        ({"format": "messages", "options": ExportOptions(reasoning="loud")}, "reasoning: got 'loud'"),
        ({"format": "csv", "options": ExportOptions(system_prompt="x")}, "csv has a column for reasoning"),
    ],
)
def test_export_that_cannot_be_is_refused(publish: PublishService, request_: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        publish.export(ExportRequest(**request_))


@pytest.mark.parametrize("text", ["", "a,b,c", "0.5,0.5", "0.5,0.6,0.1", "-1,1,1"])
def test_shares_that_are_no_split_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="three shares that add up to 1"):
        parse_shares(text)


LEGAL = [
    "the",
    "seller",
    "displayed",
    "goods",
    "in",
    "a",
    "window",
    "and",
    "the",
    "buyer",
    "offered",
    "to",
    "purchase",
    "them",
    "at",
    "the",
    "marked",
    "price",
    "before",
    "the",
    "court",
    "considered",
    "whether",
    "an",
    "invitation",
    "to",
    "treat",
    "had",
    "become",
    "binding",
    "upon",
    "acceptance",
    "by",
    "conduct",
    "of",
    "the",
    "parties",
    "concerned",
]


def texts(count: int) -> list[dict[str, Any]]:
    """Return *count* samples whose texts have nothing in common, in four strata."""
    return [
        sample(
            id=f"s{n}",
            question=f"q{n} {' '.join(f'w{n}x{k}' for k in range(20))}",
            answer=" ".join(f"{word}{n}" for word in LEGAL),
            difficulty=("basic", "expert")[n % 2],
            topic=("A - B", "C - D")[n // 2 % 2],
            sample_type="simple_qa",
        )
        for n in range(count)
    ]


def test_splits_meet_their_shares_in_each_stratum_and_repeat_with_the_seed() -> None:
    rows = texts(400)
    frame = pl.DataFrame(rows)

    dealt = split([frame], SplitRequest((0.8, 0.1, 0.1), seed=3))

    assert Counter(dealt.values()) == {"train": 320, "validation": 40, "test": 40}
    for level in ("basic", "expert"):
        counted = Counter(dealt[row["id"]] for row in rows if row["difficulty"] == level)
        assert counted == {"train": 160, "validation": 20, "test": 20}
    assert dealt == split([frame.head(150), frame.tail(250)], SplitRequest((0.8, 0.1, 0.1), seed=3))
    assert dealt != split([frame], SplitRequest((0.8, 0.1, 0.1), seed=4))


@given(count=st.integers(1, 40), copies=st.lists(st.integers(0, 39), max_size=20), seed=st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_no_split_shares_a_near_duplicate_with_another(count: int, copies: list[int], seed: int) -> None:
    rows = texts(count)
    near = [
        {**rows[n % count], "id": f"copy{k}", "answer": rows[n % count]["answer"].upper() + " indeed.", "difficulty": "advanced"}
        for k, n in enumerate(copies)
    ]  # fmt: skip

    dealt = split([pl.DataFrame(rows + near)], SplitRequest((0.6, 0.2, 0.2), seed))

    assert len(dealt) == len(rows) + len(near)
    assert all(dealt[f"copy{k}"] == dealt[f"s{n % count}"] for k, n in enumerate(copies))


def test_many_alike_samples_are_clustered_in_linear_time() -> None:
    rows = [
        sample(id=f"s{n}", question=f"Imported question big {n} on estoppel?", sample_type="simple_qa")
        for n in range(6000)
    ]

    dealt = split([pl.DataFrame(rows)], SplitRequest())

    assert len(set(dealt.values())) == 1


def test_split_of_another_state_of_the_data_is_refused(publish: PublishService, store: SampleStore) -> None:
    store.add(sample())
    first = publish.export(ExportRequest(split="train"))
    store.add(sample(id="more"))

    with pytest.raises(InputError, match="export all splits again"):
        publish.export(ExportRequest(split="test", data_version=first.data_version))
    assert first.splits == {"train": 1}


def test_three_exports_of_one_seed_are_the_whole_data_set_once(publish: PublishService, store: SampleStore) -> None:
    for row in texts(30):
        store.add(row)

    parts = [[row["id"] for row in rows_of(publish, split=name, splits=SplitRequest(seed=1))] for name in NAMES]

    assert sorted(chain.from_iterable(parts)) == sorted(row["id"] for row in texts(30))
    assert [len(part) for part in parts] == pytest.approx([27, 1.5, 1.5], abs=1)


def test_export_of_an_import_of_an_export_is_the_same(
    publish: PublishService, store: SampleStore, imports: ImportService
) -> None:
    store.add(sample(id="a", score=1.5, flag=True))
    store.add(sample(id="b", answer="=x\r\n'quoted'"))
    first = {spec.name: written(publish, format=spec.name) for spec in FLAT}

    for name, content in first.items():
        take(imports, content, format=name, on_duplicate="replace")
        assert written(publish, format="jsonl") == first["jsonl"]


def test_user_and_password_of_a_mirror_are_not_shown() -> None:
    hub = Hub("hf_token_0123456789", "http://me:pw-0123@127.0.0.1:9")

    with pytest.raises(PublishError, match=r"Hugging Face Hub at http://127\.0\.0\.1:9: cannot be reached") as caught:
        hub.upload(Destination("name", "message"), {"a": b"b"}, lambda _: "card")

    assert "pw-0123" not in str(caught.value)
