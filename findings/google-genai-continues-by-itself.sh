#!/usr/bin/env bash
# google-genai and answers that end with CONTINUATION.
#
# Expected: one call of `generate_content` is one request, as with retries, which are off unless they are asked for.
# Seen with google-genai 3.6.1: where a candidate ends with finishReason CONTINUATION and a continuation token, the SDK
# asks again by itself, each time a billed request with a whole prompt, until the answer ends; nothing limits how often.
# A setting of the request turns that off: automatic_continuation=False. Neither it nor automatic_function_calling,
# which also asks again, is off by default.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install google-genai==3.6.1
cat > seen.py <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from google import genai
from google.genai import types

asked = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked.append(self.rfile.read(int(self.headers["Content-Length"])))
        candidate = {"content": {"role": "model", "parts": [{"text": "word "}]}, "finishReason": "STOP"}
        if len(asked) < 5:
            candidate |= {"finishReason": "CONTINUATION", "continuationToken": "bmV4dA=="}
        body = json.dumps({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 9}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
options = types.HttpOptions(base_url=f"http://127.0.0.1:{server.server_port}")
client = genai.Client(api_key="none", vertexai=False, http_options=options)

client.models.generate_content(model="gemini-3.8-flash", contents="hi")
print("requests of one call:", len(asked))
assert len(asked) == 5

asked.clear()
off = types.GenerateContentConfig(automatic_continuation=False)
client.models.generate_content(model="gemini-3.8-flash", contents="hi", config=off)
print("with automatic_continuation=False:", len(asked))
assert len(asked) == 1
PY
tools/bin/python seen.py
