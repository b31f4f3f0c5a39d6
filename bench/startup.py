"""Measures start-up time and idle memory of the real server, embedded model not loaded.

Usage: python bench/startup.py [runs]
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.e2e.server import RunningServer


def resident_mib(pid: int) -> float:
    """Return the proportional set size of *pid* and its children in MiB (Linux)."""
    total = 0.0
    for process in (pid, *_children(pid)):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                total += int(line.split()[1]) / 1024
    return total


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def main() -> None:
    """Print the median and the range of both figures."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds, memory = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            started = time.monotonic()
            with RunningServer(Path(folder)) as server:
                seconds.append(time.monotonic() - started)
                time.sleep(2)
                assert server.process
                memory.append(resident_mib(server.process.pid))
    for name, values, unit in (("start to first answer", seconds, "s"), ("idle resident memory", memory, "MiB")):
        print(
            f"{name}: median {statistics.median(values):.2f} {unit} ({min(values):.2f}-{max(values):.2f}, {runs} runs)"
        )


if __name__ == "__main__":
    main()
