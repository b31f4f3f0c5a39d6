"""Measures the quality report of a file through the command line: wall clock, CPU, memory of all processes.

Usage: python bench/quality/report.py [rows]    (default: 100000)
The rows are put together from the sentences of the starter set, with some eight citations each.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from config import PROJECT_DIR, load_settings
from services.catalogue.catalogue import load_catalogue

_PIECE = 20_000


def write(path: Path, count: int) -> None:
    """Write *count* rows of some 2,000 characters of answer."""
    draw = random.Random(1)
    starter = [row.model_dump() for row in load_catalogue(load_settings().catalog_dir).starter]
    words = [word for row in starter for word in row["answer"].split()]
    sentences = [part.strip() + "." for row in starter for part in row["answer"].replace("\n", " ").split(". ")]

    def row(number: int) -> dict[str, object]:
        answer = " ".join(draw.sample(sentences, draw.randint(8, 16)))[:2200]
        question = " ".join(draw.sample(words, 30)) + "?"
        return {**draw.choice(starter), "id": f"r{number}", "question": question, "answer": answer, "model": "m"}

    pieces = [
        pl.DataFrame([row(n) for n in range(start, min(start + _PIECE, count))]) for start in range(0, count, _PIECE)
    ]
    pl.concat(pieces).write_parquet(path)


def resident_mib(session: int) -> int:
    """Return the resident memory of all processes of a session; pages they share count for each."""
    total = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getsid(int(entry.name)) == session:
                    total += int((entry / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            except OSError:
                continue  # it ended
    return total >> 20


def main(count: int) -> None:
    """Make the file, report on it, print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        write(path, count)
        started, peak = time.perf_counter(), 0
        command = [sys.executable, str(PROJECT_DIR / "cli.py"), "report", str(path), "--out", f"{folder}/report.html"]
        running = subprocess.Popen(command, env={**os.environ, "DATA_DIR": folder}, start_new_session=True)
        while running.poll() is None:
            peak = max(peak, resident_mib(running.pid))
            time.sleep(0.5)
        times = os.times()
        clock, cpu = time.perf_counter() - started, times.children_user + times.children_system
        print(f"{count} rows: {clock:.0f} s, {cpu:.0f} s of CPU, peak {peak} MiB, exit code {running.returncode}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
