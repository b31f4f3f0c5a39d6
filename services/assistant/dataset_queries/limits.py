"""Words that limit what a question is about by a date or an amount, as "before 2020" and "longer than 500 words"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MONTHS = (
    "january|february|march|april|june|july|august|september|october|november|december"
    "|jan|feb|apr|jun|jul|aug|sept|sep|oct|nov|dec"
)
_WEEKDAYS = "mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?"
_SPANS = "minutes?|hours?|days?|weeks?|weekends?|months?|quarters?|years?|decades?|century"
_NUMBER = (
    r"(?:\d[\d.]*(?:%|k|st|nd|rd|th)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty"
    r"|fifty|sixty|hundred|thousand|million|half)"
)
_ROUGHLY = "(?:a |an |about |around |roughly |some )?"
_UNITS = (
    "words?|characters?|chars|letters|sentences?|paragraphs?|pages?|steps?|citations?|tokens?|percent|authorities"
    "|dollars?"
)
_COMPARED = (
    "more than|less than|fewer than|greater than|higher than|lower than|better than|worse than|other than|than|over"
    "|under|above|below|beyond|exceeding|exceeds?|at least|at most|up to|upto|between|exactly|minimum|maximum|min|max"
)
_DATES = re.compile(
    rf"(?<!\S)(?:(?:before|after|since|until|till|from|between|in|on|during|by|as of) )?(?:the )?(?:(?:last|past|this"
    rf"|next|previous|current|first) )?(?:{_NUMBER} )?(?:(?:1[5-9]|20)\d\ds?(?: \d\d? \d\d?)?|{_MONTHS}|may {_NUMBER}"
    rf"|{_NUMBER} may|{_WEEKDAYS}|{_SPANS}|yesterday|today|todays|tonight|tomorrow|dates?)(?: {_NUMBER})?(?: ago)?"
    r"(?!\S)|(?<!\S)(?:before|after|since|until|till|ago|earlier|later|during|lately)(?: \S+)?(?!\S)"
)
_AMOUNTS = re.compile(
    rf"(?<!\S)(?:(?:{_COMPARED}) {_ROUGHLY}{_NUMBER}(?: (?:and|to) {_NUMBER})?(?: (?:{_UNITS}))?"
    rf"|{_NUMBER} (?:or|and) (?:more|less|fewer|over|under|above|below|longer|shorter|higher|lower)"
    rf"|{_NUMBER} (?:{_UNITS})|(?:longer|shorter|bigger|larger|smaller|fewer)(?: than)?(?: {_NUMBER})?"
    rf"(?: (?:{_UNITS}))?)(?!\S)"
)
_RECENT = re.compile(r"(?<!\S)(?:recent|recently)(?!\S)")


@dataclass(frozen=True, slots=True)
class Limit:
    """Words that limit: from *start* to before *end*."""

    start: int
    end: int
    text: str
    is_date: bool


def limits_in(words: Sequence[str]) -> list[Limit]:
    """Return what limits in *words*; those that had a part in something already are empty."""
    joined = " ".join(word or "-" for word in words)
    found = [(match, kind is _DATES) for kind in (_DATES, _AMOUNTS) for match in kind.finditer(joined)]
    return [
        Limit(start := joined[: match.start()].count(" "), start + match[0].count(" ") + 1, match[0], is_date)
        for match, is_date in found
    ]


def is_of_late(words: Sequence[str]) -> bool:
    """Tell whether *words* speak of what is recent."""
    return _RECENT.search(" ".join(words)) is not None
