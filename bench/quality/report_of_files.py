"""Measures `cli.py report` over a folder or bucket of short rows: wall clock, CPU, memory, by the cores it may use.

Usage: python -m bench.quality.report_of_files ROWS [cores …] [--s3] [--folder FOLDER]  (default: 1000000, cores 1 2)
Shards of 50,000 rows are made in FOLDER (default: a temporary one); with --s3 they are also put on a moto on loopback.
The memory of processes is what is theirs alone and their share of what they have in common (PSS).
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from config import PROJECT_DIR

_SHARD = 50_000
_BEGIN = [a + b for a in "bcdfghklmnprstvw" for b in "aeiou"]
_MIDDLE = [a + b for a in "dlmnrst" for b in "aeiou"]
_END = ["", "n", "s", "t", "ment", "tion"]


def write(folder: Path, count: int) -> None:
    """Write *count* rows as shards, those that are not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, count, _SHARD):
        path = folder / f"{start:010}.parquet"
        if not path.exists():
            aside = path.with_suffix(".new")
            rows(start, min(_SHARD, count - start)).write_parquet(aside, row_group_size=10_000)
            aside.rename(path)


def rows(start: int, count: int) -> pl.DataFrame:
    """Return *count* short rows: 12 and 25 words, one of eight cites; each hundredth is nearly the one before it."""
    draw = np.random.default_rng(start)
    words = np.array([f"{a}{b}{c}" for a in _BEGIN for b in _MIDDLE for c in _END])
    chosen = draw.choice(words, (count, 37))
    copies = np.arange(100, count, 100)
    chosen[copies, :36] = chosen[copies - 1, :36]
    lines = [" ".join(line) for line in chosen[:, 12:]]
    cited = [f" See Equality Act 2010, s {n % 200 + 1}." if n % 8 == 0 else "." for n in range(count)]
    numbers = np.arange(count)
    return pl.DataFrame(
        {
            "id": [f"r{start + n:010}" for n in range(count)],
            "created_at": [f"2026-{n % 12 + 1:02}-01T00:00:00+00:00" for n in range(count)],
            "question": [" ".join(line) + "?" for line in chosen[:, :12]],
            "answer": [line + cite for line, cite in zip(lines, cited, strict=True)],
            "topic": np.array(["Contract Law - Misrepresentation", "Tort - Negligence"])[numbers % 2],
            "jurisdiction": np.array(["uk", "us", "eu"])[numbers % 3],
            "model": np.array(["a", "b"])[numbers % 2],
        }
    )


def memory_mib(session: int) -> int:
    """Return the proportional memory of all processes of a session."""
    total = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getsid(int(entry.name)) == session or _parent_session(entry) == session:
                    told = (entry / "smaps_rollup").read_text()
                    total += next(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:"))
            except (OSError, StopIteration):
                continue  # it ended
    return total >> 10


def _parent_session(entry: Path) -> int:
    """Return the session of the parent: processes beside have one of their own."""
    parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    return os.getsid(parent) if parent > 1 else 0


def measured(address: str, cores: int, environment: dict[str, str]) -> str:
    """Report on *address* with the first *cores* cores; return the figures."""
    before = os.times()
    started, peak = time.perf_counter(), 0
    command = [
        "taskset",
        "--cpu-list",
        f"0-{cores - 1}",
        sys.executable,
        str(PROJECT_DIR / "cli.py"),
        "report",
        address,
    ]
    running = subprocess.Popen(
        command,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while running.poll() is None:
        peak = max(peak, memory_mib(running.pid))
        time.sleep(0.5)
    after = os.times()
    clock = time.perf_counter() - started
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return f"{clock:.0f} s, {cpu:.0f} s of CPU, peak {peak} MiB, exit code {running.returncode}"


def main() -> None:
    """Make the rows, report on them, print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("cores", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--s3", action="store_true")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary) / "rows"
        write(folder, given.rows)
        environment = {**os.environ, "DATA_DIR": temporary}
        for cores in given.cores:
            load = os.getloadavg()[0]
            print(
                f"{given.rows} rows, {cores} cores: {measured(str(folder), cores, environment)} (load {load:.1f})",
                flush=True,
            )
        if given.s3:
            on_s3(folder, environment)


def on_s3(folder: Path, environment: dict[str, str]) -> None:
    """The same over a bucket."""
    from tests.s3 import KEYS, S3Server
    from utils.file_systems import FileFolder

    os.environ.update(KEYS)
    server = S3Server()
    server.start()
    try:
        there = FileFolder(server.address("rows"))
        for path in sorted(folder.glob("*.parquet")):
            there.write(path.name, lambda write, path=path: write(path.read_bytes()))  # type: ignore[misc]  # a lambda
        address = server.address("rows")
        print(f"the same on moto: {measured(address, os.cpu_count() or 1, {**environment, **KEYS})}", flush=True)
    finally:
        server.kill()


if __name__ == "__main__":
    main()
