#!/usr/bin/env bash
# Polars and JSON Lines: the items of lists, when the lists of the first rows are empty.
#
# Expected: `read_ndjson` of a column whose first 100 lists are empty and whose later ones hold text either reads the text or
# refuses the file, as it refuses text in a column that began with nulls ("got non-null value for NULL-typed column").
# Seen with Polars 2.1.0: the column becomes List(Null), and each item of a later list becomes null. ["a", "b"] is read as
# [null, null], without an error or a warning; `scan_ndjson` does the same. With `infer_schema_length=None` all is read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install polars==2.1.0
cat > seen.py <<'PY'
import polars as pl

with open("rows.jsonl", "w") as file:
    file.write('{"items": []}\n' * 100 + '{"items": ["a", "b"]}\n')
read = pl.read_ndjson("rows.jsonl")
scanned = pl.scan_ndjson("rows.jsonl").collect()
whole = pl.read_ndjson("rows.jsonl", infer_schema_length=None)
print("read_ndjson:", read["items"].dtype, read["items"].to_list()[-1])
print("scan_ndjson:", scanned["items"].dtype, scanned["items"].to_list()[-1])
print("infer_schema_length=None:", whole["items"].dtype, whole["items"].to_list()[-1])
assert read["items"].to_list()[-1] == scanned["items"].to_list()[-1] == [None, None]
assert whole["items"].to_list()[-1] == ["a", "b"]
PY
tools/bin/python seen.py
