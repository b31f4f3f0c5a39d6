"""Numbers, money and times as people read them; filters of the templates."""

from collections.abc import Sequence
from datetime import UTC, datetime

from web.page_words import page_words

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_SIZES = ("B", "kB", "MB", "GB", "TB")
DASH = "–"
# Places of sums from a dollar on, of smaller ones, and what costs are kept with.
_CENTS, _SMALL, _MOST_PLACES = 2, 4, 6


def number(value: float | None, places: int = 0) -> str:
    """Return 12,345.6; a dash for what is not known."""
    return DASH if value is None else f"{_rounded(value, places):,.{places}f}"


def percent(value: float | None, places: int = 0) -> str:
    """Return a share of 1 as "42 %"."""
    return DASH if value is None else f"{_rounded(value * 100, places):,.{places}f} %"


def money(value: float | None, places: int | None = None) -> str:
    """Return US dollars: with *places*, else cents or as many as a small sum needs; "price not known" for null."""
    if value is None:
        return "price not known"
    if places is not None and round(value, places):
        return f"${value:,.{places}f}"
    if value == 0:
        return "$0"
    return f"${value:,.2f}" if abs(value) >= 1 else f"${value:.4f}" if abs(value) >= 0.0001 else "under $0.0001"


def summing_places(total: float | None, parts: Sequence[float | None]) -> int | None:
    """Return the fewest places, 2 to 6, at which the rounded *parts* sum to the rounded *total*; None without a sum."""
    known = [part for part in parts if part is not None]
    if not total or len(known) < len(parts):
        return None
    for places in range(_CENTS if total >= 1 else _SMALL, _MOST_PLACES):
        shown = [round(part, places) for part in known]
        if round(sum(shown), places) == round(total, places) and shown.count(0) == known.count(0):
            return places
    return _MOST_PLACES


def duration(seconds: float | None) -> str:
    """Return a time span in its two largest units: "2 h 5 min"."""
    if seconds is None:
        return DASH
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _two(whole // _MINUTE, "min", whole % _MINUTE if whole < 10 * _MINUTE else 0, "s")
    if whole < _DAY:
        return _two(whole // _HOUR, "h", whole % _HOUR // _MINUTE, "min")
    return _two(whole // _DAY, "d", whole % _DAY // _HOUR, "h")


def _rounded(value: float, places: int) -> float:
    """Return *value* rounded, without the sign of a zero that was a little less."""
    return round(value, places) + 0.0


def _two(count: int, unit: str, smaller: int, smaller_unit: str) -> str:
    return f"{count} {unit} {smaller} {smaller_unit}" if smaller else f"{count} {unit}"


def moment(text: str | None) -> str:
    """Return an ISO time stamp as "29 Nov 2026, 14:05 UTC"; what is none as it is."""
    if not text:
        return DASH
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return text
    aware = read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    return f"{aware.day} {aware:%b %Y, %H:%M} UTC"


def size(count: float | None) -> str:
    """Return a number of bytes as "1.4 MB"."""
    if count is None:
        return DASH
    for unit in _SIZES:
        if abs(count) < 1000 or unit == _SIZES[-1]:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return DASH


def words(text: str | None) -> str:
    """Return an identifier as words: "case_analysis" as "Case analysis"."""
    plain = (text or "").replace("_", " ").strip()
    return plain[:1].upper() + plain[1:] if plain else DASH


FILTERS = {one.__name__: one for one in (number, percent, money, duration, moment, size, words, page_words)}
