"""Amounts, shares, time limits, ages, dates and counts of a text, in values that can be compared.

"Twelve months" and "a year" are one value, "a quarter" is 25 per cent, "three-fifths" 60, "EUR 7.5 billion" an amount.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from services.grounding.claims.quantity import Bound, Measure, Quantity
from services.grounding.claims.words import root

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SMALL = {word: value for value, word in enumerate(_UNITS)} | {word: 20 + 10 * i for i, word in enumerate(_TENS)}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9, "bn": 10**9, "m": 10**6, "k": 1_000}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "tenth": 10, "twentieth": 20,
}  # fmt: skip
_MONTHS = "january february march april may june july august september october november december".split()

_SPELT = rf"(?:{'|'.join((*_SMALL, 'hundred', 'thousand'))})"
_WORDS = rf"(?:{_SPELT}(?:[\s-](?:and\s)?{_SPELT}){{0,6}})"
_DIGITS = r"\d{1,3}(?:[,\s\u00a0\u202f]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?"
_VALUE = rf"(?P<value>{_DIGITS}|\b{_WORDS}\b)(?P<scale>\s?(?:million|billion|thousand|hundred|bn|m|k)\b)?"
_CURRENCY = r"£|€|\$|\bEUR\b|\bGBP\b|\bUSD\b|\bECU\b"
_MONEY_WORD = r"\s(?:pounds?|euros?|dollars?)\b"
_MONEY = re.compile(rf"(?:{_CURRENCY})\s?{_VALUE}", re.IGNORECASE)
_MONEY_BEHIND = re.compile(rf"{_VALUE}(?:{_MONEY_WORD}|\s?(?:{_CURRENCY}))", re.IGNORECASE)
_TIME_UNIT = r"(?P<unit>seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b"
_BETWEEN = r"(?:[\s-](?:working|calendar|consecutive|clear|business|financial|full|whole|successive|more|further))?"
_TIME = re.compile(rf"{_VALUE}{_BETWEEN}[\s\u00a0-]?{_TIME_UNIT}", re.IGNORECASE)
_NTH = (
    "second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth "
    "seventeenth eighteenth nineteenth twentieth"
).split()
_ORDINALS = {word: float(value) for value, word in enumerate(_NTH, 2)} | {
    "thirtieth": 30.0,
    "sixtieth": 60.0,
    "ninetieth": 90.0,
}
_NTH_TIME = re.compile(
    rf"\b(?:(?P<word>{'|'.join(_ORDINALS)})|(?P<digits>\d+)(?:st|nd|rd|th))\s(?P<unit>day|week|month|year"
    rf"|anniversary)\b",
    re.IGNORECASE,
)
_ONE_TIME = re.compile(
    rf"\b(?:within|after|for|of|in|least|most|than|beyond|to|by)\s(?P<value>an?)\s(?:full\s|whole\s"
    rf"|calendar\s)?{_TIME_UNIT}",
    re.IGNORECASE,
)
_PART_OF_TIME = re.compile(
    r"\b(?P<part>(?:a\s)?half(?:\sof)?|(?:a|one|three)[\s-]quarters?\sof)\san?\s(?P<unit>day|week|month|year)\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(rf"{_VALUE}\s?(?:%|per\s?cent(?:um)?\b|percentage\b)", re.IGNORECASE)
_FRACTION = re.compile(
    rf"\b(?:(?P<over>an?|{_SPELT})[\s-])?(?P<part>half|halves|thirds?|quarters?|fourths?|fifths?|sixths?|sevenths?"
    r"|eighths?|tenths?|twentieths?)\b(?P<of>\sof\b|\sas\b|-)?",
    re.IGNORECASE,
)
_DATE = re.compile(
    rf"\b(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th|d)?\s(?:of\s)?(?P<month>{'|'.join(_MONTHS)})"
    rf"|(?P<month2>{'|'.join(_MONTHS)})\s(?P<day2>\d{{1,2}}))\b(?:,?\s(?P<year>\d{{4}}))?",
    re.IGNORECASE,
)
_COUNT = re.compile(rf"(?<![\d.,/(-])(?<!\w){_VALUE}(?![\w/.]*[\d/])", re.IGNORECASE)
_AGE_BEFORE = re.compile(
    r"\b(?:aged?|ages|age of|aged under|aged over|turned|old(?:er)? than|younger than)\s(?:of\s)?$", re.IGNORECASE
)
_AGE_BEHIND = re.compile(r"^(?:[\s-]years?)?(?:[\s-](?:old|of age)|\sor (?:over|older|under|younger)\b)", re.IGNORECASE)
_PERSON_BEFORE = re.compile(r"\b(?:under|over|below|above|than|attained|reached)\s(?:the age of\s)?$", re.IGNORECASE)
# "Under eighteen", and nothing after it that is counted.
_NOTHING_COUNTED = re.compile(
    r"^(?:\s?$|[.,;:)]|\s(?:into|in|to|from|who|may|must|can|is|are|has|have|and|for|at|on|when|where|as|by|with)\b)"
)
_PER_YEAR = {"day": 365.0, "week": 52.0, "month": 12.0, "year": 1.0}
_OFTEN = re.compile(
    rf"\b(?:(?P<times>once|twice|{_SPELT}\stimes|\d+\stimes)\s)?(?:(?:in\s)?(?:each|every)|(?(times)(?:an?"
    rf"|per)|per(?=\syear)))\s"
    rf"(?:(?P<span>{_SPELT}|\d+)\s)?(?P<unit>day|week|month|year)s?\b"
    r"|\b(?P<adverb>annual(?:ly)?|yearly|monthly|weekly|daily)\b",
    re.IGNORECASE,
)
_BY_ADVERB = {"annual": 1.0, "annually": 1.0, "yearly": 1.0, "monthly": 12.0, "weekly": 52.0, "daily": 365.0}
_MOST_BEFORE = re.compile(
    r"(?:within|at most|up to|(?:not|no) (?:more|later|longer|older) than|not exceed(?:ing)?"
    r"|maximum(?: of)?|less than|fewer than|under|below"
    r"|not beyond|before)(?: the)?(?: (?:period|age|term|sum|end) of)?\s$",
    re.IGNORECASE,
)
_LEAST_BEFORE = re.compile(
    r"(?:at least|(?:not|no) (?:less|fewer|earlier|younger) than|minimum(?: of)?|more than|over|above"
    r"|exceed(?:s|ing)?|longer than)"
    r"(?: the)?(?: (?:period|age|term|sum) of)?\s$",
    re.IGNORECASE,
)
_NOT_BEFORE = re.compile(r"\b(?:not|no)\s$", re.IGNORECASE)
_LEAST_BEHIND = re.compile(r"^\sor (?:more|over|older|above)\b", re.IGNORECASE)
_MOST_BEHIND = re.compile(r"^\s(?:or (?:less|fewer|under|younger|below)\b|at (?:the latest|most))", re.IGNORECASE)
_YEAR = re.compile(r"1[5-9]\d\d|20\d\d")
_TIMES = {"once": 1, "twice": 2, "thrice": 3}
_SINGLE = re.compile(r"\b(?P<value>single|sole|once|twice|thrice)\b", re.IGNORECASE)
_NOUN = re.compile(r"^[\s-](?:(?:or more|of the|affirmative|separate|other|more|different|of)\s)*(?P<noun>[A-Za-z-]+)")


_IN_DAYS = {"second": 1 / 86_400, "minute": 1 / 1_440, "hour": 1 / 24, "day": 1.0, "week": 7.0}
_IN_MONTHS = {"month": 1.0, "year": 12.0}


def quantities(text: str) -> list[Quantity]:
    """Return the quantities of *text* in order; what belongs to a longer one is no quantity of its own."""
    found: list[Quantity] = []
    taken = bytearray(len(text))
    for quantity in _all(text):
        if not any(taken[quantity.start : quantity.end]):
            found.append(replace(quantity, bound=_bound(text, quantity)))
            taken[quantity.start : quantity.end] = b"\x01" * (quantity.end - quantity.start)
    return sorted(found, key=lambda quantity: quantity.start)


def _all(text: str) -> Iterator[Quantity]:
    """Yield quantities, those that read most of the text first."""
    for pattern, measure in ((_MONEY, Measure.MONEY), (_MONEY_BEHIND, Measure.MONEY), (_PERCENT, Measure.SHARE)):
        yield from (Quantity(measure, _value(found), found[0], *found.span()) for found in pattern.finditer(text))
    yield from (_date(found) for found in _DATE.finditer(text))
    yield from (_part_of_time(found) for found in _PART_OF_TIME.finditer(text))
    yield from (_frequency(found) for found in _OFTEN.finditer(text))
    yield from (_nth_time(found) for found in _NTH_TIME.finditer(text))
    for pattern in (_TIME, _ONE_TIME):
        yield from (_time(text, found) for found in pattern.finditer(text))
    yield from (share for found in _FRACTION.finditer(text) if (share := _share(found)))
    for found in _SINGLE.finditer(text):
        yield _count(text, found, float(_TIMES.get(found["value"].lower(), 1)))
    for found in _COUNT.finditer(text):
        if not _YEAR.fullmatch(found[0]):
            yield _aged(text, found) or _count(text, found, _value(found))


def _part_of_time(found: re.Match[str]) -> Quantity:
    part, unit = found["part"].lower(), found["unit"].lower()
    share = 0.5 if "half" in part else 0.75 if "three" in part else 0.25
    measure, units = (Measure.MONTHS, _IN_MONTHS) if unit in _IN_MONTHS else (Measure.DAYS, _IN_DAYS)
    return Quantity(measure, share * units[unit], found[0], *found.span())


def _nth_time(found: re.Match[str]) -> Quantity:
    value = float(found["digits"]) if found["digits"] else _ORDINALS[found["word"].lower()]
    unit = found["unit"].lower().replace("anniversary", "year")
    measure, units = (Measure.MONTHS, _IN_MONTHS) if unit in _IN_MONTHS else (Measure.DAYS, _IN_DAYS)
    return Quantity(measure, value * units[unit], found[0], *found.span())


def _share(found: re.Match[str]) -> Quantity | None:
    """Return a fraction as a share; None for an ordinal ("a third country", "the third day")."""
    over, part = (found["over"] or "").lower(), found["part"].lower().rstrip("s")
    part = "half" if part.startswith("hal") else part
    one = over in ("a", "an", "")
    if part != "half" and not (found["of"] or (over and not one) or (over and part == "quarter")):
        return None
    value = (1.0 if one else _number(over)) / _PARTS[part]
    return Quantity(Measure.SHARE, 100 * value, found[0], *found.span()) if value <= 1 else None


def _date(found: re.Match[str]) -> Quantity:
    month = _MONTHS.index((found["month"] or found["month2"]).lower()) + 1
    day = int(found["day"] or found["day2"])
    return Quantity(Measure.DATE, month * 100 + day, found[0], *found.span(), year=int(found["year"] or 0))


def _frequency(found: re.Match[str]) -> Quantity:
    if found["adverb"]:
        return Quantity(Measure.FREQUENCY, _BY_ADVERB[found["adverb"].lower()], found[0], *found.span())
    times = (found["times"] or "once").lower()
    often = _TIMES.get(times) or _number(times.split()[0])
    span = _number(found["span"]) if found["span"] else 1.0
    value = often * _PER_YEAR[found["unit"].lower()] / (span or 1.0)
    return Quantity(Measure.FREQUENCY, value, found[0], *found.span())


def _bound(text: str, quantity: Quantity) -> Bound:
    before, behind = text[max(0, quantity.start - 40) : quantity.start], text[quantity.end : quantity.end + 16]
    if _LEAST_BEHIND.match(behind):
        return Bound.LEAST
    if _MOST_BEHIND.match(behind):
        return Bound.MOST
    for pattern, bound, contrary in (
        (_MOST_BEFORE, Bound.MOST, Bound.LEAST),
        (_LEAST_BEFORE, Bound.LEAST, Bound.MOST),
    ):
        found = pattern.search(before)
        if found:
            return contrary if _NOT_BEFORE.search(before[: found.start()]) else bound
    return Bound.NONE


def _time(text: str, found: re.Match[str]) -> Quantity:
    unit = found["unit"].lower().rstrip("s")
    value = 1.0 if found["value"].lower() in ("a", "an") else _value(found)
    if unit == "year" and _is_age(text, found.start("value"), found.end()):
        return Quantity(Measure.AGE, value, found[0], *found.span())
    if unit in _IN_MONTHS:
        return Quantity(Measure.MONTHS, value * _IN_MONTHS[unit], found[0], found.start("value"), found.end())
    return Quantity(Measure.DAYS, value * _IN_DAYS[unit], found[0], found.start("value"), found.end())


def _is_age(text: str, start: int, end: int) -> bool:
    before, behind = text[max(0, start - 24) : start], text[end : end + 16]
    return bool(_AGE_BEFORE.search(before) or re.match(r"[\s-](?:old\b|of age\b)", behind))


def _aged(text: str, found: re.Match[str]) -> Quantity | None:
    before, behind = text[max(0, found.start() - 24) : found.start()], text[found.end() : found.end() + 16]
    value = _value(found)
    adult = 5 <= value <= 100 and _NOTHING_COUNTED.match(behind) is not None
    if _AGE_BEFORE.search(before) or _AGE_BEHIND.match(behind) or (adult and _PERSON_BEFORE.search(before)):
        return Quantity(Measure.AGE, value, found[0], *found.span())
    return None


def _count(text: str, found: re.Match[str], value: float) -> Quantity:
    noun = _NOUN.match(text[found.end() : found.end() + 40])
    return Quantity(Measure.COUNT, value, found[0], *found.span(), noun=root(noun["noun"].lower()) if noun else "")


def _value(found: re.Match[str]) -> float:
    scale = _SCALES[found["scale"].strip().lower()] if found["scale"] else 1
    return _number(found["value"]) * scale


def _number(written: str) -> float:
    if written[0].isdigit():
        return float(re.sub(r"[,\s\u00a0\u202f]", "", written))
    total, part = 0.0, 0.0
    for word in re.split(r"[\s-]+", written.lower()):
        if word in _SMALL:
            part += _SMALL[word]
        elif word == "hundred":
            part = (part or 1) * 100
        elif word == "thousand":
            total, part = total + (part or 1) * 1_000, 0.0
    return total + part
