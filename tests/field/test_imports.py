"""Files as people have them: each comes in by an import as its case wants."""

import gzip
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from flask.testing import FlaskClient

from tests.field.cases import FieldCase, field_cases


def content_of(given: dict[str, Any]) -> bytes:
    if "rows" in given:
        table = pa.Table.from_pylist(given["rows"])
        table = table.append_column("__index_level_0__", pa.array(range(table.num_rows), pa.int64()))
        file = io.BytesIO()
        pq.write_table(table, file)
        return file.getvalue()
    content = str(given["text"]).encode(given["encoding"])
    return gzip.compress(content) if given["compress"] == "gzip" else content


@field_cases("POST /api/import?dry_run=true")
def test_file_from_the_field_can_be_imported(client: FlaskClient, case: FieldCase) -> None:
    content, name = content_of(case.input), case.input["filename"]

    for dry_run in ("true", "false"):
        file = {"file": (io.BytesIO(content), name)}
        answer = client.post(f"/api/import?dry_run={dry_run}", data=file, content_type="multipart/form-data")
        assert (answer.status_code, answer.get_json().get("added")) == (case.wanted["status"], case.wanted["added"]), (
            answer.text
        )

    for row in client.get("/api/data").get_json():
        assert row["question"].strip()
        assert row["answer"].strip()
        assert not any(name.startswith(("__index", "Unnamed")) for name in row)
        assert "2-206" not in row["question"] or "§ 2-206" in row["question"]
