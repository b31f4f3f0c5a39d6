"""What retrieval needs of an embedder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from services.grounding.retrieval.fusion import Calibration

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"


class Embedder(Protocol):
    """Turns texts into vectors of length one; an index holds the vectors of one embedder."""

    @property
    def model_id(self) -> str:
        """Names the model and its form; vectors of other models are not comparable."""

    @property
    def dimension(self) -> int:
        """Numbers a vector."""

    @property
    def calibration(self) -> Calibration:
        """How its scores are to be read."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return a vector for each passage, in order."""

    def embed_query(self, text: str) -> "NDArray[np.float32]":
        """Return the vector of a question."""
