"""Finds the turns of a user that are like a query: by their vectors where an embedder is there, else by their words.

Only turns of that user are read from the store, so that nobody else's can stand before them.
"""

import logging
import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Literal

from models.assistant.rows import Brief, Turn
from models.assistant.turn_store import SHOWN, TurnStore
from services.assistant.turn_embedding import sound
from services.grounding.claims.words import roots
from services.grounding.retrieval.embedding.embedder import Embedder
from utils.errors import AppError

log = logging.getLogger(__name__)
# Turns of a user that are looked at, the newest.
LOOKED_AT = 2_000
# Constants of Okapi BM25; a root counts once in a text, since queries seldom repeat a word.
_K1, _B = 1.2, 0.75
# Share of the weight of a query's words that a turn must cover.
_LEAST_SHARE = 0.25
FoundBy = Literal["vectors", "words", "both", "none"]


@dataclass(frozen=True, slots=True)
class Like:
    """Turns that are like a query, the likest first, what found them, and what could not be used."""

    turns: tuple[Turn, ...] = ()
    found_by: FoundBy = "none"
    note: str = ""


class Likeness:
    """Thread-safe."""

    def __init__(self, turns: TurnStore, embedder: Callable[[], Embedder | None]) -> None:
        self._turns = turns
        self._embedder = embedder

    def of(self, user_id: str, query: str, but: Collection[int], most: int) -> Like:
        """Return up to *most* turns of *user_id* that are like *query*, but those with the ids *but*."""
        embedder = self._embedder()
        briefs = self._turns.briefs(user_id, LOOKED_AT, embedder.model_id if embedder else "", but)
        if not briefs:
            return Like()
        nearest, embedded, note = _by_vectors(embedder, query, briefs) if embedder else ([], set[int](), "")
        worded = by_words(query, [brief for brief in briefs if brief.id not in embedded])
        # Turns without vectors are few, where there are vectors: neither list may push the other out.
        merged = [one for one in chain.from_iterable(zip_longest(nearest, worded)) if one is not None][:most]
        found_by = _found_by(bool(set(merged) & set(nearest)), bool(set(merged) & set(worded)))
        kept = {turn.id: turn for turn in self._turns.with_ids(merged)}
        return Like(tuple(kept[one] for one in merged if one in kept), found_by, note)


def _found_by(vectors: bool, words: bool) -> FoundBy:
    if vectors and words:
        return "both"
    return "vectors" if vectors else "words" if words else "none"


def _by_vectors(embedder: Embedder, query: str, briefs: Sequence[Brief]) -> tuple[list[int], set[int], str]:
    """Return the turns above the embedder's own floor, the nearest first, those that could be compared, and a note."""
    from services.grounding.retrieval.vectors import likenesses, packed_bytes

    try:
        wanted = sound(embedder.embed_query(query))
    except Exception as error:  # noqa: BLE001  # whatever an embedder raises, words find
        reason = str(error) if isinstance(error, AppError) else type(error).__name__
        log.warning("query not embedded", extra={"reason": reason})
        return [], set(), f"the query could not be embedded ({reason}), so words alone found"
    asked, calibration = roots(query), embedder.calibration
    embedded = [brief for brief in briefs if brief.vector is not None and len(brief.vector) == packed_bytes(wanted)]
    cosines = likenesses([brief.vector or b"" for brief in embedded], wanted)
    scores: dict[int, float] = {}
    for brief, cosine in zip(embedded, cosines, strict=True):
        covered = len(asked & _said(brief)) / max(1, len(asked))
        scores[brief.id] = calibration.score(cosine, covered)
    above = [turn for turn, score in scores.items() if score >= calibration.floor]
    return sorted(above, key=lambda turn: (-scores[turn], -turn)), set(scores), ""


def by_words(query: str, briefs: Sequence[Brief]) -> list[int]:
    """Return the turns that share words with *query*, the likest first."""
    asked = roots(query)
    texts = {brief.id: _said(brief) for brief in briefs}
    frequencies = Counter(chain.from_iterable(text & asked for text in texts.values()))
    weights = {word: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for word, n in frequencies.items()}
    unknown = math.log(1 + (len(texts) + 0.5) / 0.5)
    whole = sum(weights.get(word, unknown) for word in asked)
    mean = sum(map(len, texts.values())) / max(1, len(texts))
    scores: dict[int, float] = {}
    for turn, text in texts.items():
        weight = sum(weights[word] for word in text & asked)
        if weight and weight >= _LEAST_SHARE * whole:
            scores[turn] = weight * (_K1 + 1) / (1 + _K1 * (1 - _B + _B * len(text) / mean))
    return sorted(scores, key=lambda turn: (-scores[turn], -turn))


def _said(brief: Brief) -> frozenset[str]:
    return _roots(f"{brief.query}\n{brief.response[:SHOWN]}")


@lru_cache(4 * LOOKED_AT)
def _roots(text: str) -> frozenset[str]:
    return frozenset(roots(text))
