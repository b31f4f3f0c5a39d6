#!/usr/bin/env bash
# anthropic 2 and calls written for anthropic 0.x.
#
# Expected: `messages.create(temperature=0.2)` sends the temperature, and the key goes in the header x-api-key, as in the
# API since 2023 and in most examples.
# Seen with anthropic 2.14.0: temperature, top_p and top_k are a TypeError before anything is sent; the key goes as
# "Authorization: Bearer", so that a proxy that reads x-api-key finds none; and anthropic-version is 2026-10-21, which
# answers 400 to a temperature that is sent by `extra_body`. With anthropic 0.125.0 none of this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > seen.py <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import anthropic

heard = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        heard.append((sent, {name.lower(): value for name, value in self.headers.items()}))
        usage = {"input_tokens": 1, "output_tokens": 1}
        message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
        body = json.dumps(message).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = anthropic.Anthropic(api_key="the-key", base_url=f"http://127.0.0.1:{server.server_port}")
asked = {"model": "claude-sonnet-5-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
try:
    client.messages.create(**asked, temperature=0.2)
    refusal = "none"
except TypeError as error:
    refusal = str(error)
client.messages.create(**asked)
headers = heard[-1][1]
print(anthropic.__version__, "| refusal:", refusal, "| version:", headers["anthropic-version"])
print("x-api-key:", headers.get("x-api-key"), "| authorization:", headers.get("authorization"))
if sys.argv[1] == "new":
    assert "temperature" in refusal and len(heard) == 1
    assert headers["anthropic-version"] == "2026-10-21"
    assert headers.get("x-api-key") is None and headers["authorization"] == "Bearer the-key"
else:
    assert refusal == "none" and heard[0][0]["temperature"] == 0.2
    assert headers["x-api-key"] == "the-key"
PY
for release in old:0.125.0 new:2.14.0; do
    python3 -m venv "${release%%:*}"
    "${release%%:*}/bin/python" -m pip --quiet --disable-pip-version-check install "anthropic==${release##*:}"
    "${release%%:*}/bin/python" seen.py "${release%%:*}"
done
