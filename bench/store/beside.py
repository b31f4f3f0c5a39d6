"""Measures what is done beside the service at a million samples, and gets and additions meanwhile.

Usage: python bench/store/beside.py FOLDER [jsonl|parquet|pairs|audit|imports ...]

FOLDER holds a data set (of `bench/store/run.py`). Exports and imports stand beside Polars' own reading and writing of
the same columns in the same run. CPU and memory are of this process and its children; files mapped by several count
for each. What gets and looking on cost while nothing else is done is taken off.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.store.corpus import Corpus
from bootstrap import Service, build
from config import load_settings
from models.contract.arguments import ExportArguments, ImportArguments
from models.samples.index_filling import lacking
from services.quality.citation_audit import COLUMN

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def family() -> list[int]:
    """Return this process and its children."""
    children = (entry.read_text() for entry in Path("/proc/self/task").glob("*/children"))
    return [os.getpid(), *(int(pid) for text in children for pid in text.split())]


def cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mib(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / (1 << 20)
    except OSError:
        return 0.0


class Watched:
    """What a piece of work costs, and how long gets take meanwhile."""

    def __init__(self, service: Service, ids: list[str]) -> None:
        self._service, self._ids = service, ids
        self._share = 0.0
        self._share = self.run("nothing", lambda: time.sleep(10)) / 10

    def run(self, name: str, work: Callable[[], object]) -> float:
        """Print the figures of *work*; return its CPU seconds in all processes."""
        stop, gets, peak, used = threading.Event(), [0.0], 0.0, dict[int, float]()
        begun = {pid: cpu_s(pid) for pid in family()}

        def get() -> None:
            draw = random.Random(1)
            while not stop.wait(0.05):
                at = time.perf_counter()
                self._service.dataset.get(draw.choice(self._ids))
                gets.append(time.perf_counter() - at)

        def watch() -> None:
            nonlocal peak
            while not stop.wait(0.2):
                pids = family()
                peak = max(peak, sum(map(resident_mib, pids)))
                used.update({pid: cpu_s(pid) - begun.get(pid, 0.0) for pid in pids})

        threads = [threading.Thread(target=target) for target in (get, watch)]
        for thread in threads:
            thread.start()
        at = time.perf_counter()
        result = work()
        took = time.perf_counter() - at
        stop.set()
        for thread in threads:
            thread.join()
        mine, ordered = used.pop(os.getpid(), 0.0) - self._share * took, sorted(gets)
        print(
            f"{name}: {took:.1f} s, CPU here {mine:.1f} s, beside {sum(used.values()):.1f} s, peak {peak:.0f} MiB; get "
            f"{1000 * statistics.median(gets):.1f} ms, p95 {1000 * ordered[int(0.95 * len(ordered))]:.1f}, p99 "
            f"{1000 * ordered[int(0.99 * len(ordered))]:.1f}, most "
            f"{1000 * ordered[-1]:.1f}; load {os.getloadavg()[0]:.1f}; {result}",
            flush=True,
        )
        return mine + sum(used.values())


def polars_s(program: str) -> float:
    """Return the CPU seconds of a program of Polars in a process of its own."""
    before = os.times()
    subprocess.run([sys.executable, "-c", f"import polars as pl; {program}"], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


class Measured:
    """The things that are measured, by name."""

    def __init__(self, folder: Path) -> None:
        self._service = build(load_settings(data_dir=folder))
        self._service.stores.start()
        version = self._service.stores.samples.snapshot().version
        assert version is not None
        self._watched = Watched(self._service, version.index.frame["id"].to_list())
        self._source, self._out = folder / "train.parquet", Path(tempfile.mkdtemp(prefix="bench-beside-"))

    def jsonl(self) -> None:
        """An export as JSON Lines."""
        self._export("jsonl", "sink_ndjson")

    def parquet(self) -> None:
        """An export as Parquet."""
        self._export("parquet", "sink_parquet")

    def pairs(self) -> None:
        """The pairs of similar samples; the sketches are made first, where they are missing."""
        self._service.examiner.duplicates.update(lambda: False)
        self._watched.run("pairs", lambda: self._service.quality.duplicates()["counts"])

    def audit(self) -> None:
        """A minute of the audit of what has no verdict."""
        end = time.monotonic() + 60
        audit = self._service.lifetime.upkeep._chores.tasks[2]
        self._watched.run("audit for a minute", lambda: audit(lambda: time.monotonic() > end))
        print(f"  not checked yet: {len(lacking(self._service.stores.samples.snapshot(), COLUMN))}")

    def imports(self) -> None:
        """A million rows, made for it, into an empty data set; then into this one, where half of the ids are."""
        path = self._out / "rows.jsonl"
        with path.open("wb") as file:
            for piece in Corpus(seed=int(time.time())).pieces(1_000_000):
                piece.drop("batch_id", "provider").write_ndjson(file)
        alone = polars_s(f"pl.scan_ndjson({str(path)!r}).sink_parquet({str(self._out / 'x')!r})")
        empty = build(load_settings(data_dir=self._out / "empty"))
        empty.stores.start()

        def take(service: Service) -> str:
            with path.open("rb") as file:
                taken = service.imports.take(file, "rows.jsonl", ImportArguments(on_duplicate="replace"))
            return f"{taken['added']} added, {taken['replaced']} replaced"

        for name, service in (("import into an empty data set", empty), ("import that replaces", self._service)):
            cost = self._watched.run(name, partial(take, service))
            print(f"  CPU of Polars' own read and write: {alone:.1f} s; ratio {cost / alone:.2f}")
        empty.close()

    def close(self) -> None:
        """End the service."""
        self._service.close()

    def _export(self, name: str, sink: str) -> None:
        alone = polars_s(f"pl.scan_parquet({str(self._source)!r}).{sink}({str(self._out / 'x')!r})")

        def take() -> int:
            return sum(map(len, self._service.publish.download(ExportArguments(format=name, include="all")).content))

        cost = self._watched.run(name, take)
        print(f"  CPU of Polars' own {sink}: {alone:.1f} s; ratio {cost / alone:.2f}")


def main(folder: Path, wanted: list[str]) -> None:
    """Measure each thing *wanted*."""
    measured = Measured(folder)
    for name in wanted:
        getattr(measured, name)()
    measured.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["jsonl", "parquet", "pairs"])
