"""Finds what a question cites: the provisions that it names by number, and the instruments that it names.

It knows the instruments of the index by their keys (`names.keys_of`). A number belongs to the name that it stands
beside. A shortened title of an Act ("Safety of Rwanda Act 2024") means the one Act of that year whose title has its
words in that order.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from models.grounding.document import UnitKind
from services.citations.citation import fold
from services.grounding.retrieval.legs import Filter, FoundProvision, NamedInstrument, Names, Provisions
from services.grounding.retrieval.mentions import Mention, bare_mention, mentions_in
from services.grounding.retrieval.names import SMALL, placed_numbers, words_of

# Of a longer question only so much is read for names, in words.
_MOST_WORDS = 160
_LONGEST_NAME = 24
# How many instruments one name may mean before it means none.
_MOST_MEANT = 4
# How far a number may stand from its name, in characters.
_FAR = 80
_WORD = re.compile(r"[^\W_]+")
_BESIDE = re.compile(r"[\s,.:;('\"-]*(?:(?:of|in|under|to|the|and|its|annex|provides?|says?)[\s,]+){0,3}$")
# No link is closer than "section 1 of the …".
_OF = re.compile(r"[\s,.)]*of\s(?:the\s)?")
# Between a name of one small word and its number is no word but "of the": "cat 3", not "the cat in article 3".
_CLOSE = re.compile(r"[\s,.:;'(-]*(?:of\s(?:the\s)?)?")
_CAPITALS = re.compile(r"\b[\w.]*[A-Z][\w.]*[A-Z][\w.]*\b")
_CAPITAL = re.compile(r"\b[A-Z]\w*")
_YEAR = re.compile(r"(?:1[2-9]|20)\d\d")
_YEAR_BEHIND = re.compile(r",?\s(?:of\s)?((?:1[2-9]|20)\d\d)(?![\d/])")
_TITLE_WORDS = ("act", "code", "rules", "regulations", "order", "measure")
_CONSTITUTION = "us constitution"
# A text whose numbers have no word before them has clauses; people call them sections, articles or clauses.
_CALLED_SO = frozenset((UnitKind.CLAUSE, UnitKind.SECTION))
# The title of an Act, or its end: "Theft Act 1968". A number beside one that is not here is of no other.
_TITLE = re.compile(
    r"(?:\b(?!(?:of|the|and|or|to|in|under|by|with|from|see|section|sections)\b)[a-z][a-z'-]*\s(?:\([^()]{1,60}\)\s)?){1,8}"
    r"(?<=\s)(?:act|regulations|order|rules|measure),?\s(?:of\s)?(?:1[2-9]|20)\d\d\b"
)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a question cites.

    Attributes:
        provisions: Ids of the provisions that it cites, in the order in which it names them.
        instruments: Ids of the instruments that it names, with or without a number.
    """

    provisions: tuple[int, ...] = ()
    instruments: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Named:
    """A name in the question, and the instruments that it may mean."""

    start: int
    end: int
    meant: tuple[NamedInstrument, ...]
    is_word: bool = False


