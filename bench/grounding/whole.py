"""A thousand pages of PDF text through the running service, then questions over all that was read.

Usage: python bench/grounding/whole.py [PAGES] [--embedder off|small|auto]
CPU and peak memory are those of the service and of the processes that read for it. Words alone find by default: the
embedder's own cost is in `retrieval.py`.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.grounding.ingest import write_pdf
from tests.e2e.server import RunningServer

_TICKS = os.sysconf("SC_CLK_TCK")
_QUESTIONS = 40


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pages", nargs="?", type=int, default=1000)
    parser.add_argument("--embedder", default="off", choices=("off", "small", "auto"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        characters = write_pdf(folder / "code.pdf", given.pages)
        with RunningServer(folder, log_level="WARNING", embedder=given.embedder) as server:
            assert server.process
            watch = Watch(server.process.pid)
            begun, before = time.monotonic(), watch.cpu_s()
            with (folder / "code.pdf").open("rb") as file:
                answer = requests.post(
                    f"{server.url}/files/upload?name=code.pdf&wait=true", data=file, timeout=900
                ).json()
            until_embedded(server)
            ingest_s, wall_s = watch.cpu_s() - before, time.monotonic() - begun
            row = answer["file"]
            print(f"{row['pages']} pages, {characters:,} characters: {row['units']} units, {row['chunks']} chunks")
            print(f"ingest: {ingest_s:.1f} s of CPU, {wall_s:.1f} s by the wall, peak {watch.peak_mib:.0f} MiB in all")
            before = watch.cpu_s()
            for number in range(_QUESTIONS):
                server.post(
                    "retrieve", query=f"who is liable to a fine under section {number} without reasonable cause?"
                )
            print(f"retrieval: {1000 * (watch.cpu_s() - before) / _QUESTIONS:.0f} ms of CPU a question")
            watch.stop()


def until_embedded(server: RunningServer) -> None:
    """Wait until every chunk has a vector, where there is an embedder: till then words alone find."""
    while " chunks have vectors" in server.post("retrieve", query="law")["notes"].get("vectors", ""):
        time.sleep(1)


class Watch:
    """Looks at the service's processes: their CPU, also of those that ended, and their memory together."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._ended_s: dict[int, float] = {}
        self.peak_mib = 0.0
        self._over = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def cpu_s(self) -> float:
        """Return the CPU seconds of all processes so far."""
        self._note()
        return sum(self._ended_s.values())

    def stop(self) -> None:
        """Stop looking."""
        self._over.set()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            self._note()

    def _note(self) -> None:
        resident = 0
        for pid in [self._parent, *_below(self._parent)]:
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
                resident += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            except OSError:
                continue
            self._ended_s[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
        self.peak_mib = max(self.peak_mib, resident / (1 << 20))


def _below(parent: int) -> list[int]:
    found: list[int] = []
    for task in Path("/proc").glob(f"{parent}/task/*/children"):
        try:
            children = [int(pid) for pid in task.read_text().split()]
        except OSError:
            continue
        for pid in children:
            found += [pid, *_below(pid)]
    return found


if __name__ == "__main__":
    main()
