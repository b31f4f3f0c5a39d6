"""Names of instruments: every form in which a reader may write one, as keys, and the one that readers know best.

A key is the words of a name in lower case, joined by blanks, without "the". Rules make the forms that lawyers make:
without what stands in brackets, without the year, initials ("POA 2023"), numbers of EU acts in all styles, titles of
the US Code. The catalogue's tables and the source's own aliases give the rest.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from models.grounding.document import Instrument
from services.citations.citation import fold
from services.grounding.retrieval.name_catalogue import NameCatalogue, load_names

# Words that initials pass over, and that a shortened title may lack.
SMALL = frozenset("a an and at by for from in into of on or other relating relative the their to under with".split())
_WORD = re.compile(r"[^\W_]+")
_BRACKETS = re.compile(r"\s?\([^()]*\)")
_CHAPTER = re.compile(r"\s*\(c\.? ?\d+\)$")
_YEAR = re.compile(r"(?:1[2-9]|20)\d\d")
_ACT_YEAR = re.compile(r"\b(act|code|rules|regulations|order|measure)\s+((?:1[2-9]|20)\d\d)$")
_EU_NUMBER = re.compile(
    r"\b(?P<kind>regulation|directive|decision|reg|dir|dec)\b\.?\s*"
    r"(?:\([a-z]{2,7}(?:, ?[a-z]{2,7}){0,2}\)|(?:eu|ec|eec|euratom)\b)?"
    r"\s*(?:no\.?\s*)?(?P<one>\d{1,4})/(?P<two>\d{1,4})\b(?:/(?:eu|ec|eec|jha|euratom|cfsp)\b)?"
)
_BARE_NUMBER = re.compile(r"(?<![\d/])(?P<one>\d{1,4})/(?P<two>\d{1,4})(?:/(?:eu|ec|eec|jha|euratom|cfsp)\b)?(?![\d/])")
_CELEX = re.compile(r"\b[03](?P<year>\d{4})(?P<kind>[rld])0*(?P<number>\d{1,4})(?!\d)", re.I)
_EU_ELI = re.compile(r"\beli/(?P<kind>reg|dir|dec)[a-z_]*/(?P<year>\d{4})/(?P<number>\d{1,4})\b")
_USC = re.compile(r"(?:^|\b)(?P<title>\d{1,2})\s?u\.?\s?s\.?\s?(?:c\.?(?:\s?[as]\.?)?|code)(?=$|[^a-z])", re.I)
_USC_TITLE = re.compile(
    r"\btitle\s(?P<title>\d{1,2})(?:,?\s(?:of\s)?(?:the\s)?(?:united\sstates\scode|u\.?\s?s\.?\s?c(?:ode)?\b\.?))?",
    re.I,
)
_USC_ID = re.compile(r"(?:^|/us/)usc/t?(?P<title>\d{1,2})\b", re.I)
_UK_ID = re.compile(
    r"\b(?P<kind>ukpga|uksi|ukla|asp|asc|anaw|nia|ssi|wsi|nisr)/(?P<year>\d{4})/(?P<number>\d+)\b", re.I
)
# Numbers of the tables that are keys by themselves; a chapter number is none.
_OWN_NUMBER = re.compile(r"usc \d{1,2}|\d{5}[A-Z]")
_EU_KIND = re.compile(r"^eu [a-z]+ ")
_EU_KINDS = {"r": "regulation", "l": "directive", "d": "decision"}
_EU_WORDS = {"reg": "regulation", "dir": "directive", "dec": "decision"}
# An EU act of this year or later has its year first, and shares its number with no act of another kind.
_ONE_SEQUENCE_FROM = 2015
_SHORTEST_INITIALS = 3


def read_names(folder: Path) -> NameCatalogue:
    """Read the names of leading instruments from the catalogue's tables; errors as `load_names`."""
    return load_names(folder, _row_keys)


def name_key(name: str) -> str:
    """Return the key of a name: its words in lower case without "the"; "" for none."""
    return " ".join(words_of(name))


@lru_cache(4096)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name as keys hold them."""
    folded = fold(name).replace("&", " and ").replace("'s", "s").replace("'", "")
    return tuple(word for word in _WORD.findall(folded) if word != "the")


def common_name(instrument: Instrument, catalogue: NameCatalogue) -> str:
    """Return the name by which readers know an instrument: the catalogue's where the title is a mere number."""
    known = catalogue.find(_catalogue_keys(instrument))
    title = _CHAPTER.sub("", instrument.title)
    if known is None:
        return title
    return known.name if numbers_in(title) or len(known.name) > len(title) or _EU_NUMBER.search(fold(title)) else title


