"""Products: slices of the data set under a name, with what was in them when they were saved."""

from __future__ import annotations

import hashlib
import math
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import cast
from urllib.parse import urlencode

from models.assistant.products import ProductRecord, ProductStore
from models.contract.answers.assistant_data import Product, ProductFacts, ProductMatch, ProductSearch, ProductState
from models.contract.answers.base import StoredSample
from models.samples.by_number import rows_at
from models.samples.sample_query import SampleQuery, select
from models.samples.snapshot import Snapshots
from models.samples.sources import sources_in
from services.assistant.words import stems
from utils.clock import Clock, iso
from utils.errors import InputError

_TEXTS = ("question", "answer", "case_citation", "reasoning")
_COUNTED = ("jurisdiction", "practice_area", "difficulty", "sample_type")
# Hashes of more samples are no row of a database any more.
MOST_SAMPLES = 200_000
_IN_NAME = 2.0


class ProductService:
    """Saves, shows and finds products. Thread-safe."""

    def __init__(self, store: ProductStore, samples: Snapshots, clock: Clock) -> None:
        self._store = store
        self._samples = samples
        self._clock = clock

    def save(self, name: str, description: str, filters: Mapping[str, str]) -> ProductFacts:
        """Save the samples that match *filters* now as a product.

        Raises:
            ExistsError: there is a product of this name.
            InputError: no sample matches, or too many do.
        """
        snapshot = self._samples.snapshot()
        positions = select(snapshot, SampleQuery(filters, sort="id")).positions
        if not len(positions):
            raise InputError(f"filters: got {_written(filters)}, which no sample matches; see GET /api/stats")
        if len(positions) > MOST_SAMPLES:
            raise InputError(
                f"filters: {len(positions)} samples match, want at most {MOST_SAMPLES}; choose a smaller part"
            )
        slice_ = _Slice()
        for sample in rows_at(snapshot, positions):
            slice_.take(sample)
        record: ProductRecord = {
            "id": f"prod_{secrets.token_hex(6)}",
            "name": name.strip(),
            "kind": "slice",
            "description": description.strip(),
            "created_at": iso(self._clock.now()),
            "filters": dict(filters),
            "facts": slice_.facts(),
        }
        self._store.add(record, slice_.hashes)
        return {**_shown(record), "state": {"unchanged": len(positions), "changed": 0, "gone": 0}}

    def all(self) -> list[Product]:
        """Return all products, newest first."""
        return [_shown(record) for record in self._store.all()]

    def get(self, product_id: str) -> ProductFacts:
        """Return a product and how its samples are now; NotFoundError when there is none."""
        record, hashes = self._store.get(product_id)
        return {**_shown(record), "state": self._state(hashes)}

    def delete(self, product_id: str) -> None:
        """Delete a product, none of its samples; NotFoundError when there is none."""
        self._store.delete(product_id)

    def find(self, text: str, filters: Mapping[str, str], limit: int) -> ProductSearch:
        """Return the products that fit best: by the words of *text*, then by how many samples match *filters*."""
        wanted = set(stems(text))
        found = [match for record in self._store.all() if (match := _matched(record, wanted, filters)) is not None]
        found.sort(key=lambda match: (-match["score"], match["name"], match["id"]))
        return {"products": found[:limit], "count": len(found), "query": text}

    def _state(self, hashes: Mapping[str, str]) -> ProductState:
        snapshot = self._samples.snapshot()
        index = snapshot.index().select("position", "id").collect()
        here = index.filter(index["id"].is_in(list(hashes)))
        same = sum(_hash(sample) == hashes[sample["id"]] for sample in rows_at(snapshot, here["position"]))
        return {"unchanged": same, "changed": here.height - same, "gone": len(hashes) - here.height}


class _Slice:
    """What is counted of the samples of a product."""

    def __init__(self) -> None:
        self.hashes: dict[str, str] = {}
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in _COUNTED}
        self._scores: list[float] = []
        self._licences: set[str] = set()

    def take(self, sample: StoredSample) -> None:
        """Count a sample."""
        self.hashes[sample["id"]] = _hash(sample)
        area = sample["topic"].split(" - ")[0]
        values = (sample["jurisdiction"], area, sample["difficulty"], sample["sample_type"])
        for name, value in zip(_COUNTED, values, strict=True):
            self._counts[name][value or "not known"] += 1
        score = sample["quality_score"]
        if score is not None and math.isfinite(score):
            self._scores.append(score)
        self._licences.update(source.licence or "not named" for source in sources_in(sample["sources"]))

    def facts(self) -> dict[str, object]:
        """Return what was counted."""
        whole = hashlib.sha256()
        for sample_id in sorted(self.hashes):
            whole.update(f"{sample_id}\0{self.hashes[sample_id]}\n".encode())
        mean = round(sum(self._scores) / len(self._scores), 4) if self._scores else None
        return {
            "samples": len(self.hashes),
            "counts": {name: _ordered(counts.items()) for name, counts in self._counts.items()},
            "mean_score": mean,
            "licences": sorted(self._licences),
            "content_hash": whole.hexdigest(),
        }


def _hash(sample: StoredSample) -> str:
    """Return the hash of a sample's texts."""
    texts = "\0".join(str(sample.get(name) or "") for name in _TEXTS)
    return hashlib.sha256(texts.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _ordered(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    return dict(sorted(counts, key=lambda item: (-item[1], item[0])))


def _shown(record: ProductRecord) -> Product:
    # Facts are those of `_Slice.facts`, as they were kept.
    facts = cast("Product", record["facts"])
    return {
        "id": record["id"],
        "name": record["name"],
        "description": record["description"],
        "kind": "release" if record["kind"] == "release" else "slice",
        "filters": record["filters"],
        "samples": facts["samples"],
        "counts": facts["counts"],
        "mean_score": facts["mean_score"],
        "licences": facts["licences"],
        "content_hash": facts["content_hash"],
        "created_at": record["created_at"],
        "export": f"/api/export?{urlencode({**record['filters'], 'format': 'jsonl'})}",
    }


def _matched(record: ProductRecord, words: set[str], filters: Mapping[str, str]) -> ProductMatch | None:
    product = _shown(record)
    matching = _matching(product, filters)
    if matching == 0:
        return None
    counts = cast("Mapping[str, Mapping[str, int]]", product["counts"])
    values = (*product["filters"].values(), *(value for column in counts.values() for value in column))
    about = set(stems(" ".join([product["description"], *values])))
    named = set(stems(product["name"]))
    hits = _IN_NAME * len(words & named) + len(words & (about - named))
    if words and not hits:
        return None
    return {**product, "matching": matching, "score": round(hits + matching / product["samples"], 4)}


def _matching(product: Product, filters: Mapping[str, str]) -> int:
    """Return how many samples match at most, by the counts of each column by itself."""
    counts = cast("Mapping[str, Mapping[str, int]]", product["counts"])
    most = product["samples"]
    for name, value in filters.items():
        if product["filters"].get(name) == value:
            continue
        column, wanted = ("practice_area", value.split(" - ")[0]) if name == "topic" else (name, value)
        most = min(most, counts.get(column, {}).get(wanted, 0))
    return most


def _written(filters: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in filters.items())[:100] or "none"
