"""The leaderboard: each model on the user's own data, by measures that have intervals. See docs/leaderboard.md."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from models.batches.tally_store import JOB_FILTERS, TallyStore
from models.contract.answers.leaderboard import Board, BoardMeasures, BoardRow, Measured, MeasureName
from models.fields import validated_day
from models.samples.sample_store import SampleStore
from models.samples.scored import scored
from models.samples.snapshot import POSITION
from services.quality.citation_audit import Verdicts
from services.quality.leaderboard import intervals
from services.quality.leaderboard.drafts import Alone, written_alone
from services.quality.leaderboard.intervals import Interval
from utils.frames import pl
from utils.histogram import Histogram

LOWER: frozenset[MeasureName] = frozenset({"invented", "invalid", "cost_usd", "tokens", "answer_tokens", "seconds"})
_CITES = ("verified", "unverified", "invalid")
_WRITER = ("provider", "model")
_PLACES = 6


@dataclass(frozen=True, slots=True)
class Which:
    """Which samples and batches a board is of.

    Attributes:
        filters: Exact values of samples by column.
        batches: Ids of batches; none for all.
        since: The first day, as 2026-11-21; "" for the beginning.
    """

    filters: Mapping[str, str] = field(default_factory=dict)
    batches: Collection[str] = ()
    since: str = ""


class Leaderboard:
    """Thread-safe; keeps nothing."""

    def __init__(self, samples: SampleStore, verdicts: Verdicts, tallies: TallyStore) -> None:
        self._samples = samples
        self._verdicts = verdicts
        self._tallies = tallies

    def board(self, which: Which, sort: MeasureName = "accepted") -> Board:
        """Return every model with samples or drafts that match, the best by *sort* first; those without it last.

        Raises:
            InputError: the day is none.
            UnavailableError: the citations of too many samples are not checked yet.
        """
        since = validated_day("since", which.since)
        rows = self.samples(which, since)
        mine = {name: which.filters[name] for name in _WRITER if name in which.filters}
        alone = written_alone(self._tallies, which.filters, which.batches, since)
        known = rows.drop_nulls(list(_WRITER))
        grounded = set(self._tallies.on_documents())
        by_writer = {
            (str(key[0]), str(key[1])): part for key, part in known.partition_by(_WRITER, as_dict=True).items()
        }
        writers = by_writer.keys() | {key for key in alone if _is_meant(key, mine)}
        found = [
            _row(key, by_writer.get(key, known.clear()), alone.get(key, []), grounded, which.filters)
            for key in sorted(writers)
        ]
        ordered = _ordered(found, sort)
        return {
            "sort": sort,
            "better": "lower" if sort in LOWER else "higher",
            "filters": dict(which.filters),
            "batches": sorted(which.batches),
            "since": since or None,
            "rows": ordered,
            "count": len(ordered),
            "without_model": rows.height - known.height,
        }

    def samples(self, which: Which, since: str = "") -> pl.DataFrame:
        """Return the samples that match, a row each (`models.samples.scored`).

        With the `verdict` on their citations, and whether they were to stand `on_documents`.
        """
        snapshot = self._samples.snapshot()
        rows = scored(snapshot, which.filters, which.batches, since)
        verdicts = self._verdicts.verdicts(snapshot).select(POSITION, pl.col("citation_verdict").alias("verdict"))
        asked = pl.Series(self._tallies.on_documents(), dtype=pl.String()).implode()
        return (
            rows.with_columns(pl.col(POSITION).cast(pl.UInt32()), pl.col("id").is_in(asked).alias("on_documents"))
            .join(verdicts, on=POSITION, how="left")
            .drop(POSITION)
        )


def ordered_value(measured: Measured, name: MeasureName) -> float:
    """Return what models are ordered by: the smaller, the better; infinite where there is no figure."""
    value = measured["value"]
    return math.inf if value is None else value if name in LOWER else -value


def measured(value: float | None, interval: Interval, count: int) -> Measured:
    """Return a figure of an answer."""
    low, high = interval if interval is not None and value is not None else (None, None)
    return {"value": _rounded(value), "low": _rounded(low), "high": _rounded(high), "n": count}


def share(hits: int, count: int) -> Measured:
    """Return a share with its interval."""
    return measured(hits / count if count else None, intervals.of_share(hits, count), count)


def mean(column: pl.Series, most: float | None = None) -> Measured:
    """Return the mean of what is known of *column*, whose values lie between 0 and *most*."""
    known = column.drop_nulls().cast(pl.Float64())
    middle, spread = known.mean(), known.std()
    if not isinstance(middle, float):
        return measured(None, None, 0)
    deviation = spread if isinstance(spread, float) else 0.0
    return measured(middle, intervals.of_mean(middle, deviation, len(known), most), len(known))


def _row(
    key: tuple[str, str],
    rows: pl.DataFrame,
    alone: Sequence[Alone],
    grounded: Collection[str],
    filters: Mapping[str, str],
) -> BoardRow:
    provider, model = key
    return {
        "target": f"{provider}/{model}",
        "provider": provider,
        "model": model,
        "samples": rows.height,
        "batches": len(alone),
        "judges": sorted(rows["judge"].drop_nulls().unique().to_list()),
        "measures": _measures(rows, alone, filters),
        "told_apart": None,
    }


def _measures(rows: pl.DataFrame, alone: Sequence[Alone], filters: Mapping[str, str]) -> BoardMeasures:
    citing = rows.filter(pl.col("verdict").is_in(_CITES))["verdict"]
    on_law = rows.filter("on_documents")["grounding"]
    decided = rows["review"].filter(rows["review"].is_in(["accepted", "rejected"]))
    # What a filter lets through of the drafts is known by their jobs; of calls it is not known.
    drafts = alone if filters.keys() <= {*JOB_FILTERS, *_WRITER, "batch_id"} else ()
    calls = alone if not filters.keys() - {*_WRITER, "batch_id"} else ()
    examined = sum(one.drafts.accepted + one.drafts.refused for one in drafts)
    priced = [one.cost_usd for one in calls if one.cost_usd is not None]
    return {
        "accepted": share(sum(one.drafts.accepted for one in drafts), examined),
        "invented": share(sum(one.drafts.invented for one in drafts), examined),
        "verified": share(int((citing == "verified").sum()), len(citing)),
        "invalid": share(int((citing == "invalid").sum()), len(citing)),
        "grounded": share(int((on_law == "grounded").sum()), len(on_law)),
        "reviewed": share(int((decided == "accepted").sum()), len(decided)),
        "quality": mean(rows["quality_score"], most=1.0),
        "judge": mean(rows["judge_score"], most=1.0),
        "cost_usd": _a_sample(priced, calls) if len(priced) == len(calls) else measured(None, None, 0),
        "tokens": _a_sample([one.tokens for one in calls], calls),
        "answer_tokens": mean(rows["tokens_used"]),
        "seconds": _median([one.latency for one in calls]),
    }


def _a_sample(amounts: Sequence[float], batches: Sequence[Alone]) -> Measured:
    """Return what all calls took for each sample that came of them."""
    counts = [one.samples for one in batches]
    total = sum(counts)
    return measured(sum(amounts) / total if total else None, intervals.of_ratio(amounts, counts), total)


def _median(seen: Sequence[Histogram]) -> Measured:
    together = Histogram()
    for one in seen:
        together.join(one)
    return measured(together.quantile(0.5), intervals.of_median(together), together.count)


def _ordered(rows: list[BoardRow], sort: MeasureName) -> list[BoardRow]:
    """Put *rows* in order by *sort*, and say which of them can be told from the first."""
    rows = sorted(rows, key=lambda row: (ordered_value(row["measures"][sort], sort), row["target"]))
    for row in rows[1:]:
        row["told_apart"] = _told_apart(rows[0], row, sort)
    return rows


def _told_apart(first: BoardRow, row: BoardRow, sort: MeasureName) -> bool | None:
    if sort == "judge" and first["judges"] != row["judges"]:  # two judges are two scales
        return None
    overlap = intervals.overlap(_interval(first["measures"][sort]), _interval(row["measures"][sort]))
    return None if overlap is None else not overlap


def _interval(found: Measured) -> Interval:
    return None if found["low"] is None or found["high"] is None else (found["low"], found["high"])


def _is_meant(key: tuple[str, str], wanted: Mapping[str, str]) -> bool:
    return all(value == wanted.get(name, value) for name, value in zip(_WRITER, key, strict=True))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _PLACES)
