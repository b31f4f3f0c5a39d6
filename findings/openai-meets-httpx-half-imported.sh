#!/usr/bin/env bash
# openai 3 (on httpx2) while another thread of the process imports httpx for the first time.
#
# Expected: a client that is built on httpx2 does not care whether httpx is installed, imported or being imported.
# Seen with openai 3.52.0: before a request leaves, and again once its answer has come, it looks at `sys.modules["httpx"]` and takes
# names from it. While another thread is in the middle of `import httpx` (its first use of another vendor's client), the module is
# there and its names are not: a call that was made and paid for ends in an AttributeError. It is none of openai's own errors, so that
# no handler for those catches it, and `max_retries` does not count it.
# The script holds the import back at one of httpx's own modules, so that it shows at once what is otherwise a matter of milliseconds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/python -m pip --quiet --disable-pip-version-check install openai==3.52.0 httpx==0.28.1
cat > race.py <<'PY'
import http.server
import importlib.abc
import json
import sys
import threading

import openai

ANSWER = {
    "id": "1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        served.append(self.rfile.read(int(self.headers["Content-Length"])))
        while_it_answers()
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Slow(importlib.abc.MetaPathFinder):
    """Holds the import of httpx back half-way."""

    def find_spec(self, name, path=None, target=None):
        if name == "httpx._client":
            half_way.set()
            go_on.wait()
        return None


served, threads = [], []
while_it_answers = lambda: None
half_way, go_on = threading.Event(), threading.Event()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(api_key="none", base_url=f"http://127.0.0.1:{server.server_port}/v1", max_retries=0)


def call():
    before = len(served)
    try:
        said = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}]).choices[0].message.content
    except Exception as error:
        said = f"{type(error).__name__}: {str(error)[:70]}"
    return f"{said} (requests served: {len(served) - before})"


def begin_the_import():
    sys.meta_path.insert(0, Slow())
    threads.append(threading.Thread(target=__import__, args=("httpx",)))
    threads[0].start()
    half_way.wait()


print("httpx not imported:                        ", call())
while_it_answers = begin_the_import
answered = call()
print("another thread begins while it is answered:", answered)
while_it_answers = lambda: None
before = call()
print("half imported when it is called:           ", before)
go_on.set()
threads[0].join()
print("httpx imported:                            ", call())
paid = answered.startswith("AttributeError") and answered.endswith("served: 1)")
sys.exit(0 if paid and before.startswith("AttributeError") else 1)
PY
env/bin/python race.py
