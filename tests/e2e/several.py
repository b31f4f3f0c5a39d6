"""Several servers on one PostgreSQL and one data folder, who reads their streams, and what must be true at the end."""

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import requests

from tests.e2e.server import RunningServer
from utils.file_systems import FileFolder

Rows = Callable[[str], Sequence[tuple[Any, ...]]]
# Until a stream that went silent is read again: longer than between two heartbeats.
_SILENT_S = 20
_AGAIN_S = 0.5
_READ = ["id", "batch_id"]
_FINAL = ("completed", "failed", "stopped")


def member(folder: Path, number: int, **settings: object) -> RunningServer:
    """Return one of several servers that share *folder*, not started yet."""
    made = RunningServer(folder, **settings)
    made.log_file = folder / f"server-{number}.log"
    return made


class StreamReader:
    """Reads the stream of a server in a thread, again whenever it ends; knows what it saw last of each batch."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self.last_id = 0
        self.states: dict[str, str] = {}
        self.connections = 0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._read_on, name="stream reader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop reading; the thread ends with the next message."""
        self._closed.set()

    def saw_end_of(self, batches: Iterable[str]) -> bool:
        """Tell whether the end of each batch was seen."""
        return all(self.states.get(batch) in _FINAL for batch in batches)

    def _read_on(self) -> None:
        while not self._closed.is_set():
            with suppress(requests.RequestException, ValueError):
                self._read()
            self._closed.wait(_AGAIN_S)

    def _read(self) -> None:
        headers = {"Last-Event-ID": str(self.last_id)} if self.last_id else {}
        session = requests.Session()
        session.trust_env = False
        url, timeout = f"{self._server.url}/generate/batch/stream", (5, _SILENT_S)
        with session, session.get(url, headers=headers, stream=True, timeout=timeout) as response:
            response.raise_for_status()
            self.connections += 1
            for line in response.iter_lines():
                if self._closed.is_set():
                    return
                self._take(line)

    def _take(self, line: bytes) -> None:
        if line.startswith(b"id: "):
            self.last_id = max(self.last_id, int(line[4:]))
        elif line.startswith(b"data: "):
            message = json.loads(line[6:])
            told = message["batches"].values() if "batches" in message else [message["batch"]]
            for batch in told:
                self.states[batch["batch_id"]] = batch["status"]


@dataclass(frozen=True)
class Evidence:
    """All that is asked when everything is over.

    Attributes:
        batches: Their ids.
        rows: Runs a query in the database.
        calls: What the vendors were asked.
        shards: Where the samples lie; None for one train.parquet in the folder of the servers.
    """

    servers: Sequence[RunningServer]
    batches: Sequence[str]
    rows: Rows
    calls: int
    readers: Sequence[StreamReader] = ()
    shards: FileFolder | None = None


def judged(given: Evidence) -> dict[str, tuple[object, object]]:
    """Return each promise with what was found and what was to be found."""
    ids = ", ".join(f"'{batch}'" for batch in given.batches)
    (facts,) = given.rows(
        "SELECT sum(target), sum(samples_generated), sum(attempts), sum(in_doubt), "  # noqa: S608
        f"count(*) FILTER (WHERE status = 'completed') FROM batches WHERE id IN ({ids})"
    )
    wanted, counted, attempts, doubt, completed = (int(fact or 0) for fact in facts)
    done = [
        str(row[0])
        for row in given.rows(f"SELECT sample_id FROM work WHERE state = 'done' AND batch_id IN ({ids})")  # noqa: S608
    ]
    held = _held(given)
    usage = given.rows(f"SELECT sum(calls), sum(in_doubt), sum(failed) FROM usage WHERE batch_id IN ({ids})")[0]  # noqa: S608
    calls, doubted, failed = (int(fact or 0) for fact in usage)
    refused = int(given.rows(f"SELECT count(*) FROM events WHERE type = 'refusal' AND batch_id IN ({ids})")[0][0])  # noqa: S608
    left = "SELECT count(*) FROM work WHERE in_flight IS NOT NULL OR state IN ('todo', 'leased')"
    return {
        "batches completed": (completed, len(given.batches)),
        "items done": (len(done), wanted),
        "items done twice": (len(done) - len(set(done)), 0),
        "samples counted": (counted, wanted),
        "samples lost": (len(set(done) - set(held)), 0),
        "samples of no item": (len(set(held) - set(done)), 0),
        "samples held twice": (len(held) - len(set(held)), 0),
        "items left open": (int(given.rows(left)[0][0]), 0),
        "parts left": (int(given.rows("SELECT count(*) FROM batch_parts")[0][0]), 0),
        "processes known": (int(given.rows("SELECT count(*) FROM members")[0][0]), len(given.servers)),
        "calls that no table knows": (max(0, given.calls - attempts), 0),
        "calls repeated beyond those in doubt": (max(0, given.calls - len(done) - failed - refused - doubt), 0),
        "usage, with doubts, as attempts": (calls + doubted, attempts),
        "doubts of usage as of batches": (doubted, doubt),
        "views of batches": (_views(given, "generate/batch/status?batch_id={}"), 1),
        "views of events": (_views(given, "batches/{}/events?limit=1000"), 1),
        "streams that saw every end": (
            sum(each.saw_end_of(given.batches) for each in given.readers),
            len(given.readers),
        ),
    }


def _held(given: Evidence) -> list[str]:
    """Return the ids of the samples of the batches, as the files have them."""
    if given.shards is not None:
        given.servers[0].post("dataset/fold", erase=True)
        listed = json.loads(given.shards.read("shards.json"))["shards"]
        assert not any(shard["gone"] for shard in listed)
        frame = pl.concat(pl.read_parquet(given.shards.read(shard["path"]), columns=_READ) for shard in listed)
    else:
        frame = pl.read_parquet(given.servers[0].folder / "train.parquet", columns=_READ)
    return [str(each) for each in frame.filter(pl.col("batch_id").is_in(list(given.batches)))["id"]]


def _views(given: Evidence, path: str) -> int:
    """Return how many different answers the servers give, at most of one batch."""
    found = [
        {json.dumps(server.get(path.format(batch)), sort_keys=True) for server in given.servers}
        for batch in given.batches
    ]
    return max(len(each) for each in found)
