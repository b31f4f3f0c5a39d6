"""What can be told of a batch beyond its object: its plan before it starts, its report, whether it is stuck."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from models.domain import Job
from services.batch.metrics import BatchMetrics
from services.generation_service import GenerationService
from services.llm_service import LLMService, Preference, Target

# No progress for so long, or for so many times the usual answer, is worth a word.
_STUCK_S = 600.0
_STUCK_ANSWERS = 5.0
# Tokens a word of English takes, and what an answer has beyond its words and reasoning.
_TOKENS_A_WORD = 1.5
_CHARS_A_TOKEN = 4.5
_EXTRA_TOKENS = 150
_USUAL_ANSWER_S = 10.0


def plan_summary(
    jobs: Iterable[Job], preference: Preference, generation: GenerationService, llm: LLMService
) -> dict[str, Any]:
    """Return counts, tokens, cost and time to expect of *jobs*; nothing is started.

    Tokens are measured where answers of the kind were seen, else estimated from what the prompt asks.
    """
    by: dict[str, Counter[str]] = {
        name: Counter() for name in ("topics", "difficulties", "sample_types", "jurisdictions")
    }
    kinds: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], Job] = {}
    for job in jobs:
        by["topics"][job.topic_key] += 1
        by["difficulties"][job.difficulty] += 1
        by["sample_types"][job.sample_type] += 1
        by["jurisdictions"][job.jurisdiction] += 1
        kinds[job.sample_type, job.difficulty] += 1
        examples.setdefault((job.sample_type, job.difficulty), job)
    targets = llm.targets(preference)
    estimates = [_estimate(target, kinds, examples, generation, llm) for target in targets]
    count = kinds.total()
    return {
        "total": count,
        "counts": {name: dict(sorted(counter.items())) for name, counter in by.items()},
        "targets": [row | {"target": target.name} for target, row in zip(targets, estimates, strict=True)],
        **_together(count, targets, estimates, llm),
    }


def within(plan: dict[str, Any], limits: Mapping[str, float | None]) -> dict[str, Any]:
    """Add what *limits* (of `max_tokens_total`, `max_cost_usd`, `max_minutes`) leave of a plan."""
    needs = {
        "max_tokens_total": plan["expected_tokens"],
        "max_cost_usd": plan["expected_cost_usd"],
        "max_minutes": plan["expected_minutes"],
    }
    fits = {
        name: int(plan["total"] * limit / need)
        for name, need in needs.items()
        if (limit := limits.get(name)) is not None and need and need > limit
    }
    first = min(fits, key=lambda name: fits[name], default=None)
    expected = plan["total"] if first is None else fits[first]
    return {**plan, "limits": dict(limits), "expected_samples": expected, "stopped_by": first}


def report(
    batch: Mapping[str, Any],
    counts: Mapping[str, int],
    reasons: Mapping[str, int],
    usage: Sequence[Mapping[str, Any]],
    metrics: BatchMetrics,
) -> dict[str, Any]:
    """Return the body of a batch's report."""
    unpriced = sum(row["unpriced_tokens"] for row in usage)
    known = sum(row["cost_usd"] or 0.0 for row in usage)
    return {
        "batch_id": batch["batch_id"],
        "status": batch["status"],
        "reason": batch["reason"],
        "total": batch["total"],
        "samples_generated": batch["samples_generated"],
        "items": {name: counts.get(name, 0) for name in _STATES},
        "attempts": batch["attempts"],
        "calls": sum(row["calls"] for row in usage),
        "failed_calls": sum(row["failed"] for row in usage),
        "rate_limited": sum(row["rate_limited"] for row in usage),
        "in_doubt": batch["in_doubt"],
        "prompt_tokens": sum(row["prompt_tokens"] for row in usage),
        "completion_tokens": sum(row["completion_tokens"] for row in usage),
        "total_tokens": sum(row["total_tokens"] for row in usage),
        "cost_usd": None if unpriced else round(known, 6),
        "unpriced_tokens": unpriced,
        "targets": [dict(row) for row in usage],
        "rejections": dict(reasons),
        "model_switches": batch["model_switches"],
        "provider_switches": batch["provider_switches"],
        "elapsed_s": batch["metrics"]["elapsed_s"],
        **metrics.told(),
    }


