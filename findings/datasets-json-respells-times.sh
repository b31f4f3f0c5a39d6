#!/usr/bin/env bash
# The datasets library and JSON Lines: text that looks like a time, in a column that is declared as text.
#
# Expected: a column with `features` of Value("string") comes back as it stands in the file.
# Seen with datasets 5.2.0: the file is read in blocks (10 MB; 4 KB here), and in each block Arrow takes a column of which every
# value looks like a day or a moment in whole seconds for times. They are then cast to the declared text, in another spelling:
# "2024-01-02T03:04:05+02:00" comes back as "2024-01-02 01:04:05" (its offset is gone), "2024-01-02" as "2024-01-02 00:00:00".
# In blocks where one value is other text, the same strings come back unchanged. No error, no warning; streamed as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install datasets==5.2.0 pyarrow==26.0.1
cat > seen.py <<'PY'
import json

import datasets

VALUES = ["2024-01-02T03:04:05+02:00"] * 200
VALUES[0] = "unknown"
with open("rows.jsonl", "w") as file:
    file.writelines(json.dumps({"heard": value}) + "\n" for value in VALUES)
text = datasets.Features({"heard": datasets.Value("string")})
for streaming in (False, True):
    rows = datasets.load_dataset(
        "json", data_files="rows.jsonl", split="train", features=text, chunksize=4096, streaming=streaming, cache_dir="cache"
    )
    found = [row["heard"] for row in rows]
    print("streamed:" if streaming else "whole:", sorted(set(found)))
    assert set(found) == {"unknown", "2024-01-02T03:04:05+02:00", "2024-01-02 01:04:05"}
    assert found[1] == VALUES[1]
    assert found[-1] == "2024-01-02 01:04:05"
PY
tools/bin/python seen.py 2> log || { cat log; exit 1; }
