"""A real llama.cpp server with a small model: one sample, a batch of 5, a chat and the progress as streams.

The service is told of the server before that is up, and called while it loads. Either server will do: llama.cpp's
`llama-server`, or `python -m llama_cpp.server` of llama-cpp-python[server] in a place of its own. It is given --model,
--host and --port:

.venv/bin/python bench/engine/llama_cpp.py model.gguf llama-server -c 8192 -np 2
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import finish
from tests.e2e.server import RunningServer, free_port

_LISTED_S = 90
_WANTED = {"provider": "openai", "difficulty": "basic", "sample_type": "simple_qa"}


def main(model: str, command: list[str]) -> None:
    """Run the service, then *command* with *model*, and ask for everything."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-llama-cpp-") as name:
        folder = Path(name)
        settings = {"openai_base_url": f"http://127.0.0.1:{port}/v1", "openai_api_key": "any", "log_level": "INFO"}
        with RunningServer(folder, **settings) as server, (folder / "llama.log").open("wb") as log:
            whole = [*command, "--model", model, "--host", "127.0.0.1", "--port", str(port)]
            process = subprocess.Popen(whole, stdout=log, stderr=log)
            try:
                _ask(server)
            finally:
                process.terminate()
                process.wait()


def _ask(server: RunningServer) -> None:
    known = _timed("listed", lambda: _listed(server))
    small = server.session.put(f"{server.url}/models/{known}", json={"provider_id": "openai", "guided": True})
    small.raise_for_status()
    one = _timed("single", lambda: server.post("generate", **_WANTED, topic="Nuisance", practice_area="Tort Law"))
    print(f"  {one.get('sample', one)}")
    started = server.post("generate/batch/start", count=5, **_WANTED)
    followed = _timed("progress as a stream", lambda: server.wait_for_end(started["batch_id"]))
    batch = finish(server, started["batch_id"])
    print(f"  {followed['status']}, {batch['progress']} of 5, {batch['attempts']} calls, {batch['reason']}")
    _timed("chat as a stream", lambda: _chat(server))
    rows = server.get("models/all?provider=openai&enabled_only=true")["models"]
    print(f"left out: {[(row['id'], row['left_out']) for row in rows]}")


def _listed(server: RunningServer) -> str:
    until = time.monotonic() + _LISTED_S
    while time.monotonic() < until:
        for row in server.get("models/all?provider=openai&enabled_only=true")["models"]:
            if row["listed"]:
                return str(row["id"])
        time.sleep(0.2)
    raise SystemExit(f"the server listed no model within {_LISTED_S} s: {server.log()}")


def _chat(server: RunningServer) -> None:
    asked = {"provider": "openai", "stream": True, "max_tokens": 60}
    asked["messages"] = [{"role": "user", "content": "What is consideration?"}]
    with server.session.post(f"{server.url}/chat/completions", json=asked, stream=True, timeout=60) as answer:
        events = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith(b"data: ")]
    print(f"  {len(events)} events, the last {events[-1]}")


def _timed(what: str, work: Callable[[], Any]) -> Any:
    begun = time.monotonic()
    done = work()
    print(f"{what}: {time.monotonic() - begun:.1f} s", flush=True)
    return done


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
