"""Embedders that run on this machine, over onnxruntime; loaded at first use, released when idle.

Two encoders that were trained alike but differ in size make different mistakes: the embedder of both joins their
vectors, each weighted, so that the product of two joined vectors is the weighted mean of the cosines.
"""

import logging
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from services.grounding.retrieval.embedding.embedder import Vectors
from services.grounding.retrieval.embedding.encoder_files import GRAPH, EncoderRow, EncoderStore
from services.grounding.retrieval.fusion import Calibration
from utils.errors import ConfigurationError
from utils.installation import missing

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

log = logging.getLogger(__name__)


class Encoder:
    """One encoder; one text at a time, since padding a batch costs more than it saves."""

    def __init__(self, store: EncoderStore, row: EncoderRow, threads: int) -> None:
        self._store = store
        self._row = row
        self._threads = threads
        self._lock = Lock()
        self._loaded: tuple[InferenceSession, Tokenizer] | None = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return a vector of length one for each text; errors as `EncoderStore.ensure` when it is loaded."""
        session, tokenizer = self._load()
        vectors = np.empty((len(texts), self._row.dimension), np.float32)
        for place, text in enumerate(texts):
            ids = np.array([tokenizer.encode(text).ids], np.int64)
            found = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]
            vectors[place] = np.asarray(found)[0]
        return vectors

    def release(self) -> None:
        """Let go of the memory; the next text loads it anew."""
        with self._lock:
            self._loaded = None

    def _load(self) -> "tuple[InferenceSession, Tokenizer]":
        with self._lock:
            if self._loaded is None:
                if lack := missing("onnxruntime", "tokenizers"):
                    raise ConfigurationError(f"embedder: {lack}")
                from onnxruntime import InferenceSession, SessionOptions
                from tokenizers import Tokenizer

                files = self._store.ensure(self._row.id)
                options = SessionOptions()
                options.intra_op_num_threads = self._threads
                options.inter_op_num_threads = 1
                # Else the arena keeps the memory of the longest text for ever.
                options.enable_cpu_mem_arena = False
                session = InferenceSession(str(files.graph), options, providers=["CPUExecutionProvider"])
                tokenizer = Tokenizer.from_file(str(files.tokenizer))
                tokenizer.enable_truncation(self._row.longest)
                tokenizer.no_padding()
                self._loaded = session, tokenizer
                log.info("embedder loaded", extra={"model": self._row.id})
            return self._loaded


class LocalEmbedder:
    """One or several encoders as one embedder."""

    def __init__(self, encoders: Sequence[tuple[Encoder, EncoderRow, float]], calibration: Calibration) -> None:
        """Take encoders with their rows and weights.

        Args:
            encoders: The weights are brought to a sum of one.
            calibration: Measured for just these encoders and weights.
        """
        total = sum(weight for *_, weight in encoders)
        self._encoders = [(encoder, row, (weight / total) ** 0.5) for encoder, row, weight in encoders]
        self._shares = [weight / total for *_, weight in encoders]
        self._calibration = calibration

    @property
    def model_id(self) -> str:
        """The encoders with their shares, and the state of the graph: all that vectors depend on."""
        names = (
            row.id if share == 1 else f"{row.id}*{share:g}"
            for (_, row, _), share in zip(self._encoders, self._shares, strict=True)
        )
        return f"{'+'.join(names)}@{GRAPH}"

    @property
    def dimension(self) -> int:
        """Numbers a vector."""
        return sum(row.dimension for _, row, _ in self._encoders)

    @property
    def calibration(self) -> Calibration:
        """How its scores are to be read."""
        return self._calibration

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return a vector for each passage, in order."""
        return np.concatenate([encoder.encode(texts) * factor for encoder, _, factor in self._encoders], axis=1)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return the vector of a question."""
        found: NDArray[np.float32] = self.embed_passages([text])[0]
        return found

    def release(self) -> None:
        """Let go of the memory."""
        for encoder, *_ in self._encoders:
            encoder.release()


def encoders_of(*, small: bool) -> tuple[str, ...]:
    """Return the names of the encoders that `local_embedder` needs."""
    return tuple(_SMALL if small else _BOTH)


def local_embedder(store: EncoderStore, threads: int = 1, *, small: bool = False) -> LocalEmbedder:
    """Return the embedder of this machine, with so many threads a text.

    *small*: only the small encoder, for an eighth of the time and a quarter of the memory, and worse
    (docs/adr/0029-retrieval.md).
    """
    names = _SMALL if small else _BOTH
    rows = [(store.row(name), weight) for name, weight in names.items()]
    calibration = _SMALL_CALIBRATION if small else _CALIBRATION
    return LocalEmbedder([(Encoder(store, row, threads), row, weight) for row, weight in rows], calibration)


_SMALL = {"all-minilm-l6-v2": 1.0}
_BOTH = {"all-mpnet-base-v2": 0.8, "all-minilm-l6-v2": 0.2}
_CALIBRATION = Calibration(mean_share=0.3, first_share=0.3, words=0.3, slope=5.7, offset=-5.6, floor=0.03)
_SMALL_CALIBRATION = Calibration(mean_share=0.3, first_share=0.3, words=0.3, slope=5.8, offset=-5.8, floor=0.024)
