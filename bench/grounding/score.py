"""Scores retrieval and the misgrounding check over files of legal texts.

Usage: python bench/grounding/score.py --texts DIR --queries FILE --claims FILE [--cache DIR] [--small] [--verbose]

The forms of the files are told in `bench/grounding/texts.py`; a query is {"query", "kind", "jurisdiction", "gold":
[{"id"}]}. Queries are asked with their jurisdiction, as callers of the service know it; the line before the last gives
the figures without. The last line is one JSON object:

- `hit1`, `hit3`, `hit10`, `mrr`: over the queries that have an answer (MRR over the first 100);
- `citation_hit1`, `sibling_hit1`: first place, over the queries of that kind;
- `off_topic_refused`, `answerable_refused`: shares of queries for which nothing scores above the embedder's floor;
- the figures of the claims as the module claims beside this one tells them.

The first run fetches the embedder (400 MB) and embeds all texts (some 20 minutes on two cores); both are kept.
"""

import argparse
import hashlib
import importlib
import importlib.util
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.grounding.shelf import KeptEmbedder, Shelf
from bench.grounding.texts import read_texts
from config import PROJECT_DIR
from services.grounding.retrieval.embedding.embedder import Embedder, Vectors
from services.grounding.retrieval.embedding.encoder_files import EncoderStore
from services.grounding.retrieval.embedding.local import local_embedder
from services.grounding.retrieval.legs import Filter, Vector

_JURISDICTIONS = {"EU": "eu", "UK": "uk", "US": "us", "INT": "international"}
_KEPT = Path("~/.cache/legal-training-platform").expanduser()
_DEEPEST = 100
_STEP = 250


def main() -> None:
    """Score and print."""
    arguments = _arguments()
    embedder = local_embedder(EncoderStore(PROJECT_DIR / "catalog", arguments.models), small=arguments.small)
    with tempfile.TemporaryDirectory() as folder:
        shelf = _filled(Path(folder), embedder, arguments)
        rows = _read(arguments.queries)
        figures = _score(shelf, rows, with_jurisdiction=True, verbose=arguments.verbose)
        print("without jurisdiction:", json.dumps(_score(shelf, rows, with_jurisdiction=False, verbose=False)))
        shelf.library.close()
    if arguments.claims:
        figures |= _claims(_read(arguments.claims), arguments.texts)
    print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--claims", type=Path)
    parser.add_argument("--cache", type=Path, default=_KEPT / "bench", help="folder in which vectors are kept")
    parser.add_argument("--small", action="store_true", help="only the small encoder")
    parser.add_argument("--models", type=Path, default=_KEPT, help="folder of the embedder's files")
    parser.add_argument("--verbose", action="store_true", help="figures by kind, and what was missed")
    return parser.parse_args()


def _read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _filled(folder: Path, embedder: Embedder, arguments: argparse.Namespace) -> Shelf:
    """Return the product's store with all texts and their vectors."""
    kept: dict[str, Vector] = {}
    shelf = Shelf(folder, KeptEmbedder(embedder, lambda texts: np.array([kept[text] for text in texts], np.float32)))
    documents = shelf.keep(read_texts(arguments.texts))
    passages = shelf.texts_under(documents)
    kept.update(zip(passages, _vectors(embedder, passages, arguments.cache), strict=True))
    shelf.embed(documents)
    return shelf


def _vectors(embedder: Embedder, passages: Sequence[str], folder: Path) -> Vectors:
    """Return the vectors of *passages*, kept under the hash of model and texts."""
    stamp = hashlib.sha256("\0".join((embedder.model_id, *passages)).encode()).hexdigest()[:24]
    kept = folder / f"{stamp}.npy"
    if kept.is_file():
        return np.asarray(np.load(kept), np.float32)
    embedder.embed_query("the model is loaded once")
    begun = time.monotonic()
    parts: list[Vectors] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        steps = [passages[start : start + _STEP] for start in range(0, len(passages), _STEP)]
        for number, part in enumerate(pool.map(embedder.embed_passages, steps), 1):
            parts.append(part)
            print(f"embedded {number} of {len(steps)} steps, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(kept, np.concatenate(parts).astype(np.float16))
    return np.asarray(np.load(kept), np.float32)


def _score(
    shelf: Shelf,
    rows: Sequence[dict[str, object]],
    *,
    with_jurisdiction: bool,
    verbose: bool,
) -> dict[str, float]:
    ranks: dict[str, list[int | None]] = defaultdict(list)
    refused: dict[bool, list[bool]] = defaultdict(list)
    floor = shelf.retrieval.floor
    for row in rows:
        where = Filter(jurisdiction=_JURISDICTIONS.get(str(row["jurisdiction"]), "") if with_jurisdiction else "")
        found = shelf.retrieval.find(str(row["query"]), _DEEPEST, where).found
        ids = [shelf.id_of(one.chunk) for one in found]
        gold = _gold(row)
        refused[bool(gold)].append(not found or found[0].score < floor)
        if not gold:
            continue
        rank = next((place for place, name in enumerate(ids, 1) if name in gold), None)
        ranks[str(row["kind"])].append(rank)
        if verbose and (rank or _DEEPEST) > 3:
            print(f"{row.get('id')} {row['kind']} rank {rank}: {row['query']}\n    {ids[:3]}")
    if verbose:
        for kind, found_at in sorted(ranks.items()):
            print(kind, json.dumps(_figures(found_at)))
    every = [rank for found_at in ranks.values() for rank in found_at]
    return {
        **_figures(every),
        "citation_hit1": _share(ranks["citation"], 1),
        "sibling_hit1": _share(ranks["sibling"], 1),
        "off_topic_refused": _mean(refused[False]),
        "answerable_refused": _mean(refused[True]),
    }


def _gold(row: dict[str, object]) -> set[str]:
    listed = row.get("gold")
    return {str(one["id"]) for one in listed if isinstance(one, dict)} if isinstance(listed, list) else set()


def _figures(ranks: Sequence[int | None]) -> dict[str, float]:
    return {
        "hit1": _share(ranks, 1),
        "hit3": _share(ranks, 3),
        "hit10": _share(ranks, 10),
        "mrr": _mean([1 / rank if rank else 0.0 for rank in ranks]),
    }


def _share(ranks: Sequence[int | None], most: int) -> float:
    return _mean([rank is not None and rank <= most for rank in ranks])


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0


def _claims(rows: Sequence[dict[str, object]], folder: Path) -> dict[str, float]:
    """Return the figures of the misgrounding check; none where that half is not there."""
    if importlib.util.find_spec("bench.grounding.claims") is None:
        return {}
    claims = importlib.import_module("bench.grounding.claims")
    texts = importlib.import_module("bench.grounding.texts")
    figures: dict[str, float] = claims.score_claims(rows, claims.Laws(texts.read_texts(folder)))
    return figures


if __name__ == "__main__":
    main()
