"""How quickly pause, stop and SIGTERM act while 64 workers wait for slow answers or for a limit.

.venv/bin/python bench/engine/commands.py
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import service
from tests.e2e.server import RunningServer
from tests.vendors.process import VendorProcess


def until(server: RunningServer, batch_id: str, status: str) -> float:
    """Wait until the batch says *status*; return the seconds that took."""
    begun = time.monotonic()
    while server.get(f"generate/batch/status?batch_id={batch_id}")["status"] != status:
        time.sleep(0.005)
    return time.monotonic() - begun


def measure(name: str, latency_s: float, calls_a_minute: int) -> None:
    """Pause, stop and end a batch whose workers all wait."""
    limits = {"groq": {"requests_per_minute": calls_a_minute}}
    with VendorProcess("groq") as vendors, service(vendors, limits) as server:
        vendors.set("groq", latency_s=latency_s)
        wanted = {"count": 5000, "provider": "groq", "allow_failover": False, "difficulty": "basic"}
        first = server.post("generate/batch/start", **wanted)["batch_id"]
        time.sleep(3)
        begun = time.monotonic()
        server.post("generate/batch/pause", batch_id=first)
        paused, before = time.monotonic() - begun, vendors.stats("groq")["calls"]
        time.sleep(2)
        later = vendors.stats("groq")["calls"] - before
        server.post("generate/batch/resume", batch_id=first)
        time.sleep(0.5)
        begun = time.monotonic()
        server.post("generate/batch/stop", batch_id=first)
        answered = time.monotonic() - begun
        stopped = answered + until(server, first, "stopped")
        server.post("generate/batch/start", **wanted)
        time.sleep(2)
        ended = server.end()
    print(
        f"{name}: pause {paused:.2f} s ({later} calls after it), stop {stopped:.2f} s, SIGTERM {ended:.2f} s",
        flush=True,
    )


if __name__ == "__main__":
    measure("answers of 30 s", 30.0, 1_000_000)
    measure("waiting for a limit", 0.2, 20)
