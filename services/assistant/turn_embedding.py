"""Embeds turns: what a turn could not be embedded for is tried again, and until then it has no vector at all."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from models.assistant.rows import Turn
from models.assistant.turn_store import SHOWN, TurnStore
from services.assistant.summary_rules import spoken
from services.grounding.retrieval.embedding.embedder import Embedder
from utils.cancellation import CancelToken
from utils.errors import AppError, UnavailableError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)
_AT_ONCE = 16


class TurnEmbedding:
    """Makes the vectors that turns lack. One thread calls it (`services/assistant/turn_upkeep.py`)."""

    def __init__(self, turns: TurnStore, embedder: Callable[[], Embedder | None]) -> None:
        self._turns = turns
        self._embedder = embedder

    def run(self, cancel: CancelToken) -> int:
        """Embed the turns that lack a vector until one fails; return how many were embedded.

        Raises:
            StorageError: they cannot be kept.
        """
        made = 0
        if self._turns.is_empty():
            return made  # nothing of an embedder is loaded for a service that nobody asks
        embedder = self._embedder()
        while embedder is not None and (turns := self._turns.without_vectors(embedder.model_id, _AT_ONCE)):
            for turn in turns:
                if cancel.is_cancelled or not self._embed(embedder, turn):
                    return made
                made += 1
        return made

    def _embed(self, embedder: Embedder, turn: Turn) -> bool:
        from services.grounding.retrieval.vectors import pack

        try:
            (vector,) = embedder.embed_passages([text_of(turn.query, turn.response)])
            packed = pack(sound(vector))
        except Exception as error:  # noqa: BLE001  # whatever an embedder raises, the turn stays and is tried again
            reason = str(error) if isinstance(error, AppError) else type(error).__name__
            log.warning("turn not embedded", extra={"turn": turn.id, "reason": reason})
            self._turns.set_vector(turn.id, embedder.model_id, None)
            return False
        self._turns.set_vector(turn.id, embedder.model_id, packed)
        return True


def text_of(query: str, response: str) -> str:
    """Return what stands for a turn: its query and the beginning of its answer."""
    return f"{query}\n{spoken(response)[:SHOWN]}"


def sound(vector: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Return *vector*; UnavailableError if it is zero, which is as near to all as to nothing."""
    import numpy as np

    if not np.isfinite(vector).all() or not np.any(vector):
        raise UnavailableError("the embedder gave a vector without a direction")
    return vector
