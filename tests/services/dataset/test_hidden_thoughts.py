"""The provider's trace leaves in no export unless it is asked for."""

import io
import json

import polars as pl
import pytest

from models.samples.sample_store import SampleStore
from models.samples.thinking_source import TRACE, ThinkingSource
from services.dataset.publish_service import PublishService
from services.formats import exporters
from services.formats.export_format import ExportFormat, ExportOptions
from tests.fakes import sample
from tests.services.dataset.taking import written
from tests.services.drafts.planted_thoughts import PLANTED
from utils.plugins import find_specs

SPECS = find_specs(exporters, ExportFormat)
SOURCE = ThinkingSource("groq", "m", 40).to_json()


def read(content: bytes, spec: ExportFormat) -> str:
    """Return all that a file says; Parquet is compressed."""
    return str(pl.read_parquet(io.BytesIO(content)).to_dicts()) if spec.extension == "parquet" else content.decode()


def plant(store: SampleStore) -> None:
    """Plant every thought: the first half in the file, the others in the journal."""
    for number, planted in enumerate(PLANTED):
        if number == len(PLANTED) // 2:
            store.fold()
        store.add(sample(id=f"s{number:02}", answer=planted.answer, thinking=planted.thought, thinking_source=SOURCE))


@pytest.mark.parametrize(
    ("spec", "reasoning"),
    [
        pytest.param(spec, reasoning, id=f"{spec.name}-{reasoning}")
        for spec in SPECS
        for reasoning in (
            ("omit", "answer", "think") if spec.is_chat else ("omit", "think") if spec.is_flat else ("omit",)
        )
    ],
)
def test_no_export_holds_a_planted_thought_unless_asked(
    publish: PublishService, store: SampleStore, spec: ExportFormat, reasoning: str
) -> None:
    plant(store)

    said = read(written(publish, format=spec.name, options=ExportOptions(reasoning=reasoning)), spec)

    is_asked_for = reasoning == "think" and spec.is_flat
    thoughts = {thought for planted in PLANTED for thought in planted.thought.split("\n\n")}
    assert {thought for thought in thoughts if thought in said} == (thoughts if is_asked_for else set())
    assert ("reasoning_tokens" in said) == is_asked_for
    assert all(planted.answer.replace('"', "") in said.replace('"', "").replace("\\", "") for planted in PLANTED)


def test_columns_of_the_trace_stay_and_are_empty(publish: PublishService, store: SampleStore) -> None:
    plant(store)
    store.fold()

    frame = pl.read_parquet(io.BytesIO(written(publish, format="parquet")))

    assert frame.select(TRACE).null_count().row(0) == (len(PLANTED), len(PLANTED))


def test_trace_is_written_where_its_column_is_named(publish: PublishService, store: SampleStore) -> None:
    plant(store)

    flat = written(publish, format="jsonl", options=ExportOptions(("id", "thinking"))).splitlines()
    chat = written(publish, format="messages", options=ExportOptions(("thinking",))).splitlines()

    assert [json.loads(line)["thinking"] for line in flat] == [planted.thought for planted in PLANTED]
    assert [json.loads(line)["thinking"] for line in chat] == [planted.thought for planted in PLANTED]
