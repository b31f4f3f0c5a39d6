"""Comparisons: several models write one plan, each in a batch of its own; what came of it, item by item.

A comparison is its batches: their requests bear its id as `origin`, so that nothing else is kept of it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from models.batches.batch_store import BatchRow, BatchStore
from models.batches.tally_store import TallyStore
from models.contract.answers.batch_reports import BatchPlan
from models.contract.answers.leaderboard import (
    BoardRow,
    ComparedTarget,
    Comparison,
    ComparisonFacts,
    ComparisonPlan,
    PairedMeasure,
    PlannedTarget,
)
from models.contract.bodies import BatchRequest
from models.contract.comparison_bodies import ComparisonRequest
from services.batch.alike import Refusal
from services.batch.monitor import BatchMonitor
from services.quality.leaderboard.board import Leaderboard, Which
from services.quality.leaderboard.pairs import MEASURES, compared, values_of
from utils.clock import Clock
from utils.errors import NotFoundError
from utils.frames import pl
from utils.model_names import shown_model

_ORIGIN = "comparison "


class Batches(Protocol):
    """What starts batches that differ in who writes, and in nothing else."""

    def plan_alike(self, requests: Sequence[BatchRequest]) -> list[BatchPlan | Refusal]:
        """Return what each would do, or why it cannot be met."""

    def start_alike(self, requests: Sequence[BatchRequest]) -> list[str]:
        """Start them; return their ids."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of comparisons, in the tables of batches."""

    batches: BatchStore
    tallies: TallyStore


class Comparisons:
    """Thread-safe; keeps nothing."""

    def __init__(self, batches: Batches, kept: Kept, monitor: BatchMonitor, board: Leaderboard, clock: Clock) -> None:
        self._batches = batches
        self._kept = kept
        self._monitor = monitor
        self._board = board
        self._clock = clock

    def plan(self, wanted: ComparisonRequest) -> ComparisonPlan:
        """Return what a start would make, cost and take; errors as `start`."""
        plans = self._batches.plan_alike(_requests(wanted, None))
        told = [_planned(name, plan) for name, plan in zip(wanted.targets, plans, strict=True)]
        made = [row["plan"] for row in told if row["plan"] is not None]
        costs = [plan["expected_cost_usd"] for plan in made]
        known = [cost for cost in costs if cost is not None]
        return {
            "targets": told,
            "total": made[0]["total"],
            "expected_tokens": sum(plan["expected_tokens"] for plan in made),
            "expected_cost_usd": round(sum(known), 4) if len(known) == len(costs) else None,
        }

    def start(self, wanted: ComparisonRequest) -> Comparison:
        """Start a batch for each target, all of the same plan; a target that cannot be asked does not hold the others.

        Raises:
            InputError: no target can be asked, not even one call fits the budget of one, or too many batches run.
        """
        name = f"comparison_{int(self._clock.now().timestamp())}_{secrets.token_hex(4)}"
        self._batches.start_alike(_requests(wanted, f"{_ORIGIN}{name} {wanted.name or ''}".strip()))
        return self.one(name)

    def find(self) -> list[ComparisonFacts]:
        """Return every comparison, newest first."""
        found: dict[str, list[BatchRow]] = {}
        for row in self._kept.batches.with_origin(_ORIGIN):
            found.setdefault(_id_and_name(row)[0], []).append(row)
        return [_facts(name, _in_order(rows)) for name, rows in found.items()]

    def one(self, comparison_id: str) -> Comparison:
        """Return one comparison and what came of it so far.

        Raises:
            NotFoundError: there is none.
            UnavailableError: the citations of too many samples are not checked yet.
        """
        rows = [row for row in self._kept.batches.with_origin(_ORIGIN) if _id_and_name(row)[0] == comparison_id]
        if not rows:
            raise NotFoundError(f"comparison {comparison_id[:100]!r}: not found; list them with GET /api/comparisons")
        rows = _in_order(rows)
        board = self._board.board(Which(batches=tuple(row["id"] for row in rows)))
        known = {row["target"]: row for row in board["rows"]}
        return {
            **_facts(comparison_id, rows),
            "results": [self._result(row, known.get(_target(row))) for row in rows],
            "paired": self._paired(rows),
        }

    def _result(self, row: BatchRow, known: BoardRow | None) -> ComparedTarget:
        batch = self._monitor.one(row["id"])
        return {
            "target": _target(row),
            "batch_id": row["id"],
            "status": batch["status"],
            "reason": batch["reason"],
            "samples_generated": batch["samples_generated"],
            "row": known,
        }

    def _paired(self, rows: Sequence[BatchRow]) -> list[PairedMeasure]:
        ids = {_target(row): row["id"] for row in rows}
        items = self._kept.tallies.items(ids.values())
        samples = self._board.samples(Which(batches=tuple(ids.values())))
        by_target = {name: items[batch_id] for name, batch_id in ids.items()}
        values = {
            name: values_of(by_target[name], samples.filter(pl.col("batch_id") == batch_id))
            for name, batch_id in ids.items()
        }
        return [compared(name, {target: one[name] for target, one in values.items()}, by_target) for name in MEASURES]


def _requests(wanted: ComparisonRequest, origin: str | None) -> list[BatchRequest]:
    """Return the request of each target: one model and no other."""
    asked = wanted.batch.model_dump(exclude_unset=True)
    writers = [name.partition("/") for name in wanted.targets]
    return [
        BatchRequest.model_validate(
            {**asked, "provider": provider, "model": model, "allow_failover": False, "origin": origin}
        )
        for provider, _, model in writers
    ]


def _planned(name: str, plan: BatchPlan | Refusal) -> PlannedTarget:
    if isinstance(plan, Exception):
        return {"target": name, "plan": None, "reason": str(plan)}
    return {"target": name, "plan": plan, "reason": None}


def _facts(name: str, rows: Sequence[BatchRow]) -> ComparisonFacts:
    return {
        "id": name,
        "name": _id_and_name(rows[0])[1],
        "state": "ended" if all(row["completed_at"] for row in rows) else "running",
        "started_at": min(row["started_at"] for row in rows),
        "total": rows[0]["target"],
        "targets": [_target(row) for row in rows],
    }


def _id_and_name(row: BatchRow) -> tuple[str, str]:
    name, _, told = (row["request"].get("origin") or "").removeprefix(_ORIGIN).partition(" ")
    return name, told


def _in_order(rows: Sequence[BatchRow]) -> list[BatchRow]:
    return sorted(rows, key=_target)


def _target(row: BatchRow) -> str:
    """Return who writes a batch, as samples name it."""
    request = row["request"]
    return f"{request.get('provider')}/{shown_model(request.get('model') or '')}"
