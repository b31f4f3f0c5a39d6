#!/usr/bin/env bash
# The clients of Groq, Cerebras and Ollama, used by more than 20 threads at a time: half of all calls open a connection of their own.
#
# Expected: the clients keep 20 connections that are idle. 24 threads that call one after the other have hardly any idle
# ones, so that some 24 connections serve all calls.
# Seen with groq 1.7.0, cerebras-cloud-sdk 1.91.0 and ollama 0.6.3 (httpcore 1.0.9): httpcore ends a connection whose call has just
# ended while it has more than `max_keepalive_connections` of any kind, busy ones included. With 24 threads and 480 calls
# some 250 connections are opened, over TLS a handshake each; with 16 threads 16.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install \
  groq==1.7.0 cerebras-cloud-sdk==1.91.0 ollama==0.6.3 httpx==0.28.1 httpcore==1.0.9
cat > seen.py <<'PY'
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cerebras.cloud.sdk
import groq
import ollama

MESSAGE = {"role": "assistant", "content": "Yes."}
CHOICE = {"index": 0, "message": MESSAGE, "finish_reason": "stop"}
ANSWER = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [CHOICE], "message": MESSAGE}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.together.wait()  # all that call at a time are there
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 100
    daemon_threads = True

    def __init__(self, threads):
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = 0
        self.together = threading.Barrier(threads)

    def get_request(self):
        self.connections += 1
        return super().get_request()


ASK = {"model": "m", "messages": [{"role": "user", "content": "Is it so?"}]}


def groq_call(url):
    client = groq.Groq(api_key="k", base_url=url, max_retries=0)
    return lambda: client.chat.completions.create(**ASK)


def cerebras_call(url):
    client = cerebras.cloud.sdk.Cerebras(api_key="k", base_url=url, max_retries=0, warm_tcp_connection=False)
    return lambda: client.chat.completions.create(**ASK)


def ollama_call(url):
    client = ollama.Client(host=url)
    return lambda: client.chat(**ASK)


for name, make in (("groq", groq_call), ("cerebras", cerebras_call), ("ollama", ollama_call)):
    opened = {}
    for threads in (16, 24):
        server = Server(threads)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        call = make(f"http://127.0.0.1:{server.server_port}")
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: call(), range(20 * threads)))
        opened[threads] = server.connections
        server.shutdown()
    print(f"{name}: connections for 320 calls by 16 threads {opened[16]}, for 480 calls by 24 threads {opened[24]}")
    assert opened[16] <= 16
    assert opened[24] >= 100
PY
tools/bin/python seen.py
