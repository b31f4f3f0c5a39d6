"""What batches are compared by: how much came out, how good it is, what it cost; by batch, and by model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.contract.answers.batch_reports import BatchMade, BatchReport, MadeFigures, TargetUsage

_CHECKED = ("verified", "unverified", "invalid")


@dataclass(frozen=True, slots=True)
class Compared:
    """One batch, or one model of a batch; None where it is not known.

    Attributes:
        accepted: Share of the drafts that became samples, 0 to 1; not known by model.
        verified: Share of the samples that cite something of which every citation is verified.
        citing: Samples that cite something.
        speed: Samples a minute, pauses left out; not known by model.
    """

    batch_id: str
    model: str
    samples: int
    wanted: int | None
    drafts: int | None
    accepted: float | None
    calls: int
    verified: float | None
    citing: int
    cost_usd: float | None
    cost_a_sample: float | None
    speed: float | None
    quality: float | None
    judge: float | None
    switches: int | None
    tokens_a_sample: float | None


def of_batch(report: BatchReport, made: BatchMade, refused: int) -> Compared:
    """Return the figures of a batch of whose drafts *refused* were refused."""
    samples, cost = report["samples_generated"], report["cost_usd"]
    return Compared(
        batch_id=report["batch_id"],
        model="",
        samples=samples,
        wanted=report["total"],
        drafts=samples + refused,
        accepted=_share(samples, samples + refused),
        calls=report["attempts"],
        verified=verified_share(made["all"]),
        citing=_citing(made["all"]),
        cost_usd=cost,
        cost_a_sample=cost / samples if cost is not None and samples else None,
        speed=_share(samples * 60, report["elapsed_s"]),
        quality=made["all"]["quality_mean"],
        judge=made["all"]["judge_mean"],
        switches=len(report["model_switches"]) + len(report["provider_switches"]),
        tokens_a_sample=_share(report["total_tokens"], samples),
    )


def by_model(report: BatchReport, made: BatchMade) -> list[Compared]:
    """Return the figures of each model that a batch called, or that wrote one of its samples; most samples first."""
    used = {f"{row['provider']}/{row['model']}": row for row in report["targets"]}
    rows = [_model(report["batch_id"], name, used, made["models"].get(name)) for name in {**used, **made["models"]}]
    return sorted(rows, key=lambda row: (-row.samples, row.model))


def shared(topics: Sequence[Sequence[str]]) -> list[str]:
    """Return the topics that all batches have, in the order of the first."""
    first, *others = topics or [[]]
    return [topic for topic in first if all(topic in other for other in others)]


def verified_share(made: MadeFigures) -> float | None:
    """Return which share of the samples that cite something has verified citations only."""
    return _share(made["citations"].get("verified", 0), _citing(made))


def _citing(made: MadeFigures) -> int:
    return sum(made["citations"].get(name, 0) for name in _CHECKED)


def _model(batch_id: str, name: str, used: Mapping[str, TargetUsage], made: MadeFigures | None) -> Compared:
    usage = used.get(name)
    samples = made["samples"] if made is not None else 0
    cost = usage["cost_usd"] if usage is not None else None
    return Compared(
        batch_id=batch_id,
        model=name,
        samples=samples,
        wanted=None,
        drafts=None,
        accepted=None,
        calls=usage["calls"] if usage is not None else 0,
        verified=verified_share(made) if made is not None else None,
        citing=_citing(made) if made is not None else 0,
        cost_usd=cost,
        cost_a_sample=cost / samples if cost is not None and samples else None,
        speed=None,
        quality=made["quality_mean"] if made is not None else None,
        judge=made["judge_mean"] if made is not None else None,
        switches=None,
        tokens_a_sample=_share(usage["total_tokens"], samples) if usage is not None else None,
    )


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
