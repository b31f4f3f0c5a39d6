"""Turns for tests, and embedders that fail."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.assistant.rows import NewTurn
from models.assistant.stores import AssistantStores
from services.assistant.history import History
from services.grounding.retrieval.embedding.embedder import Vectors
from tests.services.grounding.shelves import WordsEmbedder
from utils.errors import UnavailableError


def say(stores: AssistantStores, query: str, response: str = "So it is.", **more: Any) -> int:
    """Keep a turn as a query does, and return its id."""
    history = History(stores.turns, lambda: None)
    return history.add(NewTurn(query=query, response=response, **{"user_id": "ada", **more}))


def begun(stores: AssistantStores, user: str = "ada") -> str:
    return stores.sessions.start(user, "", {}).id


class FailingEmbedder(WordsEmbedder):
    """Fails for texts with a word of *words* until it is mended."""

    def __init__(self, *words: str) -> None:
        super().__init__()
        self.words = words

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if any(word in text for text in texts for word in self.words):
            raise UnavailableError("the embedder is away")
        return super().embed_passages(texts)

    def embed_query(self, text: str) -> Vectors:
        if any(word in text for word in self.words):
            raise UnavailableError("the embedder is away")
        return super().embed_query(text)


class ZeroEmbedder(WordsEmbedder):
    """Gives zeros instead of failing."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), self.dimension), np.float32)
