#!/usr/bin/env bash
# httpx and answers 300 and 304.
#
# Expected: an answer "304 Not Modified" to a conditional request is a success, as requests and browsers take it, and no redirect.
# Seen with httpx 0.28.1: `is_redirect` is true of 304 and of 300, which lead nowhere, and `raise_for_status()` raises on 304
# ("Redirect response '304 Not Modified'"), so that who asks by ETag and then checks the status loses the answer that saves the transfer.
# `has_redirect_location` tells redirects. With requests 2.34.2 neither is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install httpx==0.28.1 requests==2.34.2
cat > seen.py <<'PY'
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import requests


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
for status in (300, 304):
    ours, theirs = httpx.get(f"{base}/{status}"), requests.get(f"{base}/{status}")
    print(status, "httpx:", ours.is_redirect, ours.has_redirect_location, "requests:", theirs.is_redirect)
    assert ours.is_redirect and not ours.has_redirect_location and not theirs.is_redirect
    theirs.raise_for_status()
    try:
        ours.raise_for_status()
    except httpx.HTTPStatusError as error:
        print("httpx raises:", str(error).splitlines()[0])
    else:
        raise AssertionError("httpx took it for a success")
PY
tools/bin/python seen.py