class Resolver:
    """Resolves citations against the names and numbers of the index."""

    def __init__(self, names: Names, provisions: Provisions) -> None:
        self._names = names
        self._provisions = provisions

    def resolve(self, query: str, where: Filter) -> Resolution:
        """Return what *query* cites among the instruments that *where* lets through."""
        folded = fold(query)
        mentions = mentions_in(folded)
        named = self._named(query, folded, mentions, where)
        every = [*named, *_not_here(folded, named)]
        linked = [
            (mention, name)
            for mention in mentions
            if (name := self._name_of(mention, every, folded, where)) is not None and name.meant
        ]
        taken = {(name.start, name.end) for _, name in linked}
        for name in named:
            if (name.start, name.end) not in taken:
                bare = bare_mention(folded, name.start, name.end, in_code=any(one.kind == "code" for one in name.meant))
                if bare is not None and not any(bare.start < one.end and one.start < bare.end for one in mentions):
                    linked.append((bare, name))
                    taken.add((name.start, name.end))
        provisions = self._found(linked)
        sure = [name for name in named if not name.is_word or (name.start, name.end) in taken]
        return Resolution(provisions, frozenset(one.instrument for name in sure for one in name.meant))

    def _named(self, query: str, folded: str, mentions: Sequence[Mention], where: Filter) -> list[_Named]:
        """Return the names in the question, the longest where several overlap."""
        words = [match for match in _WORD.finditer(folded) if match.group() != "the"][:_MOST_WORDS]
        places: list[tuple[str, int, int, bool]] = [
            (key, start, end, False) for key, start, end in placed_numbers(folded)
        ]
        for first, match in enumerate(words):
            key = ""
            for last in range(first, min(first + _LONGEST_NAME, len(words))):
                key = f"{key} {words[last].group()}" if key else words[last].group()
                places.append((key, match.start(), words[last].end(), last == first))
        dated = {f"{one.group()} of {two.group()}" for one, two in pairwise(words)} & {
            f"{word} of {two.group()}" for word in _TITLE_WORDS for two in words
        }
        known = self._names.instruments_of({key for key, *_ in places} | dated)
        acronyms, written = _acronyms(query), _names_by_case(query)
        found = [
            _Named(start, end, meant, is_word)
            for key, start, end, is_word in places
            if (meant := _meant(known, key, where))
            and (not is_word or key in acronyms or (key in written and _is_beside(start, end, mentions, folded)))
        ]
        found = [name for name in found if not _is_of_another_year(name, folded)]
        found += _shortened(words, known, where)
        return _longest(found)

    def _name_of(self, mention: Mention, named: Sequence[_Named], folded: str, where: Filter) -> _Named | None:
        """Return the name that a number belongs to: the one beside it, else the nearest."""
        best: tuple[int, _Named] | None = None
        for name in named:
            if name.start >= mention.end:
                gap = folded[mention.end : name.start]
                cost = len(gap) if _BESIDE.fullmatch(gap) else len(gap) + _FAR // 2
                cost = 0 if _OF.fullmatch(gap) else cost
            else:
                gap = folded[name.end : mention.start]
                cost = 1 + len(gap) if _BESIDE.fullmatch(gap) else len(gap) + _FAR // 2
            if cost <= _FAR and (best is None or cost < best[0]):
                best = cost, name
        if best is None and mention.is_amendment:
            meant = _meant(self._names.instruments_of((_CONSTITUTION,)), _CONSTITUTION, where)
            return _Named(mention.start, mention.end, meant) if meant else None
        return best[1] if best else None

    def _found(self, linked: Sequence[tuple[Mention, _Named]]) -> tuple[int, ...]:
        instruments = {one.instrument for _, name in linked for one in name.meant}
        keys = {key for mention, _ in linked for tries in mention.keys for key in tries}
        if not keys:
            return ()
        stored: dict[tuple[int, str], list[FoundProvision]] = {}
        for found in self._provisions.numbered(instruments, keys):
            stored.setdefault((found.instrument, found.number_key), []).append(found)
        ids: dict[int, None] = {}
        for mention, name in linked:
            for tries in mention.keys:
                ids.update(dict.fromkeys(_first(stored, name, tries, mention)))
        return tuple(ids)


def _not_here(folded: str, named: Sequence[_Named]) -> Iterator[_Named]:
    """Yield titles in the question that no instrument of the index has."""
    for title in _TITLE.finditer(folded):
        if not any(one.start < title.end() and title.start() < one.end for one in named):
            yield _Named(title.start(), title.end(), ())


