"""Own cost of a sample at zero latency: CPU and memory of the service, as a slope, beside a bare loop.

.venv/bin/python bench/engine/overhead.py [--before CHECKOUT] [--texts varied|alike] [--rounds 3] [--python INTERPRETER]
    [small large …]

With --before a build of that checkout is measured in the same run, in turns with this one: on a shared machine the
figures follow what else runs, and only the ratio tells something. With --python the service is run by another
interpreter: one that has the packages of requirements.lock alone, since Arrow loads pandas where it is installed.
The last batch tells by how much memory grows once everything is loaded.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import cpu_s, finish, resident_mib, service
from bench.engine.texts import KINDS, TextVendors
from config import PROJECT_DIR

_CALLS = 1000


@dataclass(frozen=True)
class Figures:
    """What batches of growing size took: the size, its CPU and wall seconds, resident MiB behind it."""

    rows: list[tuple[int, float, float, float]]

    @property
    def slope_ms(self) -> float:
        """CPU milliseconds a sample, from the smallest batch to the largest."""
        (small, least_s, _, _), (large, most_s, _, _) = self.rows[0], self.rows[-1]
        return (most_s - least_s) / (large - small) * 1000

    @property
    def growth_mib(self) -> float:
        """Resident MiB that the last batch added."""
        return self.rows[-1][3] - self.rows[-2][3]

    @property
    def rate(self) -> float:
        """Samples a second of the largest batch."""
        size, _, wall_s, _ = self.rows[-1]
        return size / wall_s

    def __str__(self) -> str:
        steps = "; ".join(
            f"{size}: {cpu / size * 1000:.2f} ms, {size / wall:.0f}/s, {mib:.0f} MiB"
            for size, cpu, wall, mib in self.rows
        )
        return (
            f"{self.slope_ms:.2f} ms of CPU a sample, {self.rate:.0f} samples/s, "
            f"{self.growth_mib:+.0f} MiB for the last {self.rows[-1][0]} ({steps})"
        )


def measured(project: Path, texts: str, sizes: list[int], python: str) -> Figures:
    """Run a batch of each size on one service of *project*."""
    rows = []
    with TextVendors(texts, "groq") as vendors, service(vendors, project=project, python=python) as server:
        finish(server, server.post("generate/batch/start", count=50, provider="groq", difficulty="basic")["batch_id"])
        for size in sizes:
            before, began = cpu_s(server), time.perf_counter()
            started = server.post("generate/batch/start", count=size, provider="groq", difficulty="basic")
            batch = finish(server, started["batch_id"], 0.2)
            wall = time.perf_counter() - began
            assert (batch["status"], batch["progress"]) == ("completed", size), batch
            rows.append((size, cpu_s(server) - before, wall, resident_mib(server)))
    return Figures(rows)


def bare_ms() -> float:
    """Return the CPU milliseconds of a call that a plain httpx client makes to the same vendor."""
    with TextVendors("alike", "groq") as vendors, httpx.Client(trust_env=False) as client:
        body = {"model": "openai/gpt-oss-20b", "messages": [{"role": "user", "content": "Say OK."}], "max_tokens": 50}
        url = f"{vendors.urls['groq']}/openai/v1/chat/completions"
        began = time.process_time()
        for _ in range(_CALLS):
            client.post(url, json=body).raise_for_status()
        return (time.process_time() - began) / _CALLS * 1000


def main() -> None:
    """Measure in turns and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--before", type=Path)
    parser.add_argument("--texts", choices=KINDS, default="alike")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("sizes", type=int, nargs="*", default=[100, 5000, 5000])
    given = parser.parse_args()
    builds = {"before": given.before.resolve()} if given.before else {}
    builds["now"] = PROJECT_DIR
    found: dict[str, list[Figures]] = {name: [] for name in builds}
    for number in range(given.rounds):
        print(f"round {number + 1}: a bare call {bare_ms():.2f} ms of CPU", flush=True)
        for name, project in builds.items():
            found[name].append(measured(project, given.texts, given.sizes, given.python))
            print(f"  {name}: {found[name][-1]}", flush=True)
    slopes = {name: median(figures.slope_ms for figures in rows) for name, rows in found.items()}
    print(f"{given.texts}: " + ", ".join(f"{name} {slope:.2f} ms" for name, slope in slopes.items()))
    if given.before:
        print(f"ratio {slopes['now'] / slopes['before']:.3f}")


if __name__ == "__main__":
    main()
