#!/usr/bin/env bash
# pyarrow 26.0.1 writing to S3 (moto 5.2.5): an output stream that is left by an exception, or is dropped without being
# closed, puts what it had so far in the place of the object. One expects an upload that was never finished to vanish.
# What has to be there whole or not at all must be complete before the stream is opened.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install pyarrow==26.0.1 "moto[server]==5.2.5"
export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any
"$folder/venv/bin/python" -m moto.server -H 127.0.0.1 -p 5997 >"$folder/log" 2>&1 &
server=$!
"$folder/venv/bin/python" - <<'PYTHON'
import gc, time
import pyarrow
from pyarrow import fs

s3 = fs.S3FileSystem(scheme="http", endpoint_override="127.0.0.1:5997", region="us-east-1", allow_bucket_creation=True)
for _ in range(100):
    try:
        s3.create_dir("bucket")
        break
    except OSError:
        time.sleep(0.2)

def read(name):
    with s3.open_input_file(f"bucket/{name}") as source:
        return bytes(source.readall())

for name in ("left", "dropped"):
    with s3.open_output_stream(f"bucket/{name}") as out:
        out.write(b"the whole file")

try:
    with s3.open_output_stream("bucket/left") as out:
        out.write(b"half")
        raise RuntimeError("the source of the rest failed")
except RuntimeError:
    pass
out = s3.open_output_stream("bucket/dropped")
out.write(b"half")
del out
gc.collect()

print(pyarrow.__version__, "left by an exception:", read("left"), "dropped unclosed:", read("dropped"))
assert read("left") == read("dropped") == b"half"
PYTHON