def _first(
    stored: Mapping[tuple[int, str], Sequence[FoundProvision]], name: _Named, tries: Sequence[str], mention: Mention
) -> list[int]:
    """Return the provisions under the first of *tries* that has any."""
    for kinds in (mention.kinds, _CALLED_SO):
        for key in tries:
            here = [
                found.provision
                for one in name.meant
                for found in stored.get((one.instrument, key), ())
                if found.kind in kinds
            ]
            if here:
                return here
    return []


def _meant(known: Mapping[str, Sequence[NamedInstrument]], key: str, where: Filter) -> tuple[NamedInstrument, ...]:
    meant = tuple(
        one for one in known.get(key, ()) if not where.jurisdiction or one.jurisdiction in ("", where.jurisdiction)
    )
    return meant if len(meant) <= _MOST_MEANT else ()


def _shortened(
    words: Sequence[re.Match[str]], known: Mapping[str, Sequence[NamedInstrument]], where: Filter
) -> Iterator[_Named]:
    """Yield the Acts that shortened titles mean."""
    for index, (word, year) in enumerate(pairwise(words)):
        if word.group() not in _TITLE_WORDS:
            continue
        best: list[tuple[int, int, NamedInstrument]] = []
        for one in known.get(f"{word.group()} of {year.group()}", ()):
            if where.jurisdiction and one.jurisdiction not in ("", where.jurisdiction):
                continue
            fits, start = _overlap(words[:index], words_of(one.title), word)
            if fits and (not best or fits >= best[0][0]):
                best = [*(entry for entry in best if entry[0] == fits), (fits, start, one)]
        if len(best) == 1:
            yield _Named(best[0][1], year.end(), (best[0][2],))


def _overlap(before: Sequence[re.Match[str]], title: Sequence[str], word: re.Match[str]) -> tuple[int, int]:
    """Return how many words before *word* are of *title*, in its order, and where the first begins."""
    at = max((place for place, one in enumerate(title) if one == word.group()), default=-1)
    fits, start = 0, word.start()
    for match in reversed(before):
        earlier = [place for place in range(at) if title[place] == match.group()]
        if earlier:
            at = earlier[-1]
            if match.group() not in SMALL:
                fits, start = fits + 1, match.start()
        elif match.group() not in SMALL:
            break
    return fits, start


def _is_of_another_year(name: _Named, folded: str) -> bool:
    """Tell whether a year follows that the name does not have: "Harbours Act" in "Harbours Act 1887"."""
    year = _YEAR_BEHIND.match(folded, name.end)
    return year is not None and not any(year[1] in words_of(one.title) for one in name.meant) and _has_year(name)


def _has_year(name: _Named) -> bool:
    return any(_YEAR.fullmatch(word) for one in name.meant for word in words_of(one.title)[-1:])


def _acronyms(query: str) -> frozenset[str]:
    """Return the words of a question that are written as acronyms are: with two capitals, "GDPR", "eIDAS"."""
    return frozenset(fold(word.replace(".", "")) for word in _CAPITALS.findall(query))


def _names_by_case(query: str) -> frozenset[str]:
    """Return the words that may be names by their case: those with a capital; all where there is no capital."""
    capitals = _CAPITAL.findall(query)
    return frozenset(fold(word) for word in capitals or _WORD.findall(query))


def _is_beside(start: int, end: int, mentions: Sequence[Mention], folded: str) -> bool:
    return bare_mention(folded, start, end, in_code=False) is not None or any(
        (mention.end <= start and _CLOSE.fullmatch(folded[mention.end : start]))
        or (end <= mention.start and _CLOSE.fullmatch(folded[end : mention.start]))
        for mention in mentions
    )


def _longest(found: Sequence[_Named]) -> list[_Named]:
    kept: list[_Named] = []
    for name in sorted(found, key=lambda name: (name.start - name.end, name.start)):
        same = next((one for one in kept if (one.start, one.end) == (name.start, name.end)), None)
        if same is not None:
            continue
        if not any(one.start < name.end and name.start < one.end for one in kept):
            kept.append(name)
    return sorted(kept, key=lambda name: name.start)