def keys_of(instrument: Instrument, catalogue: NameCatalogue) -> frozenset[str]:
    """Return all keys under which *instrument* is found."""
    known = catalogue.find(_catalogue_keys(instrument))
    names = [instrument.title, *instrument.aliases]
    if known is not None:
        names += [known.name, *known.aliases]
    keys = {key for name in names for key in _forms(name)}
    keys |= (numbers := numbers_in(" ".join((instrument.identifier, instrument.title, *instrument.aliases))))
    keys |= {_EU_KIND.sub("eu ", number) for number in numbers}
    keys |= {name_key(text) for text in (instrument.identifier, *instrument.aliases) if text}
    return frozenset(key for key in keys if key)


def numbers_in(text: str) -> set[str]:
    """Return the keys of all official numbers that *text* gives: of EU acts, the US Code, UK legislation."""
    return {key for key, _, _ in placed_numbers(fold(text))}


def placed_numbers(folded: str) -> Iterator[tuple[str, int, int]]:
    """Yield the key of each official number in a folded text, with its start and end; older ones may have two keys."""
    taken: list[tuple[int, int]] = []
    for match in _EU_NUMBER.finditer(folded):
        taken.append(match.span())
        kind = _EU_WORDS.get(match["kind"], match["kind"])
        yield from ((key, *match.span()) for key in _eu_keys(kind, match["one"], match["two"]))
    for match in (*_CELEX.finditer(folded), *_EU_ELI.finditer(folded)):
        taken.append(match.span())
        kind = _EU_KINDS.get(match["kind"]) or _EU_WORDS.get(match["kind"], match["kind"])
        yield _eu_key(kind, int(match["year"]), int(match["number"])), *match.span()
    for pattern in (_USC, _USC_TITLE, _USC_ID):
        for match in pattern.finditer(folded):
            yield f"usc {int(match['title'])}", *match.span()
    for match in _UK_ID.finditer(folded):
        taken.append(match.span())
        yield f"{match['kind']} {match['year']} {match['number']}", *match.span()
    for match in _BARE_NUMBER.finditer(folded):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            yield from ((key, *match.span()) for key in _eu_keys("", match["one"], match["two"]))


def _forms(name: str) -> Iterator[str]:
    """Yield the keys of the forms of one name."""
    full = _CHAPTER.sub("", name).strip()
    bare = _BRACKETS.sub("", full).strip()
    for form in {full, bare}:
        words = words_of(form)
        yield " ".join(words)
        if len(words) > 2 and _YEAR.fullmatch(words[-1]):
            yield " ".join(words[:-1])
        yield from _initials(words)
    if found := _ACT_YEAR.search(fold(bare)):
        yield f"{found[1]} of {found[2]}"


def _initials(words: tuple[str, ...]) -> Iterator[str]:
    """Yield the initials of a name: "poa 2023", "poa", "po act 2023", with and without its small words."""
    year = words[-1] if words and _YEAR.fullmatch(words[-1]) else ""
    named = words[:-1] if year else words
    for chosen in (tuple(word for word in named if word not in SMALL), named):
        letters = "".join(word[0] for word in chosen if not word[0].isdigit())
        if year and len(letters) > 1:
            yield f"{letters} {year}"
        if len(letters) >= _SHORTEST_INITIALS:
            yield letters
        if len(chosen) > _SHORTEST_INITIALS and chosen[-1] in ("act", "directive", "regulation"):
            yield from (f"{letters[:-1]} {chosen[-1]}", f"{letters[:-1]} {chosen[-1]} {year}".strip())


def _catalogue_keys(instrument: Instrument) -> list[str]:
    given = " ".join((instrument.identifier, instrument.title, *instrument.aliases))
    titles = (instrument.title, _CHAPTER.sub("", instrument.title), _BRACKETS.sub("", instrument.title))
    identifier = instrument.identifier.partition("-")[0]  # "12012E-TXT" is the text of 12012E
    names = (identifier, *titles, *instrument.aliases)
    return [*sorted(numbers_in(given)), *(name_key(name) for name in names if name)]


def _row_keys(kind: str, name: str, number: str) -> set[str]:
    """Return the keys under which a row of the tables is found."""
    own = {name_key(number)} if _OWN_NUMBER.fullmatch(number) else set()
    official = numbers_in(f"{kind} {number}") if "/" in number else own
    return {name_key(name), name_key(_BRACKETS.sub("", name)), *official}


def _eu_keys(kind: str, one: str, two: str) -> Iterable[str]:
    """Return the keys for both readings of a number: the year may stand first or second."""
    return dict.fromkeys(
        _eu_key(kind, year, int(number))
        for written, number in ((one, two), (two, one))
        if (year := _eu_year(written)) is not None
    )


def _eu_key(kind: str, year: int, number: int) -> str:
    return f"eu {year} {number}" if year >= _ONE_SEQUENCE_FROM or not kind else f"eu {kind} {year} {number}"


def _eu_year(written: str) -> int | None:
    year = int(written)
    if len(written) == 2 and year >= 52:
        return 1900 + year
    return year if 1952 <= year <= 2099 else None
