"""What can be told of a batch beyond its object: its plan before it starts, its report, whether it is stuck."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from models.contract.answers.batch_reports import BatchPlan, BatchReport, LimitName, PlanLimits, PlanTarget, TargetUsage
from models.contract.answers.batches import Batch
from models.contract.answers.monitoring import UsageRow
from models.domain import Job
from services.batch.measures import BatchMeasures
from services.generation_service import GenerationService
from services.llm_service import LLMService, Preference, Prompt, Target

# No progress for so long, or for so many times the usual answer, is worth a word.
_STUCK_S = 600.0
_STUCK_ANSWERS = 5.0
# Tokens a word of English takes, and what an answer has beyond its words and reasoning.
_TOKENS_A_WORD = 1.5
_CHARS_A_TOKEN = 4.5
_EXTRA_TOKENS = 150
_USUAL_ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class _Expected:
    """What all targets together take; None where it is not known."""

    tokens: int
    cost_usd: float | None
    minutes: float | None


def plan_summary(
    jobs: Iterable[Job], preference: Preference, generation: GenerationService, llm: LLMService, limits: PlanLimits
) -> BatchPlan:
    """Return counts, tokens, cost and time to expect of *jobs* within *limits*; nothing is started.

    Tokens are measured where answers of the kind were seen, else estimated from what the prompt asks.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("topic", "difficulty", "type", "jurisdiction")}
    kinds: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], Job] = {}
    for job in jobs:
        counts["topic"][job.topic_key] += 1
        counts["difficulty"][job.difficulty] += 1
        counts["type"][job.sample_type] += 1
        counts["jurisdiction"][job.jurisdiction] += 1
        kinds[job.sample_type, job.difficulty] += 1
        examples.setdefault((job.sample_type, job.difficulty), job)
    asked = {kind: (generation.maker.prompt(job)[0], _asked_tokens(job, generation)) for kind, job in examples.items()}
    targets = llm.targets(preference)
    estimates = [_estimate(target, kinds, asked, llm) for target in targets]
    total = kinds.total()
    expected = _together(total, targets, estimates, llm)
    fits = _fitting(total, expected, limits)
    first = min(fits, key=lambda name: fits[name], default=None)
    return {
        "total": total,
        "counts": {
            "topics": _sorted(counts["topic"]),
            "difficulties": _sorted(counts["difficulty"]),
            "sample_types": _sorted(counts["type"]),
            "jurisdictions": _sorted(counts["jurisdiction"]),
        },
        "targets": estimates,
        "expected_tokens": expected.tokens,
        "expected_cost_usd": expected.cost_usd,
        "expected_minutes": expected.minutes,
        "limits": limits,
        "expected_samples": total if first is None else fits[first],
        "stopped_by": first,
    }


def report(
    batch: Batch,
    counts: Mapping[str, int],
    reasons: Mapping[str, int],
    usage: Sequence[UsageRow],
    measures: BatchMeasures,
) -> BatchReport:
    """Return the body of a batch's report."""
    unpriced = sum(row["unpriced_tokens"] for row in usage)
    known = sum(row["cost_usd"] or 0.0 for row in usage)
    return {
        "batch_id": batch["batch_id"],
        "status": batch["status"],
        "reason": batch["reason"],
        "total": batch["total"],
        "samples_generated": batch["samples_generated"],
        "items": {
            "todo": counts.get("todo", 0),
            "leased": counts.get("leased", 0),
            "done": counts.get("done", 0),
            "rejected": counts.get("rejected", 0),
            "failed": counts.get("failed", 0),
            "cancelled": counts.get("cancelled", 0),
            "in_doubt": counts.get("in_doubt", 0),
        },
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
        "targets": cast("list[TargetUsage]", usage),  # grouped by provider and model, so that both stand in each row
        "rejections": dict(reasons),
        "model_switches": batch["model_switches"],
        "provider_switches": batch["provider_switches"],
        "elapsed_s": batch["metrics"]["elapsed_s"],
        "waited_s": measures.waits(),
        "latency": measures.latency(),
    }


