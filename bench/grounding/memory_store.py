"""An index in memory over provisions of the benchmarks: what the product's store is to retrieval."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from bench.grounding.corpus import TextProvision
from models.grounding.document import Instrument, UnitKind
from services.grounding.retrieval.legs import ChunkRecord, Filter, FoundProvision, Hit, NamedInstrument, Vector
from services.grounding.retrieval.name_catalogue import NameCatalogue
from services.grounding.retrieval.names import common_name, keys_of
from services.grounding.retrieval.numbers import number_keys
from services.grounding.retrieval.passages import passage_of
from services.grounding.retrieval.vectors import VectorTable, pack
from services.grounding.retrieval.words import FTS5_TOKENIZER, match_expression, tokens_of

WINDOW = 900
Embed = Callable[[Sequence[str]], Iterable[Vector]]


class MemoryStore:
    """Implements the legs over SQLite in memory; ids of provisions are places in *provisions*, from 0."""

    def __init__(self, provisions: Sequence[TextProvision], catalogue: NameCatalogue) -> None:
        self.provisions = provisions
        self._instruments = list(dict.fromkeys(provision.instrument for provision in provisions))
        place = {instrument: number for number, instrument in enumerate(self._instruments)}
        self._titles = [common_name(instrument, catalogue) for instrument in self._instruments]
        self._keys: dict[str, list[NamedInstrument]] = {}
        for number, one in enumerate(self._instruments):
            named = NamedInstrument(number, one.title, one.kind, one.jurisdiction)
            for key in keys_of(one, catalogue):
                self._keys.setdefault(key, []).append(named)
        self._numbered: dict[tuple[int, str], list[FoundProvision]] = {}
        self._chunks: list[ChunkRecord] = []
        self._of: list[list[int]] = []
        for number, provision in enumerate(provisions):
            instrument = place[provision.instrument]
            for key in number_keys(provision.name):
                found = FoundProvision(number, instrument, key, provision.kind)
                self._numbered.setdefault((instrument, key), []).append(found)
            self._of.append([])
            for text in windows(provision.text):
                self._of[-1].append(len(self._chunks))
                self._chunks.append(self._record(number, instrument, text))
        self.passages = [passage_of(chunk) for chunk in self._chunks]
        self._base = sqlite3.connect(":memory:", check_same_thread=False)
        self._base.execute(f"CREATE VIRTUAL TABLE words USING fts5(tokens, content='', tokenize='{FTS5_TOKENIZER}')")
        self._base.execute("CREATE TABLE chunk (id INTEGER PRIMARY KEY, jurisdiction TEXT, kind TEXT)")
        self._base.executemany(
            "INSERT INTO words (rowid, tokens) VALUES (?, ?)",
            ((number + 1, " ".join(tokens_of(text))) for number, text in enumerate(self.passages)),
        )
        self._base.executemany(
            "INSERT INTO chunk VALUES (?, ?, ?)",
            ((chunk.chunk + 1, chunk.jurisdiction, chunk.kind) for chunk in self._chunks),
        )
        # Nobody changes the index, so what was counted stays right.
        self._frequency = lru_cache(8192)(self._counted)
        self.vectors: VectorTable | None = None

    def add_vectors(self, vectors: Sequence[Vector]) -> None:
        """Add the vector of each of `passages`, in their order."""
        self.vectors = VectorTable(len(vectors[0]))
        self.vectors.add((number, self._chunks[number].document, pack(vector)) for number, vector in enumerate(vectors))

    def instrument(self, place: int) -> Instrument:
        """Return an instrument by its id."""
        return self._instruments[place]

    # The word leg.
    def search_words(self, terms: Sequence[str], where: Filter, most: int) -> list[Hit]:
        """Return the best chunks with any of *terms*."""
        expression = match_expression(terms)
        if not expression:
            return []
        rows = self._base.execute(
            "SELECT words.rowid, -bm25(words) FROM words JOIN chunk ON chunk.id = words.rowid WHERE words MATCH ? "
            "AND (? = '' OR jurisdiction = ?) AND (? = '' OR kind = ?) ORDER BY bm25(words) LIMIT ?",
            (expression, where.jurisdiction, where.jurisdiction, where.kind or "", where.kind or "", most),
        )
        return [Hit(row - 1, score) for row, score in rows]

    def frequencies(self, terms: Iterable[str]) -> Mapping[str, int]:
        """Return in how many chunks each term is."""
        return {term: self._frequency(term) for term in set(terms)}

    def size(self) -> int:
        """Return how many chunks there are."""
        return len(self._chunks)

    # The vector leg.
    def search_vectors(self, vector: Vector, where: Filter, most: int) -> list[Hit]:
        """Return the nearest chunks."""
        if self.vectors is None:
            return []
        documents = None
        if where.jurisdiction:
            places = (n for n, one in enumerate(self._instruments) if one.jurisdiction == where.jurisdiction)
            documents = frozenset(places)
        return self.vectors.search(vector, most, documents)

    def vector_scores(self, vector: Vector, chunks: Sequence[int]) -> Mapping[int, float]:
        """Return the cosine of each of *chunks*."""
        return self.vectors.scores(vector, chunks) if self.vectors else {}

    # Names and provisions.
    def instruments_of(self, keys: Iterable[str]) -> Mapping[str, Sequence[NamedInstrument]]:
        """Return the instruments under each key."""
        return {key: found for key in keys if (found := self._keys.get(key))}

    def numbered(self, instruments: Iterable[int], keys: Iterable[str]) -> Sequence[FoundProvision]:
        """Return the provisions of instruments under number keys."""
        wanted = list(keys)
        return [one for place in instruments for key in wanted for one in self._numbered.get((place, key), ())]

    def chunks_of(self, provisions: Iterable[int]) -> Mapping[int, Sequence[int]]:
        """Return the chunks of each provision."""
        return {number: self._of[number] for number in provisions}

    def chunks(self, chunks: Iterable[int]) -> Mapping[int, ChunkRecord]:
        """Return the records of chunks."""
        return {number: self._chunks[number] for number in chunks}

    def _counted(self, term: str) -> int:
        row = self._base.execute("SELECT count(*) FROM words WHERE words MATCH ?", (f'"{term}"',)).fetchone()
        return int(row[0])

    def _record(self, number: int, instrument: int, text: str) -> ChunkRecord:
        provision = self.provisions[number]
        return ChunkRecord(
            chunk=len(self._chunks),
            provision=number,
            document=instrument,
            instrument=instrument,
            title=self._titles[instrument],
            path=provision.path,
            heading=provision.heading,
            number=provision.name,
            kind=UnitKind(provision.kind),
            jurisdiction=provision.instrument.jurisdiction,
            text=text,
        )


def windows(text: str, size: int = WINDOW) -> Iterator[str]:
    """Yield pieces of *text* of at most *size* characters that end at a sentence where they can; at least one."""
    start = 0
    while start < len(text) or start == 0:
        end = start + size
        if end < len(text):
            stop = max(text.rfind(sign, start + size // 2, end) for sign in (". ", "; ", ": "))
            end = stop + 1 if stop > 0 else max(text.rfind(" ", start + size // 2, end), start + size // 2)
        yield text[start:end].strip()
        start = max(end, 1)
