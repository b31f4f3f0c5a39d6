"""What is kept of the drafts of batches: how many became samples, how many were refused; by batch, and by item."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, case, cast, func, select

from models.batches.batch_store import BatchRow, BatchStore
from models.batches.usage_store import UsageStore
from models.contract.answers.monitoring import UsageRow
from models.database import RefusalRow, WorkRow
from models.domain import ItemState
from models.engines.dialects import WHOLE, JsonText
from models.engines.opening import reading

# As the examiner begins the reason, behind its category.
_INVENTED = "[quality_error] citation invalid:%"
# As orjson writes it into a job; the quotation marks of a text within it are escaped.
_ON_DOCUMENTS = '%"use_rag":true%'
_ITEM = (WorkRow.batch_id == RefusalRow.batch_id) & (WorkRow.ordinal == RefusalRow.ordinal)
# What a job was planned with; what else samples are filtered by is not known of a draft.
JOB_FILTERS = ("topic", "difficulty", "jurisdiction", "sample_type")


@dataclass(frozen=True, slots=True)
class Drafts:
    """The examined drafts of a batch.

    Attributes:
        accepted: Those that became samples, deleted since or not.
        refused: Those that a check or the judge refused.
        invented: Those of the refused whose reason is an invalid citation.
    """

    accepted: int = 0
    refused: int = 0
    invented: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a batch as it stands.

    Attributes:
        job: What was wanted, as it is kept.
        refused: Drafts of it that were refused.
    """

    state: ItemState
    job: str
    sample_id: str | None
    refused: int


class TallyStore:
    """Reads `batches`, `work`, `refusals` and `usage`; changes nothing."""

    def __init__(self, engine: Engine, batches: BatchStore, usage: UsageStore) -> None:
        self._engine = engine
        self._batches = batches
        self._usage = usage

    def batches(self) -> list[BatchRow]:
        """Return every batch, newest first."""
        return self._batches.page()

    def usage(self) -> list[UsageRow]:
        """Return what each batch used of each model."""
        return self._usage.summary(("batch", "provider", "model"))

    def drafts(self, filters: Mapping[str, str]) -> dict[str, Drafts]:
        """Count the drafts of each batch, of jobs that match *filters* (some of `JOB_FILTERS`)."""
        fits = [_planned(name) == value for name, value in filters.items()]
        done = select(WorkRow.batch_id, func.count()).where(WorkRow.state == ItemState.DONE, *fits)
        invented = cast(func.sum(case((RefusalRow.reason.like(_INVENTED), 1), else_=0)), WHOLE)
        refused = select(RefusalRow.batch_id, func.count(), invented)
        if fits:
            refused = refused.join(WorkRow, _ITEM).where(*fits)
        with reading(self._engine) as connection:
            accepted = {row[0]: int(row[1]) for row in connection.execute(done.group_by(WorkRow.batch_id))}
            counted = connection.execute(refused.group_by(RefusalRow.batch_id))
            others = {row[0]: (int(row[1]), int(row[2])) for row in counted}
        return {
            name: Drafts(accepted.get(name, 0), *others.get(name, (0, 0))) for name in accepted.keys() | others.keys()
        }

    def on_documents(self) -> list[str]:
        """Return the ids of the samples that batches made of jobs which were to stand on documents."""
        wanted = (WorkRow.state == ItemState.DONE, WorkRow.job.like(_ON_DOCUMENTS), WorkRow.sample_id.is_not(None))
        with reading(self._engine) as connection:
            return [str(name) for name in connection.execute(select(WorkRow.sample_id).where(*wanted)).scalars()]

    def items(self, batch_ids: Collection[str]) -> dict[str, dict[int, Item]]:
        """Return the items of each of *batch_ids* by their number."""
        refused = (
            select(RefusalRow.batch_id, RefusalRow.ordinal, func.count())
            .where(RefusalRow.batch_id.in_(batch_ids))
            .group_by(RefusalRow.batch_id, RefusalRow.ordinal)
        )
        query = select(WorkRow.batch_id, WorkRow.ordinal, WorkRow.state, WorkRow.job, WorkRow.sample_id)
        found: dict[str, dict[int, Item]] = {name: {} for name in batch_ids}
        with reading(self._engine) as connection:
            counts = {(row[0], row[1]): int(row[2]) for row in connection.execute(refused)}
            for name, ordinal, state, job, sample_id in connection.execute(
                query.where(WorkRow.batch_id.in_(batch_ids)).order_by(WorkRow.batch_id, WorkRow.ordinal)
            ):
                found[name][ordinal] = Item(ItemState(state), job, sample_id, counts.get((name, ordinal), 0))
        return found


def _planned(name: str) -> ColumnElement[str]:
    """Return what a job was planned with, as samples name it."""
    if name != "topic":
        return JsonText(WorkRow.job, name)
    return JsonText(WorkRow.job, "practice_area") + " - " + JsonText(WorkRow.job, "topic")
