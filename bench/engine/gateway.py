"""A real LiteLLM proxy with five models, two of them broken behind it: what is delivered, and what a wrong key does.

Install the proxy in a place of its own (`python3 -m venv /tmp/gateway; /tmp/gateway/bin/pip install litellm[proxy]`):

.venv/bin/python bench/engine/gateway.py /tmp/gateway/bin/litellm [broken limited wrong_key]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import catalog, finish
from tests.e2e.server import RunningServer, free_port
from tests.vendors.simulator import Reply, SimulatedVendor, error

_KEY = "sk-master"
_START_S = 120
_REFUSALS = {
    "no-key": error(401, "Incorrect API key provided: sk-xx.", "invalid_api_key"),
    "no-credit": error(402, "Insufficient Balance", "invalid_request_error"),
}
_GOOD = ("good-1", "good-2", "good-3")


@contextmanager
def proxy(program: str, vendors: Mapping[str, SimulatedVendor], folder: Path) -> Iterator[str]:
    """Run *program* in front of *vendors*, a model each; yield its address with /v1."""
    rows = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_base": vendor.url, "api_key": "sk-up"}}
        for name, vendor in vendors.items()
    ]
    config = folder / "gateway.json"  # JSON is YAML
    config.write_text(json.dumps({"model_list": rows, "general_settings": {"master_key": _KEY}}))
    port = free_port()
    own = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False", "NO_PROXY": "127.0.0.1"}
    command = [program, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **own}, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health/liveliness")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        try:
            requests.get(url, timeout=2).raise_for_status()
        except requests.RequestException:
            time.sleep(0.5)
        else:
            return
    raise SystemExit(f"{url}: no answer within {_START_S} s")


@contextmanager
def behind(program: str, replies: Mapping[str, Reply], key: str = _KEY) -> Iterator[tuple[RunningServer, Any]]:
    """Run vendors (good ones, and one for each of *replies*), the proxy and the service."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-gateway-")))
        vendors = {
            name: stack.enter_context(SimulatedVendor("openai", [name], _always(replies.get(name))))
            for name in (*replies, *_GOOD)
        }
        url = stack.enter_context(proxy(program, vendors, folder))
        settings = {"openai_base_url": url, "openai_api_key": key, "log_level": "WARNING"}
        server = stack.enter_context(RunningServer(folder, catalog_dir=catalog(folder), **settings))
        yield server, vendors


def _always(reply: Reply | None) -> Any:  # the simulator's own kind of function
    return lambda _number, _body: reply


def broken(program: str) -> None:
    """A batch of 200 at five models, of which two are refused by their vendors."""
    with behind(program, _REFUSALS) as (server, vendors):
        _listed(server)
        begun = time.monotonic()
        batch = _run(server, 200)
        print(f"{batch['status']}: {batch['progress']} of 200 in {time.monotonic() - begun:.0f} s, {batch['reason']}")
        print({name: vendor.calls for name, vendor in vendors.items()})
        closed = [row for row in server.get("targets")["targets"] if not row["open"]]
        print([(row["target"], row["reason"], row["opens_in_s"]) for row in closed], flush=True)


def limited(program: str) -> None:
    """One limited model: calls that reach its vendor, and the time until a sample comes from another."""
    reply = error(429, "Rate limit reached", "rate_limit_exceeded", {"retry-after": "30"})
    with behind(program, {"limited": reply}) as (server, vendors):
        _listed(server)
        begun = time.monotonic()
        batch = _run(server, 5)
        print(f"{batch['status']}: {batch['progress']} of 5 in {time.monotonic() - begun:.0f} s")
        print({name: vendor.calls for name, vendor in vendors.items()})
        closed = [row for row in server.get("targets")["targets"] if not row["open"]]
        print([(row["target"], row["reason"], row["opens_in_s"]) for row in closed], flush=True)


def wrong_key(program: str) -> None:
    """A key that the proxy itself refuses: the batch ends and says why."""
    with behind(program, {}, "sk-wrong") as (server, vendors):
        begun = time.monotonic()
        batch = _run(server, 20, model="good-1")
        print(f"{batch['status']}: {batch['progress']} of 20 in {time.monotonic() - begun:.0f} s: {batch['reason']}")
        print({name: vendor.calls for name, vendor in vendors.items()}, flush=True)


def _listed(server: RunningServer) -> None:
    while not [row for row in server.get("models")["models"] if row["provider"] == "openai" and "good" in row["id"]]:
        time.sleep(0.2)


def _run(server: RunningServer, count: int, **wanted: object) -> Any:
    started = server.post("generate/batch/start", count=count, provider="openai", difficulty="basic", **wanted)
    return finish(server, started["batch_id"], 0.2)


if __name__ == "__main__":
    scenarios = {"broken": broken, "limited": limited, "wrong_key": wrong_key}
    for chosen in sys.argv[2:] or scenarios:
        scenarios[chosen](sys.argv[1])
