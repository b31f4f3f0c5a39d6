"""Reads and writes the column `thinking_source`: who thought what a sample's `thinking` says, a JSON object as text.

Files of others may have a column of that name with anything in it; what is no such object says nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson

from models.fields import LARGEST

# The columns of the provider's trace, which leave in an export only when asked for.
TRACE = ("thinking", "thinking_source")


@dataclass(frozen=True, slots=True)
class ThinkingSource:
    """Where a trace comes from.

    Attributes:
        reasoning_tokens: As the vendor counted them; None where it does not.
        duration_ms: How long it was streamed; None where it was not.
    """

    provider: str
    model: str
    reasoning_tokens: int | None = None
    duration_ms: int | None = None

    def to_json(self) -> str:
        """Return the text of the cell."""
        return orjson.dumps(asdict(self)).decode()


def thinking_source_in(text: object) -> ThinkingSource | None:
    """Return what the text of a cell says; None where it is not ours."""
    try:
        held = orjson.loads(text) if isinstance(text, str) else None
    except orjson.JSONDecodeError:
        return None
    if not isinstance(held, dict):
        return None
    provider, model = held.get("provider"), held.get("model")
    if not isinstance(provider, str) or not isinstance(model, str):
        return None
    return ThinkingSource(provider, model, _count(held.get("reasoning_tokens")), _count(held.get("duration_ms")))


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= LARGEST else None
