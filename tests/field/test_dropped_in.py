"""Files put in place of train.parquet: their columns become samples, and no sample is blank."""

from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from api_server import create_app
from bootstrap import build
from tests.fakes import settings_for
from tests.field.cases import FieldCase, field_cases


@field_cases("train.parquet with these rows")
def test_file_from_the_field_is_mapped_and_never_blank(tmp_path: Path, case: FieldCase) -> None:
    pq.write_table(pa.Table.from_pylist(case.input), tmp_path / "train.parquet")
    platform = build(settings_for(tmp_path))
    platform.start()
    try:
        client = create_app(platform=platform).test_client()
        rows = client.get("/api/data").get_json()
        exported = client.get("/api/export?format=messages&include=all").data
    finally:
        platform.close()

    assert case.wanted["no_blank"] is True
    assert [(row["question"], row["answer"]) for row in rows] == [("When is silence acceptance?", "Hardly ever.")]
    spoken = [turn["content"] for line in exported.splitlines() for turn in orjson.loads(line)["messages"]]
    assert spoken == ["When is silence acceptance?", "Hardly ever."]
