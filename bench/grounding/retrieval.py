"""Measures retrieval over many chunks in the product's own store: CPU of a question, memory, size on the disk.

Usage: python bench/grounding/retrieval.py --texts DIR --queries FILE [--chunks 100000] [--small] [--folder DIR]

The provisions are copies of real ones in as many editions as are needed; each text is joined of halves of real ones, so
that words have the frequencies of real law. Their vectors are drawn around 500 centres. Queries are those of the file,
each asked three times in another order, through `RetrievalService` in a process of its own and then through the
running service. What a million chunks would take is estimated from two sizes: `--chunks 200000` beside 100000.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.grounding.shelf import KeptEmbedder, Shelf
from bench.grounding.texts import Text, read_texts
from config import PROJECT_DIR
from models.contract.bodies import RetrieveBody
from models.grounding.library import FILE, Library
from services.grounding.retrieval.embedding.embedder import Vectors
from services.grounding.retrieval.embedding.encoder_files import EncoderStore
from services.grounding.retrieval.embedding.local import LocalEmbedder, local_embedder
from services.grounding.retrieval.legs import Filter
from services.grounding.retrieval.retriever import Index, Retriever
from services.grounding.stored_index import StoredIndex
from tests.e2e.server import RunningServer

_T = TypeVar("_T")
_KEPT = Path("~/.cache/legal-training-platform").expanduser()
_CENTRES, _ROUNDS = 500, 3
_HALF = 450
_FILTERS = ("", "uk")


@dataclass(frozen=True)
class Asked:
    """What is asked of which store."""

    folder: Path
    queries: tuple[str, ...]
    models: Path
    small: bool

    def embedder(self) -> LocalEmbedder:
        """Return the embedder of the questions."""
        return local_embedder(EncoderStore(PROJECT_DIR / "catalog", self.models), small=self.small)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--models", type=Path, default=_KEPT)
    parser.add_argument("--folder", type=Path, help="where the store is made, and left for the next run")
    given = parser.parse_args()
    queries = tuple(json.loads(line)["query"] for line in given.queries.read_text(encoding="utf-8").splitlines())
    with tempfile.TemporaryDirectory() as temporary:
        asked = Asked(given.folder or Path(temporary), queries, given.models, given.small)
        if not (asked.folder / FILE).exists():
            _in_a_process(partial(_build, asked, given.texts, given.chunks))
        _sizes(asked.folder)
        _in_a_process(partial(_ask, asked))
        _ask_the_service(asked)


def _in_a_process(work: Callable[[], None]) -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(work).result()


def _build(asked: Asked, texts: Path, chunks: int) -> None:
    asked.folder.mkdir(parents=True, exist_ok=True)
    embedder = asked.embedder()
    shelf = Shelf(asked.folder, KeptEmbedder(embedder, _drawn(embedder.dimension)))
    provisions, drawing = read_texts(texts), random.Random(7)
    edition, whole, begun = 0, 0, time.process_time()
    while (size := shelf.passages.size()) < chunks:
        # The last edition is cut where it would be too much.
        some = provisions if edition == 0 else _edition(provisions, edition, drawing, (chunks - size) / whole)
        made = shelf.keep([replace(one, text=_mixed(one, provisions, drawing)) for one in some])
        whole = whole or shelf.passages.size()
        shelf.embed(made)
        edition += 1
    shelf.library.close()
    print(f"made in {time.process_time() - begun:.0f} s of CPU, {edition} editions", flush=True)


def _edition(provisions: Sequence[Text], edition: int, drawing: random.Random, share: float) -> Iterator[Text]:
    """Yield provisions as those of other instruments."""
    for one in provisions:
        if drawing.random() <= share:
            of_file, instrument, number = one.id.split("|")
            title = f"{one.instrument.title} of collection {edition}"
            named = replace(one.instrument, title=title, identifier=f"{instrument}/{edition}", aliases=())
            yield replace(one, id=f"{of_file}|{instrument}/{edition}|{number}", instrument=named)


def _mixed(one: Text, provisions: Sequence[Text], drawing: random.Random) -> str:
    """Return a text of about the length of the provision's, of halves of chunks of others."""
    parts = []
    for _ in range(0, max(1, len(one.text)), 2 * _HALF):
        for _ in range(2):
            other = drawing.choice(provisions).prose
            start = drawing.randrange(max(1, len(other) - _HALF))
            parts.append(other[start : start + _HALF])
    return " ".join(parts)[: max(1, len(one.text))]


def _drawn(dimension: int) -> Callable[[Sequence[str]], Vectors]:
    drawing = np.random.default_rng(7)
    centres = drawing.normal(size=(_CENTRES, dimension)).astype(np.float32)

    def vectors_of(texts: Sequence[str]) -> Vectors:
        around = centres[drawing.integers(0, _CENTRES, len(texts))]
        drawn = around + drawing.normal(size=(len(texts), dimension)).astype(np.float32)
        unit: Vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        return unit

    return vectors_of


