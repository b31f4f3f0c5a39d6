"""What an exporter writes, the reader of its format reads back."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.samples.file.intake import schema
from services.formats import exporters
from services.formats.export_format import ExportFormat, ExportOptions
from tests.fakes import sample
from utils.plugins import find_specs

FLAT = [spec for spec in find_specs(exporters, ExportFormat) if spec.is_flat]


VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip)


DANGEROUS = st.sampled_from(["=1+1", "+x", "-x", "@x", "'=x", "''+x", "\tx", "a,b", 'a"b', "a\r\nb", "\ufeffx", "null"])


@pytest.mark.parametrize("spec", FLAT, ids=lambda spec: spec.name)
@given(answers=st.lists(st.one_of(VALUES, DANGEROUS), min_size=1, max_size=5), score=st.none() | st.integers(0, 2**50))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_exported_can_be_imported_unchanged(
    spec: ExportFormat, tmp_path: Path, answers: list[str], score: int | None
) -> None:
    columns = {**schema(), "score": pl.Int64()}
    frame = pl.DataFrame(
        [
            pl.Series(name, [{**sample(id=f"s{n}", answer=text), "score": score}.get(name) for n, text in enumerate(answers)], dtype=kind)
            for name, kind in columns.items()
        ]
    )  # fmt: skip
    path = tmp_path / "file"
    path.write_bytes(b"".join(spec.write(iter([frame]), columns, ExportOptions())))

    with path.open("rb") as file:
        from services.formats.readers import READERS

        records = list(READERS[spec.name](file))

    assert [record.problem for record in records] == [""] * len(answers)
    assert [record.values["answer"] for record in records] == answers
    wanted = [] if score is None else [str(score)] * len(answers)
    assert [str(record.values["score"]) for record in records if record.values.get("score") is not None] == wanted
