"""CPU that the steps of an item cost a process on PostgreSQL: claim, send, answer, finish. No call is made.

.venv/bin/python -m bench.scale.items [items [rounds]]

Both engines in turns in one run; medians of the rounds.
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.scale.servers import postgres
from config import load_settings
from models.batches.engine import NAMES
from models.contract.bodies import BatchRequest
from models.domain import CallUsage, Job, RawAnswer
from models.schemas import Sample
from models.stores import Places, Stores, open_stores
from services.batch.objects import new_row
from tests.fakes import sample
from utils.clock import SystemClock, iso

_AT_ONCE = 8
_JOB = Job("Contract Law", "Misrepresentation", "basic", "case_analysis", "uk", 1)
_USED = CallUsage("groq", "m", 600, 400, 0.5)
_ANSWER = RawAnswer("text " * 500, "groq", "m", 1000)


def taken_through(stores: Stores, samples: list[Sample]) -> dict[str, float]:
    """Take an item for each of *samples* to its end; return CPU milliseconds an item by step."""
    row = new_row("b", iso(stores.clock.now()), BatchRequest(count=len(samples), provider="groq"), len(samples), "m")
    stores.ledger.plan({**row, "status": "running"}, [_JOB] * len(samples))
    spent = dict.fromkeys(("claim", "sending", "answered", "finish"), 0.0)
    waiting = iter(samples)
    while True:
        started = time.process_time()
        items = stores.ledger.claim("b", _AT_ONCE)
        spent["claim"] += time.process_time() - started
        if not items:
            return {step: seconds / len(samples) * 1000 for step, seconds in spent.items()}
        for item in items:
            begun = time.process_time()
            stores.ledger.sending(item, 1, "groq", "groq/m", 1000)
            sent = time.process_time()
            stores.ledger.answered(item, _ANSWER, _USED)
            kept = time.process_time()
            stores.ledger.finish(item, next(waiting))
            for step, seconds in zip(
                ("sending", "answered", "finish"), (sent - begun, kept - sent, time.process_time() - kept), strict=True
            ):
                spent[step] += seconds


def measured(count: int, engine: str) -> dict[str, float]:
    """Return what each step costs with an engine, and all of them PostgreSQL: CPU milliseconds an item."""
    samples = [Sample.model_validate(sample(id=f"s{each}", answer="word " * 600)) for each in range(count)]
    with tempfile.TemporaryDirectory(prefix="bench-items-") as name, postgres() as database:
        url = load_settings(database_uri=database.url).database_url
        stores = open_stores(Places(Path(name), url, None, batch_engine=engine), SystemClock())
        stores.start()
        stores.members.join()
        before = database.cpu_s()
        found = taken_through(stores, samples)
        found["PostgreSQL"] = (database.cpu_s() - before) / count * 1000
        stores.members.leave()
        stores.close()
    return {**found, "claim and finish": found["claim"] + found["finish"]}


def main(count: int = 1000, rounds: int = 1) -> None:
    """Print what each step costs with either engine."""
    found: dict[str, list[dict[str, float]]] = {engine: [] for engine in NAMES}
    for _ in range(rounds):
        for engine, costs in found.items():
            costs.append(measured(count, engine))
    print(f"{'CPU ms an item':18}", *(f"{engine:>10}" for engine in found))
    for step in found[NAMES[0]][0]:
        print(f"{step:18}", *(f"{median(cost[step] for cost in costs):10.2f}" for costs in found.values()))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
