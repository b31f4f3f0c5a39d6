"""What people and checks decided about samples: reviews, and answers that were refused."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, and_, bindparam, distinct, func, insert, or_, select, update
from typing_extensions import TypedDict

from models.batches.work_item import WorkItem
from models.contract.answers.quality import ReviewRow as Decision
from models.database import RefusalRow, ReviewRow, WorkRow
from models.engines.opening import reading
from models.engines.statement import Statement
from models.samples.file.column_types import plain
from utils.clock import Clock, iso
from utils.errors import ConflictError

_REFUSE = Statement(
    insert(RefusalRow)
    .values({name: bindparam(name) for name in ("batch_id", "ordinal", "at", "reason", "answer")})
    .inline()
)
_PIECE = 500
# What a reason begins with, before its figures: "[quality_error] citations: got 1, want at least 2".
_KIND = re.compile(r"[^:(]*?(?=:| \(|$)", re.DOTALL)
# Writes beside the change of a sample, in its transaction, with the sample as it was before.
Recorder: TypeAlias = Callable[[Connection, Mapping[str, object]], None]


class Refusal(TypedDict):
    """An answer that was refused, and the sample that came of the next one."""

    answer: str
    reason: str
    sample_id: str


class KeptDraft(TypedDict):
    """A refused draft as it is kept.

    Attributes:
        sample_id: The sample that came of the next draft; None before there is one.
    """

    id: int
    ordinal: int
    at: str
    reason: str
    answer: str
    sample_id: str | None


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

    def recorder(self, sample_id: str, review: Mapping[str, object], also: Recorder | None = None) -> Recorder:
        """Return what writes a decision or change down, given the sample as it was; an edit keeps it.

        Args:
            sample_id: The sample.
            review: `decision`, `reason`, `reviewer` and `changes`.
            also: Called before, in the same transaction.
        """
        at = iso(self._clock.now())

        def record(connection: Connection, before: Mapping[str, object]) -> None:
            if also is not None:
                also(connection, before)
            kept = orjson.dumps(before, default=plain).decode() if review["decision"] in ("edit", "change") else None
            changes = orjson.dumps(review.get("changes") or {}).decode()
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

    def shared(self) -> Iterator[tuple[str, str, str]]:
        """Yield sample, reviewer and decision of all samples that several named people decided on, oldest first."""
        named = ReviewRow.reviewer.is_not(None) & (ReviewRow.decision != "change")
        several = (
            select(ReviewRow.sample_id)
            .where(named)
            .group_by(ReviewRow.sample_id)
            .having(func.count(distinct(ReviewRow.reviewer)) > 1)
        )
        query = select(ReviewRow.sample_id, ReviewRow.reviewer, ReviewRow.decision)
        query = query.where(named, ReviewRow.sample_id.in_(several)).order_by(ReviewRow.id)
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                yield row.sample_id, row.reviewer, row.decision

    def kinds_refused(self, batch_id: str) -> list[tuple[str, int]]:
        """Count the refused drafts of a batch by what their reasons begin with, most frequent first."""
        query = select(RefusalRow.reason).where(RefusalRow.batch_id == batch_id)
        with reading(self._engine) as connection:
            found = Counter(kind_of(reason) for reason in connection.execute(query).scalars())
        return sorted(found.items(), key=lambda row: (-row[1], row[0]))

    def drafts_refused(self, batch_id: str, kind: str, limit: int, offset: int) -> list[KeptDraft]:
        """Return the refused drafts of a batch, newest first; only those of *kind* unless it is empty."""
        mine = RefusalRow.batch_id == batch_id
        query = (
            select(
                *(RefusalRow.id, RefusalRow.ordinal, RefusalRow.at, RefusalRow.reason, RefusalRow.answer),
                WorkRow.sample_id,
            )
            .outerjoin(WorkRow, (WorkRow.batch_id == RefusalRow.batch_id) & (WorkRow.ordinal == RefusalRow.ordinal))
            .where(and_(mine, _is_of_kind(kind)) if kind else mine)
            .order_by(RefusalRow.id.desc())
            .limit(limit)
            .offset(offset)
        )
        with reading(self._engine) as connection:
            return [KeptDraft(**dict(row)) for row in connection.execute(query).mappings()]  # type: ignore[typeddict-item]  # the columns that were asked for

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


def kind_of(reason: str) -> str:
    """Return what *reason* begins with: what stands before its figures and its quotations."""
    found = _KIND.match(reason)
    return found.group().strip() if found else ""


def _is_of_kind(kind: str) -> ColumnElement[bool]:
    behind = len(kind) + 1
    return (func.substr(RefusalRow.reason, 1, len(kind)) == kind) & or_(
        func.substr(RefusalRow.reason, behind, 1).in_(["", ":"]), func.substr(RefusalRow.reason, behind, 2) == " ("
    )


def refusal_reasons(engine: Engine, beginning: str) -> Iterator[str]:
    """Yield the reason of every refused draft whose reason begins so, behind its category in brackets."""
    query = select(RefusalRow.reason).where(RefusalRow.reason.like(f"[%] {beginning}%"))
    with reading(engine) as connection:
        yield from connection.execute(query).scalars()


def unchanged_since(sample_id: str, seen: str | None) -> Recorder:
    """Return what refuses a change, in its transaction, of a sample whose `updated_at` is not *seen* any more.

    "" is that of a sample that was never changed; None refuses nothing. Raises ConflictError.
    """

    def check(_: Connection, before: Mapping[str, object]) -> None:
        if seen is not None and (before.get("updated_at") or "") != seen:
            raise ConflictError(f"sample {sample_id[:100]!r}: was changed since you loaded it; look at it again")

    return check


def moved(sample_id: str, new_id: str, seen: str | None, also: Recorder | None = None) -> Recorder:
    """Return what lets the decisions about a sample follow it to its new id, if it is as it was *seen*.

    *also* is called before they do.
    """
    check = unchanged_since(sample_id, seen)

    def move(connection: Connection, before: Mapping[str, object]) -> None:
        check(connection, before)
        if also is not None:
            also(connection, before)
        move_reviews(connection, sample_id, new_id)

    return move


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
