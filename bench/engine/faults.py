"""Faulty vendors: what is delivered, how many calls it takes, how quickly others take over.

.venv/bin/python bench/engine/faults.py [shares dies quota]
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import finish, service
from tests.vendors.process import VendorProcess

SHARES = {"503": 0.10, "truncated_json": 0.05, "hang": 0.02}


def shares() -> None:
    """Ten per cent 503, five cut answers, two hangs."""
    count = 2000
    with VendorProcess("groq") as vendors, service(vendors, request_timeout_s=30) as server:
        vendors.set("groq", latency_s=0.2, faults=SHARES)
        started = server.post(
            "generate/batch/start", count=count, provider="groq", allow_failover=False, difficulty="basic"
        )
        begun = time.monotonic()
        batch = finish(server, started["batch_id"], 0.2)
        stats = vendors.stats("groq")
    most = count * (1 / (1 - sum(SHARES.values())) + 0.03)
    print(f"{batch['status']}: {batch['progress']} of {count} in {time.monotonic() - begun:.0f} s")
    print(f"calls {stats['calls']}, at most {most:.0f} allowed; outcomes {stats['outcomes']}", flush=True)


def dies() -> None:
    """The first provider dies in mid-batch and comes back after a while."""
    with VendorProcess("groq", "cerebras") as vendors, service(vendors, max_workers=32) as server:
        for kind in ("groq", "cerebras"):
            vendors.set(kind, latency_s=0.3)
        server.post("generate/batch/start", count=50_000, provider="groq", difficulty="basic")
        time.sleep(5)
        died = time.monotonic()
        vendors.set("groq", down="reset")
        time.sleep(20)
        dead = [at for at in vendors.stats("groq")["arrivals"] if at >= died]
        other = vendors.stats("cerebras")["arrivals"][0]
        first_closed = [at for at in dead if at <= dead[0] + 4]
        print(
            f"first call at the other provider {other - dead[0]:+.3f} s after the first failure (an answer takes 0.3 s)"
        )
        print(f"calls at the dead one: {len(first_closed)} before it was closed (32 workers), {len(dead)} in 20 s")
        back = time.monotonic()
        vendors.set("groq", down="")
        while not (again := [at for at in vendors.stats("groq")["arrivals"] if at >= back]):
            time.sleep(0.1)
        print(f"used again {again[0] - back:.1f} s after it came back", flush=True)
        server.post("generate/batch/stop")


def quota() -> None:
    """`retry-after: 8549`."""
    with VendorProcess("groq", "cerebras") as vendors, service(vendors, max_workers=8) as server:
        for kind in ("groq", "cerebras"):
            vendors.set(kind, latency_s=0.3)
        server.post("generate/batch/start", count=50_000, provider="groq", difficulty="basic")
        time.sleep(3)
        spent = time.monotonic()
        vendors.set("groq", down="429_day")
        time.sleep(30)
        refused = [at for at in vendors.stats("groq")["arrivals"] if at >= spent]
        others = [at for at in vendors.stats("cerebras")["arrivals"] if at >= spent]
        models = vendors.stats("groq")["models"]
        first = others[0] - refused[0] if others else None
        lasted = f"last {refused[-1] - refused[0]:.2f} s later"
        print(f"calls after the quota was spent: {len(refused)} (8 workers, models {models}), {lasted}")
        print(f"first call elsewhere {first if first is None else round(first, 3)} s after the refusal")
        closed = [row for row in server.get("targets")["targets"] if not row["open"]]
        print([(row["target"], row["reason"], row["opens_in_s"]) for row in closed], flush=True)
        server.post("generate/batch/stop")


if __name__ == "__main__":
    scenarios = {"shares": shares, "dies": dies, "quota": quota}
    for chosen in sys.argv[1:] or scenarios:
        scenarios[chosen]()
