"""Measures what the store promises, in CPU time of this process.

Usage: python bench/store/run.py [rows ...]    (default: 2000 1000000)
The data sets are made once in the folder BENCH_DIR (default: a temporary one).
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
from models.database import open_engine
from models.engines.writer import Writer
from models.samples.file.parquet_file import ParquetFile
from models.samples.sample_query import SampleQuery
from models.samples.sample_store import SampleStore
from models.samples.search.search_index import SearchIndex
from models.samples.statistics import summarize
from models.schemas import new_sample
from services.dataset.search_service import SearchRequest, SearchService
from utils.clock import SystemClock

_RUNS = 15


def open_store(folder: Path) -> tuple[SampleStore, Writer]:
    """Open the store of *folder* as the service does."""
    engine = open_engine(f"sqlite:///{folder / 'batches.db'}")
    writer = Writer(engine)
    writer.start()
    return SampleStore(ParquetFile(folder / "train.parquet"), engine, writer, SystemClock()), writer


def cpu_ms(work: Callable[[], object], runs: int = _RUNS) -> str:
    """Return median and range of the CPU milliseconds of *work*."""
    work()
    figures = []
    for _ in range(runs):
        started = time.process_time()
        work()
        figures.append(1000 * (time.process_time() - started))
    return f"{statistics.median(figures):8.2f} ({min(figures):.2f}-{max(figures):.2f})"


def measure(folder: Path, rows: int) -> None:
    """Print every figure of the data set in *folder*."""
    corpus, draw = Corpus(), random.Random(5)
    started = time.process_time()
    store, writer = open_store(folder)
    store.count()
    print(f"{rows} rows: opened in {1000 * (time.process_time() - started):.0f} ms of CPU")
    number = iter(range(10**7 + int(time.time()) % 10**5 * 1000, 10**9))  # ids of no earlier run

    def append() -> None:
        samples = [new_sample(corpus.sample(next(number))) for _ in range(10)]
        timed.append(time.process_time())
        writer.run(lambda connection: store.put_all(connection, samples))
        timed[-1] = 1000 * (time.process_time() - timed[-1])

    timed: list[float] = []
    for _ in range(60):
        append()
    print(f"  append of 10         {statistics.median(timed):8.2f} ({min(timed):.2f}-{max(timed):.2f})")
    print("  add of 1, id checked", cpu_ms(lambda: store.add(corpus.sample(next(number)))))
    print("  get                 ", cpu_ms(lambda: store.get(known(rows, draw))))

    def page(**query: object) -> None:
        list(store.find(SampleQuery(limit=50, **query))[1])  # type: ignore[arg-type]

    topic = {"topic": "Area 7 - Topic 32"}
    print("  page of 50          ", cpu_ms(page))
    print("  same, any offset    ", cpu_ms(lambda: page(offset=draw.randrange(rows))))
    print("  page of 50, a topic ", cpu_ms(lambda: page(filters=topic)))
    print("  same, offset 2000   ", cpu_ms(lambda: page(filters=topic, offset=min(2000, rows // 100))))
    print("  statistics          ", cpu_ms(lambda: summarize(store.snapshot())))
    print("  count of a filter   ", cpu_ms(lambda: store.count(topic)))
    search = SearchService(store, SearchIndex(folder / ".index" / "search.db"))
    started = time.process_time()
    done = search.update(lambda: False)
    if done:
        size = sum(file.stat().st_size for file in (folder / ".index").glob("search.db*")) / 1e6
        print(f"  search index of {done} rows: {time.process_time() - started:.0f} s of CPU, {size:.0f} MB")
    common, rare = corpus.vocabulary[40:44], corpus.vocabulary[5000:5002]
    for name, text in {
        "two words": f"{common[0]} {common[1]}",
        "two rarer": f"{corpus.vocabulary[400]} {corpus.vocabulary[500]}",
        "one rare ": rare[0],
        "absent   ": "zzzzz",
        "a phrase ": f'"{corpus.phrases[7][:20].rsplit(" ", 1)[0]}"',
    }.items():
        print(f"  search, {name}   ", cpu_ms(partial(search.search, SearchRequest(text))))
    best = SearchRequest(f"{common[0]} {common[1]}", sort="relevance", limit=20)
    print("  two words, best     ", cpu_ms(lambda: search.search(best), 3))
    writer.close()


def known(rows: int, draw: random.Random) -> str:
    """Return an id that is in the data set."""
    return _IDS[draw.randrange(rows)]


_IDS: list[str] = []


def fold(folder: Path) -> None:
    """Print CPU time, peak memory and the longest wait of a reader and of an append during a fold."""
    store, writer = open_store(folder)
    corpus = Corpus()
    stop, waits = threading.Event(), {"read": [0.0], "append": [0.0]}

    def loop(name: str, work: Callable[[], object]) -> None:
        while not stop.wait(0.05):
            started = time.monotonic()
            work()
            waits[name].append(time.monotonic() - started)

    numbers = iter(range(2 * 10**8 + int(time.time()) % 10**5 * 1000, 10**9))

    def put() -> None:
        sample = new_sample(corpus.sample(next(numbers)))
        writer.run(lambda connection: store.put(connection, sample))

    put()
    store.count()
    threads = [threading.Thread(target=loop, args=item) for item in (("read", store.count), ("append", put))]
    for thread in threads:
        thread.start()
    started, cpu = time.monotonic(), time.process_time()
    store.fold()
    print(f"  fold: {time.process_time() - cpu:.1f} s of CPU, {time.monotonic() - started:.1f} s", end="; ")
    stop.set()
    for thread in threads:
        thread.join()
    # VmHWM, not ru_maxrss: the latter begins with what the parent process had.
    status = Path("/proc/self/status").read_text().splitlines()
    peak = int(next(line.split()[1] for line in status if line.startswith("VmHWM"))) / 1024
    print(f"peak {peak:.0f} MiB; longest read {max(waits['read']):.2f} s, append {max(waits['append']):.2f} s")
    writer.close()


def main() -> None:
    """Measure each size given."""
    if sys.argv[1:2] == ["--fold"]:
        fold(Path(sys.argv[2]))
        return
    base = Path(os.environ.get("BENCH_DIR") or tempfile.mkdtemp())
    for rows in [int(text) for text in sys.argv[1:]] or [2000, 1_000_000]:
        folder = base / str(rows)
        if not (folder / "train.parquet").exists():
            folder.mkdir(parents=True, exist_ok=True)
            Corpus().write(folder, rows)
        store, writer = open_store(folder)
        version = store.snapshot().version
        assert version is not None
        _IDS[:] = version.index.frame["id"].to_list()
        writer.close()
        measure(folder, rows)
        # A process of its own, so that its peak is the fold's.
        subprocess.run([sys.executable, __file__, "--fold", str(folder)], check=True)


if __name__ == "__main__":
    main()
