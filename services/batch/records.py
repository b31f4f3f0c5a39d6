"""Rows of batches: as they begin, as history shows them, and the object before any batch."""

from collections.abc import Mapping
from typing import Any

from models.domain import BatchStatus
from models.requests import BatchRequest
from services.batch.progress import BatchProgress
from services.judge import JudgeSpec
from services.llm_service import Preference
from utils.clock import SystemClock

NO_CIRCUITS: dict[str, list[dict[str, object]]] = {
    "open_circuits": [],
    "half_open_circuits": [],
    "closed_with_failures": [],
}
ON_REQUEST = "stopped on request"
_FILTERS = ("topic", "difficulty", "sample_type")


def new_row(batch_id: str, started_at: str, request: BatchRequest, count: int, model: str | None) -> dict[str, Any]:
    """Return the row of a batch that is being planned and wants *count* samples."""
    return {
        "id": batch_id,
        "status": BatchStatus.PENDING.value,
        "started_at": started_at,
        "completed_at": None,
        "provider": request.provider or "",
        "model": model,
        "target": count,
        **dict.fromkeys(("samples_generated", "tokens_used", "attempts", "rejected", "in_doubt", "unpriced_tokens"), 0),
        "cost_usd": 0.0,
        "elapsed_s": 0.0,
        "reason": None,
        "metrics": {},
        "request": request.model_dump(mode="json"),
        "errors": [],
        "model_switches": [],
        "provider_switches": [],
    }


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
    wanted = request.judge
    return JudgeSpec(wanted.provider, wanted.model, wanted.min_score) if wanted is not None else None


def history_row(row: Mapping[str, Any], batch: Mapping[str, Any]) -> dict[str, Any]:
    """Return one line of the history: *row* as stored, with the live values of *batch*."""
    request = row["request"]
    return {
        "id": row["id"],
        "started_at": row["started_at"],
        "completed_at": batch["completed_at"],
        "model": batch["current_model"],
        "provider": batch["current_provider"],
        **{f"{name}_filter": request.get(name) for name in _FILTERS},
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


def nothing() -> dict[str, Any]:
    """Return the batch object before any batch: zeros, and null for the rest."""
    row = new_row("", "", BatchRequest(), 0, None)
    empty = BatchProgress({**row, "status": BatchStatus.COMPLETED.value}, SystemClock()).snapshot(NO_CIRCUITS)
    known = {"running", "progress", "total", "samples_generated", "circuit_breaker_summary"}
    return {name: value if name in known else None for name, value in empty.items()}