_STATES = ("todo", "leased", "done", "rejected", "failed", "cancelled", "in_doubt")


def stuck_after_s(p95_s: float | None) -> float:
    """Return the seconds without a sample after which a batch is called stuck."""
    return max(_STUCK_S, _STUCK_ANSWERS * (p95_s or 0.0))


def why_stuck(batch: Mapping[str, Any]) -> str:
    """Explain what a batch without progress waits for."""
    if batch["waiting_for"] == "closed":
        return f"every provider is closed until {batch['waiting_until'] or 'something changes'}"
    if batch["waiting_for"] == "topic":
        return f"the circuits of {', '.join(batch['skipped_topics'][:3])} are open until {batch['waiting_until']}"
    if batch["waiting_for"] == "storage":
        last = batch["errors"][-1]["error"] if batch["errors"] else "see its errors"
        return f"the data folder takes nothing: {last}"
    if batch["waiting_for"]:
        return f"all workers wait ({batch['waiting_for']}) until {batch['waiting_until'] or 'a place is free'}"
    if batch["consecutive_failures"]:
        last = batch["errors"][-1]["error"] if batch["errors"] else "see its errors"
        return f"the last {batch['consecutive_failures']} samples were refused: {last}"
    return "calls are under way and none has answered yet"


def _estimate(
    target: Target,
    kinds: Counter[tuple[str, str]],
    examples: Mapping[tuple[str, str], Job],
    generation: GenerationService,
    llm: LLMService,
) -> dict[str, Any]:
    prompt_tokens = answer_tokens = 0.0
    measured = True
    for kind, count in kinds.items():
        prompt, _ = generation.prompt(examples[kind])
        mean = llm.sizes.mean(target.name, prompt.kind)
        measured = measured and mean is not None
        prompt_tokens += count * llm.sizes.prompt_tokens(target.name, prompt.chars)
        answer_tokens += count * (mean if mean is not None else _asked_tokens(examples[kind], generation))
    total = max(1, kinds.total())
    pace = llm.pace(target, (prompt_tokens + answer_tokens) / total)
    cost = target.model.cost_usd(round(prompt_tokens), round(answer_tokens))
    return {
        "basis": "measured" if measured else "estimated",
        "prompt_tokens": round(prompt_tokens),
        "completion_tokens": round(answer_tokens),
        "cost_usd": None if cost is None else round(cost, 4),
        "samples_per_minute": None if math.isinf(pace) else round(pace, 2),
    }


def _asked_tokens(job: Job, generation: GenerationService) -> float:
    limits = generation.limits_of(job)
    return limits.min_words * _TOKENS_A_WORD + limits.min_reasoning_chars / _CHARS_A_TOKEN * 2 + _EXTRA_TOKENS


def _together(
    count: int, targets: Sequence[Target], estimates: Sequence[Mapping[str, Any]], llm: LLMService
) -> dict[str, Any]:
    """Join the targets: each takes the share that its pace allows."""
    paces = [row["samples_per_minute"] for row in estimates]
    limited = None not in paces
    weights: list[float] = [pace or 0.0 for pace in paces] if limited else [float(pace is None) for pace in paces]
    shares = [weight / math.fsum(weights) for weight in weights]
    parts = [(share, row["cost_usd"]) for row, share in zip(estimates, shares, strict=True) if share]
    latencies = [llm.sizes.latency_s(target.name, 0.5) for target in targets]
    # The first minute's samples may leave at once, so limits count from the second minute on.
    minutes = count / math.fsum(weights) if limited and any(weights) else None
    answer_s = max((latency for latency in latencies if latency), default=_USUAL_ANSWER_S)

    def joined(name: str) -> int:
        return int(sum(share * row[name] for share, row in zip(shares, estimates, strict=True)))

    known = all(cost is not None for _, cost in parts)
    return {
        "expected_tokens": joined("prompt_tokens") + joined("completion_tokens"),
        "expected_cost_usd": round(sum(share * cost for share, cost in parts), 4) if known else None,
        "expected_minutes": None if minutes is None else round(max(minutes - 1, 0.0) + answer_s / 60, 1),
    }
