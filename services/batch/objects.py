"""Rows of batches: as they begin, as history shows them, and the object before any batch."""

from typing import cast

from models.batches.batch_store import BatchRow, KeptRequest
from models.contract.answers.batches import Batch, HistoryRow, NoBatch
from models.contract.bodies import BatchRequest
from models.domain import BatchStatus
from services.batch.live import LiveBatch
from services.generation.judge import JudgeSpec
from services.llm_service import Preference
from utils.clock import SystemClock

ON_REQUEST = "stopped on request"


def new_row(batch_id: str, started_at: str, request: BatchRequest, count: int, model: str | None) -> BatchRow:
    """Return the row of a batch that is being planned and wants *count* samples."""
    return {
        "id": batch_id,
        "status": BatchStatus.PENDING.value,
        "started_at": started_at,
        "completed_at": None,
        "provider": request.provider or "",
        "model": model,
        "target": count,
        "samples_generated": 0,
        "tokens_used": 0,
        "attempts": 0,
        "rejected": 0,
        "in_doubt": 0,
        "unpriced_tokens": 0,
        "cost_usd": 0.0,
        "elapsed_s": 0.0,
        "reason": None,
        "metrics": {},
        "request": cast("KeptRequest", request.model_dump(mode="json")),  # the model has these fields
        "errors": [],
        "model_switches": [],
        "provider_switches": [],
        "ends_as": None,
    }


def request_of(row: BatchRow) -> BatchRequest:
    """Return the request that a batch was made of."""
    # What was not chosen is kept as an empty list, which a caller may not send.
    return BatchRequest.model_validate({name: value for name, value in row["request"].items() if value != []})


def preference_of(request: BatchRequest) -> Preference:
    """Return which targets a batch may use."""
    return Preference(
        request.provider or "",
        request.model,
        request.allow_failover,
        request.providers,
        request.models,
        tuple(request.weights.items()),
        priced_only=request.max_cost_usd is not None,
    )


def judge_of(request: BatchRequest) -> JudgeSpec | None:
    """Return who judges the samples of a batch, or None."""
    return JudgeSpec.of(request.judge)


def history_row(row: BatchRow, batch: Batch) -> HistoryRow:
    """Return one line of the history: *row* as stored, with the live values of *batch*."""
    request = row["request"]
    return {
        "id": row["id"],
        "started_at": row["started_at"],
        "completed_at": batch["completed_at"],
        "model": batch["current_model"],
        "provider": batch["current_provider"],
        "topic_filter": request.get("topic"),
        "difficulty_filter": request.get("difficulty"),
        "sample_type_filter": request.get("sample_type") or "",
        "reasoning_instruction": request.get("reasoning_instruction"),
        "target": row["target"],
        "samples_generated": batch["samples_generated"],
        "tokens_used": batch["total_tokens"],
        "cost_usd": batch["cost_usd"],
        "status": batch["status"],
        "reason": batch["reason"],
        "errors": batch["errors"],
        "model_switches": batch["model_switches"],
        "provider_switches": batch["provider_switches"],
        "progress": batch["progress"],
        "current_sample": batch["current_sample"],
    }


def nothing() -> NoBatch:
    """Return the batch object before any batch: zeros, and null for the rest."""
    row = new_row("", "", BatchRequest(), 0, None)
    row["status"] = BatchStatus.COMPLETED.value
    known = {"running", "progress", "total", "samples_generated", "circuit_breaker_summary"}
    found: dict[str, object] = {**LiveBatch(row, SystemClock()).snapshot(), "batches": {}, "count": 0}
    known |= {"batches", "count"}
    empty = {name: value if name in known else None for name, value in found.items()}
    return cast("NoBatch", empty)  # all keys of a batch, without their values
