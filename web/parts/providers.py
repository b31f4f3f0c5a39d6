"""What the pages of providers and models show: states in words, changed fields, moves in an order, sums."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.contract.answers.management import EmbeddedModelState, KeyCheck, ModelView, ProviderSummary
from models.contract.answers.monitoring import TargetState, UsageRow

_CLOSED: Mapping[str, str] = {
    "model_unavailable": "not available",
    "rate_limit": "limit reached",
    "authentication": "key refused",
    "timeout": "too slow",
    "connection_error": "not reachable",
    "server_error": "vendor has a fault",
    "general": "closed after errors",
    "on trial": "being tried again",
}
_CHECKS: Mapping[str, str] = {
    "accepted": "The vendor accepted the key.",
    "refused": "The vendor refused the key, so the provider is off.",
    "not_reachable": "The key is stored; the vendor could not be reached to try it.",
    "unclear": "The key is stored; the vendor answered, but not about the key.",
}

_EMBEDDED: Mapping[str, tuple[str, str]] = {
    "ready": ("Ready", "good"),
    "fetching": ("Being fetched", "info"),
    "failed": ("Not fetched", "bad"),
    "absent": ("Not fetched yet", ""),
}


@dataclass(frozen=True, slots=True)
class Move:
    """A model in the order, and the places that one step leads to; None at an end."""

    model: ModelView
    up: int | None
    down: int | None


def state_of(row: ProviderSummary, embedded: EmbeddedModelState) -> tuple[str, str]:
    """Return the state of a provider in words, and the kind of its badge."""
    if row["enabled"]:
        return _EMBEDDED[embedded["stage"]] if row["id"] == embedded["provider"] else ("Ready", "good")
    if row["has_api_key"]:
        return "Off", "warn"
    return ("Needs a key" if row["needs_key"] else "Not in use"), ""


def moves(models: Sequence[ModelView]) -> list[Move]:
    """Return the models that may be chosen, in their order, each with where one step up and down leads.

    Places count all models of the provider: what is off stands between them and is stepped over.
    """
    places = [(one, one["fallback_priority"]) for one in models if one["enabled"]]
    return [
        Move(
            one,
            places[number - 1][1] if number else None,
            places[number + 1][1] if number + 1 < len(places) else None,
        )
        for number, (one, _) in enumerate(places)
    ]


def changed_fields(form: Mapping[str, str], before: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
    """Return which fields of *names* a form changes; None, which restores the first value, for one that was emptied."""
    given = {name: form.get(name, "").strip() for name in names if name in form}
    return {name: text or None for name, text in given.items() if text != str(before.get(name) or "")}


def outcome(check: KeyCheck | None) -> str:
    """Return what became of a key that was tried, with the vendor's reason; "" for none."""
    if check is None:
        return ""
    reason = f" It says: {check['reason']}" if check["reason"] and check["result"] != "accepted" else ""
    return _CHECKS[check["result"]] + reason


def now_of(target: TargetState | None) -> tuple[str, str]:
    """Return whether a model may be called now, in words, and the kind of its badge."""
    if target is None:
        return "–", ""
    if target["open"]:
        return "Open", "good"
    return _CLOSED.get(target["reason"] or "", "closed").capitalize(), "warn"


def by_name(rows: Sequence[UsageRow]) -> dict[str, UsageRow]:
    """Return rows of usage by their provider."""
    return {row.get("provider", ""): row for row in rows}
