#!/usr/bin/env bash
# google-genai and the base64 of pictures.
#
# Expected: the bytes of an inline part leave in standard base64 under "mimeType", as the REST reference of the API writes
# them, so that a gateway or a server for tests that follows it can read them.
# Seen with google-genai 3.6.1: given as a dictionary or as a Part, they leave under "mime_type" and in the URL-safe
# alphabet ("-" and "_" for "+" and "/"). A strict decoder of standard base64 refuses that, a lenient one (Python's
# default) drops those characters and reads other bytes without an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install google-genai==3.6.1
cat > seen.py <<'PY'
import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from google import genai
from google.genai import types

asked = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        candidate = {"content": {"role": "model", "parts": [{"text": "word"}]}, "finishReason": "STOP"}
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
data = bytes([0xFB, 0xEF, 0xBE]) + b"text"
part = {"inline_data": {"mime_type": "image/png", "data": data}}
for one in (part, types.Part.from_bytes(data=data, mime_type="image/png")):
    client.models.generate_content(model="gemini-3.8-flash", contents=[{"role": "user", "parts": [one]}])
sent = [body["contents"][0]["parts"][0]["inlineData"] for body in asked]
print("standard base64:", base64.b64encode(data).decode())
print("sent:           ", *(one["data"] for one in sent), "fields:", *sorted({name for one in sent for name in one}))
assert all(one["data"] == base64.urlsafe_b64encode(data).decode() != base64.b64encode(data).decode() for one in sent)
lenient = base64.b64decode(sent[0]["data"])
print("read leniently: ", lenient, "instead of", data)
assert lenient == b"text" != data
assert all("mimeType" not in one for one in sent)
PY
tools/bin/python seen.py
