"""Whether the form of an act of the European Union is that of its year, and whether its popular name is its own.

Sources: Interinstitutional Style Guide, part 1.2.2; the numbering since 1 January 2015 (OJ 2014 C 422).
"""

from collections.abc import Mapping

from services.citations.citation import Cite, Finding, fold, invalid
from services.citations.reference import Instrument, Reference

_FULL_YEARS_FROM, _ONE_SEQUENCE_FROM, _EEC_UNTIL, _EU_FROM = 1999, 2015, 1993, 2009
# Of 1993; the Union's treaty came into force on 1 November.
_EC_DIRECTIVES_FROM = 100
# Words of names that tell nothing.
_COMMON = frozenset("the of on and act regulation directive decision".split())


def act_called(cite: Cite, reference: Reference) -> Instrument | None:
    """Return the act whose popular name stands in brackets behind the number, or before "Regulation" or "Directive"."""
    words = [*cite.parts["before"].split(), cite.parts["type"]]
    names = [cite.parts.get("called", ""), *(" ".join(words[first:]) for first in range(len(words) - 1))]
    return next((act for name in names if (act := reference.eu_acts.get(fold(name))) is not None), None)


def is_misnamed(called: Instrument, known: Instrument | None, parts: Mapping[str, str]) -> bool:
    """Tell whether a number cannot be that of the act *called* so, or of one that had the name before it."""
    if called.number == parts["number"]:
        return False
    if known is None:
        return called.year == int(parts["year"])
    return not (_telling_words(called) & _telling_words(known))


def _telling_words(act: Instrument) -> set[str]:
    return set(fold(act.name).split()) - _COMMON


def form_clash(parts: Mapping[str, str], year: int) -> Finding | None:
    """Return a fault if the number is written in a form that its year did not use, or None."""
    kind, written = parts["type"], parts["written"]
    if kind == "Directive" and written == "number/year" and year >= _FULL_YEARS_FROM:
        return invalid("malformed", f"the year of a directive comes first: {parts['number']}")
    if year >= _ONE_SEQUENCE_FROM and parts["body"] and written == "number/year":
        return invalid("malformed", f"since {_ONE_SEQUENCE_FROM} the year comes first: (EU) {parts['number']}")
    if year < _ONE_SEQUENCE_FROM and parts["bracket"] and kind == "Regulation" and written == "year/number":
        return invalid(
            "malformed", f"until {_ONE_SEQUENCE_FROM - 1} a regulation's year came last: {parts['count']}/{year}"
        )
    if year < _ONE_SEQUENCE_FROM and parts["bracket"] and kind == "Directive":
        return invalid("malformed", f"until {_ONE_SEQUENCE_FROM - 1} the body came last: {parts['number']}/EC or /EU")
    if year >= _FULL_YEARS_FROM and parts["digits"] == "2":
        return invalid("malformed", f"since {_FULL_YEARS_FROM} years have four digits: {parts['number']}")
    return None


def body_clash(parts: Mapping[str, str], year: int) -> Finding | None:
    """Return a fault if acts of that *year* did not name the body that it names, or None."""
    body, kind, count = parts["body"], parts["type"], int(parts["count"])
    if body in ("EEC", "ECSC") and year > _EEC_UNTIL:
        return invalid("type_mismatch", f"({body}) was used until October {_EEC_UNTIL}, got {year}")
    if body == "EU" and year < _EU_FROM:
        return invalid("type_mismatch", f"(EU) is used from 1 December {_EU_FROM} on, got {year}")
    if body == "EC" and kind == "Directive" and year == _EEC_UNTIL and count < _EC_DIRECTIVES_FROM:
        return invalid("type_mismatch", f"directive {count} of {year} was one of the EEC")
    # Decisions of the last weeks of the Community were numbered in the year after.
    last = _EU_FROM + 1 if kind == "Decision" else _EU_FROM
    if body == "EC" and not _EEC_UNTIL <= year <= last:
        return invalid("type_mismatch", f"(EC) was used from November {_EEC_UNTIL} to November {_EU_FROM}, got {year}")
    return None
