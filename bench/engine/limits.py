"""How much of their limits the providers are used to, over three minutes, and whether a limit is ever passed.

.venv/bin/python bench/engine/limits.py [requests tokens auto shared]
"""

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import service
from tests.e2e.server import RunningServer
from tests.vendors.process import VendorProcess

MINUTES = 3
AUTO = {"groq": 300, "cerebras": 600, "ollama": 120}


def limited(vendors: VendorProcess, kind: str, calls: int, tokens: int | None = None) -> dict[str, int]:
    """Give a vendor limits and the latency of 2 s, its answers lengths that vary by a tenth; return its catalogue."""
    vendors.set(
        kind,
        latency_s=2.0,
        latency_spread=0.2,
        length_spread=0.1,
        requests_per_minute=calls,
        tokens_per_minute=tokens,
    )
    return {"requests_per_minute": calls, "tokens_per_minute": tokens or 1_000_000_000}


def start(server: RunningServer, **wanted: Any) -> str:
    """Start a batch that does not end by itself."""
    started = server.post("generate/batch/start", count=20_000, difficulty="basic", **wanted)
    return str(started["batch_id"])


def watch(server: RunningServer, vendors: VendorProcess, kinds: list[str]) -> dict[str, dict[str, Any]]:
    """Wait for three minutes from the first call; return what each vendor saw in them."""
    while not any(vendors.stats(kind)["arrivals"] for kind in kinds):
        time.sleep(0.05)
    first = min(stats["arrivals"][0] for kind in kinds if (stats := vendors.stats(kind))["arrivals"])
    time.sleep(first + 60 * MINUTES - time.monotonic())
    seen = {}
    for kind in kinds:
        seen[kind] = stats = vendors.stats(kind)
        stats["in_time"] = sum(at < first + 60 * MINUTES for at in stats["arrivals"])
    server.post("generate/batch/stop")
    return seen


def told(name: str, used: float, allowed: float, seen: dict[str, dict[str, Any]]) -> None:
    """Print one line."""
    over = sum(stats["outcomes"].get("over_limit", 0) for stats in seen.values())
    most = {kind: (stats["most_calls_a_minute"], stats["most_tokens_a_minute"]) for kind, stats in seen.items()}
    print(
        f"{name}: {used:.0f} of {allowed:.0f} = {used / allowed:.1%}; refused by the vendor: {over}; most: {most}",
        flush=True,
    )


def requests() -> None:
    """600 requests a minute at 2 s of latency."""
    with VendorProcess("groq") as vendors:
        limit = limited(vendors, "groq", 600)
        with service(vendors, {"groq": limit}) as server:
            start(server, provider="groq", allow_failover=False)
            seen = watch(server, vendors, ["groq"])
    told("600 requests a minute", seen["groq"]["in_time"], 600 * MINUTES, seen)


def tokens() -> None:
    """48,000 tokens a minute: what the vendor counted, of answers that came in time."""
    with VendorProcess("groq") as vendors:
        limit = limited(vendors, "groq", 100_000, 48_000)
        with service(vendors, {"groq": limit}) as server:
            batch_id = start(server, provider="groq", allow_failover=False)
            seen = watch(server, vendors, ["groq"])
            used = server.get(f"generate/batch/status?batch_id={batch_id}")["total_tokens"]
    told("48,000 tokens a minute", used, 48_000 * MINUTES, seen)


def auto() -> None:
    """Three providers at once."""
    with VendorProcess(*AUTO) as vendors:
        limits = {kind: limited(vendors, kind, calls) for kind, calls in AUTO.items()}
        with service(vendors, limits) as server:
            start(server, provider="auto", allow_failover=False)
            seen = watch(server, vendors, list(AUTO))
    told("three providers", sum(row["in_time"] for row in seen.values()), sum(AUTO.values()) * MINUTES, seen)


def shared() -> None:
    """Two batches on one provider."""
    with VendorProcess("groq") as vendors:
        limit = limited(vendors, "groq", 300)
        with service(vendors, {"groq": limit}) as server:
            ids = [start(server, provider="groq", allow_failover=False) for _ in range(2)]
            seen = watch(server, vendors, ["groq"])
            made = [server.get(f"generate/batch/status?batch_id={batch_id}")["progress"] for batch_id in ids]
    told("two batches together", seen["groq"]["in_time"], 300 * MINUTES, seen)
    print("each got " + ", ".join(f"{count / sum(made):.0%}" for count in made), flush=True)


if __name__ == "__main__":
    scenarios = {"requests": requests, "tokens": tokens, "auto": auto, "shared": shared}
    for chosen in sys.argv[1:] or scenarios:
        scenarios[chosen]()
