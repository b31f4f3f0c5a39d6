"""Kills the service over two judged batches while clients add, edit, import, export and chat; then counts everything.

    .venv/bin/python bench/engine/kills.py [kills]

Every end is a SIGKILL of parent and worker, or of the worker alone. Checked at the end: every sample and every change
that was acknowledged is there as acknowledged; every call that the vendors saw is counted by the service or in doubt.
"""

import io
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import finish, service
from bench.engine.crash import Run
from tests.e2e.server import RunningServer
from tests.vendors.process import VendorProcess

TARGET, WORKERS = 600, 8
_GONE = None  # what is known of a sample that was deleted
_SAMPLE = {
    "answer": "It is decided by what was said and done.",
    "topic": "Contract Law - Misrepresentation",
    "difficulty": "basic",
    "case_citation": "Carlill v Carbolic Smoke Ball Co [1893] 1 QB 256",
    "reasoning": "The rule is applied to the facts.",
}


class Client:
    """Changes samples all the time, and remembers what was acknowledged and what it cannot know."""

    def __init__(self, server: RunningServer, seed: int) -> None:
        self.server = server
        self.draw = random.Random(seed)
        self.known: dict[str, str | None] = {}
        self.possible: dict[str, set[str | None]] = {}
        self.acknowledged = self.exports = self.calls = 0
        self._number = 0
        self._stop = threading.Event()
        self._session = requests.Session()
        self._session.trust_env = False
        self._thread = threading.Thread(target=self._work, name="client", daemon=True)

    def __enter__(self) -> "Client":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        steps = (self._add, self._add, self._edit, self._edit, self._delete, self._import, self._export, self._chat)
        while not self._stop.wait(0.01):
            self.draw.choice(steps)()

    def _change(self, changes: dict[str, str | None], send: Callable[[], requests.Response]) -> None:
        """Send a change of all samples in *changes*; without an answer either state is possible."""
        for name, value in changes.items():
            self.possible.setdefault(name, set()).add(value)
        try:
            answer = send()
        except requests.RequestException:
            return
        if answer.ok:
            self.acknowledged += len(changes)
            for name, value in changes.items():
                self.known[name], self.possible[name] = value, set()
        elif answer.status_code < 500:
            for name, value in changes.items():
                self.possible[name].discard(value)

    def _new(self) -> tuple[str, str]:
        self._number += 1
        return f"client_{self._number:06d}", f"Question number {self._number}, asked once?"

    def _any(self) -> str | None:
        """Return a sample of which everything is known."""
        sure = [name for name, value in self.known.items() if value is not _GONE and not self.possible[name]]
        return self.draw.choice(sure) if sure else None

    def _add(self) -> None:
        name, question = self._new()
        self._change({name: question}, lambda: self._post("add", {**_SAMPLE, "id": name, "question": question}))

    def _edit(self) -> None:
        name = self._any()
        if name is not None:
            question = f"Changed to {self.draw.random()}?"
            url = f"{self.server.url}/sample/{name}"
            self._change({name: question}, lambda: self._session.put(url, json={"question": question}, timeout=30))

    def _delete(self) -> None:
        name = self._any()
        if name is not None:
            self._change({name: _GONE}, lambda: self._session.delete(f"{self.server.url}/sample/{name}", timeout=30))

    def _import(self) -> None:
        rows = dict(self._new() for _ in range(20))
        lines = "\n".join(json.dumps({**_SAMPLE, "id": name, "question": question}) for name, question in rows.items())
        self._change(dict(rows), lambda: self._post("import", {"content": lines}))

    def _export(self) -> None:
        try:
            answer = self._session.get(f"{self.server.url}/export?format=parquet&include=all", timeout=60)
            held = pl.read_parquet(io.BytesIO(answer.content), columns=["id"])["id"] if answer.ok else None
        except (requests.RequestException, pl.exceptions.PolarsError, OSError):
            return
        if held is not None:
            self.exports += 1
            assert held.n_unique() == len(held)

    def _chat(self) -> None:
        body = {"messages": [{"role": "user", "content": "Say OK."}], "provider": "groq"}
        try:
            self.calls += self._post("chat/completions", body).ok
        except requests.RequestException:
            return

    def _post(self, path: str, body: dict[str, Any]) -> requests.Response:
        return self._session.post(f"{self.server.url}/{path}", json=body, timeout=60)

    def check(self, rows: dict[str, str]) -> tuple[int, int]:
        """Return how many samples are as acknowledged, and how many are not."""
        wrong = 0
        for name, value in self.known.items():
            wrong += rows.get(name) not in {value, *self.possible[name]}
        return len(self.known) - wrong, wrong


def kill_again_and_again(kills: int) -> dict[str, Any]:
    """Kill the service *kills* times over two batches; return what was counted."""
    run = Run(seed=11)
    with VendorProcess("groq", "cerebras") as vendors, service(vendors, max_workers=WORKERS) as server:
        for name in ("groq", "cerebras"):
            vendors.set(name, latency_s=0.1, latency_spread=0.5)
        batches = [_start(server) for _ in range(2)]
        with Client(server, seed=12) as client:
            while run.kills < kills:
                time.sleep(run.draw.uniform(0.1, 0.8))
                _kill(run, server)
                batches += [_start(server)] if not _running(server) else []
            counted = [finish(server, name) for name in batches]
        samples = [name for batch in batches for name in _samples_of(server, batch)]
        rows = {row["id"]: row["question"] for row in server.get("data")}
        total = server.get("usage")["total"]
        seen = sum(vendors.stats(name)["calls"] for name in ("groq", "cerebras"))
    kept, wrong = client.check(rows)
    return {
        "kills": run.kills,
        "batches": len(batches),
        "wanted": TARGET * len(batches),
        "completed": sum(batch["status"] == "completed" for batch in counted),
        "samples of batches": (len(samples), len(set(samples)), len(set(samples) & set(rows))),
        "changes acknowledged": client.acknowledged,
        "samples as acknowledged": kept,
        "samples that are not": wrong,
        "exports read": client.exports,
        "chats answered": client.calls,
        "calls the vendors saw": seen,
        "calls counted": total["calls"],
        "calls in doubt": total["in_doubt"],
        "in doubt, of batches": sum(batch["in_doubt"] for batch in counted),
    }


def _start(server: RunningServer) -> str:
    wanted = {"count": TARGET, "provider": "groq", "judge": {"provider": "cerebras", "min_score": 0.1}}
    started = server.post("generate/batch/start", **wanted, allow_failover=False, difficulty="basic")
    return str(started["batch_id"])


def _running(server: RunningServer) -> bool:
    return bool(server.get("generate/batch/status")["running"])


def _samples_of(server: RunningServer, batch: str) -> list[str]:
    return [row["id"] for row in server.get(f"batch/{batch}/samples")["samples"]]


def _kill(run: Run, server: RunningServer) -> None:
    if run.draw.random() < 0.3:  # the worker alone: its parent replaces it
        run.kill_worker(server)
    else:
        server.kill()
        server.start()
    run.kills += 1
    run.wait(server)


def main(kills: int) -> None:
    """Print what was counted."""
    for name, value in kill_again_and_again(kills).items():
        print(f"{name:26} {value}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
