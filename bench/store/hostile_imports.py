"""Imports odd, hostile and broken files over HTTP: memory, time, and that nothing of a refused file comes in.

Usage: python bench/store/hostile_imports.py [files] [seed] [number]    (default: 20000 1)

File n of a seed is always the same (`bench/store/odd_files.py`); with *number* only that one is sent and its
answer shown. The status is 1 after a 5xx, an import of more than 2 s (on a busy machine: of CPU, what the server does
beside it counted), more than 600 MiB of parent and worker together at their highest, or a data set that is not
what the answers said. Every 500 files the data set
is compared, and a file with one sample is put in its place: what is measured are imports, not a large data set.
"""

import os
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from bench.engine.common import cpu_s, processes
from bench.store.odd_files import Maker, OddFile
from tests.e2e.server import RunningServer

SLOW_S, MOST_MIB, ROUND = 2.0, 600.0, 500
SETTINGS: dict[str, Any] = {
    "rate_limit": "off",
    "backup_every_h": 0,
    "log_level": "ERROR",
    "hf_endpoint": "http://127.0.0.1:9",
}
_FIRST = Maker(0, 0).row() | {"id": "first"}
_OURS = re.compile(r"f(\d+)-\d+")


@dataclass
class Tally:
    """What came of all files."""

    answers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    added: dict[int, int] = field(default_factory=dict)
    taken: int = 0
    times: list[tuple[float, int, str]] = field(default_factory=list)
    cpu: list[tuple[float, int, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Samples that there must be, the one of the file that was put there counted."""
        return 1 + sum(self.added.values())


def send(server: RunningServer, number: int, file: OddFile) -> tuple[int, dict[str, Any], float]:
    """Import *file*; return status, answer and seconds."""
    duplicates = ("error", "skip", "replace")[number % 3]
    dry = "&dry_run=true" if number % 29 == 0 else ""
    url = f"{server.url}/import?on_duplicate={duplicates}&format={file.format}&name=in{dry}"
    started = time.monotonic()
    answer = server.session.post(
        url, data=file.content, headers={"Content-Type": "application/octet-stream"}, timeout=300
    )
    return answer.status_code, answer.json(), time.monotonic() - started


def count(tally: Tally, number: int, file: OddFile, told: tuple[int, dict[str, Any], float]) -> None:
    """Judge the answer to file *number*."""
    status, answer, took_s = told
    tally.times.append((took_s, number, file.kind))
    tally.answers[file.kind]["taken" if status == 200 else "refused" if status < 500 else "failed"] += 1
    if status >= 500 or ("error" not in answer and status != 200):
        tally.faults.append(f"file {number} ({file.kind}): {status} {answer.get('error')}")
    if status == 200 and not answer["dry_run"]:
        tally.added[number] = answer["added"]
        if answer["total_samples"] != tally.total:
            tally.faults.append(f"file {number} ({file.kind}): {answer['total_samples']} samples, want {tally.total}")
            tally.added[number] += answer["total_samples"] - tally.total


def compare(server: RunningServer, tally: Tally) -> list[str]:
    """Return how the data set differs from what the answers said."""
    held: Counter[int] = Counter()
    strange = 0
    faults = []
    for row in orjson.loads(server.session.get(f"{server.url}/data", timeout=300).content):
        match = _OURS.fullmatch(row["id"])
        if row["id"] == _FIRST["id"]:
            continue
        if match is None or int(match.group(1)) not in tally.added:
            strange += 1  # a byte of its id was changed
            continue
        held[int(match.group(1))] += 1
    missing = sum(max(tally.added[number] - held[number], 0) for number in tally.added)
    if missing != strange:
        faults.append(f"{missing} samples are missing, {strange} are of no file that was taken")
    faults += [f"file {n}: {held[n]} samples, want {tally.added[n]}" for n in held if held[n] > tally.added[n]]
    return faults


def highest_mib(server: RunningServer) -> float:
    """Return the most memory that parent and worker had, each at its highest."""
    total = 0
    for pid in processes(server):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        total += int(found.group(1)) if found else 0
    return total / 1024


def put_first(server: RunningServer) -> None:
    """Put a file with one sample in place of the data set."""
    server.session.post(f"{server.url}/dataset/fold", json={}, timeout=300)
    aside = server.folder / "next"
    pq.write_table(pa.Table.from_pylist([_FIRST]), aside)
    aside.replace(server.folder / "train.parquet")
    assert server.get("stats")["total"] == 1


def run(server: RunningServer, files: int, seed: int) -> int:
    """Send all files, tell the figures and return the status."""
    tally, faults = Tally(), list[str]()
    workers, used_s = processes(server), cpu_s(server)
    put_first(server)
    print(f"at the start: {highest_mib(server):.0f} MiB at the highest", flush=True)
    for number in range(files):
        file = Maker(seed, number).make()
        before_s = cpu_s(server)
        count(tally, number, file, send(server, number, file))
        tally.cpu.append((cpu_s(server) - before_s, number, file.kind))
        if number % ROUND == ROUND - 1 or number == files - 1:
            faults += compare(server, tally)
            tally.taken += len(tally.added)
            put_first(server)
            tally.added.clear()
            slowest, load = (max(rows[-ROUND:]) for rows in (tally.times, tally.cpu)), os.getloadavg()[0]
            print(
                f"{number + 1} files, {tally.taken} taken, {highest_mib(server):.0f} MiB, slowest {list(slowest)}, "
                f"load {load:.1f}, faults {faults + tally.faults}",
                flush=True,
            )
    faults += tally.faults
    if processes(server) != workers:
        faults.append("the worker was replaced")
    return tell(server, tally, faults, cpu_s(server) - used_s)


def tell(server: RunningServer, tally: Tally, faults: list[str], used_s: float) -> int:
    """Print the figures; return the status."""
    times = sorted(took for took, _, _ in tally.times)
    slow, busy = (sorted((row for row in rows if row[0] > SLOW_S), reverse=True) for rows in (tally.times, tally.cpu))
    peak = highest_mib(server)
    for kind, answers in sorted(tally.answers.items()):
        print(f"{kind:12} {dict(answers)}")
    print(
        f"median {times[len(times) // 2]:.3f} s, p99 {times[len(times) * 99 // 100]:.3f} s, longest {times[-1]:.2f} s"
    )
    print(f"{used_s / len(times):.3f} s of CPU a file; longer than {SLOW_S:g} s: {len(slow)}: {slow[:10]}")
    print(f"longer than {SLOW_S:g} s of CPU: {len(busy)}: {busy[:10]}; the most: {max(tally.cpu)}")
    print(f"highest memory {peak:.0f} MiB; faults: {faults[:10]}")
    return int(bool(faults or busy) or peak > MOST_MIB)


def main() -> int:
    """Send as many files as asked for, or one."""
    files, seed, one = (*map(int, sys.argv[1:4]), *(20_000, 1, -1)[len(sys.argv[1:4]) :])
    with (
        tempfile.TemporaryDirectory(prefix="bench-imports-") as folder,
        RunningServer(Path(folder), **SETTINGS) as server,
    ):
        if one < 0:
            return run(server, files, seed)
        file = Maker(seed, one).make()
        print(
            file.kind, file.format, len(file.content), file.content[:200], send(server, one, file), highest_mib(server)
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
