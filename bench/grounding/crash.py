"""Kills the service again and again while documents come in, are read, read anew and deleted.

Usage: python bench/grounding/crash.py [KILLS]
At the end every document that was acknowledged and not deleted is there, ready or failed with its reason; no row and no
file is left of any other.
"""

import random
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from models.grounding.library import FILE, Library
from tests.e2e.server import RunningServer

_RULE = "{n}. Rule of lot {n}\nThe holder of lot {n} must pay {fee} pounds within {days} days of the grant.\n"
_TABLES = ("pages", "units", "numbers", "chunks", "vectors", "names")


def main(kills: int) -> None:
    """Run and print what was found; ends with 1 where something was lost or left."""
    draw = random.Random(17)
    kept: set[str] = set()
    doubtful: set[str] = set()  # a delete or an upload whose answer was cut off
    made = deleted = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with RunningServer(folder, model_dir=folder / "models", log_level="WARNING") as server:
            for number in range(kills):
                killer = threading.Timer(draw.uniform(0.0, 1.2), server.kill)
                killer.start()
                with suppress(requests.RequestException, KeyError, ValueError):
                    while killer.is_alive() or (server.process is not None and server.process.poll() is None):
                        act = draw.random()
                        if kept and act < 0.25:
                            one = draw.choice(sorted(kept))
                            kept.discard(one)
                            doubtful.add(one)
                            done = requests.delete(f"{server.url}/files/{one}", timeout=10)
                            if done.status_code == 200:
                                doubtful.discard(one)
                                deleted += 1
                        elif kept and act < 0.4:
                            one = draw.choice(sorted(kept))
                            requests.post(f"{server.url}/files/{one}/reindex", json={}, timeout=10)
                        else:
                            text = _document(draw, number)
                            sent = requests.post(f"{server.url}/files/upload?name=lots.txt", data=text, timeout=10)
                            kept.add(sent.json()["file_id"])
                            made += 1
                killer.join()
                server.start()
            listed = _settled(server)
            states = {row["file_id"]: (row["status"], row["reason"]) for row in listed}
        lost = kept - states.keys()
        unsettled = [one for one, (state, reason) in states.items() if state != "ready" and not reason]
        orphans, files = _left(folder, len(states))
    print(f"{kills} kills, {made} uploads acknowledged, {deleted} deletes, {len(doubtful)} deletes under way")
    print(f"at the end {len(states)} documents, {sum(state == 'failed' for state, _ in states.values())} failed")
    print(f"lost {len(lost)}, neither ready nor failed {len(unsettled)}, orphan rows {orphans}, files left {files}")
    sys.exit(bool(lost or unsettled or orphans or files))


def _document(draw: random.Random, number: int) -> bytes:
    lots = draw.choice((20, 200, 2_000))
    first = draw.randrange(10**6)
    rules = (_RULE.format(n=n, fee=first + n, days=n % 90 + 1) for n in range(1, lots + 1))
    return f"Lots of {number} {first}\n{''.join(rules)}".encode()


def _settled(server: RunningServer) -> list[dict[str, str]]:
    """Wait until every document is read; return all."""
    until = time.monotonic() + 600
    while True:
        rows: list[dict[str, str]] = []
        while page := server.get(f"files?limit=500&offset={len(rows)}")["files"]:
            rows += page
        if all(row["status"] in ("ready", "failed") for row in rows) or time.monotonic() > until:
            return rows
        time.sleep(0.5)


def _left(folder: Path, documents: int) -> tuple[int, int]:
    """Return how many rows are of no document, and how many files too many there are."""
    library = Library(folder / FILE)
    with library.reading() as connection:
        orphans = sum(
            int(
                connection.exec_driver_sql(
                    f"SELECT count(*) FROM {table} WHERE document NOT IN (SELECT number FROM documents)"  # noqa: S608
                ).scalar_one()
            )
            for table in _TABLES
        )
        orphans += int(
            connection.exec_driver_sql(
                "SELECT count(*) FROM words WHERE rowid NOT IN (SELECT id FROM chunks)"
            ).scalar_one()
        )
        orphans += int(
            connection.exec_driver_sql(
                "SELECT count(*) FROM chunks WHERE id NOT IN (SELECT rowid FROM words)"
            ).scalar_one()
        )
    library.close()
    return orphans, len(list((folder / "documents").iterdir())) - documents


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
