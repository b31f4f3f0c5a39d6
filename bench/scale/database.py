"""What the database costs the service for an item: CPU of this process, and commits a second.

.venv/bin/python bench/scale/database.py [--items 2000] [--rounds 3] [--profile] [postgresql://host/empty …]

An item is claimed, sent, answered and finished, each step a commit as a batch makes it: by one thread,
so that each commit is alone, and by 64, whose commits go together. SQLite is measured in a folder of its own beside
the databases that are named; those have to be empty, and are filled. CPU of a database's server is not in it. In each
round the databases take turns. With --profile the functions of the writer's thread that took longest are printed.
"""

import argparse
import cProfile
import pstats
import shutil
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sqlalchemy import Connection

from config import load_settings
from models.batches.work_item import WorkItem
from models.contract.bodies import BatchRequest
from models.domain import CallUsage, Job, RawAnswer
from models.engines.opening import is_sqlite, shown
from models.engines.writer import Writer
from models.schemas import Sample
from models.stores import Places, Stores, open_stores
from services.batch.objects import new_row
from utils.clock import SystemClock, iso

_PAGE = 200
_GROUPED = 64
_JOB = Job("Contract Law", "Misrepresentation", "basic", "case_analysis", "uk", 1)
_USED = CallUsage("groq", "m", 600, 400, 0.0005)
_TEXT = "The claimant must show that the statement was false and induced the contract. " * 40
_ANSWER = RawAnswer(_TEXT, "groq", "m", 1000, chain=("groq/m: answered",))


class Counted:
    """Counts the commits of a writer."""

    def __init__(self, writer: Writer) -> None:
        self.commits = 0
        self._commit = writer._together
        writer._together = self._counted  # type: ignore[method-assign, assignment]  # counted

    def _counted(self, *group: object) -> bool:
        self.commits += 1
        return self._commit(*group)  # type: ignore[arg-type]  # passed on


def planned(stores: Stores, count: int) -> str:
    """Write a batch of *count* items down; return its id."""
    batch_id = uuid.uuid4().hex
    row = new_row(batch_id, iso(SystemClock().now()), BatchRequest(count=count, provider="groq"), count, "m")
    stores.ledger.plan({**row, "status": "running"}, [_JOB] * count)
    return batch_id


def items_of(stores: Stores, batch_id: str) -> Iterator[WorkItem]:
    """Yield the items of a batch as its queue takes them."""
    while page := stores.ledger.claim(batch_id, _PAGE):
        yield from page


def done(stores: Stores, item: WorkItem) -> None:
    """Take an item to its end."""
    made = Sample(
        id=f"{item.batch_id[:12]}-{item.ordinal}",
        question="When is a statement a misrepresentation?",
        answer=_TEXT,
        reasoning=_TEXT,
        case_citation="Derry v Peek (1889) 14 App Cas 337",
        topic="Contract Law - Misrepresentation",
        difficulty="basic",
        jurisdiction="uk",
    )
    stores.ledger.sending(item, 1, "groq", "groq/m", 2000)
    stores.ledger.answered(item, _ANSWER, _USED)
    stores.ledger.finish(item, made)


def run(stores: Stores, count: int, threads: int, counted: Counted) -> tuple[float, float, float]:
    """Take *count* items to their end; return CPU ms an item, items and commits a second."""
    waiting = items_of(stores, planned(stores, count))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                item = next(waiting, None)
            if item is None:
                return
            done(stores, item)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    before, cpu_s, wall_s = counted.commits, time.process_time(), time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    return cpu_s / count * 1000, count / wall_s, (counted.commits - before) / wall_s


def profiled(stores: Stores, count: int, threads: int, counted: Counted) -> None:
    """Print where the writer's thread spends its time."""
    profile = cProfile.Profile()

    def begin(_: Connection) -> None:
        profile.enable()

    def end(_: Connection) -> None:
        profile.disable()

    stores.writer.run(begin)
    run(stores, count, threads, counted)
    stores.writer.run(end)
    pstats.Stats(profile).sort_stats("tottime").print_stats(25)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--items", type=int, default=2000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--profile", action="store_true")
    arguments.add_argument("addresses", nargs="*")
    given = arguments.parse_args()
    opened: list[tuple[str, Stores, Counted]] = []
    for address in ["", *given.addresses]:
        folder = Path(tempfile.mkdtemp(prefix="bench-database-"))
        settings = load_settings(data_dir=folder, database_uri=address)
        stores = open_stores(Places(folder, settings.database_url, settings.database_file), SystemClock())
        stores.start()
        name = "SQLite" if is_sqlite(settings.database_url) else shown(settings.database_url)
        opened.append((name, stores, Counted(stores.writer)))
        run(stores, given.items // 10, _GROUPED, opened[-1][2])  # what is made at the first use is not measured
    for threads in (1, _GROUPED):
        count = given.items if threads > 1 else given.items // 4
        rounds = [[run(stores, count, threads, counted) for _, stores, counted in opened] for _ in range(given.rounds)]
        for place, (name, _, _) in enumerate(opened):
            cpu, items, commits = (median(one[place][n] for one in rounds) for n in range(3))
            print(
                f"{name}, {threads} at a time: {cpu:.2f} ms CPU an item, {items:.0f} items/s, {commits:.0f} commits/s"
            )
    for name, stores, counted in opened:
        if given.profile:
            print(name)
            profiled(stores, given.items, _GROUPED, counted)
        stores.close()
        shutil.rmtree(stores.folder.path)


if __name__ == "__main__":
    main()
