"""From the file of a document to all that is kept of it: pages, units, chunks, names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from models.grounding.document import Instrument, Page, Unit
from models.grounding.rows import NewChunk, NewUnit, Reading
from services.grounding.chunking import spans_of
from services.grounding.retrieval.legs import ChunkRecord
from services.grounding.retrieval.name_catalogue import NameCatalogue
from services.grounding.retrieval.names import common_name, keys_of
from services.grounding.retrieval.numbers import number_keys
from services.grounding.retrieval.passages import passage_of
from services.grounding.retrieval.words import tokens_of
from services.grounding.structure import units_of
from utils.tokens import TokenCounter


@dataclass(frozen=True, slots=True)
class Parting:
    """Parts what was read of one document; a task for a process beside the service, as its work is Python's alone.

    Attributes:
        pages: Its pages.
        units: Its units, where the source gave them; None to find them in the text.
        instrument: What it is; of a document that is no instrument its title alone.
        names: Names of instruments that are known.
        facts: What else was found: columns of the document.
    """

    pages: tuple[Page, ...]
    units: tuple[Unit, ...] | None
    instrument: Instrument
    names: NameCatalogue
    facts: dict[str, object]

    def run(self, _tools: object) -> Reading:
        """Return what is kept."""
        text = "".join(page.text for page in self.pages)
        units = list(self.units) if self.units is not None else units_of(self.pages)
        is_law = bool(self.instrument.kind)
        name = common_name(self.instrument, self.names) if is_law else self.instrument.title
        spans = list(spans_of(text, units, _counting()))
        numbers = _page_numbers(self.pages, [span.start for span in spans])
        chunks = []
        for span, page in zip(spans, numbers, strict=True):
            words = text[span.start : span.end]
            record = _record(units[span.unit], name, self.instrument.jurisdiction, words)
            tokens = " ".join(tokens_of(passage_of(record)))
            chunks.append(NewChunk(span.unit, span.start, span.end, page, words, tokens))
        facts = {
            "title": self.instrument.title,
            "common_name": name,
            "identifier": self.instrument.identifier,
            "instrument": self.instrument.kind,
            "aliases": list(self.instrument.aliases),
            **self.facts,
        }
        kept = tuple(NewUnit(unit, tuple(number_keys(unit.number)) if unit.number else ()) for unit in units)
        names = tuple(sorted(keys_of(self.instrument, self.names))) if is_law or self.instrument.title else ()
        return Reading(facts, self.pages, kept, tuple(chunks), names)


@cache
def _counting() -> Callable[[str], int]:
    counter = TokenCounter()
    return lambda text: counter.count([text])[0]


def _record(unit: Unit, name: str, jurisdiction: str, text: str) -> ChunkRecord:
    """Return the chunk as the index reads it; the store has given it no number yet."""
    return ChunkRecord(
        chunk=0,
        provision=0,
        document=0,
        instrument=0,
        title=name,
        path=unit.path,
        heading=unit.heading,
        number=unit.number,
        kind=unit.kind,
        jurisdiction=jurisdiction,
        text=text,
    )


def _page_numbers(pages: Sequence[Page], places: Sequence[int]) -> list[int | None]:
    """Return the number of the page that each of *places*, in order, is on."""
    found: list[int | None] = []
    page, end = 0, len(pages[0].text) if pages else 0
    for place in places:
        while place >= end and page + 1 < len(pages):
            page += 1
            end += len(pages[page].text)
        found.append(pages[page].number if pages else None)
    return found
