"""What tables do when two write at once and when a writer is killed; whether they reach the disk; what they weigh."""

import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from bench.scale.contenders import Spot
from bench.scale.place import ConflictError, Place
from bench.scale.rows import made_up
from bench.scale.tables import cleared, kept_rows, spots

_KILLS = 20
_PROJECT = Path(__file__).resolve().parents[2]


def writers(folder: Path, database: str, address: str) -> None:
    """Print what becomes of a commit that was prepared on an older version, and of two processes that insist."""
    print(
        "\n| table | where | append on append | append on delete | delete on append | delete on delete, other rows of "
        "the file | the same rows | two processes, 20 appends each: refused, lost, doubled |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    base = kept_rows(folder, 10_000)
    ids = base.column("id").to_pylist()
    for spot in spots(database, address, "writers"):
        with cleared(spot):
            table = spot.table()
            table.create(base)
            told = [_late(spot, *case) for case in _cases(ids)]
            told.append(_race(spot, len(table.rows())))
        print(f"| {table.name} | {spot.where} | {' | '.join(told)} |", flush=True)


def _cases(ids: list[str]) -> Iterator[tuple[Callable[[Any, Any], None], Callable[[Any], None], int]]:
    """Yield what is late, what was first, and by how many rows both change the table."""
    first, second, third, fourth = (made_up(1000, 20_000 + 1000 * n, 10_000) for n in range(4))
    yield lambda t, s: t.append(second, s), lambda t: t.append(first), 2000
    yield lambda t, s: t.append(third, s), lambda t: t.delete(ids[:2]), 998
    yield lambda t, s: t.delete(ids[4:6], s), lambda t: t.append(fourth), 998
    # Ids 8 apart are of one jurisdiction, and ten thousand rows put a hundred of it into a month.
    yield lambda t, s: t.delete([ids[8]], s), lambda t: t.delete([ids[16]]), -2
    yield lambda t, s: t.delete([ids[24]], s), lambda t: t.delete([ids[24]]), -1


def _late(spot: Spot, late: Callable[[Any, Any], None], first: Callable[[Any], None], change: int) -> str:
    """Commit *late* on a snapshot from before *first*; say whether both are there, and else what is missing."""
    one, other = spot.table(), spot.table()
    before, snapshot = len(one.rows()), other.open()
    first(one)
    try:
        late(other, snapshot)
        said = "taken"
    except Exception as error:  # noqa: BLE001  # what each library raises is what is asked here
        said = type(error).__name__
    missing = before + change - len(one.rows())
    # A commit that was refused is not there, and that is right.
    return said if said != "taken" or not missing else f"taken, {missing:+} rows: LOST"


def _race(spot: Spot, before: int) -> str:
    running = [_started(spot, "insist", 100_000 * n, 20) for n in (1, 2)]
    lines = [line for process in running for line in process.communicate()[0].splitlines()]
    again = sum(int(line.split()[2]) - 1 for line in lines if line.startswith("done after"))
    failed = sum(not line.startswith(("done", "begin")) for line in lines)
    acknowledged = sum(line.startswith("done") for line in lines)
    ids = spot.table().rows()
    lost = before + 1000 * acknowledged - len(set(ids))
    return f"{again + failed}, {max(lost, 0)}, {len(ids) - len(set(ids))}"


def _started(spot: Spot, work: str, first: int, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bench.scale.contenders", work, spot.dumped(), str(first), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=_PROJECT)


def kills(folder: Path, database: str, address: str) -> None:
    """Print what is left after kill -9 in a loop of commits."""
    print(
        "\n| table | where | kills | in a commit | acknowledged | lost | half there | cannot be opened | orphans | "
        "next append works |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    base = kept_rows(folder, 10_000)
    for spot in spots(database, address, "kills"):
        with cleared(spot):
            spot.table().create(base)
            known, told = set(base.column("id").to_pylist()), dict.fromkeys(_TOLD, 0)
            draw = random.Random(2)
            while told["in a commit"] < _KILLS:
                told["kills"] += 1
                _kill(spot, 100_000 * told["kills"], draw.uniform(0.0, 0.04), known, told)
            told["orphans"] = _orphans(spot)
            table = spot.table()
            count = len(table.rows())
            table.append(made_up(1000, 50_000, 10_000))
            works = len(table.rows()) == count + 1000
        print(f"| {table.name} | {spot.where} | {' | '.join(map(str, told.values()))} | {works} |", flush=True)


_TOLD = ("kills", "in a commit", "acknowledged", "lost", "half", "closed", "orphans")


def _kill(spot: Spot, first: int, after_s: float, known: set[str], told: dict[str, int]) -> None:
    """Kill a child *after_s* into a commit, the second or third; hold what is there against what it said."""
    process = _started(spot, "once", first, 1000)
    assert process.stdout is not None
    lines: list[str] = []
    wanted = 1 + first // 100_000 % 3
    while sum(line.startswith("begin") for line in lines) < wanted:
        line = process.stdout.readline()
        assert line, "the child ended by itself"
        lines.append(line.strip())
    time.sleep(after_s)
    process.kill()
    lines += process.communicate()[0].splitlines()
    begun = [int(line.split()[1]) for line in lines if line.startswith("begin")]
    done = sum(line == "done" for line in lines)
    told["in a commit"] += len(begun) > done
    told["acknowledged"] += done
    try:
        there = spot.table().rows()
    except Exception as error:  # noqa: BLE001  # any error means that nobody can read it
        print("cannot be opened:", repr(error)[:200])
        told["closed"] += 1
        return
    for number, start in enumerate(begun):
        mine = set(made_up(1000, start, 10_000).column("id").to_pylist())
        found = len(mine.intersection(there))
        told["half"] += 0 < found < 1000
        told["lost"] += number < done and found < 1000
        known |= mine.intersection(there)
    told["lost"] += len(known.difference(there)) > 0


def _orphans(spot: Spot) -> int:
    live = spot.table().live()
    names = (name.rpartition("/")[2] for name in spot.place.sizes() if name.endswith(".parquet"))
    return sum(name not in live and "checkpoint" not in name for name in names)


def conditions(folder: Path, database: str, address: str) -> None:
    """Print whether S3 refuses what is put in the place of an object under a condition, by boto3 and by pyarrow."""
    _ = folder, database
    place = Place("conditions", address)
    place.create("once", b"1")
    try:
        place.create("once", b"2")
        said = "taken"
    except ConflictError:
        said = "refused"
    with place.files.open_output_stream(place.path("once"), metadata={"If-None-Match": "*"}) as out:
        out.write(b"3")
    print(
        f"\nIf-None-Match of what is there: boto3 {said}; by pyarrow the object is {bytes(place.read('once'))!r} then"
    )


def fsyncs(folder: Path, database: str, address: str) -> None:
    """Print the calls of fsync and fdatasync of ten appends to a folder."""
    print("\n| table | where | fsync calls of ten appends | files made |")
    print("| --- | --- | --- | --- |")
    base = kept_rows(folder, 10_000)
    for spot in spots(database, address, "fsync"):
        if spot.address is not None:
            continue
        with cleared(spot):
            table = spot.table()
            table.create(base)
            before = len(spot.place.sizes())
            with tempfile.NamedTemporaryFile("r") as log:
                trace = ["strace", "-f", "-qq", "-o", log.name, "-e", "trace=fsync,fdatasync,sync_file_range,syncfs"]
                line = [sys.executable, "-m", "bench.scale.contenders", "once", spot.dumped(), "100000", "10"]
                subprocess.run([*trace, *line], check=True, stdout=subprocess.DEVNULL, cwd=_PROJECT)
                calls = len(re.findall(r"sync\w*\(", log.read()))
            print(f"| {table.name} | {spot.where} | {calls} | {len(spot.place.sizes()) - before} |", flush=True)


_LOADED = {
    "nothing": "pass",
    "pyarrow (parquet, fs)": "import pyarrow.parquet, pyarrow.fs",
    "deltalake": "import deltalake",
    "pyiceberg (SQL catalogue, pyarrow)": "import pyiceberg.catalog.sql, pyiceberg.io.pyarrow, pyiceberg.table",
    "boto3 (a client)": "import boto3; boto3.client('s3', region_name='us-east-1')",
    "psycopg": "import psycopg",
    "pgqueuer (psycopg)": "import pgqueuer, psycopg, pgqueuer.queries",
    "pgqueuer (asyncpg)": "import pgqueuer, asyncpg, pgqueuer.queries",
}
_PACKED = {
    "deltalake": ("deltalake",),
    "pyiceberg": ("pyiceberg", "sqlalchemy"),
    "boto3": ("boto3",),
    "psycopg": ("psycopg", "psycopg-binary", "psycopg-pool"),
    "asyncpg": ("asyncpg",),
    "pgqueuer": ("pgqueuer",),
}


def weight(folder: Path, database: str, address: str) -> None:
    """Print what an import takes, and what a package brings that the service does not have yet."""
    _ = folder, database, address
    print("\n| import | CPU s | resident MiB |\n| --- | --- | --- |")
    measure = (
        "import time, re; t = time.process_time(); {}; "
        "print(time.process_time() - t, re.search('VmRSS:\\\\s+(\\\\d+)', open('/proc/self/status').read())[1])"
    )
    for name, line in _LOADED.items():
        got = [_figures(measure.format(line)) for _ in range(5)]
        print(
            f"| {name} | {sorted(each[0] for each in got)[2]:.2f} | {sorted(each[1] for each in got)[2] / 1024:.0f} |"
        )
    pinned = re.findall(r"^([\w.-]+)(?:\[.*\])?==", (_PROJECT / "requirements.lock").read_text(), re.MULTILINE)
    print("\n| package | MB installed | of it |\n| --- | --- | --- |")
    for name, roots in _PACKED.items():
        sizes = _brought(roots, {_plain(each) for each in pinned})
        parts = ", ".join(f"{each} {size / 1e6:.1f}" for each, size in sorted(sizes.items(), key=lambda item: -item[1]))
        print(f"| {name} | {sum(sizes.values()) / 1e6:.1f} | {parts} |")


def _figures(code: str) -> tuple[float, float]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    cpu, resident = out.stdout.split()
    return float(cpu), float(resident)


def _brought(roots: tuple[str, ...], held: set[str]) -> dict[str, int]:
    """Return the bytes of the packages that *roots* need and that are not in *held*."""
    sizes: dict[str, int] = {}
    waiting = [each for each in roots if _plain(each) not in held]
    while waiting:
        name = _plain(waiting.pop())
        if name in sizes or name in held:
            continue
        with suppress(PackageNotFoundError):
            found = distribution(name)
            places = [Path(str(found.locate_file(each))) for each in found.files or ()]
            sizes[name] = sum(each.stat().st_size for each in places if each.is_file())
            lines = (line for line in found.requires or () if "extra ==" not in line)
            waiting += [re.split(r"[\s<>=!~;\[(]", line)[0] for line in lines]
    return sizes


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