def stuck_after_s(p95_s: float | None) -> float:
    """Return the seconds without a sample after which a batch is called stuck."""
    return max(_STUCK_S, _STUCK_ANSWERS * (p95_s or 0.0))


def why_stuck(batch: Batch) -> str:
    """Explain what a batch without progress waits for."""
    if batch["waiting_for"] == "closed":
        last = f"; the last failure: {batch['errors'][-1]['error']}" if batch["errors"] else ""
        return f"every provider is closed until {batch['waiting_until'] or 'something changes'}{last}"
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
    asked: Mapping[tuple[str, str], tuple[Prompt, float]],
    llm: LLMService,
) -> PlanTarget:
    prompt_tokens = answer_tokens = 0.0
    measured = True
    for kind, count in kinds.items():
        prompt, asked_tokens = asked[kind]
        mean = llm.sizes.mean(target.name, prompt.kind)
        measured = measured and mean is not None
        prompt_tokens += count * llm.sizes.prompt_tokens(target.name, prompt.chars)
        answer_tokens += count * (mean if mean is not None else asked_tokens)
    total = max(1, kinds.total())
    pace = llm.sizing.pace(target, (prompt_tokens + answer_tokens) / total)
    cost = target.model.cost_usd(round(prompt_tokens), round(answer_tokens))
    return {
        "target": target.name,
        "basis": "measured" if measured else "estimated",
        "prompt_tokens": round(prompt_tokens),
        "completion_tokens": round(answer_tokens),
        "cost_usd": None if cost is None else round(cost, 4),
        "samples_per_minute": None if math.isinf(pace) else round(pace, 2),
    }


def _asked_tokens(job: Job, generation: GenerationService) -> float:
    asked = generation.maker.requirements_of(job)
    return asked.min_words * _TOKENS_A_WORD + asked.min_reasoning_chars / _CHARS_A_TOKEN * 2 + _EXTRA_TOKENS


def _together(count: int, targets: Sequence[Target], estimates: Sequence[PlanTarget], llm: LLMService) -> _Expected:
    """Join the targets: each takes the share that its pace allows."""
    paces = [row["samples_per_minute"] for row in estimates]
    limited = None not in paces
    weights: list[float] = [pace or 0.0 for pace in paces] if limited else [float(pace is None) for pace in paces]
    shares = [weight / math.fsum(weights) for weight in weights]
    parts = [(share, row["cost_usd"]) for row, share in zip(estimates, shares, strict=True) if share]
    latencies = [llm.sizes.latency_s(target.name, 0.5) for target in targets]
    minutes = count / math.fsum(weights) if limited and any(weights) else None
    answer_s = max((latency for latency in latencies if latency), default=_USUAL_ANSWER_S)
    shared = list(zip(shares, estimates, strict=True))
    prompt_tokens = int(sum(share * row["prompt_tokens"] for share, row in shared))
    answer_tokens = int(sum(share * row["completion_tokens"] for share, row in shared))
    costs = [share * cost for share, cost in parts if cost is not None]
    return _Expected(
        prompt_tokens + answer_tokens,
        round(sum(costs), 4) if len(costs) == len(parts) else None,
        None if minutes is None else _minutes(minutes, answer_s),
    )


def _minutes(at_pace: float, answer_s: float) -> float:
    """Return the minutes of what takes *at_pace* at the pace of the limits.

    What fits into a minute's limits leaves at once; any more waits for the next minutes.
    """
    return round(answer_s / 60 if at_pace <= 1 else max(at_pace, 1 + answer_s / 60), 2)


def _fitting(total: int, expected: _Expected, limits: PlanLimits) -> dict[LimitName, int]:
    """Return how many samples each limit allows, of those that allow fewer than *total*."""
    needs: tuple[tuple[LimitName, float | None], ...] = (
        ("max_tokens_total", expected.tokens),
        ("max_cost_usd", expected.cost_usd),
        ("max_minutes", expected.minutes),
    )
    return {
        name: int(total * limit / need)
        for name, need in needs
        if (limit := limits[name]) is not None and need and need > limit
    }


def _sorted(counted: Counter[str]) -> dict[str, int]:
    return dict(sorted(counted.items()))
