#!/usr/bin/env bash
# mlcroissant and Parquet under its registered media type.
#
# Expected: files with encodingFormat application/vnd.apache.parquet, which IANA registered in 2024, are read, or the document is refused.
# Seen with mlcroissant 1.1.1: such a document validates without an error and without a warning about it, and its records cannot be
# read: the library knows Parquet as application/x-parquet alone. The same document with that name is read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install mlcroissant==1.1.1 pyarrow==26.0.1
cat > seen.py <<'PY'
import hashlib
import json
import logging
from pathlib import Path

import mlcroissant
import pandas
from mlcroissant._src.core.issues import GenerationError

logging.disable()
pandas.DataFrame({"question": ["What is consideration?"]}).to_parquet("rows.parquet")
DIGEST = hashlib.sha256(Path("rows.parquet").read_bytes()).hexdigest()


def document(media_type: str) -> mlcroissant.Dataset:
    field = mlcroissant.Field(
        id="rows/question",
        name="question",
        description="A question",
        data_types=mlcroissant.DataType.TEXT,
        source=mlcroissant.Source(file_object="file", extract=mlcroissant.Extract(column="question")),
    )
    file = mlcroissant.FileObject(
        id="file", name="file", content_url="rows.parquet", encoding_formats=[media_type], sha256=DIGEST
    )
    rows = mlcroissant.RecordSet(id="rows", name="rows", fields=[field])
    metadata = mlcroissant.Metadata(
        name="law", description="Questions", url="https://example.com/law", version="1.0.0",
        license=["https://spdx.org/licenses/MIT.html"], distribution=[file], record_sets=[rows],
    )
    with open("croissant.json", "w") as out:
        json.dump(metadata.to_json(), out, default=str)
    return mlcroissant.Dataset("croissant.json")


registered = document("application/vnd.apache.parquet")
print("errors:", registered.metadata.issues.errors)
assert not registered.metadata.issues.errors
assert not any("parquet" in warning for warning in registered.metadata.issues.warnings)
try:
    list(registered.records("rows"))
except GenerationError as error:
    print("registered type:", str(error.__cause__ or error)[:120])
else:
    raise SystemExit("the registered type is read now")
print("x-parquet:", list(document("application/x-parquet").records("rows")))
PY
tools/bin/python -W ignore seen.py 2> log || { tail -5 log; exit 1; }
