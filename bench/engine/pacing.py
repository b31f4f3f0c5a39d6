"""How a vendor's limits are used that keeps them in its own way: every shape, told and not told.

.venv/bin/python bench/engine/pacing.py [requests tokens auto small] [told untold] [minutes] [hints] [counts] [timeline]

Each row of `requests` and `tokens` is one provider of one service, called for three minutes as fast as the service
finds right; the vendor's answers take 2 s. `share` is what it accepted of the limit times the minutes, `of all` of
what its shape would have allowed at most, `late` the refusals after the first minute. `auto` is one batch over three
vendors of three shapes; `small` two single samples, one after the other, at 5,500 tokens a minute.
"""

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import service
from tests.vendors.process import VendorProcess

MODEL = "gpt-4.1-mini"
TIMELINE = "timeline" in sys.argv
CALLS, TOKENS, SMALL = 600, 120_000, 5_500
ONE = {"practice_area": "Contract Law", "topic": "Breach of contract"}  # a sample of it has some 2,550 tokens
AUTO = {"groq": (300, "sliding"), "cerebras": (600, "bucket:60"), "ollama": (120, "fixed:17")}
SHAPES = ("sliding", "fixed:17", "bucket:60", "second")
TOKEN_SHAPES = ("sliding", "fixed:17", "bucket:20000", "bucket:6000")
USUAL = {"latency_s": 2.0, "latency_spread": 0.2, "length_spread": 0.1, "jitter_s": 0.02}


@dataclass(frozen=True)
class Row:
    """What one vendor saw."""

    accepted: float
    allowed: float
    most: float
    refused: int
    late: int

    def __str__(self) -> str:
        return (
            f"share {self.accepted / self.allowed:.3f} (of all {self.accepted / self.most:.3f});"
            f" refused {self.refused}, late {self.late}"
        )


def most_of(shape: str, limit: float, minutes: float) -> float:
    """Return what *shape* allows at most in so many minutes from a quiet start."""
    name, _, number = shape.partition(":")
    return limit * minutes + (float(number or limit) if name == "bucket" else 0.0)


def measure(unit: str, shapes: tuple[str, ...], told: bool, minutes: float, **more: Any) -> None:
    """Run one batch at each of four vendors at once, each of its own shape; print a line for each."""
    limit = CALLS if unit == "requests" else TOKENS
    with ExitStack() as stack:
        vendors = [stack.enter_context(VendorProcess("openai")) for _ in shapes]
        server = stack.enter_context(service(vendors[0], allow_private_base_urls="true", max_concurrent_batches=8))
        batches = []
        for number, (vendor, shape) in enumerate(zip(vendors, shapes, strict=True)):
            limits = {f"{unit}_per_minute": limit, f"{unit}_shape": shape}
            vendor.set("openai", **USUAL, **limits, tells="minute" if told else "", **more)
            name = f"v{number}"
            server.post("providers", name=name, id=name, base_url=vendor.urls["openai"], default_model_id=MODEL)
        for number in range(len(shapes)):
            wanted = {"count": 20_000, "difficulty": "basic", "provider": f"v{number}", "allow_failover": False}
            batches.append(server.post("generate/batch/start", **wanted)["batch_id"])
        time.sleep(60 * minutes + 3)
        rows = [vendor.stats("openai") for vendor in vendors]
        used = [server.get(f"generate/batch/status?batch_id={name}")["total_tokens"] for name in batches]
        server.post("generate/batch/stop")
    for shape, seen, tokens in zip(shapes, rows, used, strict=True):
        first = seen["arrivals"][0]
        refusals = [at - first for at in seen["refusals"] if at - first <= 60 * minutes]
        accepted = sum(at - first <= 60 * minutes for at in seen["arrivals"]) - len(refusals)
        if TIMELINE:
            print([sum(10 * n <= at - first < 10 * n + 10 for at in seen["arrivals"]) for n in range(int(6 * minutes))])
        row = Row(
            accepted if unit == "requests" else tokens,
            limit * minutes,
            most_of(shape, limit, minutes),
            len(refusals),
            sum(at > 60 for at in refusals),
        )
        print(f"{unit} {'told' if told else 'untold'} {shape:13} {row} {more}", flush=True)


def measure_auto(minutes: float) -> None:
    """Run one batch over three vendors, each of its own shape, whose limits are told."""
    with VendorProcess(*AUTO) as vendors:
        limits = {}
        for kind, (calls, shape) in AUTO.items():
            vendors.set(kind, **USUAL, requests_per_minute=calls, requests_shape=shape)
            limits[kind] = {"requests_per_minute": calls}
        with service(vendors, limits) as server:
            wanted = {"count": 20_000, "difficulty": "basic", "provider": "auto", "allow_failover": False}
            server.post("generate/batch/start", **wanted)
            time.sleep(60 * minutes + 3)
            rows = {kind: vendors.stats(kind) for kind in AUTO}
            server.post("generate/batch/stop")
    first = min(seen["arrivals"][0] for seen in rows.values())
    accepted = {}
    for kind, seen in rows.items():
        refused = sum(at - first <= 60 * minutes for at in seen["refusals"])
        accepted[kind] = sum(at - first <= 60 * minutes for at in seen["arrivals"]) - refused
        print(f"auto {kind} {AUTO[kind]}: {accepted[kind] / AUTO[kind][0] / minutes:.3f}; refused {refused}")
    print(
        f"auto together: {sum(accepted.values()) / sum(calls for calls, _ in AUTO.values()) / minutes:.3f}", flush=True
    )


def measure_small() -> None:
    """Ask for two samples, one after the other, where a minute has room for two."""
    with VendorProcess("groq") as vendors:
        vendors.set("groq", latency_s=2.0, tokens_per_minute=SMALL, hints=True)
        with service(vendors, {"groq": {"requests_per_minute": 25, "tokens_per_minute": SMALL}}) as server:
            for number in (1, 2):
                begun = time.monotonic()
                made = server.post("generate", **ONE, difficulty="intermediate", provider="groq", jurisdiction="uk")
                took_s = time.monotonic() - begun
                print(
                    f"small {number}: {took_s:.1f} s, {made['tokens_used']} tokens, waited {made['waited']}", flush=True
                )


def main(arguments: list[str]) -> None:
    """Run what the arguments name."""
    minutes = next((float(word) for word in arguments if word.replace(".", "").isdigit()), 3.0)
    if "auto" in arguments:
        measure_auto(minutes)
    if "small" in arguments:
        measure_small()
    if {"auto", "small"} & set(arguments) and not {"requests", "tokens"} & set(arguments):
        return
    units = [unit for unit in ("requests", "tokens") if unit in arguments] or ["requests", "tokens"]
    ways = [told for told, name in ((True, "told"), (False, "untold")) if name in arguments] or [True, False]
    more: dict[str, Any] = {"hints": "hints" in arguments, "counts_refused": "counts" in arguments}
    for unit in units:
        for told in ways:
            measure(unit, SHAPES if unit == "requests" else TOKEN_SHAPES, told, minutes, **more)


if __name__ == "__main__":
    main(sys.argv[1:])
