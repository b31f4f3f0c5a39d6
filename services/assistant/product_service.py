"""Products: slices of the data set under a name, with what was in them when they were saved."""

from __future__ import annotations

import hashlib
import math
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol, cast
from urllib.parse import urlencode

from models.assistant.products import ProductRecord, ProductStore
from models.contract.answers.assistant_data import Product, ProductFacts, ProductMatch, ProductSearch, ProductState
from models.contract.answers.base import StoredSample
from models.contract.answers.releases import ReleaseDiff, ReleaseFacts
from models.samples.by_number import rows_at
from models.samples.sample_query import SampleQuery, select
from models.samples.snapshot import Snapshots
from models.samples.sources import sources_in
from services.assistant.words import stems
from utils.clock import Clock, iso
from utils.errors import ConflictError, InputError

_TEXTS = ("question", "answer", "case_citation", "reasoning")
_COUNTED = ("jurisdiction", "practice_area", "difficulty", "sample_type")
# Hashes of more samples are no row of a database any more.
MOST_SAMPLES = 200_000
_IN_NAME = 2.0
_RELEASE = "rel_"


class Releases(Protocol):
    """The releases, which are products as well."""

    def manifests(self) -> list[ReleaseFacts]:
        """Return all that may be used, newest first."""

    def get(self, release_id: str) -> ReleaseFacts:
        """Return one; NotFoundError when there is none."""

    def diff(self, release_id: str, to: str, limit: int) -> ReleaseDiff:
        """Compare one with what its recipe makes of the data set now, where *to* is "now"."""


class ProductService:
    """Saves, shows and finds products. Thread-safe."""

    def __init__(self, store: ProductStore, samples: Snapshots, clock: Clock, releases: Releases | None = None) -> None:
        """Keep slices of *samples* in *store*; *releases* are products too."""
        self._store = store
        self._releases = releases
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
        every = [*self._store.all(), *self._released()]
        return [_shown(record) for record in sorted(every, key=lambda one: one["created_at"], reverse=True)]

    def get(self, product_id: str) -> ProductFacts:
        """Return a product and how its samples are now; NotFoundError when there is none."""
        if self._releases is not None and product_id.startswith(_RELEASE):
            return {**_shown(_record_of(self._releases.get(product_id))), "state": self._state_of_release(product_id)}
        record, hashes = self._store.get(product_id)
        return {**_shown(record), "state": self._state(hashes)}

    def delete(self, product_id: str) -> None:
        """Delete a product, none of its samples.

        Raises:
            NotFoundError: there is none.
            ConflictError: it is a release, which stays what it is.
        """
        if product_id.startswith(_RELEASE):
            raise ConflictError(
                f"product {product_id[:40]}: is a release, which is not deleted; yank it: POST /api/releases/<id>/yank"
            )
        self._store.delete(product_id)

    def find(self, text: str, filters: Mapping[str, str], limit: int) -> ProductSearch:
        """Return the products that fit best: by the words of *text*, then by how many samples match *filters*."""
        wanted = set(stems(text))
        records = [*self._store.all(), *self._released()]
        found = [match for record in records if (match := _matched(record, wanted, filters)) is not None]
        found.sort(key=lambda match: (-match["score"], match["name"], match["id"]))
        return {"products": found[:limit], "count": len(found), "query": text}

    def _released(self) -> list[ProductRecord]:
        return [_record_of(facts) for facts in self._releases.manifests()] if self._releases is not None else []

    def _state_of_release(self, release_id: str) -> ProductState:
        assert self._releases is not None  # noqa: S101  # asked before
        diff = self._releases.diff(release_id, "now", 0)
        return {"unchanged": diff["same"] + diff["moved"], "changed": diff["changed"], "gone": diff["removed"]}

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


def _record_of(release: ReleaseFacts) -> ProductRecord:
    """Return a release as a product."""
    columns = {name: dict(release["counts"].get(name, {})) for name in _COUNTED}
    return {
        "id": release["id"],
        "name": f"{release['name']} {release['version']}",
        "kind": "release",
        "description": release["description"],
        "created_at": release["created_at"],
        "filters": release["recipe"]["filters"],
        "facts": {
            "samples": release["samples"],
            "counts": columns,
            "mean_score": release["quality"]["mean_score"],
            "licences": sorted({source["licence"] or "not named" for source in release["sources"]}),
            "content_hash": release["content_hash"],
        },
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
        "export": _export(record),
    }


def _export(record: ProductRecord) -> str:
    if record["kind"] == "release":
        return f"/api/releases/{record['id']}/export?format=jsonl"
    return f"/api/export?{urlencode({**record['filters'], 'format': 'jsonl'})}"


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
