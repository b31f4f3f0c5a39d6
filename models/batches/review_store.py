"""What people and checks decided about samples: reviews, and answers that were refused."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, bindparam, insert, select, update
from typing_extensions import TypedDict

from models.batches.work_store import WorkItem
from models.contract.answers.quality import ReviewRow as Decision
from models.database import RefusalRow, ReviewRow, WorkRow, reading
from models.samples.file.column_types import plain
from models.writer import Statement
from utils.clock import Clock, iso

_REFUSE = Statement(
    insert(RefusalRow)
    .values({name: bindparam(name) for name in ("batch_id", "ordinal", "at", "reason", "answer")})
    .inline()
)
_PIECE = 500


class Refusal(TypedDict):
    """An answer that was refused, and the sample that came of the next one."""

    answer: str
    reason: str
    sample_id: str


class ReviewStore:
    """Reads and writes rows of `reviews` and `refusals`."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def refuse(self, connection: Connection, item: WorkItem, answer: str, reason: str) -> None:
        """Keep an answer that was refused, within the caller's transaction."""
        at = iso(self._clock.now())
        _REFUSE.run(
            connection, batch_id=item.batch_id, ordinal=item.ordinal, at=at, reason=reason[:1000], answer=answer
        )

    def recorder(
        self, sample_id: str, review: Mapping[str, object]
    ) -> Callable[[Connection, Mapping[str, object]], None]:
        """Return what writes a decision down, given the sample as it was; an edit keeps it.

        Args:
            sample_id: The sample.
            review: `decision`, `reason`, `reviewer` and `changes`.
        """
        at = iso(self._clock.now())

        def record(connection: Connection, before: Mapping[str, object]) -> None:
            kept = orjson.dumps(before, default=plain).decode() if review["decision"] == "edit" else None
            changes = orjson.dumps(review["changes"]).decode()
            facts = {name: review[name] for name in ("decision", "reason", "reviewer")}
            connection.execute(
                insert(ReviewRow).values(sample_id=sample_id, at=at, before=kept, changes=changes, **facts)
            )

        return record

    def of(self, sample_id: str) -> list[Decision]:
        """Return the decisions about a sample, oldest first."""
        query = select(ReviewRow.__table__).where(ReviewRow.sample_id == sample_id).order_by(ReviewRow.id)
        with reading(self._engine) as connection:
            return [_review(dict(row)) for row in connection.execute(query).mappings()]

    def edits(self) -> Iterator[Decision]:
        """Yield every edit with the sample as it was before, oldest first."""
        query = select(ReviewRow.__table__).where(ReviewRow.decision == "edit").order_by(ReviewRow.id)
        with reading(self._engine) as connection:
            for row in connection.execute(query).mappings():
                yield _review(dict(row))

    def refusals(self) -> Iterator[Refusal]:
        """Yield every refused answer whose item came to a sample: `answer`, `reason`, `sample_id`."""
        query = (
            select(RefusalRow.id, RefusalRow.answer, RefusalRow.reason, WorkRow.sample_id)
            .join(WorkRow, (WorkRow.batch_id == RefusalRow.batch_id) & (WorkRow.ordinal == RefusalRow.ordinal))
            .where(WorkRow.sample_id.is_not(None))
            .order_by(RefusalRow.id)
            .limit(_PIECE)
        )
        last = 0
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(query.where(RefusalRow.id > last)).all()
            for row in rows:
                yield {"answer": row.answer, "reason": row.reason, "sample_id": row.sample_id}
            if len(rows) < _PIECE:
                return
            last = rows[-1].id


def refusal_reasons(engine: Engine, beginning: str) -> Iterator[str]:
    """Yield the reason of every refused draft whose reason begins so, behind its category in brackets."""
    query = select(RefusalRow.reason).where(RefusalRow.reason.like(f"[%] {beginning}%"))
    with reading(engine) as connection:
        yield from connection.execute(query).scalars()


def move_reviews(connection: Connection, old_id: str, new_id: str) -> None:
    """Let the decisions about a sample follow it to its new id, within the caller's transaction."""
    if new_id != old_id:
        connection.execute(update(ReviewRow).where(ReviewRow.sample_id == old_id).values(sample_id=new_id))


def _review(row: Mapping[str, Any]) -> Decision:  # SQLAlchemy knows the types of columns by their values only
    return {
        "sample_id": row["sample_id"],
        "at": row["at"],
        "decision": row["decision"],
        "reason": row["reason"],
        "reviewer": row["reviewer"],
        "before": orjson.loads(row["before"]) if row["before"] else None,
        "changes": orjson.loads(row["changes"]),
    }
