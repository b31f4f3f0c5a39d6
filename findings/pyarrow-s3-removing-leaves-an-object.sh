#!/usr/bin/env bash
# pyarrow's S3 file system: removing a file makes an object that nobody wrote.
#
# Expected: `delete_file` removes one object, and where others lie under the same prefix nothing else changes. Also the
# folder that `move` took a file out of needs no place holder while files are left in it.
# Seen with pyarrow 26.0.1: after `delete_file("bucket/shards/a")`, and after `move`, there is an empty object named
# "shards/", whatever else lies under it: whoever lists the prefix by another client meets it among the shards, and one more
# request is made for each removal. There is no option against it. (apache/arrow issue 36275.) moto 5.2.5 is the server.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install pyarrow==26.0.1 "moto[server]==5.2.5"
cat > seen.py <<'PY'
import logging

import boto3
import pyarrow.fs
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "us-east-1"}
client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", **keys)
for way in ("delete_file", "move"):
    bucket = way.replace("_", "-")
    client.create_bucket(Bucket=bucket)
    for name in ("a", "b"):
        client.put_object(Bucket=bucket, Key=f"shards/{name}", Body=b"1")
    files = pyarrow.fs.S3FileSystem(
        access_key="k", secret_key="s", region="us-east-1", endpoint_override=f"{host}:{port}", scheme="http"
    )
    arguments = [f"{bucket}/shards/a", f"{bucket}/old/a"][: 1 if way == "delete_file" else 2]
    getattr(files, way)(*arguments)
    found = [each["Key"] for each in client.list_objects_v2(Bucket=bucket, Prefix="shards/")["Contents"]]
    print(way, found)
    assert found == ["shards/", "shards/b"], found
server.stop()
PY
tools/bin/python seen.py
