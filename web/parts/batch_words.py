"""Batches in words: their states, what they wait for, what happened to them, and how full limits are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.contract.answers.batch_events import BatchEvent
from models.contract.answers.batches import Batch, BatchState, Switch
from models.contract.answers.monitoring import LimitWindow, TargetState, WhyClosed
from web.formats import duration, moment, number, words

STATES: dict[BatchState, tuple[str, str]] = {
    "pending": ("Being planned", "info"),
    "running": ("Running", "info"),
    "paused": ("Paused", "warn"),
    "stopping": ("Stopping", "warn"),
    "completed": ("Completed", "good"),
    "stopped": ("Stopped", ""),
    "failed": ("Failed", "bad"),
}
FINAL = ("completed", "stopped", "failed")
_WAITS = {
    "limit": "a limit of the provider",
    "closed": "a provider that can be used again",
    "concurrency": "a free place among the calls at a time",
    "budget": "what calls under way leave of the limit on cost or tokens",
    "topic": "topics that were refused too often",
    "storage": "the disk, which takes nothing",
}
_REASONS = {
    "model_unavailable": "a model is not available",
    "rate_limit": "a rate limit was reached",
    "authentication": "a key was refused",
    "timeout": "an answer took too long",
    "connection_error": "a provider could not be reached",
    "server_error": "a provider reported a fault of its own",
    "bad_request": "a provider did not take the request",
    "refused": "a model declined to answer",
    "general": "a call failed",
    "json_error": "an answer could not be read",
    "quality_error": "an answer was refused by checks",
    "quota": "a limit leaves no room",
    "on trial": "one call is trying it out",
}
_TURNS = {
    "started": ("Started", "info"),
    "paused": ("Paused", "warn"),
    "resumed": ("Resumed", "info"),
    "stopping": ("Stopping", "warn"),
    "alert": ("Look at this", "bad"),
}
_WINDOWS = (("minute", "this minute"), ("hour", "this hour"), ("day", "today"))
_FULL = 0.9
_MOST_GAUGES = 6


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a batch's history.

    Attributes:
        kind: Of the badge: good, warn, bad, info or none.
        left: The target that was left; empty unless it is a change of target.
        taken: The target that took over.
    """

    at: str
    label: str
    kind: str
    text: str = ""
    left: str = ""
    taken: str = ""


@dataclass(frozen=True, slots=True)
class Gauge:
    """How much of one limit is used."""

    label: str
    used: int
    limit: int

    @property
    def is_full(self) -> bool:
        """Whether it is about to stop calls."""
        return self.used >= _FULL * self.limit


@dataclass(frozen=True, slots=True)
class TargetGauges:
    """A target: whether it may be called, and its limits; *waits*: it may, but calls wait for room in its limits."""

    name: str
    is_open: bool
    state: str
    waits: bool
    in_flight: int
    gauges: tuple[Gauge, ...]


def exactly(at: str) -> str:
    """Return a time stamp with its seconds: "29 Nov 2026, 14:05:09 UTC"."""
    return moment(at).replace(" UTC", f":{at[17:19]} UTC") if at[17:19].isdecimal() else moment(at)


def reason_words(reason: str | None) -> str:
    """Return a category of failures as words; a sentence as it is."""
    return _REASONS.get(reason or "", reason or "")


def waiting_words(batch: Batch) -> str:
    """Return what a batch waits for and until when; "" while it works."""
    if batch["waiting_for"] is None:
        return ""
    until = f" until {exactly(batch['waiting_until'])}" if batch["waiting_until"] else ""
    return f"Waiting for {_WAITS.get(batch['waiting_for'], batch['waiting_for'])}{until}."


def now_words(batch: Batch) -> str:
    """Return in one line what a batch does at this moment."""
    if waiting := waiting_words(batch):
        return waiting
    if batch["status"] == "paused":
        return "Paused: no new calls are made. What was made stays."
    if batch["status"] in FINAL:
        return batch["reason"] or ""
    if batch["current_sample"]:
        return f"Writing on {batch['current_sample']}."
    return "Calls are under way."


def happenings(turns: Sequence[BatchEvent]) -> list[Happening]:
    """Return what happened to a batch as a whole, in the order of *turns*."""
    return [_happening(turn) for turn in turns]


def target_gauges(targets: Sequence[TargetState], used: Sequence[str], *, waits: bool = False) -> list[TargetGauges]:
    """Return the limits of the targets that a batch *used* (names as "provider/model"), those in use first.

    *waits* says that the batch waits for room in them.
    """
    chosen = [row for row in targets if row["target"] in used]
    chosen.sort(key=lambda row: (-row["in_flight"], row["target"]))
    return [_target(row, tuple(_gauges(row)), waits=waits) for row in chosen[:_MOST_GAUGES]]


def kind_words(kind: str) -> str:
    """Return the kind of a refusal, "[quality_error] citations", as words: "Citations"."""
    category, bracket, rest = kind.removeprefix("[").partition("] ")
    return words(rest) if bracket and rest else words(category)


def rates(made: int, attempts: int) -> float | None:
    """Return *made* of *attempts* as a share of 1; None before any."""
    return made / attempts if attempts else None


def sum_of(counts: Mapping[str, int], *names: str) -> int:
    """Return the sum of *counts* by *names*."""
    return sum(counts.get(name, 0) for name in names)


def _happening(turn: BatchEvent) -> Happening:
    at = turn["at"]
    if turn["type"] == "switch":
        return _switched(at, turn["detail"])
    if turn["type"] == "ended":
        return Happening(at, *STATES[turn["detail"]["status"]], turn["detail"]["reason"] or "")
    label, kind = _TURNS.get(turn["type"], (words(turn["type"]), ""))
    return Happening(at, label, kind, _turn_words(turn))


def _turn_words(turn: BatchEvent) -> str:
    if turn["type"] == "started":
        return f"{number(turn['detail']['target'])} samples wanted"
    if turn["type"] == "resumed" and (cut := turn["detail"].get("in_doubt")) is not None:
        return f"after a restart; {number(cut)} calls were cut off"
    if turn["type"] == "stopping":
        return "answers under way are still taken in"
    return turn["detail"]["message"] if turn["type"] == "alert" else ""


def _switched(at: str, switch: Switch) -> Happening:
    why = f"{reason_words(switch['reason'])}, at sample {number(switch['at_sample'])}"
    left = f"{switch['from_provider']}/{switch['from_model']}"
    return Happening(at, "Other model", "warn", why, left, f"{switch['to_provider']}/{switch['to_model']}")


def _open_words(row: TargetState) -> str:
    if row["open"]:
        return "open"
    why: WhyClosed | str = row["reason"] or "general"
    seconds = row["opens_in_s"]
    until = "until its settings change" if seconds is None else f"for {duration(max(1.0, seconds))}"
    return f"closed {until}: {reason_words(why)}"


def _target(row: TargetState, gauges: tuple[Gauge, ...], *, waits: bool) -> TargetGauges:
    has_no_room = waits and row["open"] and bool(gauges)
    return TargetGauges(row["target"], row["open"], _open_words(row), has_no_room, row["in_flight"], gauges)


def _gauges(row: TargetState) -> list[Gauge]:
    windows: dict[str, LimitWindow] = {"minute": row["minute"], "hour": row["hour"], "day": row["day"]}
    found = []
    for name, when in _WINDOWS:
        window = windows[name]
        for unit, used, limit in (
            ("Requests", window["requests"], window["requests_limit"]),
            ("Tokens", window["tokens"], window["tokens_limit"]),
        ):
            if limit is not None:
                found.append(Gauge(f"{unit} {when}", used, limit))
    return found
