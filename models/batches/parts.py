"""A batch that several processes work on, seen as one: its row, and what each of them tells of its own work."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

from models.batches.batch_store import BatchColumns, BatchPart, BatchRow, KeptMeasures, KeptWatch
from models.contract.answers.batches import BatchError, Switch
from utils.circuit_breaker import CircuitSummary

_KEPT = 100
Timed = TypeVar("Timed", BatchError, Switch)


def merged(row: BatchRow, parts: Iterable[BatchPart]) -> BatchRow:
    """Return *row* with what the processes tell of their own work; counters are in the row already."""
    columns = [part["columns"] for part in parts]
    if not columns:
        return row
    newest = max(columns, key=lambda one: max((error["timestamp"] for error in one["errors"]), default=""))
    asked = next((one for one in (newest, *columns) if one["model"]), newest)
    return {
        **row,
        "provider": asked["provider"] or row["provider"],
        "model": asked["model"] or row["model"],
        "elapsed_s": round(row["elapsed_s"] + max(one["elapsed_s"] for one in columns), 3),
        "metrics": _measures([row["metrics"], *(one["metrics"] for one in columns)]),
        "errors": _in_time([row["errors"], *(one["errors"] for one in columns)]),
        "model_switches": _in_time([row["model_switches"], *(one["model_switches"] for one in columns)]),
        "provider_switches": _in_time([row["provider_switches"], *(one["provider_switches"] for one in columns)]),
    }


def told_in(row: BatchRow) -> BatchColumns:
    """Return the columns of a merged *row* that are not counters."""
    return {
        "provider": row["provider"],
        "model": row["model"],
        "elapsed_s": row["elapsed_s"],
        "metrics": row["metrics"],
        "errors": row["errors"],
        "model_switches": row["model_switches"],
        "provider_switches": row["provider_switches"],
    }


def bare(row: BatchRow) -> BatchRow:
    """Return *row* as a process begins with that has told nothing of it yet."""
    return {**row, "elapsed_s": 0.0, "metrics": {}, "errors": [], "model_switches": [], "provider_switches": []}


def circuits_of(parts: Iterable[BatchPart]) -> CircuitSummary:
    """Return the topics' circuits of all processes, each topic once."""
    found: CircuitSummary = {"open_circuits": [], "half_open_circuits": [], "closed_with_failures": []}
    seen: set[str] = set()
    for part in parts:
        told = part["circuits"]
        found["open_circuits"] += [one for one in told["open_circuits"] if one["topic"] not in seen]
        seen |= {one["topic"] for one in told["open_circuits"]}
        found["half_open_circuits"] += [one for one in told["half_open_circuits"] if one["topic"] not in seen]
        seen |= {one["topic"] for one in told["half_open_circuits"]}
        found["closed_with_failures"] += [one for one in told["closed_with_failures"] if one["topic"] not in seen]
        seen |= {one["topic"] for one in told["closed_with_failures"]}
    return found


def _in_time(lists: Sequence[Sequence[Timed]]) -> list[Timed]:
    found = [one for rows in lists for one in rows]
    return sorted(found, key=lambda one: one["timestamp"])[-_KEPT:]


def _measures(told: Sequence[KeptMeasures]) -> KeptMeasures:
    waited: Counter[str] = Counter()
    latency: dict[str, Counter[str]] = {}
    for one in told:
        waited.update(one.get("waited_s", {}))
        for target, counts in one.get("latency", {}).items():
            latency.setdefault(target, Counter()).update(counts)
    return {
        "waited_s": dict(waited),
        "latency": {target: dict(counts) for target, counts in latency.items()},
        "watch": _watch([one.get("watch", {}) for one in told]),
    }


def _watch(told: Sequence[KeptWatch]) -> KeptWatch:
    alerts = {alert["kind"]: alert for one in reversed(told) for alert in one.get("alerts", ())}
    return {
        "timeouts": sum(one.get("timeouts", 0) for one in told),
        "refusals": sum(one.get("refusals", 0) for one in told),
        "switches": sum(one.get("switches", 0) for one in told),
        "alerts": sorted(alerts.values(), key=lambda alert: alert["timestamp"]),
    }
