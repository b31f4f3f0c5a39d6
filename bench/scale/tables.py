"""Compares table formats for samples beyond one machine: CPU, files, two writers, kills, fsync, weight.

    .venv/bin/python -m bench.scale.tables FOLDER [costs] [hundred] [writers] [kills] [conditions] [fsync] [weight]

FOLDER keeps an environment of its own and the made-up rows; PostgreSQL 15 and moto are started and stopped. Without a
word all are measured (some 15 min on two cores); fsync needs strace. CPU is that of the client's process alone, its
threads together: neither moto nor PostgreSQL is in it.
"""

import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.scale.environment import enter

_SIZES = (10_000, 1_000_000)


def main() -> None:
    """Measure what the command line names."""
    folder = Path(sys.argv[1]).resolve()
    enter(folder, "bench.scale.tables", sys.argv[2:])
    from bench.scale import servers
    from bench.scale.table_faults import conditions, fsyncs, kills, weight, writers

    parts: dict[str, Callable[..., None]] = {
        "costs": costs,
        "hundred": hundred,
        "writers": writers,
        "kills": kills,
        "conditions": conditions,
        "fsync": fsyncs,
        "weight": weight,
    }
    with servers.postgres() as database, servers.s3() as address:
        for name in sys.argv[2:] or list(parts):
            parts[name](folder, database.url, address)


def costs(folder: Path, database: str, address: str) -> None:
    """Print CPU milliseconds of each operation, at both sizes."""
    head = (
        "table",
        "rows",
        "where",
        "create",
        "append 1,000",
        "open",
        "page of 100",
        "count",
        "delete 10",
        "replace 10",
    )
    print(_row(head) + "\n" + _row(["---"] * len(head)))
    for size in _SIZES:
        rows = kept_rows(folder, size)
        for spot in spots(database, address, f"costs{size}"):
            with cleared(spot):
                table = spot.table()
                figures = [_cpu(lambda t=table, r=rows: t.create(r)), *_each(table, rows, size)]  # type: ignore[misc]
                assert len(table.rows()) == size + 10_000 - 10
            print(_row([table.name, f"{size:,}", spot.where, *(f"{each:.1f}" for each in figures)]), flush=True)


def _each(table: Any, rows: Any, size: int) -> Iterator[float]:
    from bench.scale.rows import made_up

    appended = [made_up(1000, size + 1000 * number, size) for number in range(10)]
    yield statistics.median(_cpu(lambda n=new: table.append(n)) for new in appended)  # type: ignore[misc]
    yield statistics.median(_cpu(table.open) for _ in range(9))
    yield statistics.median(_cpu(lambda: table.page(100)) for _ in range(5))
    yield statistics.median(_cpu(lambda: table.count("uk", "basic")) for _ in range(5))
    draw = random.Random(1)
    chosen = draw.sample(range(size), 20)
    ids = rows.take(chosen[:10]).column("id").to_pylist()
    yield _cpu(lambda: table.delete(ids))
    yield _cpu(lambda: table.replace(rows.take(chosen[10:])))


def hundred(folder: Path, database: str, address: str) -> None:
    """Print what is on the disk after 100 commits of 1,000 rows, and what upkeep costs and leaves."""
    from bench.scale.rows import made_up

    head = (
        *("table", "where", "files", "of them data", "MB", "open", "page of 100"),
        *("upkeep, CPU ms", "files then", "data then", "MB then", "open then", "page then"),
    )
    print(_row(head) + "\n" + _row(["---"] * len(head)))
    rows = kept_rows(folder, 10_000)
    for spot in spots(database, address, "hundred"):
        with cleared(spot):
            table = spot.table()
            table.create(rows)
            for number in range(100):
                table.append(made_up(1000, 10_000 + 1000 * number, 10_000))
            before, upkeep = _state(spot, table), _cpu(table.upkeep)
            cells = [*before, f"{upkeep:.0f}", *_state(spot, table)]
            assert len(table.rows()) == 110_000
        print(_row([table.name, spot.where, *cells]), flush=True)


def _state(spot: Any, table: Any) -> list[str]:
    sizes = spot.place.sizes()
    reads = [statistics.median(_cpu(call) for _ in range(5)) for call in (table.open, lambda: table.page(100))]
    data = sum(name.endswith(".parquet") and "_delta_log" not in name for name in sizes)
    return [str(len(sizes)), str(data), f"{sum(sizes.values()) / 1e6:.1f}", *(f"{each:.1f}" for each in reads)]


def kept_rows(folder: Path, count: int) -> Any:
    """Return made-up rows, from the folder if they are there."""
    import pyarrow.parquet as pq

    from bench.scale.rows import made_up

    path = folder / f"rows-{count}.parquet"
    if not path.exists():
        pq.write_table(made_up(count), path)
    return pq.ParquetFile(path).read()


def spots(database: str, address: str, called: str) -> Iterator[Any]:
    """Yield a place for each kind of table, in a folder and on S3."""
    from bench.scale.contenders import KINDS, Spot

    for at in (None, address):
        for kind in KINDS:
            root = f"{called}-{kind}-s3" if at else tempfile.mkdtemp(prefix=f"bench-{called}-{kind}-")
            yield Spot(kind, root, at, database)


@contextmanager
def cleared(spot: Any) -> Iterator[None]:
    """Remove the files of *spot* behind."""
    try:
        yield
    finally:
        if spot.address is None:
            shutil.rmtree(spot.root)
        else:
            spot.place.files.delete_dir(spot.place.path("").rstrip("/"))


def _cpu(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return (time.process_time() - started) * 1000


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
