"""Provisions of documents for a question: found, shown to a model, and quoted where no model answers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.contract.answers.grounding import ResultRow
from models.contract.answers.query import QueryCitation
from models.contract.bodies import RetrieveBody
from services.assistant.research.answering import (
    MEANING_FLOOR,
    WORDS_FLOOR,
    Evidence,
    Wording,
    distance,
    likelihood,
    log_odds,
)
from services.grounding.ground import Grounder, Source
from services.grounding.retrieval_service import RetrievalService

# Provisions that are looked at, and shown: what scores less than a share of the best is of another matter.
_LOOKED_AT, _SHOWN, _WORTH = 12, 4, 0.3
_LONGEST_QUERY = 10_000
# What naming a document adds to the log-odds of its provisions orders them; it says nothing of whether they answer.
_NAMED = 0.85
# A quotation where no model writes.
_LONGEST_QUOTE = 420
# What is shorter is a fragment.
_SHORTEST = 20
_SENTENCE = re.compile(r"[^.;\n]+(?:[.;](?!\s)[^.;\n]*)*[.;]?", re.DOTALL)
_WORD = re.compile(r"[a-z]{3,}")
_SAYS_NOTHING = frozenset(
    "the and for what does who when where which that this with from are may must can how has have was were not any its"
    " say says about under section article law act".split()
)


@dataclass(frozen=True, slots=True)
class Provisions:
    """What was found.

    Attributes:
        sources: What answers the question, best first, under the markers S1, S2 …; none below the floor.
        rows: How each was found, by the id of its unit.
        best: How likely what was found answers the question, 0 to 1; None where nothing was found.
        floor: Below this it counts as no answer.
        notes: What the search could not use.
    """

    sources: tuple[Source, ...] = ()
    rows: Mapping[int, ResultRow] = field(default_factory=dict)
    best: float | None = None
    floor: float = 0.0
    notes: Mapping[str, str] = field(default_factory=dict)


NOTHING_FOUND = Provisions()


class ProvisionFinder:
    """Finds provisions. Thread-safe."""

    def __init__(self, retrieval: RetrievalService, grounder: Grounder) -> None:
        self._retrieval = retrieval
        self._grounder = grounder

    @property
    def has_documents(self) -> bool:
        """Whether any document is ready."""
        return self._grounder.has_law

    def find(self, query: str, file_ids: Sequence[str], jurisdiction: str | None) -> Provisions:
        """Return the provisions that answer *query*.

        Raises:
            InputError: a document that is named is not here, or the jurisdiction is none.
        """
        from models.fields import validated

        named = self._retrieval.named(query, file_ids)
        asked: dict[str, object] = {"query": query[:_LONGEST_QUERY], "top_k": _LOOKED_AT}
        if len(named) == 1:  # who names one document means none of the others
            asked["file_ids"] = named
        elif file_ids:
            asked["file_ids"] = list(file_ids)
        if jurisdiction:
            asked["jurisdiction"] = jurisdiction
        rows, notes = self._retrieval.retrieve(validated(RetrieveBody, asked))
        floor = WORDS_FLOOR if "vectors" in notes else MEANING_FLOOR
        # A document's front matter is no law where it has provisions.
        numbered = {row["file_id"] for row in rows if row["number"]}
        rows = [row for row in rows if row["number"] or row["file_id"] not in numbered]
        if not rows:
            return Provisions(floor=floor, notes=notes)
        ground = self._grounder.of_units(row["unit_id"] for row in rows[:_SHOWN])
        best = (
            1.0 if rows[0]["is_cited"] else self._likelihood(query, rows, ground.sources, named, "vectors" not in notes)
        )
        if best < floor:
            return Provisions(best=best, floor=floor, notes=notes)
        least = _WORTH * max(row["score"] for row in rows)
        kept = {row["unit_id"]: row for row in rows[:_SHOWN] if row["is_cited"] or row["score"] >= least}
        return Provisions(tuple(one for one in ground.sources if one.unit in kept), kept, best, floor, notes)

    def _likelihood(
        self, query: str, rows: Sequence[ResultRow], sources: Sequence[Source], named: Sequence[str], by_meaning: bool
    ) -> float:
        """Return how likely *sources*, the first of *rows*, answer *query*."""
        frequencies, chunks = self._retrieval.frequencies(query)
        said = Wording(query, frequencies, chunks).read(sources)
        distances = [log_odds(row["score"]) - _NAMED * (row["file_id"] in named) for row in rows]
        return round(likelihood(Evidence(max(distances), distance(distances), *said), by_meaning=by_meaning), 4)


def headed(source: Source) -> str:
    """Return how *source* is cited, with its heading."""
    return f"{source.label} ({source.heading})" if source.heading else source.label


def shown(sources: Sequence[Source]) -> str:
    """Return *sources* as a model is shown them: each under its marker, as data."""
    parts = [f"[{source.marker}] {headed(source)}\n{source.text}" for source in sources]
    return "<provisions>\n" + "\n\n".join(parts).replace("</provisions>", "") + "\n</provisions>"


def extract(source: Source, row: ResultRow | None, query: str) -> str:
    """Return those words of *source* that say most about *query*: whole sentences, as they stand there."""
    within = source.text
    if row is not None and row["is_cited"]:
        return _beginning(within)
    wanted = set(_WORD.findall(query.lower())) - _SAYS_NOTHING
    place = row["start"] - source.start if row is not None else 0
    best, best_points = "", -1.0
    for found in _SENTENCE.finditer(within):
        text = found[0].strip()
        words = set(_WORD.findall(text.lower()))
        points = sum(any(word.startswith(one[:5]) for word in words) for one in wanted)
        near = 0.5 if row is not None and place <= found.start() < place + len(row["text"]) else 0.0
        if len(text) > _SHORTEST and text != source.heading and points + near > best_points:
            best, best_points = text, points + near
    best = best or within.strip()
    return _beginning(best)


def _beginning(text: str) -> str:
    """Return *text*, or as many whole words of it as a quotation has."""
    text = text.strip()
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE].rsplit(None, 1)[0]


def cited(source: Source, row: ResultRow | None, quote: str) -> QueryCitation:
    """Return *source* as an answer cites it; *quote* stands in it."""
    return {
        "kind": "provision",
        "marker": source.marker,
        "citation": source.label,
        "title": source.title,
        "file_id": source.file_id,
        "page": row["page"] if row is not None else None,
        "quote": quote,
        "proved": quote in source.text,
        "verdict": None,
        "url": source.url,
    }
