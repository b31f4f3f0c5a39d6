"""Reads which quota Google says was used up: `google.rpc.QuotaFailure` among the details of an error.

Its sentence is the same for a minute and for a day ("You exceeded your current quota"), and it asks to come back in
seconds for both; only the ids of the quotas tell them apart.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from utils.vendor_answers import bodies_of

_OF_A_DAY = "PerDay"
_OF_TOKENS = "Token"


@dataclass(frozen=True, slots=True)
class UsedUp:
    """What was used up.

    Attributes:
        of_a_day: Whether it is a day's, at whose end alone there is more.
        unit: Of what it is; None where both were.
        tokens, requests: The limits a minute, as far as they are stated.
    """

    of_a_day: bool
    unit: Literal["requests", "tokens"] | None
    tokens: int | None
    requests: int | None


def used_up(body: object) -> UsedUp | None:
    """Return which quotas *body* names; None where it names none."""
    named = dict(_quotas(body))
    if not named:
        return None
    of_tokens = {_OF_TOKENS in name for name in named}
    minutes = {name: value for name, value in named.items() if _OF_A_DAY not in name}
    return UsedUp(
        len(minutes) < len(named),
        None if len(of_tokens) > 1 else "tokens" if True in of_tokens else "requests",
        next((value for name, value in minutes.items() if _OF_TOKENS in name and value), None),
        next((value for name, value in minutes.items() if _OF_TOKENS not in name and value), None),
    )


def until_midnight_s(now: datetime) -> float:
    """Return the seconds from *now* until Google's day ends, at midnight in California."""
    there = now.astimezone(_california())
    midnight = datetime.combine(there.date() + timedelta(days=1), datetime.min.time(), there.tzinfo)
    return (midnight.astimezone(UTC) - now).total_seconds()


def _california() -> tzinfo:
    try:
        return ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:  # a machine without time zones; at most an hour late
        return timezone(timedelta(hours=-8))


def _quotas(body: object) -> Iterator[tuple[str, int | None]]:
    for part in bodies_of(body):
        details = part.get("details")
        for detail in details if isinstance(details, list) else ():
            violations = detail.get("violations") if isinstance(detail, Mapping) else None
            for violation in violations if isinstance(violations, list) else ():
                name = violation.get("quotaId") if isinstance(violation, Mapping) else None
                if isinstance(name, str):
                    value = str(violation.get("quotaValue") or "")
                    yield name, int(value) if value.isdecimal() else None
