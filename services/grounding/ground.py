"""The ground of a sample: provisions that it may stand on, found for its topic and shown to the model."""

import random
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from models.grounding.document_store import DocumentStore
from models.grounding.passage_store import PassageStore
from models.grounding.rows import Document, KeptUnit
from services.grounding.retrieval.legs import Filter
from services.grounding.retrieval_service import RetrievalService
from utils.errors import InputError, NoGroundError

if TYPE_CHECKING:
    from services.grounding.claims.law import Law
    from services.grounding.retrieval.retriever import Found

# What is shown of one provision: some 900 tokens. A longer one is shown from its best place on.
_LONGEST = 4_000
_SHOWN = 4
# Of so many that were found some are drawn, so that samples of one topic do not all stand on the same law.
_FOUND = 12
_LAWS = 32
# The score of what is more likely to be on the topic than not; scores are calibrated.
LIKELY = 0.5
# What scores less than this share of the best is of another matter.
_WORTH = 0.3


@dataclass(frozen=True, slots=True)
class Source:
    """A provision that a sample may stand on.

    Attributes:
        marker: What the model writes behind what it takes from it: "S1".
        label: As it is cited: "Companies Act 2006, s 172".
        text: What is shown of it, word for word.
        start: Where *text* begins in the document.
        law: Number of its document.
        unit: Its id.
    """

    marker: str
    label: str
    heading: str
    text: str
    start: int
    unit: int
    law: int
    file_id: str
    title: str
    number: str
    version: str
    licence: str
    jurisdiction: str
    url: str


@dataclass(frozen=True, slots=True)
class Ground:
    """What one sample may stand on; empty for a sample that is not grounded."""

    sources: tuple[Source, ...] = ()

    @property
    def units(self) -> tuple[int, ...]:
        """Ids of its provisions, in the order of their markers."""
        return tuple(source.unit for source in self.sources)


