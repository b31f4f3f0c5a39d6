"""What a million and ten million samples in shards cost: pages, filters, counts, folds.

    .venv/bin/python -m bench.scale.samples FOLDER [ROWS …]

Short texts, seven jurisdictions, a year, in a folder on this disk, SQLite as database. A figure is this process's CPU
in ms, the median of several; the last column is how it grew. FOLDER takes some 250 bytes a sample and is kept.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from models.backups import agreement
from models.database import open_engine
from models.engines.writer import Writer
from models.samples.by_number import page_at
from models.samples.file.column_types import fitted
from models.samples.file.intake import schema
from models.samples.file.row_index import describe
from models.samples.sample_query import SampleQuery, select
from models.samples.sample_store import SampleStore
from models.samples.shards import manifest
from models.samples.shards.opening import open_shards
from models.samples.shards.shard_writer import ShardWriter
from models.samples.statistics import summarize
from models.schemas import new_sample
from utils.clock import SystemClock
from utils.frames import np, pl

_PIECE = 100_000
_PLACES = ("us", "uk", "eu", "de", "au", "ca", "in")
_TOPICS = [
    f"{area} - {subject}" for area in ("Contract", "Tort", "Criminal", "Property", "Tax") for subject in range(40)
]


def pieces(rows: int) -> Iterator[pl.DataFrame]:
    """Yield so many short samples, in the order of their time."""
    for start in range(0, rows, _PIECE):
        count = min(_PIECE, rows - start)
        draw = np.random.default_rng(start)
        numbers = np.arange(start, start + count)
        seconds = (numbers * (365 * 86_400 / max(rows, 1))).astype(np.int64)
        times = pl.Series(np.datetime64("2026-01-01T00:00:00", "ms") + seconds.astype("timedelta64[s]")).dt.strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )

        def one_of(
            values: list[str] | tuple[str, ...], draw: np.random.Generator = draw, count: int = count
        ) -> pl.Series:
            return pl.Series(np.asarray(values)[draw.integers(0, len(values), count)].tolist())

        frame = pl.DataFrame(
            {
                "id": [f"{number:016x}-{number % 997:03d}" for number in numbers.tolist()],
                "question": [f"May the tenant of case {number} leave?" for number in numbers.tolist()],
                "answer": [f"Yes, on notice of {number % 90} days under the lease." for number in numbers.tolist()],
                "topic": one_of(_TOPICS),
                "difficulty": one_of(["basic", "intermediate", "advanced", "expert"]),
                "jurisdiction": one_of(_PLACES),
                "sample_type": one_of(["case_analysis", "educational", "statutory_interpretation"]),
                "provider": one_of(["groq", "cerebras"]),
                "model": one_of(["m-1", "m-2", "m-3"]),
                "batch_id": [f"b{number // 1000}" for number in numbers.tolist()],
                "created_at": times,
            }
        )
        yield fitted(frame, schema())


class Store:
    """A data set of shards in a folder."""

    def __init__(self, folder: Path, rows: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.engine = open_engine(f"sqlite:///{folder / 'batches.db'}")
        agreement.check(folder / "train.parquet", self.engine)
        self.files = open_shards(str(folder / "shards"), self.engine)
        self.writer = Writer(self.engine)
        self.writer.start()
        if not self._rows():
            self._fill(rows)
        self.store = SampleStore(self.files, self.engine, self.writer, SystemClock())

    def _rows(self) -> int:
        with self.engine.connect() as connection:
            return manifest.totals(connection)[1]

    def _fill(self, rows: int) -> None:
        shards = ShardWriter(self.files)
        for piece in pieces(rows):
            shards.add(piece, describe(piece, is_ours=True))
        change = manifest.Change(manifest.Head(), 0, (), shards.finish())
        assert self.writer.run(lambda connection: manifest.commit(connection, change, time.time()))

    def close(self) -> None:
        """Close it."""
        self.writer.close()
        self.engine.dispose()


def cpu_ms(work: Callable[[], object], times: int = 7) -> float:
    """Return the median CPU of *work* in ms, the first call left out."""
    work()
    found = []
    for _ in range(times):
        started = time.process_time()
        work()
        found.append((time.process_time() - started) * 1000)
    return statistics.median(found)


def measured(folder: Path, rows: int) -> dict[str, float]:
    """Return what a data set of so many rows costs."""
    started = time.process_time()
    data = Store(folder, rows)
    store = data.store
    filled = time.process_time()
    assert len(store.snapshot()) >= rows
    found = {"fill, us a row": (filled - started) / rows * 1e6, "open, ms": (time.process_time() - filled) * 1000}

    def page(**asked: object) -> Callable[[], object]:
        query = SampleQuery(limit=100, **asked)  # type: ignore[arg-type]  # its fields

        def work() -> object:
            snapshot = store.snapshot()
            return page_at(snapshot, select(snapshot, query).positions)

        return work

    found["page of 100, newest"] = cpu_ms(page())
    found["page of 100 in the middle"] = cpu_ms(page(offset=rows // 2))
    found["page of a jurisdiction"] = cpu_ms(page(filters={"jurisdiction": "uk"}))
    found["page of two filters"] = cpu_ms(page(filters={"topic": _TOPICS[7], "difficulty": "basic"}))
    found["page of a batch"] = cpu_ms(page(filters={"batch_id": f"b{rows // 2000}"}))
    found["count of a jurisdiction"] = cpu_ms(lambda: store.count({"jurisdiction": "uk"}))
    found["count of two filters"] = cpu_ms(lambda: store.count({"topic": _TOPICS[7], "difficulty": "basic"}))
    found["one sample"] = cpu_ms(lambda: store.get(f"{rows // 3:016x}-{rows // 3 % 997:03d}"))
    found["statistics, made anew"] = cpu_ms(lambda: summarize(store.snapshot()), 3)
    turn = iter(range(10**9))
    run = f"{time.time_ns():x}"

    def add(count: int) -> None:
        samples = [
            new_sample(
                {
                    "id": f"{run}-{next(turn):08d}",
                    "question": "q?",
                    "answer": "a.",
                    "case_citation": "",
                    "reasoning": "r.",
                    "topic": _TOPICS[0],
                    "jurisdiction": _PLACES[n % 7],
                    "difficulty": "basic",
                    "created_at": "2026-12-31T00:00:00Z",
                }
            )
            for n in range(count)
        ]
        data.writer.run(lambda connection: store.put_all(connection, samples))

    folds, first = [], []
    for _ in range(5):
        add(1000)
        store.snapshot()
        started = time.process_time()
        store.fold()
        folds.append((time.process_time() - started) * 1000)
        started = time.process_time()
        page()()
        first.append((time.process_time() - started) * 1000)
    found["fold of 1,000"] = statistics.median(folds)
    found["first page after a fold"] = statistics.median(first)
    found["memory, MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    data.close()
    return found


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", type=Path)
    asked.add_argument("rows", type=int, nargs="*", default=[1_000_000, 10_000_000])
    given = asked.parse_args()
    found = [measured(given.folder / str(rows), rows) for rows in given.rows]
    print(f"{'CPU ms':28}" + "".join(f"{rows:>14,}" for rows in given.rows) + f"{'ratio':>8}")
    for name, first in found[0].items():
        print(
            f"{name:28}"
            + "".join(f"{each[name]:14.1f}" for each in found)
            + f"{found[-1][name] / max(first, 1e-9):8.1f}"
        )


if __name__ == "__main__":
    main()