def _sizes(folder: Path) -> None:
    """Print the bytes of the database by table, indexes apart."""
    library = Library(folder / FILE)
    with library.reading() as connection:
        chunks = int(connection.exec_driver_sql("SELECT count(*) FROM chunks").scalar_one())
        rows = connection.exec_driver_sql("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC").all()
    library.close()
    whole = sum(int(row[1]) for row in rows)
    parts = {str(row[0]): round(int(row[1]) / chunks) for row in rows if int(row[1]) > chunks}
    print(
        f"{chunks} chunks, {whole / 1e6:.0f} MB on the disk; bytes a chunk: {whole / chunks:.0f}: {json.dumps(parts)}"
    )


def _ask(asked: Asked) -> None:
    embedder = asked.embedder()
    embedder.embed_query("the model is loaded once")
    shelf = Shelf(asked.folder, embedder)
    before, begun, wall = _memory_mb("self"), time.process_time(), time.perf_counter()
    shelf.retrieval.retrieve(RetrieveBody(query=asked.queries[0]))
    spent, passed = time.process_time() - begun, time.perf_counter() - wall
    print(f"first question, vectors loaded: {spent:.2f} s of CPU, {passed:.2f} s by the wall")
    print(f"process {before:.0f} MB before, {_memory_mb('self'):.0f} MB after, {_peak_mb('self'):.0f} MB at the peak")
    for jurisdiction in _FILTERS:
        print(f"filter {jurisdiction or 'none'}:", json.dumps(_measured(shelf, embedder, asked.queries, jurisdiction)))
    sys.stdout.flush()


def _measured(
    shelf: Shelf, embedder: LocalEmbedder, queries: Sequence[str], jurisdiction: str
) -> dict[str, float | dict[str, float]]:
    def whole(query: str) -> object:
        return shelf.retrieval.retrieve(RetrieveBody.model_validate({"query": query, **_where(jurisdiction)}))

    timed = _Timed(shelf.index)
    retriever = Retriever(Index(*[timed] * 4), embedder)  # type: ignore[arg-type]  # it has what the index has
    whole(queries[0])
    costs = _costs(queries, whole)
    embedding = _costs(queries, embedder.embed_query)
    _costs(queries, lambda query: retriever.retrieve(query, 10, Filter(jurisdiction=jurisdiction)))
    parts = {name: round(1000 * spent / len(costs), 2) for name, spent in sorted(timed.spent.items())}
    return {
        "median_ms": round(statistics.median(costs), 1),
        "p95_ms": round(costs[int(len(costs) * 0.95)], 1),
        "embedding_median_ms": round(statistics.median(embedding), 1),
        "mean_ms_by_part": parts,
    }


def _costs(queries: Sequence[str], ask: Callable[[str], object]) -> list[float]:
    """Return the milliseconds of CPU of each question, in order of size."""
    costs = []
    for number in range(_ROUNDS):
        for query in random.Random(number).sample(list(queries), len(queries)):
            begun = time.process_time()
            ask(query)
            costs.append(1000 * (time.process_time() - begun))
    return sorted(costs)


class _Timed:
    """An index whose calls are timed."""

    def __init__(self, index: StoredIndex) -> None:
        self._index = index
        self.spent: dict[str, float] = defaultdict(float)

    def __getattr__(self, name: str) -> object:
        return self._wrapped(name, getattr(self._index, name))

    def _wrapped(self, name: str, called: Callable[..., _T]) -> Callable[..., _T]:
        def timed(*arguments: object) -> _T:
            begun = time.process_time()
            result = called(*arguments)
            self.spent[name] += time.process_time() - begun
            return result

        return timed


def _ask_the_service(asked: Asked) -> None:
    embedder = "small" if asked.small else "auto"
    with RunningServer(asked.folder, model_dir=asked.models, embedder=embedder, log_level="WARNING") as server:
        process = _worker(server)
        before, begun, wall = _memory_mb(process), _cpu_s(process), time.perf_counter()
        server.post("retrieve", query=asked.queries[0])
        spent, passed = _cpu_s(process) - begun, time.perf_counter() - wall
        print(f"service: first question {spent:.2f} s of CPU, {passed:.2f} s by the wall, embedder loaded")
        print(f"service: {before:.0f} MB before, {_memory_mb(process):.0f} MB after, peak {_peak_mb(process):.0f} MB")
        for jurisdiction in _FILTERS:
            begun = _cpu_s(process)
            for query in asked.queries:
                server.post("retrieve", query=query, **_where(jurisdiction))
            mean = 1000 * (_cpu_s(process) - begun) / len(asked.queries)
            print(
                f"service, filter {jurisdiction or 'none'}: {mean:.1f} ms of CPU a question in the mean, HTTP included"
            )


def _where(jurisdiction: str) -> dict[str, str]:
    return {"jurisdiction": jurisdiction} if jurisdiction else {}


def _worker(server: RunningServer) -> str:
    """Return the id of the process that answers: the one of the most memory."""
    assert server.process
    parent = str(server.process.pid)
    children = " ".join(path.read_text() for path in Path(f"/proc/{parent}/task").glob("*/children")).split()
    return max((parent, *children), key=_memory_mb)


def _cpu_s(process: str) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(process: str) -> float:
    return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


def _peak_mb(process: str) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


if __name__ == "__main__":
    main()
