"""Keeps the drafts of a batch that ends while they wait for their judge: they are paid for."""

import logging

from models.batches.ledger import Ledger
from models.batches.work_store import WorkItem, WorkStore
from models.schemas import Sample
from services.generation.judge import JudgeSpec
from services.generation_service import GenerationService
from utils.errors import GenerationError

log = logging.getLogger(__name__)


def keep_drafts(
    batch_id: str, judge: JudgeSpec | None, work: WorkStore, ledger: Ledger, generation: GenerationService
) -> int:
    """Store every draft of *batch_id* that passes its checks; no worker has one in hand any more. Return how many.

    Raises:
        StorageError: the disk refuses; what was stored stays, the rest is stored by the next call.
    """
    kept = 0
    for item in work.drafts(batch_id):
        sample = _sample(item, judge, generation)
        if sample is not None:
            ledger.finish(item, sample)
            kept += 1
    return kept


def _sample(item: WorkItem, judge: JudgeSpec | None, generation: GenerationService) -> Sample | None:
    """Return the sample of what *item* has in hand; None when it is not good enough."""
    if item.answer is None:
        return None
    facts = {"batch_id": item.batch_id, "item": item.ordinal}
    try:
        sample = generation.conclude(item.job, item.answer, judge, "the batch ended first")
    except GenerationError as error:
        log.info("draft refused", extra={**facts, "reason": error.labelled()})
        return None
    except Exception:  # a fault of ours that one draft brings out must not leave its batch without an end
        log.exception("draft not kept", extra=facts)
        return None
    return sample.model_copy(update={"batch_id": item.batch_id})
