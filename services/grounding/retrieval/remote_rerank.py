"""A reranker behind HTTP: `POST /rerank` as Cohere, Jina, Voyage, vLLM, llama.cpp and TEI serve it.

It is asked once, within a deadline; when it fails the order of before stays, and the answer says why.
"""

import logging
import math
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from services.grounding.retrieval.passages import passage_of
from services.grounding.retrieval.posting import JsonPoster
from utils.errors import AppError, InputError, UnavailableError

if TYPE_CHECKING:
    from services.grounding.retrieval.retriever import Found

log = logging.getLogger(__name__)
# How many of the best go to the reranker; the others keep their order behind them.
MOST_RERANKED = 50
# Rerankers read some 512 tokens; more is sent in vain.
_LONGEST = 3_000


class Reranker(Protocol):
    """Puts what was found into a better order."""

    def rerank(self, query: str, found: "Sequence[Found]", notes: MutableMapping[str, str]) -> "list[Found]":
        """Return *found* in a better order, with its own scores; why not goes into *notes*."""


class RemoteReranker:
    """Asks a server for the relevance of each passage."""

    def __init__(self, poster: JsonPoster, model: str, path: str = "/rerank") -> None:
        self._poster = poster
        self._model = model
        self._path = path
        # TEI has "texts" where the others have "documents", and takes no other name.
        self._field = "documents"

    def rerank(self, query: str, found: "Sequence[Found]", notes: MutableMapping[str, str]) -> "list[Found]":
        """Rerank what is not cited by number; that stays first."""
        cited = [one for one in found if one.is_cited]
        others = [one for one in found if not one.is_cited]
        asked, rest = others[:MOST_RERANKED], others[MOST_RERANKED:]
        if len(asked) < 2:
            return list(found)
        try:
            scores = self._scores(query, [passage_of(one.chunk)[:_LONGEST] for one in asked])
        except AppError as error:
            log.warning("not reranked", extra={"error": str(error)})
            notes["reranker"] = str(error)
            return list(found)
        order = sorted(range(len(asked)), key=lambda place: -scores[place])
        least = min(scores)
        return [
            *cited,
            *(replace(asked[place], score=scores[place]) for place in order),
            *(replace(one, score=min(one.score, least)) for one in rest),
        ]

    def _scores(self, query: str, texts: Sequence[str]) -> list[float]:
        try:
            answer = self._ask(query, texts)
        except InputError:
            if self._field == "texts":
                raise
            self._field = "texts"
            answer = self._ask(query, texts)
        return _read(answer, len(texts))

    def _ask(self, query: str, texts: Sequence[str]) -> object:
        body: dict[str, object] = {"query": query, self._field: list(texts)}
        if self._field == "documents":
            body |= {"model": self._model, "top_n": len(texts)}
        return self._poster.post(self._path, body)


def _read(answer: object, count: int) -> list[float]:
    rows = answer
    if isinstance(answer, Mapping):
        rows = answer.get("results", answer.get("data"))
    scores: dict[int, float] = {}
    for row in rows if isinstance(rows, list) else ():
        index = row.get("index") if isinstance(row, Mapping) else None
        score = row.get("relevance_score", row.get("score")) if isinstance(row, Mapping) else None
        if isinstance(index, int) and 0 <= index < count and isinstance(score, int | float):
            scores[index] = float(score)
    if not scores:
        raise UnavailableError(
            "reranker: the answer has no results[] with index and relevance_score; check the address"
        )
    # Some servers give the model's raw numbers: then all are brought between 0 and 1 alike.
    raw = any(not 0 <= score <= 1 for score in scores.values())
    least = min(scores.values())
    return [_share(scores.get(place, least), raw) for place in range(count)]


def _share(score: float, raw: bool) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, score)))) if raw else score
