"""Measures CPU and memory of retrieval over many chunks, part by part; the embedder's part is told apart.

Usage: python bench/grounding/retrieval.py --texts DIR --queries FILE [--chunks 100000] [--small]

The chunks are halves of real ones joined anew, so that words have the frequencies of real law; their vectors are drawn
around 500 centres. Queries are those of the file, each asked three times in another order. What a million chunks would
take is estimated from two sizes: `--chunks 200000` beside 100000.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.grounding.corpus import TextProvision, read_corpus
from bench.grounding.memory_store import MemoryStore, windows
from config import PROJECT_DIR
from services.grounding.retrieval.embedding.embedder import Vectors
from services.grounding.retrieval.embedding.encoder_files import EncoderStore
from services.grounding.retrieval.embedding.local import LocalEmbedder, local_embedder
from services.grounding.retrieval.legs import Filter
from services.grounding.retrieval.names import read_names
from services.grounding.retrieval.retriever import Index, Retriever

_T = TypeVar("_T")
_KEPT = Path("~/.cache/legal-training-platform").expanduser()
_CENTRES, _ROUNDS = 500, 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--models", type=Path, default=_KEPT)
    arguments = parser.parse_args()

    before = _memory_mb()
    begun = time.process_time()
    store = MemoryStore(
        list(_mixed(read_corpus(arguments.texts), arguments.chunks)), read_names(PROJECT_DIR / "catalog/authorities")
    )
    print(f"{store.size()} chunks; words indexed in {time.process_time() - begun:.1f} s of CPU")
    embedder = local_embedder(EncoderStore(PROJECT_DIR / "catalog", arguments.models), small=arguments.small)
    store.add_vectors(list(_drawn(store.size(), embedder.dimension)))
    table = store.vectors.size_bytes / 1e6 if store.vectors else 0.0
    print(f"vectors {table:.0f} MB; process {before:.0f} MB before, {_memory_mb():.0f} MB with the index")
    queries = [json.loads(line)["query"] for line in arguments.queries.read_text(encoding="utf-8").splitlines()]
    for jurisdiction in ("", "uk"):
        print(f"filter {jurisdiction or 'none'}:", json.dumps(_measured(store, embedder, queries, jurisdiction)))


def _mixed(provisions: Sequence[TextProvision], chunks: int) -> Iterator[TextProvision]:
    pieces = [(provision, text) for provision in provisions for text in windows(provision.text)]
    drawing = random.Random(7)
    for number in range(chunks):
        (provision, text), (_, other) = drawing.choice(pieces), drawing.choice(pieces)
        joined = f"{text[: len(text) // 2]} {other[len(other) // 2 :]}"[:900]
        yield replace(provision, id=f"{provision.id}|{number}", text=joined)


def _drawn(count: int, dimension: int) -> Vectors:
    drawing = np.random.default_rng(7)
    centres = drawing.normal(size=(_CENTRES, dimension)).astype(np.float32)
    drawn = centres[drawing.integers(0, _CENTRES, count)] + drawing.normal(size=(count, dimension)).astype(np.float32)
    unit: Vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


class _Timed:
    """A store whose calls are timed."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.spent: dict[str, float] = defaultdict(float)

    def __getattr__(self, name: str) -> object:
        called = getattr(self._store, name)
        return self._wrapped(name, called) if callable(called) else called

    def _wrapped(self, name: str, called: Callable[..., _T]) -> Callable[..., _T]:
        def timed(*arguments: object) -> _T:
            begun = time.process_time()
            result = called(*arguments)
            self.spent[name] += time.process_time() - begun
            return result

        return timed


def _measured(
    store: MemoryStore, embedder: LocalEmbedder, queries: Sequence[str], jurisdiction: str
) -> dict[str, object]:
    timed = _Timed(store)
    index = Index(*[timed] * 4)  # type: ignore[arg-type]  # it has what the store has
    retriever = Retriever(index, embedder)
    where = Filter(jurisdiction=jurisdiction)
    retriever.retrieve(queries[0], 10, where)
    timed.spent.clear()
    whole, embedding = [], []
    for number in range(_ROUNDS):
        for query in random.Random(number).sample(list(queries), len(queries)):
            begun = time.process_time()
            embedder.embed_query(query)
            embedding.append(time.process_time() - begun)
            begun = time.process_time()
            retriever.retrieve(query, 10, where)
            whole.append(time.process_time() - begun)
    parts = {name: round(spent / len(whole) * 1000, 2) for name, spent in sorted(timed.spent.items())}
    ordered = sorted(whole)
    return {
        "median_ms": round(statistics.median(whole) * 1000, 1),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)] * 1000, 1),
        "embedding_median_ms": round(statistics.median(embedding) * 1000, 1),
        "mean_ms_by_part": parts,
    }


def _memory_mb() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


if __name__ == "__main__":
    main()
