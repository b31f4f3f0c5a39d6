"""Reads a question about the data set as one of the typed queries, or says why it is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from services.assistant.dataset_queries.limits import is_of_late
from services.assistant.dataset_queries.queries import (
    EXAMPLES,
    FEW,
    MOST,
    Averages,
    Count,
    DatasetQuery,
    Duplicates,
    Group,
    GroupCounts,
    Lack,
    ListSamples,
    Measure,
    Order,
    Parsed,
    Part,
    Review,
    Spend,
    SpendGroup,
    ThinnestCells,
    Unparsed,
    Verdict,
    WorstRows,
)
from services.assistant.dataset_queries.reading import Reading
from services.assistant.vocabulary import Vocabulary

_GROUPS: tuple[tuple[str, Group], ...] = (
    ("practice areas?|areas? of law|areas?|fields? of law", "practice_area"),
    ("sample types?|types?|kinds?", "sample_type"),
    ("difficulty levels?|difficult(?:y|ies)|levels?", "difficulty"),
    ("jurisdictions?|countr(?:y|ies)|legal systems?", "jurisdiction"),
    ("providers?|vendors?", "provider"),
    ("models?|llms?", "model"),
    ("grounding", "grounding"),
    ("batch(?:es)?", "batch_id"),
    ("days?|dates?", "day"),
    ("(?:citation )?verdicts?", "citation_verdict"),
    ("reviews?", "review"),
    ("topics?|subjects?", "topic"),
)
_BY = "by|per|for each|each|in each|for every|broken down by|split by|grouped by|across|between|among|over"
_ORDERS: tuple[tuple[str, Order], ...] = (
    ("newest|latest|most recent|last", "newest"),
    ("oldest|earliest|first", "oldest"),
    ("longest", "longest"),
    ("shortest", "shortest"),
)
_WITHOUT = "lack|lacks|lacking|without|no|missing|have no|has no|with no|not having|that lack|dont have|miss"
_SOURCE = (
    "(?:an? |any |the )?(?:case |legal )?(?:authorit(?:y|ies)|citations?|cites?|cases?(?! (?:stud|analys))|case cited)"
)
_LACKS: tuple[tuple[str, Lack], ...] = (
    (rf"(?:{_WITHOUT}) {_SOURCE}|uncited|cite nothing|cites? no (?:case|authorit(?:y|ies))s?", "authority"),
    (rf"(?:{_WITHOUT}) (?:an? |any )?(?:reasoning|steps|reasoning steps)", "reasoning"),
    (
        r"ungrounded|not grounded|arent grounded|without grounding|no grounding|without (?:a |any )?sources?",
        "grounding",
    ),
)
_CITED = "(?: (?:citations?|authorit(?:y|ies)|cites?|references?|cases?))?"
_VERDICTS: tuple[tuple[str, Verdict], ...] = (
    (rf"(?:invalid|wrong|false|fake|bad|broken|fabricated|hallucinated){_CITED}", "invalid"),
    (rf"(?:unverified|not verified|unchecked){_CITED}", "unverified"),
    (rf"verified{_CITED}", "verified"),
)
_REVIEWS: tuple[tuple[str, Review], ...] = (
    ("rejected", "rejected"),
    ("not reviewed|unreviewed|awaiting review|waiting for review|without (?:a )?review", "unreviewed"),
    ("accepted|approved", "accepted"),
)
_MEASURES: tuple[tuple[str, Measure], ...] = (
    ("words|word count|number of words|how many words", "answer_words"),
    ("question lengths?|length of (?:the )?questions?|long are (?:the )?questions", "question_chars"),
    ("reasoning lengths?|length of (?:the )?reasonings?", "reasoning_chars"),
    ("answer lengths?|length of (?:the )?answers?|long are (?:the )?answers|lengths?|characters", "answer_chars"),
    ("quality scores?|scores?|quality|grades?|well|good", "quality_score"),
)
_SPENT = "spend|spent|spending|tokens?|costs?|dollars|money|usage|expensive|price"
_SPEND_GROUPS = {"day": "day", "provider": "provider", "model": "model", "batch_id": "batch"}
_GAPS = (
    "thinnest|thinly|thin|thinner|gaps?|sparse|sparsest|underrepresented|under represented|underserved|weak"
    "|least covered|covered least|empty|uncovered|holes?"
)
_BEST = "(?:best|highest)(?: scoring| scored| scores?)?|top scoring|top scored"
_WORST = "(?:worst|lowest)(?: scoring| scored| scores?)?|weakest|poorest|low scor(?:es?|ing)|bad quality|poor"
_COUNTING = (
    "how many|number of|how big|how large|count|counts|total|size|do we have more|compare|percentage|percent|share"
    "|proportion|tally"
)
_COVERED = r"(?:do we|have we|are|we|is|does the)(?: \S+)? ?(?:cover|covered|have|there|in|got)"
_SHOWING = "show|list|display|find|what do we have|do we have|what we have|have we|cover"
_SAMPLES = "samples?|rows?|entries|records|questions?|examples?|items?|ones?|dataset|data set|data"


def parse(text: str, vocabulary: Vocabulary) -> Parsed | Unparsed:
    """Return the query that *text* asks for, with the words that had no part in it."""
    reading = Reading(text, vocabulary)
    if not reading.words:
        return Unparsed("the question is empty")
    asked = _Asked(reading)
    query = asked.query()
    refused = _not_read(reading, query) if query is not None else ""
    if refused:
        return Unparsed(refused)
    subject = reading.subject()
    if query is not None and subject and not isinstance(query, Spend | Duplicates):
        return Unparsed(
            f"no topic of the catalogue or the data set is called {subject[:60]!r}", _near(subject, vocabulary)
        )
    if query is None:
        return Unparsed("this is none of the questions about the data set that can be answered")
    return Parsed(query, text, reading.unused())


def _not_read(reading: Reading, query: DatasetQuery) -> str:
    """Return why the number of *query* would be that of another question; "" where it would not.

    Words that add nothing may go unread. What excludes or limits may not.
    """
    doubt = reading.doubt()
    if not doubt and reading.asks_who_has_none():
        doubt = reading.text
    if doubt:
        return f"what {doubt[:60]!r} excludes was not understood; ask with one exclusion, such as 'not from the UK'"
    limits = reading.limits()
    if any(limit.is_date for limit in limits) or (is_of_late(reading.unused()) and not isinstance(query, ListSamples)):
        told = ", ".join(limit.text for limit in limits if limit.is_date) or "recent"
        return f"{told[:60]!r}: dates cannot be asked for, but for samples or tokens by day, and the newest samples"
    if limits:
        return (
            f"{limits[0].text[:60]!r}: the quality score alone can be compared with a number, as in 'score above 0.8'"
        )
    return ""


def _near(subject: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    first = {word[0] for word in subject.split()}
    areas = vocabulary.names.get("practice_area", {})
    alike = [f"how many samples on {area} do we have" for area in areas if area[0].casefold() in first]
    return tuple([*alike, *EXAMPLES][: len(EXAMPLES)])


def _first(reading: Reading, table: tuple[tuple[str, object], ...]) -> object:
    """Return what the first pattern of *table* that the question holds stands for."""
    return next((meant for pattern, meant in table if reading.take(pattern)), None)


@dataclass
class _Asked:
    """What is asked: its parts are taken from the words one after the other."""

    reading: Reading

    def query(self) -> DatasetQuery | None:
        """Return the query, or None."""
        kinds: tuple[Callable[[], DatasetQuery | None], ...] = (
            self._spend,
            self._duplicates,
            self._averages,
            self._by_score,
            self._thin,
            self._grouped,
            self._counted,
            self._listed,
        )
        return next((query for kind in kinds if (query := kind()) is not None), None)

    def _part(self) -> Part:
        reading = self.reading
        above = self._bound("above|over|more than|at least|higher than|better than")
        below = self._bound("below|under|less than|at most|lower than|worse than")
        lacks = cast("Lack", _first(reading, _LACKS) or "")
        verdict = cast("Verdict", _first(reading, _VERDICTS) or "")
        review = cast("Review", _first(reading, _REVIEWS) or "")
        values, excluded = reading.values()
        if not lacks and reading.take("grounded(?: in (?:documents|law|provisions))?"):
            values["grounding"] = ("grounded",)
        return Part(
            values=values,
            excluded=excluded,
            about=reading.about(),
            lacks=lacks,
            verdict=verdict,
            review=review,
            min_score=above,
            max_score=below,
        )

    def _bound(self, compared: str) -> float | None:
        """Return the score that the question compares with: a whole number is one only behind "score"."""
        found = self.reading.take(
            rf"scor(?:e|es|ed|ing) (?:of )?(?:{compared}) (?P<named>[01](?:\.\d+)?)|(?:{compared}) (?P<bare>[01]\.\d+)"
        )
        return float(found["named"] or found["bare"]) if found else None

    def _group(self, lead: str = _BY) -> Group | None:
        for pattern, group in _GROUPS:
            if self.reading.take(rf"(?:{lead}) (?:the )?(?:{pattern})"):
                return group
        return None

    def _limit(self, usual: int = FEW) -> int:
        return min(max(self.reading.number() or usual, 1), MOST)

    def _spend(self) -> DatasetQuery | None:
        if not self.reading.take(_SPENT):
            return None
        while self.reading.take(f"{_SPENT}|used?|using"):
            pass
        group = self._group() or self._group("which|what|most expensive")
        return Spend(cast("SpendGroup", _SPEND_GROUPS.get(group or "", "")))

    def _duplicates(self) -> DatasetQuery | None:
        if not self.reading.take("(?:near )?(?:duplicates?|duplicated|doubles|repeated|copies|repeats|near duplicate)"):
            return None
        return Duplicates(self._limit())

    def _averages(self) -> DatasetQuery | None:
        if not self.reading.take("averages?|mean|on average|avg|typical"):
            return None
        measure = cast("Measure", _first(self.reading, _MEASURES) or "quality_score")
        return Averages(measure, self._group(), self._part())

    def _by_score(self) -> DatasetQuery | None:
        best = self.reading.take(_BEST)
        worst = None if best else self.reading.take(_WORST)
        if not best and not worst:
            return None
        self.reading.take("by (?:quality )?score|(?:quality )?scores?|quality")
        group = self._group("which|what|wrote|by")
        if group is not None:
            return Averages("quality_score", group, self._part())
        limit = self._limit()
        return WorstRows(self._part(), limit, best is not None)

    def _thin(self) -> DatasetQuery | None:
        gaps = self.reading.take(_GAPS)
        fewest = self.reading.take("fewest|(?<!at )least|rarest|smallest number|least common") or gaps
        missing = None if fewest else self.reading.take("(?:have|has|with) no (?:samples?|rows?|entries)(?: at all)?")
        if not fewest and not missing:
            return None
        by_cell = self.reading.take("cells?|combinations?|topics? (?:by|and|x|times) difficult(?:y|ies)")
        group = None if by_cell else self._group("which|what|the|of") or self._group()
        if group is not None and not missing and group not in ("day", "batch_id"):
            limit = self.reading.number()
            return GroupCounts(group, self._part(), fewest=True, limit=min(limit or FEW, MOST))
        limit = self._limit()
        return ThinnestCells(self._part(), limit)

    def _grouped(self) -> DatasetQuery | None:
        most = self.reading.take("most common|commonest|most frequent|the most samples|most samples|most")
        group = self._group()
        if group is None and self.reading.take("distribution|breakdown|spread|split|broken down|break down|share|mix"):
            group = self._group("of|of the|in") or self._group("the")
        if group is None and most:
            group = self._group("which|what|top|the") or self._group("of") or self._bare_group()
        if group is None and self.reading.take("what|which|list|show|all"):
            group = self._covered()
        if group is None:
            return None
        limit = self.reading.number() or MOST
        return GroupCounts(group, self._part(), limit=min(limit, MOST))

    def _covered(self) -> Group | None:
        """Return what is asked for by "which topics do we cover"."""
        for pattern, group in _GROUPS:
            if self.reading.take(rf"(?:{pattern}) {_COVERED}"):
                return group
        return None

    def _bare_group(self) -> Group | None:
        return next((group for pattern, group in _GROUPS if self.reading.take(pattern)), None)

    def _counted(self) -> DatasetQuery | None:
        reading = self.reading
        if not reading.take(_COUNTING):
            return None
        part = self._part()
        compared = [name for name, values in part.values.items() if len(values) > 1]
        if reading.take("compare|compared|more|than|or|versus|vs|and") and len(compared) == 1:
            name = compared[0]
            if name not in ("practice_area",) or reading.take("and|or|than|versus|vs"):
                return GroupCounts(name, part)
        return Count(part)

    def _listed(self) -> DatasetQuery | None:
        order = cast("Order | None", _first(self.reading, _ORDERS))
        if self.reading.take("statistics|stats"):
            return Count(self._part())
        shown = self.reading.take(_SHOWING) is not None
        wanted = self.reading.take(_SAMPLES) is not None
        limit = self._limit()
        part = self._part()
        names_nothing = part == Part(about=part.about)
        if order is None and not wanted and names_nothing and (part.is_all or not shown):
            return None
        return ListSamples(part, limit, order or "newest")
