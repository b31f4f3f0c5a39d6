"""The reporters, codes and journals of the United States, by the names that citations use for them.

Names, variations and citation forms are those of reporters-db (Free Law Project), read once into a table.
White space is ignored: "N. Y. S. 2d" means "N.Y.S.2d". Most series are cited as volume, name, page;
where reporters-db lists special forms for a series, one of them must fit the whole reference.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, lru_cache
from string import Template
from typing import NotRequired, TypedDict

_PAGE = r"(?P<page>\d+)"
_PLAIN = ("$full_cite",)
_MOST_BLANKS = 4
# Ways to write a series that reporters-db does not list.
_ALSO_WRITTEN = {"FCC Rcd": ("F.C.C.R.", "F.C.C. R.", "FCCR", "F.C.C. Rcd.", "FCC Rcd.")}


@dataclass(frozen=True, slots=True)
class Edition:
    """One series.

    Attributes:
        name: Its abbreviation as it should be written.
        kind: What reporters-db calls its `cite_type`: "federal", "state", "neutral", "journal", …
        first: Year in which it began; 0 if unknown.
        last: Year in which it ended; 9999 while it goes on.
        forms: How it is cited, as templates of reporters-db.
        exact: Whether the citation used its own abbreviation, not a variation.
    """

    name: str
    kind: str
    first: int
    last: int
    forms: tuple[str, ...]
    exact: bool


class _Described(TypedDict):
    """An edition, code or journal in reporters-db."""

    regexes: NotRequired[list[str]]
    start: NotRequired[datetime | None]
    end: NotRequired[datetime | None]


class _Reporter(TypedDict):
    """A reporter in reporters-db: its editions by name, and the edition that each variation means."""

    cite_type: str
    editions: dict[str, _Described]
    variations: dict[str, str]


def edition_of(series: str, reference: str) -> Edition | None:
    """Return the edition that *series* names in *reference* (volume, series, page); None if unknown.

    Of several with this name the federal one is meant, else a case reporter rather than a journal; among equals (two
    reporters by a Hill) the years span all of them, since it is not known which is meant.
    """
    fitting = [edition for edition in _editions().get(_bare(series), ()) if _fits(edition, series, reference)]
    if not fitting:
        return None
    exact = [edition for edition in fitting if edition.exact] or fitting
    cases = [edition for edition in exact if not edition.kind.startswith("journal")] or exact
    meant = [edition for edition in cases if edition.kind.startswith("federal")] or cases
    chosen = min(meant, key=lambda edition: edition.name)
    return replace(chosen, first=min(edition.first for edition in meant), last=max(edition.last for edition in meant))


@dataclass(frozen=True, slots=True)
class SpecialForm:
    """A form of citation that is not volume, name, page.

    Attributes:
        kind: What reporters-db calls its `cite_type`; codes and session laws begin with "leg".
        pattern: Matches the whole reference.
    """

    kind: str
    pattern: re.Pattern[str]


@cache
def special_names() -> tuple[str, ...]:
    """Return the names of series, codes and journals that have special forms."""
    return tuple(_special())


@lru_cache(maxsize=1024)
def special_forms(name: str) -> tuple[SpecialForm, ...]:
    """Return the special forms of what goes by *name*."""
    return tuple(
        SpecialForm(edition.kind, re.compile(_written(form, name)))
        for edition in _special().get(name, ())
        for form in edition.forms
        if form not in _PLAIN or _is_unusual(name)
    )


def _is_unusual(name: str) -> bool:
    """Tell whether no pattern for volume, name, page reads *name*."""
    return "," in name or name.count(" ") > _MOST_BLANKS or any(word[:1].islower() for word in name.split())


@cache
def _special() -> Mapping[str, tuple[Edition, ...]]:
    table: dict[str, list[Edition]] = {}
    for name, edition in _all():
        if any(form not in _PLAIN for form in edition.forms) or _is_unusual(name):
            # Texts are read with plain apostrophes.
            table.setdefault(name.replace("\u2019", "'"), []).append(edition)
    return {name: tuple(editions) for name, editions in table.items()}


def _fits(edition: Edition, series: str, reference: str) -> bool:
    return edition.forms == _PLAIN or any(form.fullmatch(reference) for form in _patterns(edition.forms, series))


@lru_cache(maxsize=1024)
def _patterns(forms: tuple[str, ...], series: str) -> tuple[re.Pattern[str], ...]:
    """Return the patterns of *forms* that match volume and page, with *series* as the name."""
    named = [_written(form, series) for form in forms]
    return tuple(re.compile(form) for form in named if "(?P<volume>" in form and "(?P<page>" in form)


def _written(form: str, series: str) -> str:
    """Return a template of reporters-db as a pattern, with *series* as the name."""
    from reporters_db.utils import recursive_substitute

    whole: str = recursive_substitute(form, _variables())
    name = re.escape(series)
    return Template(whole).safe_substitute(edition=name, reporter=name)


@cache
def _variables() -> Mapping[str, str]:
    """Return the parts that the templates of reporters-db are made of."""
    from reporters_db import RAW_REGEX_VARIABLES
    from reporters_db.utils import process_variables

    raw = dict(RAW_REGEX_VARIABLES)
    raw["full_cite"] = {**raw["full_cite"], "": "$volume $reporter,? $page"}
    raw["page"] = {**raw["page"], "": _PAGE}
    return dict(process_variables(raw))


@cache
def _editions() -> Mapping[str, tuple[Edition, ...]]:
    """Return all editions by each of their names without white space."""
    table: dict[str, list[Edition]] = {}
    for name, edition in _all():
        known = table.setdefault(_bare(name), [])
        if edition not in known:
            known.append(edition)
    return {name: tuple(editions) for name, editions in table.items()}


def _all() -> Iterator[tuple[str, Edition]]:
    from reporters_db import JOURNALS, LAWS, REPORTERS

    for source in _flat(REPORTERS):
        for name, data in source["editions"].items():
            variations = [other for other, meant in source["variations"].items() if meant == name]
            variations += _ALSO_WRITTEN.get(name, ())
            yield from _named(name, variations, source["cite_type"], data)
    for collection in (LAWS, JOURNALS):
        for name, sources in collection.items():
            for source in sources:
                yield from _named(name, source.get("variations", ()), source["cite_type"], source)


def _flat(reporters: Mapping[str, list[_Reporter]]) -> Iterator[_Reporter]:
    return (source for cluster in reporters.values() for source in cluster)


def _named(name: str, variations: Iterable[str], kind: str, data: _Described) -> Iterator[tuple[str, Edition]]:
    forms = tuple(data.get("regexes") or _PLAIN)
    start, end = data.get("start"), data.get("end")
    first, last = start.year if start else 0, end.year if end else 9999
    yield name, Edition(name, kind, first, last, forms, exact=True)
    for other in variations:
        yield other, Edition(name, kind, first, last, forms, exact=False)


def _bare(name: str) -> str:
    return "".join(name.split())
