"""Limits that several processes keep together: the worst minute, use, fairness, and what it costs.

.venv/bin/python bench/scale/limits.py [redis|alone|outage ...]

Real processes of eight threads each that call as fast as they may (answers take 20 ms and use 60 to 100 % of what is
reserved), one Redis of our own on loopback, real minutes. Every departure is written down by the clock that all
processes of a machine share; the worst sliding minute is taken over all of them. Processor time is the processes' own.
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bench.scale.minutes import worst  # noqa: E402  # after the path
from tests.redis_server import RedisServer  # noqa: E402  # after the path

PROCESSES, SPAN_S = 4, 60.25
LASTS_S, OUTAGE_LASTS_S = 75.0, 130.0
LIMITS = ((6000, 10**9, "6,000 requests"), (10**6, 1_200_000, "1,200,000 tokens"), (1200, 10**9, "1,200 requests"))
HAMMER = "bench.scale.hammering"


@dataclass
class Run:
    """What some processes did: for each, when each call left and its tokens, and the processor time."""

    sent: list[list[tuple[float, int]]]
    cpu_s: float

    def worst(self, span_s: float, weigh: bool) -> int:
        """Return the most calls, or tokens, of any *span_s*."""
        return worst(((at, tokens if weigh else 1) for sent in self.sent for at, tokens in sent), span_s)[1]

    def used(self, span_s: float, weigh: bool) -> float:
        """Return calls, or tokens, in a *span_s* on average: from the first one on."""
        rows = sorted(row for sent in self.sent for row in sent)
        lasted_s = rows[-1][0] - rows[0][0]
        return sum(tokens if weigh else 1 for _, tokens in rows) * span_s / lasted_s

    @property
    def jain(self) -> float:
        """Jain's index of the calls by process: 1 when all got the same."""
        counts = [len(sent) for sent in self.sent]
        return sum(counts) ** 2 / (len(counts) * sum(count * count for count in counts))

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of processor time a call."""
        return 1000 * self.cpu_s / sum(map(len, self.sent))


def run(url: str, calls: int, tokens: int, seconds: float, server: RedisServer | None = None) -> Run:
    """Let the processes run; with *server* it is killed after a third of the time, and started again, empty."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.json" for number in range(PROCESSES)]
        wanted = [url, str(SPAN_S), str(calls), str(tokens), str(seconds)]
        started = [subprocess.Popen([sys.executable, "-m", HAMMER, *wanted, str(file)], cwd=ROOT) for file in files]
        if server is not None:
            time.sleep(seconds / 3)
            server.kill()
            time.sleep(seconds / 6)
            server.start()
        for process in started:
            process.wait()
        told = [json.loads(file.read_text()) for file in files]
    return Run([row["sent"] for row in told], sum(row["cpu_s"] for row in told))


def show(name: str, seen: Run, calls: int, tokens: int) -> None:
    """Print one line."""
    weigh = tokens < 10**8
    limit = tokens if weigh else calls
    print(
        f"{name}: worst minute / limit {seen.worst(60.0, weigh) / limit:.3f}, use / limit"
        f" {seen.used(60.0, weigh) / limit:.3f}, fairness (Jain) {seen.jain:.3f} {[len(sent) for sent in seen.sent]},"
        f" CPU a call {seen.cpu_ms:.2f} ms",
        flush=True,
    )


def main() -> None:
    chosen = sys.argv[1:] or ["redis", "alone", "outage"]
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            for calls, tokens, unit in LIMITS:
                if "redis" in chosen:
                    server.empty()
                    show(f"{unit} a minute, shared", run(server.url, calls, tokens, LASTS_S), calls, tokens)
                if "alone" in chosen:
                    seen = run("", calls // PROCESSES, tokens // PROCESSES, LASTS_S)
                    show(f"{unit} a minute, a quarter each, no Redis", seen, calls, tokens)
            if "outage" in chosen:
                server.empty()
                seen = run(server.url, 1200, 10**9, OUTAGE_LASTS_S, server)
                show("1,200 requests, Redis away for a sixth of the time and emptied", seen, 1200, 10**9)
        finally:
            server.close()


if __name__ == "__main__":
    main()
