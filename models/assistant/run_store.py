"""Keeps runs and their events. All changes are the writer's; whoever reads needs no more than the engine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import orjson
from sqlalchemy import Connection, Engine, and_, bindparam, delete, func, insert, null, select, true, update

from models.batches.members import Members
from models.database import RunEventRow, RunRow
from models.engines.opening import reading
from models.engines.statement import Statement
from models.engines.writer import Writer
from utils.clock import Clock, iso
from utils.errors import ConflictError

_EVENT = Statement(
    insert(RunEventRow).values({name: bindparam(name) for name in ("run_id", "number", "data")}).inline()
)
_MINE = RunRow.id == bindparam("of")
_CALLING = Statement(
    update(RunRow).where(_MINE).values({name: bindparam(name) for name in ("call", "target", "prompt_tokens")})
)
_END = Statement(
    update(RunRow)
    .where(_MINE)
    .values({**{name: bindparam(name) for name in ("state", "result", "ended_at")}, "call": null()})
)
_PRUNED_AT_ONCE = 200


class RunState(StrEnum):
    """What a run is."""

    RUNNING = "running"
    DONE = "done"
    ERROR = "error"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """One event of a run.

    Attributes:
        number: From 1 on, without a gap.
        data: Its JSON object, as it is sent.
    """

    run_id: str
    number: int
    data: str


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run as it is kept.

    Attributes:
        result: Its answer, once it is done.
        events: How many events it has.
        call: Number of the call that was under way, if one is.
        target: Who was called last: "provider/model".
        prompt_tokens: What the prompt of that call is estimated at.
    """

    id: str
    kind: str
    state: RunState
    request: dict[str, object]
    result: dict[str, object] | None
    started_at: str
    ended_at: str | None
    events: int
    call: int | None
    target: str | None
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended."""

    run_id: str
    state: RunState
    result: dict[str, object] | None = None


class RunStore:
    """Reads and writes runs. Thread-safe."""

    def __init__(self, engine: Engine, writer: Writer, members: Members, clock: Clock) -> None:
        self._engine = engine
        self._writer = writer
        self._members = members
        self._clock = clock

    def begin(self, run_id: str, kind: str, request: dict[str, object], key: str | None = None) -> str:
        """Keep a new run; return its id, or that of the run that was begun with *key* before.

        Raises:
            ConflictError: that one asks for something else.
        """
        row = {
            "id": run_id,
            "kind": kind,
            "key": key,
            "state": RunState.RUNNING.value,
            "request": orjson.dumps(request, option=orjson.OPT_SORT_KEYS).decode(),
            "started_at": iso(self._clock.now()),
            "prompt_tokens": 0,
            "owner": self._members.me,
        }

        def write(connection: Connection) -> str:
            before = None
            if key is not None:
                query = select(RunRow.id, RunRow.kind, RunRow.request).where(RunRow.key == key)
                before = connection.execute(query).one_or_none()
            if before is None:
                connection.execute(insert(RunRow).values(**row))
                return run_id
            if (before.kind, before.request) != (kind, row["request"]):
                raise ConflictError("Idempotency-Key: was sent with another request before; send a new one with this")
            return str(before.id)

        return self._writer.run(write)

    def calling(self, run_id: str, call: int, target: str, prompt_tokens: int) -> None:
        """Note the call that a run makes now."""
        self._writer.run(
            lambda connection: _CALLING.run(
                connection, of=run_id, call=call, target=target, prompt_tokens=prompt_tokens
            )
        )

    def add(self, events: Sequence[KeptEvent], endings: Iterable[Ending] = ()) -> None:
        """Keep *events* and *endings*, all or none; returns once they are on the disk."""
        rows: list[dict[str, object]] = [
            {"run_id": event.run_id, "number": event.number, "data": event.data} for event in events
        ]
        ended_at = iso(self._clock.now())

        def write(connection: Connection) -> None:
            if rows:
                _EVENT.run_many(connection, rows)
            for ending in endings:
                result = None if ending.result is None else orjson.dumps(ending.result).decode()
                _END.run(connection, of=ending.run_id, state=ending.state.value, result=result, ended_at=ended_at)

        self._writer.run(write)

    def find(self, run_id: str) -> KeptRun | None:
        """Return a run; None if there is none."""
        found = self._runs(RunRow.id == run_id)
        return found[0] if found else None

    def recent(self, kind: str, count: int) -> list[KeptRun]:
        """Return the last *count* runs of a kind, newest first."""
        newest = select(RunRow.id).where(RunRow.kind == kind).order_by(RunRow.started_at.desc()).limit(count)
        return sorted(self._runs(RunRow.id.in_(newest)), key=lambda run: run.started_at, reverse=True)

    def left_behind(self, owner: str | None = None) -> list[KeptRun]:
        """Return the runs without an end of a process that is gone: *owner*, or, where one works alone, any before."""
        if owner is None and not self._members.is_alone:
            return []
        whose = RunRow.owner == owner if owner is not None else true()
        return self._runs(and_(RunRow.state == RunState.RUNNING.value, whose))

    @property
    def is_alone(self) -> bool:
        """Whether no other process can have runs."""
        return self._members.is_alone

    def running(self, kind: str) -> list[KeptRun]:
        """Return the runs of a kind that are under way, wherever."""
        return self._runs(and_(RunRow.state == RunState.RUNNING.value, RunRow.kind == kind))

    def ask_to_cancel(self, run_id: str) -> None:
        """Let the process that works on a run know that it shall end it."""
        asked = update(RunRow).where(RunRow.id == run_id).values(cancel_asked=1)
        self._writer.run(lambda connection: connection.execute(asked))

    def to_cancel(self) -> list[str]:
        """Return the runs of this process that another was asked to end."""
        mine = (RunRow.owner == self._members.me, RunRow.state == RunState.RUNNING.value, RunRow.cancel_asked == 1)
        with reading(self._engine) as connection:
            return list(connection.execute(select(RunRow.id).where(*mine)).scalars())

    def events(self, run_id: str, after: int = 0) -> list[KeptEvent]:
        """Return the events of a run behind number *after*, in their order."""
        query = (
            select(RunEventRow.number, RunEventRow.data)
            .where(RunEventRow.run_id == run_id, RunEventRow.number > after)
            .order_by(RunEventRow.number)
        )
        with reading(self._engine) as connection:
            return [KeptEvent(run_id, number, data) for number, data in connection.execute(query)]

    def prune(self, age: timedelta) -> int:
        """Delete runs that have ended and began longer than *age* ago, some at a time; return how many."""
        before = iso(self._clock.now() - age)
        old = (
            select(RunRow.id)
            .where(RunRow.started_at < before, RunRow.state != RunState.RUNNING.value)
            .limit(_PRUNED_AT_ONCE)
        )

        with reading(self._engine) as connection:  # mostly there is nothing to write
            ids = list(connection.execute(old).scalars())
        self.delete(ids)
        return len(ids)

    def delete(self, run_ids: Sequence[str]) -> None:
        """Delete runs with all that they told."""

        def write(connection: Connection) -> None:
            connection.execute(delete(RunEventRow).where(RunEventRow.run_id.in_(run_ids)))
            connection.execute(delete(RunRow).where(RunRow.id.in_(run_ids)))

        if run_ids:
            self._writer.run(write)

    # --- inside --------------------------------------------------------------------------

    def _runs(self, which: object) -> list[KeptRun]:
        counted = select(func.count()).where(RunEventRow.run_id == RunRow.id).scalar_subquery()
        query = select(RunRow.__table__, counted.label("events")).where(which)  # type: ignore[arg-type]  # a clause
        with reading(self._engine) as connection:
            return [_kept(row) for row in connection.execute(query).mappings()]


def _kept(row: object) -> KeptRun:
    columns = dict(row)  # type: ignore[call-overload]  # SQLAlchemy's mapping
    return KeptRun(
        id=columns["id"],
        kind=columns["kind"],
        state=RunState(columns["state"]),
        request=orjson.loads(columns["request"]),
        result=None if columns["result"] is None else orjson.loads(columns["result"]),
        started_at=columns["started_at"],
        ended_at=columns["ended_at"],
        events=columns["events"],
        call=columns["call"],
        target=columns["target"],
        prompt_tokens=columns["prompt_tokens"],
    )
