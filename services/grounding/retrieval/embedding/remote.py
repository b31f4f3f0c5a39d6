"""An embedder behind OpenAI's wire: `POST /embeddings` of a vendor, of vLLM, TEI, Ollama or llama.cpp."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.grounding.retrieval.embedding.embedder import Vectors
from services.grounding.retrieval.fusion import Calibration
from services.grounding.retrieval.posting import JsonPoster
from utils.errors import ConfigurationError, UnavailableError

# Vendors take 96 (Cohere) to 2,048 (OpenAI) texts a request.
_BATCH = 64
# Of models that were not measured here: cosines of embedders of 2024 and later lie closer together than MiniLM's.
UNMEASURED = Calibration(mean_share=0.3, first_share=0.3, words=0.3, slope=10.0, offset=-5.5, floor=0.0)


class RemoteEmbedder:
    """Embeds over HTTP; the dimension is settled by the first answer and checked in all others."""

    def __init__(
        self,
        poster: JsonPoster,
        model: str,
        *,
        dimension: int = 0,
        query_prefix: str = "",
        passage_prefix: str = "",
        calibration: Calibration = UNMEASURED,
    ) -> None:
        self._poster = poster
        self._model = model
        self._dimension = dimension
        self._query_prefix = query_prefix
        self._passage_prefix = passage_prefix
        self._calibration = calibration

    @property
    def model_id(self) -> str:
        """The model's name, with what is set before texts: other prefixes give other vectors."""
        prefixes = (self._query_prefix.strip(), self._passage_prefix.strip())
        return f"openai:{self._model}" + (f"[{prefixes[0]}|{prefixes[1]}]" if any(prefixes) else "")

    @property
    def dimension(self) -> int:
        """Numbers a vector; the server is asked when it was not given and nothing was embedded yet."""
        if not self._dimension:
            self._embed(["dimension"])
        return self._dimension

    @property
    def calibration(self) -> Calibration:
        """How its scores are to be read."""
        return self._calibration

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return a vector for each passage, in order; errors as `JsonPoster.post`."""
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        prefixed = [self._passage_prefix + text for text in texts]
        return np.concatenate([self._embed(prefixed[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return the vector of a question; errors as `JsonPoster.post`."""
        found: NDArray[np.float32] = self._embed([self._query_prefix + text])[0]
        return found

    def _embed(self, texts: Sequence[str]) -> Vectors:
        answer = self._poster.post(
            "/embeddings", {"model": self._model, "input": list(texts), "encoding_format": "float"}
        )
        vectors = _vectors(answer, len(texts))
        if not self._dimension:
            self._dimension = vectors.shape[1]
        if vectors.shape[1] != self._dimension:
            raise ConfigurationError(
                f"embedding model {self._model}: got {vectors.shape[1]} dimensions, want {self._dimension}; "
                "set the model with which the index was made, or make the index anew"
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
        return unit


def _vectors(answer: object, count: int) -> Vectors:
    rows = answer.get("data") if isinstance(answer, dict) else None
    if isinstance(rows, list) and len(rows) == count:
        placed = {
            row.get("index", place): row.get("embedding") for place, row in enumerate(rows) if isinstance(row, dict)
        }
        try:
            vectors = np.array([placed[place] for place in range(count)], np.float32)
        except (KeyError, TypeError, ValueError):
            vectors = np.empty(0, np.float32)
        if vectors.ndim == 2 and vectors.shape[1] and np.isfinite(vectors).all():
            return vectors
    raise UnavailableError(f"embeddings: the answer has no {count} vectors under data[].embedding; check the address")
