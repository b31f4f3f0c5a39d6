"""What retrieval needs of the store, and the values that pass between its parts.

Ids are those of the store. A chunk is what is indexed; a provision is what is cited, and may have several chunks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from models.grounding.document import UnitKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vector: TypeAlias = "NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class Filter:
    """Where to look; a field that is None or "" does not narrow.

    Attributes:
        documents: Ids of the documents to look into; an empty set finds nothing.
        jurisdiction: An id of the catalogue: "uk", "us", "eu", "international".
        kind: Only units of this kind.
    """

    documents: frozenset[int] | None = None
    jurisdiction: str = ""
    kind: UnitKind | None = None


EVERYWHERE = Filter()


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that a leg found; the higher *score* the better, only comparable within the leg."""

    chunk: int
    score: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk belongs: what is asked of hundreds of chunks for each question.

    Attributes:
        provision: Id of its provision; None where the chunk belongs to none.
        instrument: Id of its instrument; None for none.
    """

    provision: int | None
    document: int
    instrument: int | None
    kind: UnitKind
    jurisdiction: str


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """A chunk as it is answered.

    Attributes:
        provision: Id of its provision; None where the chunk belongs to none.
        instrument: Id of its instrument; None for none.
        title: The common name of the instrument, or the title of the document.
    """

    chunk: int
    provision: int | None
    document: int
    instrument: int | None
    title: str
    path: tuple[str, ...]
    heading: str
    number: str
    kind: UnitKind
    jurisdiction: str
    text: str


@dataclass(frozen=True, slots=True)
class NamedInstrument:
    """An instrument as the resolver needs it; *title* is its title."""

    instrument: int
    title: str
    kind: str
    jurisdiction: str


@dataclass(frozen=True, slots=True)
class FoundProvision:
    """A provision that stands under a number key of an instrument."""

    provision: int
    instrument: int
    number_key: str
    kind: UnitKind


class WordLeg(Protocol):
    """The inverted index over the tokens of the chunks (`passages.passage_of`, `words.tokens_of`)."""

    def search_words(self, terms: Sequence[str], where: Filter, most: int) -> Sequence[Hit]:
        """Return the *most* best chunks that hold any of *terms*, best first, with FTS5's bm25 turned positive."""

    def frequencies(self, terms: Iterable[str]) -> Mapping[str, int]:
        """Return in how many chunks each of *terms* is; 0 or absent for those in none."""

    def size(self) -> int:
        """Return how many chunks are indexed."""


class VectorLeg(Protocol):
    """The vectors of the chunks."""

    def search_vectors(self, vector: Vector, where: Filter, most: int) -> Sequence[Hit]:
        """Return the *most* nearest chunks, nearest first, with their cosine."""

    def vector_scores(self, vector: Vector, chunks: Sequence[int]) -> Mapping[int, float]:
        """Return the cosine of each of *chunks* that has a vector."""


class Names(Protocol):
    """The names of the instruments."""

    def instruments_of(self, keys: Iterable[str]) -> Mapping[str, Sequence[NamedInstrument]]:
        """Return the instruments that have each of *keys* (`names.keys_of`); keys of none are absent."""


class Provisions(Protocol):
    """Provisions and chunks by their ids and numbers."""

    def numbered(self, instruments: Iterable[int], keys: Iterable[str]) -> Sequence[FoundProvision]:
        """Return the provisions of *instruments* under one of *keys* (`numbers.number_keys`), in their order."""

    def chunks_of(self, provisions: Iterable[int]) -> Mapping[int, Sequence[int]]:
        """Return the chunks of each of *provisions*, in order."""

    def places(self, chunks: Iterable[int]) -> Mapping[int, Place]:
        """Return where each of *chunks* belongs; those that are gone are absent."""

    def chunks(self, chunks: Iterable[int]) -> Mapping[int, ChunkRecord]:
        """Return the records of *chunks*; those that are gone are absent."""