NO_GROUND = Ground()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a ground is wanted for.

    Attributes:
        query: The topic, in words.
        file_ids: Only of these documents; none for all.
        seed: Fixes what is drawn.
        most: How many provisions at most.
    """

    query: str
    jurisdiction: str
    file_ids: tuple[str, ...] = ()
    seed: int = 0
    most: int = _SHOWN


class Grounder:
    """Finds grounds, and the law that claims are held against. Thread-safe."""

    def __init__(self, store: DocumentStore, passages: PassageStore, retrieval: RetrievalService) -> None:
        self._store = store
        self._passages = passages
        self._retrieval = retrieval
        self._lock = Lock()
        self._laws: OrderedDict[tuple[int, str], Law] = OrderedDict()

    @property
    def has_law(self) -> bool:
        """Whether any document is ready."""
        return bool(self._store.searchable({}))

    def check(self, file_ids: Sequence[str], jurisdiction: str) -> None:
        """Refuse a wish that no document can meet.

        Raises:
            InputError: there is no document that is ready and could be found.
        """
        numbers = self._retrieval.documents(file_ids)
        there = self._store.searchable({"jurisdiction": jurisdiction} if jurisdiction and not file_ids else {})
        if not (there if numbers is None else there & numbers):
            where = f" of the jurisdiction {jurisdiction}" if jurisdiction and not file_ids else ""
            raise InputError(
                f"use_rag: no document{where} is ready; upload one (POST /api/files/upload) or wait until it is read"
            )

    def likeness(self, wish: Wish) -> float:
        """Return how likely the documents answer *wish*, 0 to 1; 0 where what is found is off topic by its score."""
        found = (
            self._retrieval.find(wish.query, 1, self._where(wish), self._retrieval.floor).found if self.has_law else ()
        )
        return found[0].score if found else 0.0

    def answers(self, wish: Wish) -> bool:
        """Tell whether the documents are more likely to answer *wish* than not."""
        return self.likeness(wish) >= LIKELY

    def ground(self, wish: Wish) -> Ground:
        """Return provisions for *wish*, drawn by its seed.

        Raises:
            NoGroundError: nothing in the documents answers the topic.
        """
        found = self._retrieval.find(wish.query, _FOUND, self._where(wish)).found
        # Who names documents means them, whatever words their law has for the topic.
        if not found or (not wish.file_ids and found[0].score < self._retrieval.floor):
            raise NoGroundError(f"grounding: nothing in the documents answers {wish.query[:80]!r}")
        return self.of_units(one.chunk.provision or 0 for one in _drawn(found, wish))

    def of_units(self, units: Iterable[int]) -> Ground:
        """Return the ground of provisions by their ids; those that are gone are left out, and keep their markers."""
        sources = []
        for place, unit_id in enumerate(units, 1):
            kept = self._passages.unit(unit_id)
            document = self._store.numbered(kept.document) if kept is not None else None
            if kept is not None and document is not None:
                sources.append(self._source(f"S{place}", kept, document))
        return Ground(tuple(sources))

    def law(self, document: int) -> "Law | None":
        """Return the provisions of a document as claims are held against them; None when it is gone."""
        kept = self._store.numbered(document)
        if kept is None:
            return None
        key = (document, kept.updated_at)
        with self._lock:
            if key in self._laws:
                self._laws.move_to_end(key)
                return self._laws[key]
        law = self._law(kept)
        with self._lock:
            self._laws[key] = law
            while len(self._laws) > _LAWS:
                self._laws.popitem(last=False)
        return law

    def units_named(self, instrument: str, number: str) -> tuple[list[KeptUnit], bool]:
        """Return the provisions that are cited so, and whether the instrument is here at all."""
        from services.grounding.retrieval.names import name_key
        from services.grounding.retrieval.numbers import number_keys

        found = self._passages.named([name_key(instrument)])
        documents = {one[0] for instruments in found.values() for one in instruments}
        if not documents:
            return [], False
        numbered = self._passages.numbered(documents, number_keys(number))
        units = [self._passages.unit(unit) for unit, *_ in numbered]
        return [unit for unit in units if unit is not None], True

    def _where(self, wish: Wish) -> Filter:
        """Return where to look; documents that a caller names are meant, whatever they say of their jurisdiction."""
        return Filter(self._retrieval.documents(wish.file_ids), "" if wish.file_ids else wish.jurisdiction)

    def _law(self, document: Document) -> "Law":
        from services.grounding.claims.law import Law, Rule

        rules = []
        whole = self._passages.text(document.number, 0, document.characters)
        for kept in self._passages.units(document.number):
            unit = kept.unit
            text = whole[unit.body : unit.end].strip()
            if text:
                rules.append(Rule(str(kept.id), text, unit.heading, _cited(unit.kind.value, unit.number)))
        return Law(rules, document.common_name or document.title)

    def _source(self, marker: str, kept: KeptUnit, document: Document) -> Source:
        unit = kept.unit
        text = self._passages.text(document.number, unit.body, min(unit.end, unit.body + _LONGEST)).rstrip()
        if unit.end > unit.body + _LONGEST:  # it ends with a whole word
            text = text.rsplit(None, 1)[0]
        title = document.shown
        return Source(
            marker=marker,
            label=f"{title}, {_cited(_kind_in(title, unit.kind.value), unit.number)}" if unit.number else title,
            heading=unit.heading,
            text=text,
            start=unit.body,
            unit=kept.id,
            law=document.number,
            file_id=document.id,
            title=title,
            number=unit.number,
            version=document.version,
            licence=document.licence,
            jurisdiction=document.jurisdiction,
            url=document.url,
        )


def _drawn(found: "Sequence[Found]", wish: Wish) -> list["Found"]:
    """Return what *wish* gets of what was found, in its order: what it cites, the best, and some that are near to it.

    Of a document that has provisions nothing else is taken: its front matter is no law.
    """
    with_numbers = {one.chunk.document for one in found if one.chunk.number}
    law = [one for one in found if one.chunk.number or one.chunk.document not in with_numbers]
    best = max(one.score for one in law if not one.is_cited) if any(not one.is_cited for one in law) else 0.0
    kept = [one for one in law if one.is_cited or one.score >= _WORTH * best]
    sure = [one for one in kept if one.is_cited] or (kept[:1] if wish.most > 1 else [])
    others = [one for one in kept if one not in sure]
    drawn = random.Random(wish.seed).sample(others, max(0, min(wish.most - len(sure), len(others))))
    chosen = [*sure[: wish.most], *drawn]
    return [one for one in kept if one in chosen]


_ACT = re.compile(r"\bAct\b")
_SHORT = {
    "section": "s",
    "article": "art",
    "recital": "recital",
    "rule": "r",
    "schedule": "Sch",
    "paragraph": "para",
    "clause": "cl",
}


def _kind_in(title: str, kind: str) -> str:
    """Return the kind of a numbered unit of a plain text: an Act has sections."""
    return "section" if kind == "clause" and _ACT.search(title) else kind


def _cited(kind: str, number: str) -> str:
    """Return how a provision is cited in its instrument: "s 172"."""
    return f"{_SHORT.get(kind, '')} {number}".strip()
