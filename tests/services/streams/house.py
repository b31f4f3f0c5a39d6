"""A house of runs over a real database; its models play a script."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from models.stores import Places, Stores, open_stores
from services.llm.adapters.scripted import Step
from services.streams.run import Run
from services.streams.run_service import RunService
from tests.databases import database_file, database_url
from tests.fakes import scripted_llm
from utils.clock import ManualClock
from utils.seats import Seats

MODEL = "openai/gpt-oss-120b"
Event = dict[str, Any]


class RunHouse:
    """Runs in *folder*, and what they call; `close` ends it as a stop of the service does."""

    def __init__(self, folder: Path, *script: Step, seats: int = 8, most: int = 8) -> None:
        self.clock = ManualClock()
        self.stores: Stores = open_stores(Places(folder, database_url(folder), database_file(folder)), self.clock)
        self.stores.start()
        self.llm, made = scripted_llm({"groq": script or ["Good day."]}, self.clock)
        self.groq = made["groq"]
        self.seats = Seats(seats)
        self.service = RunService(self.stores.runs, self.stores.calls, self.llm, self.seats, most)
        self.service.begin()
        self.stores.calls.lose_calls()

    def run(self, work: Callable[[Run], Mapping[str, object]], key: str | None = None) -> str:
        """Begin a run that does *work*."""
        return self.service.start("query", {"query": "?"}, work, key)

    def events(self, run_id: str, after: int = 0) -> list[tuple[int, Event]]:
        """Read a run to its end; its events with their numbers."""
        return read(list(self.service.read(run_id, after).messages()))

    def used(self) -> list[Mapping[str, Any]]:
        """What was counted, a row for each model."""
        return list(self.stores.tables.usage.summary(["model"]))

    def close(self) -> None:
        self.service.close(5.0)
        self.stores.close()


def read(pieces: Sequence[bytes]) -> list[tuple[int, Event]]:
    """Read server-sent events as a client does; comments and the end are left out."""
    found = []
    for message in b"".join(pieces).decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in message.splitlines() if not line.startswith(":"))
        if "id" in lines:
            found.append((int(lines["id"]), orjson.loads(lines["data"])))
    return found


def words(events: Sequence[tuple[int, Event]], kind: str = "token") -> str:
    """Join the pieces of an answer."""
    return "".join(event["content"] for _, event in events if event["type"] == kind)
