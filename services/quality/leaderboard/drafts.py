"""What models did in batches that one of them wrote alone: there it is known whose each draft, call and dollar was.

Who wrote a refused draft is not kept with it. A batch is therefore counted for a model where no other one gave an
answer in it, but a judge that could not have written: failover was off, and the provider was named.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from models.batches.batch_store import BatchRow, KeptJudge
from models.batches.tally_store import JOB_FILTERS, Drafts, TallyStore
from models.contract.answers.monitoring import UsageRow
from models.domain import BatchStatus
from utils.histogram import Histogram
from utils.model_names import shown_model

_AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Alone:
    """A batch that one model wrote.

    Attributes:
        samples: Samples that it made, deleted since or not.
        cost_usd: Of the writer's calls; None where a price is not known.
        latency: The seconds of its calls.
    """

    batch_id: str
    drafts: Drafts
    samples: int
    tokens: int
    cost_usd: float | None
    latency: Histogram


def written_alone(
    tallies: TallyStore, filters: Mapping[str, str], batches: Collection[str], since: str
) -> dict[tuple[str, str], list[Alone]]:
    """Return the ended batches that one model wrote, by its provider and its name in samples.

    Args:
        tallies: What is kept.
        filters: Of these `batch_id` says which batches, and what a job was planned with which drafts are counted.
        batches: Only these; none for all.
        since: Only those that began on this day or later; "" for all.
    """
    used: dict[str, list[UsageRow]] = defaultdict(list)
    for use in tallies.usage():
        used[use["batch"]].append(use)
    drafts = tallies.drafts({name: value for name, value in filters.items() if name in JOB_FILTERS})
    found: dict[tuple[str, str], list[Alone]] = defaultdict(list)
    named = filters.get("batch_id")
    for row in tallies.batches():
        is_meant = row["started_at"] >= since and (not batches or row["id"] in batches) and named in (None, row["id"])
        writer = writer_of(row, used[row["id"]]) if is_meant and BatchStatus(row["status"]).is_final else None
        if writer is not None:
            alone = _alone(row, writer, drafts.get(row["id"], Drafts()))
            found[writer["provider"], shown_model(writer["model"])].append(alone)
    return found


def writer_of(row: BatchRow, used: Iterable[UsageRow]) -> UsageRow | None:
    """Return what a batch used of the one model that wrote it; None where several may have, or nobody did."""
    answered = [use for use in used if use["calls"] > use["failed"]]
    if len(answered) == 1:
        return answered[0]
    request = row["request"]
    is_bound = request.get("allow_failover") is False and request.get("provider") not in (None, "", _AUTO)
    judge = request.get("judge")
    if judge is None or not is_bound:
        return None
    others = [use for use in answered if not _is(use, judge)]
    return others[0] if len(others) == 1 else None


def _is(use: UsageRow, judge: KeptJudge) -> bool:
    """Tell whether a model may be the judge of a batch; one that is not named is some model of its provider."""
    return use["provider"] == judge["provider"] and judge["model"] in (None, use["model"])


def _alone(row: BatchRow, writer: UsageRow, drafts: Drafts) -> Alone:
    seen = row["metrics"].get("latency", {}).get(f"{writer['provider']}/{writer['model']}", {})
    return Alone(
        row["id"], drafts, row["samples_generated"], writer["total_tokens"], writer["cost_usd"], Histogram(seen)
    )
