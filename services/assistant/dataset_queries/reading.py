"""The words of a question, with what was made of each: what nothing was made of is told to who asked."""

from __future__ import annotations

import re
from collections.abc import Iterable

from services.assistant.dataset_queries.exclusions import asks_who_has_none, binds_next_only, goes_on, lead_before, left
from services.assistant.dataset_queries.limits import Limit, limits_in
from services.assistant.vocabulary import Named, Naming, Vocabulary
from services.assistant.words import corrected, stem, tokens

# Words that carry no filter.
_SAYING_NOTHING = frozenset(
    "a an the our my your their we you i me us it its they them there here is are was were be been do"
    " does did done have has had having got get gets can could would will shall should may might must of"
    " in on at to for from with by and or than per as about into out over so please show list display give"
    " find tell count many much how what which who where when whats that this these those any some all"
    " every each one ones s hi hello hey now just only currently so far today's sample samples row rows"
    " entry entries record records data set dataset database collection question questions example"
    " examples item items piece pieces number amount total totals overall altogether exist exists existing"
    " available stored want need like see look looking know let lets still yet already up also too very"
    " really most more less least quality named called kind kinds sort sorts break down broken split"
    " grouped group distribution breakdown statistics stats figures share percentage percent proportion"
    " new newest not dont no anything nothing generate generating make making create creating without"
    " don't id ids whole entire between across compare compared versus vs both either same ordered order"
    " sorted top first last batch batches case cases law legal area areas field fields word words their"
    " other others else if then make sure thank thanks kindly pull print fetch view level levels type"
    " types jurisdiction jurisdictions provider providers topics topic difficulty difficulties model"
    " models score scores scored right now we've weve covered cover covers coverage balance balanced".split()
)
_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100,
}  # fmt: skip
_FIELD_LINK = frozenset(
    ("on", "about", "regarding", "concerning", "mentioning", "covering", "mention", "cite", "citing")
)
# Words of the grammar of questions that may be misspelt.
_GRAMMAR = frozenset(
    "samples sample many which average thinnest worst lowest newest oldest longest shortest duplicates"
    " citations citation authority invalid unverified verified difficulty jurisdiction provider topic"
    " practice grounded rejected accepted questions coverage statistics distribution dataset fewest tokens"
    " batches score quality model level without".split()
)
_NEVER = frozenset(
    "court courts could would simple produce produced produces least state states house white party parts"
    " three there where these those great legal right words modes moral shown batch match".split()
)


class Reading:
    """One question under way."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self._vocabulary = vocabulary
        given = tokens(text)
        self.words = corrected(given, _GRAMMAR | vocabulary.known, _NEVER | _SAYING_NOTHING)
        self._given = given
        self._used = [False] * len(self.words)
        self._bound = {place for limit in limits_in(self.words) for place in range(limit.start, limit.end)}
        self._doubt = ""
        self._leads = list[str]()

    def take(self, pattern: str) -> re.Match[str] | None:
        """Return the first match of *pattern* in unused words (whole ones, joined by blanks) and mark those as used."""
        joined = " ".join(word or "-" for word in self._free())
        found = re.search(rf"(?<!\S)(?:{pattern})(?!\S)", joined)
        if found is not None and found.end() > found.start():
            first = joined[: found.start()].count(" ")
            for place in range(first, first + found[0].count(" ") + 1):
                self._used[place] = True
        return found

    def values(self) -> tuple[dict[Naming, tuple[str, ...]], dict[Naming, tuple[str, ...]]]:
        """Return what unused words name: what is wanted, and what is excluded."""
        wanted, excluded = list[Named](), list[Named]()
        lead: tuple[int, int] | None = None
        for named in self._vocabulary.find(self._free()):
            own = lead_before(self.words, named.start)
            if own is not None:
                lead = own
                self._leads += self.words[own[0] : own[1]]
                self._mark(*own)
            if own is not None or (lead is not None and self._goes_on(lead, excluded[-1], named)):
                excluded.append(named)
            else:
                wanted.append(named)
            self._mark(named.start, named.end)
        return _by_field(wanted), _by_field(excluded)

    def _goes_on(self, lead: tuple[int, int], last: Named, named: Named) -> bool:
        """Tell whether what *lead* excludes goes on to *named*; note a doubt where that can be read both ways."""
        between = self.words[last.end : named.start]
        listed = goes_on(between)
        if binds_next_only(self.words[lead[0] : lead[1]]):
            unsure = listed
        else:
            unsure = "but" not in between and (named.field != last.field or not between)
        if unsure:
            self._doubt = " ".join(self._given[lead[0] : named.end])
        return listed and not unsure

    def doubt(self) -> str:
        """Return the words that exclude something without it being sure what; "" for none."""
        return self._doubt or left(self.words, self._free())

    def asks_who_has_none(self) -> bool:
        """Tell whether the question is for groups that have none of what it excludes."""
        return asks_who_has_none(self.words, self._leads)

    def limits(self) -> list[Limit]:
        """Return the unused words that limit by a date or an amount."""
        return limits_in(self._free())

    def about(self) -> tuple[str, ...]:
        """Return the unused words that stand in topics, those beside each other as one phrase."""
        phrases: list[list[str]] = []
        beside = False
        for place, word in enumerate(self._free()):
            if word and word not in _SAYING_NOTHING and stem(word) in self._vocabulary.topic_words:
                phrases.append([*phrases.pop(), stem(word)] if beside else [stem(word)])
                self._used[place] = beside = True
            else:
                beside = False
        return tuple(" ".join(phrase) for phrase in phrases)

    def number(self) -> int | None:
        """Return the first unused whole number."""
        for place, word in enumerate(self._free()):
            number = int(word) if word.isascii() and word.isdigit() and len(word) < 7 else _NUMBERS.get(word)
            if number is not None and place not in self._bound:
                self._used[place] = True
                return number
        return None

    def subject(self) -> str:
        """Return the unused words behind "on" or "about", which name no topic that there is."""
        place = next((place for place, word in enumerate(self.words) if word in _FIELD_LINK), None)
        if place is None:
            return ""
        free = self._free()
        behind = [self._given[at] for at in range(place + 1, len(free)) if free[at] and free[at] not in _SAYING_NOTHING]
        return " ".join(behind)

    def unused(self) -> tuple[str, ...]:
        """Return the words that had no part in anything and might have been meant to."""
        free = self._free()
        return tuple(self._given[place] for place, word in enumerate(free) if word and word not in _SAYING_NOTHING)

    def _free(self) -> list[str]:
        return ["" if used else word for word, used in zip(self.words, self._used, strict=True)]

    def _mark(self, start: int, end: int) -> None:
        self._used[start:end] = [True] * (end - start)


def _by_field(found: Iterable[Named]) -> dict[Naming, tuple[str, ...]]:
    values: dict[Naming, tuple[str, ...]] = {}
    for named in found:
        values[named.field] = tuple(dict.fromkeys((*values.get(named.field, ()), *named.values)))
    return values
