"""How close a batch comes to the ideal time: 640 samples, 64 at a time, 1 s each.

.venv/bin/python bench/engine/latency.py [lognormal]

`lognormal`: answers take 1 s in the median, sigma 0.5; the ideal is the greedy schedule of the same latencies: who is
free takes the next.
"""

import heapq
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import finish, service
from tests.vendors.process import VendorProcess

SAMPLES, WORKERS = 640, 64


def greedy_s(latencies: list[float]) -> float:
    """Return how long the calls take where each begins as soon as one of the workers is free."""
    free = [0.0] * WORKERS
    for latency_s in latencies:
        heapq.heapreplace(free, free[0] + latency_s)
    return max(free)


def main() -> None:
    """Run the batch three times on one service."""
    sigma = 0.5 if "lognormal" in sys.argv else 0.0
    with VendorProcess("groq") as vendors, service(vendors, max_workers=WORKERS) as server:
        finish(server, server.post("generate/batch/start", count=20, provider="groq", difficulty="basic")["batch_id"])
        vendors.set("groq", latency_s=1.0, latency_sigma=sigma)
        for _ in range(3):
            begun = time.monotonic()
            started = server.post("generate/batch/start", count=SAMPLES, provider="groq", difficulty="basic")
            batch = finish(server, started["batch_id"], 0.02)
            took = time.monotonic() - begun
            assert batch["status"] == "completed", batch
            ideal = greedy_s(vendors.stats("groq")["latencies"][-SAMPLES:])
            print(f"{took:.2f} s of ideally {ideal:.2f} s: {ideal / took:.1%}", flush=True)


if __name__ == "__main__":
    main()
