"""The data set as the API offers it: query, add, change, delete, statistics."""

import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import polars as pl

from models.claims import VERDICTS, set_apart
from models.column_types import plain
from models.parquet_file import ParquetFile
from models.review_store import move_reviews
from models.sample_query import SampleQuery, Selection, select
from models.sample_store import SampleStore, page_at, rows_at
from models.schemas import changed_fields, new_sample
from models.snapshot import Snapshot
from models.statistics import Present, detail, present, summarize
from services.examiner import Examiner
from services.token_statistics import TokenStatistics
from utils.errors import InputError, NotFoundError

_MAX_RANDOM = 10_000
TEXTS = frozenset({"question", "answer", "case_citation", "reasoning"})


class DatasetService:
    """Thin over `SampleStore`; keeps statistics until the data change."""

    def __init__(
        self,
        store: SampleStore,
        file: ParquetFile,
        tokens: TokenStatistics,
        prices: Mapping[str, tuple[str, float]],
        examiner: Examiner,
    ) -> None:
        """Serve *store*; *prices* are names and US dollars a million tokens, by model id."""
        self._store = store
        self._file = file
        self._tokens = tokens
        self._prices = prices
        self._examiner = examiner
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[object, dict[str, Any]]] = {}

    @property
    def path(self) -> str:
        """Where train.parquet lies."""
        return str(self._file.path)

    def size(self) -> tuple[int, bool]:
        """Count all samples, and tell whether there is a train.parquet in use, both at one moment."""
        snapshot = self._store.snapshot()
        return len(snapshot), snapshot.version is not None

    def count(self, filters: Mapping[str, str] | None = None) -> int:
        """Count the samples that match *filters*."""
        return self._store.count(filters)

    def present(self, filters: Mapping[str, str]) -> Present:
        """Count the samples that match *filters* by topic, level and type."""
        return present(self._store.snapshot(), filters)

    def get(self, sample_id: str) -> dict[str, Any]:
        """Return one sample; NotFoundError when there is none."""
        return self._store.get(sample_id)

    def find(self, query: SampleQuery) -> tuple[Selection, Iterator[dict[str, Any]]]:
        """Answer *query*; the samples come one by one."""
        return self._store.find(query)

    def page(self, query: SampleQuery) -> tuple[Selection, list[dict[str, Any]]]:
        """Answer *query* at once; InputError when that is more than one answer may hold."""
        snapshot = self._store.snapshot()
        selection = select(snapshot.index(), query)
        return selection, page_at(snapshot, selection.positions)

    def named(self, ids: Sequence[str]) -> tuple[int, Iterator[dict[str, Any]]]:
        """Return how many of the samples *ids* exist, and those one by one, in that order.

        Raises:
            NotFoundError: none of them does.
        """
        snapshot = self._store.snapshot()
        index = snapshot.index().select("position", "id").filter(pl.col("id").is_in(list(ids))).collect()
        places = dict(zip(index["id"], index["position"], strict=True))
        wanted = [places[name] for name in dict.fromkeys(ids) if name in places]
        if not wanted:
            raise NotFoundError(f"sample_ids: none of the {len(ids)} was found; list the ids with GET /api/data")
        return len(wanted), rows_at(snapshot, pl.Series(wanted, dtype=pl.UInt32()))

    def draw(self, count: int, filters: Mapping[str, str], seed: int | None = None) -> list[dict[str, Any]]:
        """Return *count* samples drawn at random, all if there are fewer; none for a count below one."""
        snapshot = self._store.snapshot()
        positions = select(snapshot.index(), SampleQuery(filters, sort="id")).positions
        wanted = min(max(count, 0), len(positions))
        if wanted > _MAX_RANDOM:
            raise InputError(f"count: got {count}, want at most {_MAX_RANDOM}")
        chosen = random.Random(seed).sample(range(len(positions)), wanted)
        return page_at(snapshot, positions.gather(chosen))

    def add(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Add a sample from outside; InputError when fields are missing, too large, or the id exists.

        What it says of its own quality and origin is kept apart (`models.claims`).
        """
        wanted = new_sample(set_apart(values)).model_dump(exclude_unset=True)
        added = self._store.add({**wanted, **self._examiner.mark(wanted)})
        self._examiner.duplicates.renew(added)
        return added

    def keep(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Store a sample that was generated here; InputError when the id exists."""
        added = self._store.add(values)
        self._examiner.duplicates.renew(added)
        return added

    def update(self, sample_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change the named fields of a sample; its citations are checked again when a text changes.

        A field that comes back as it is changes nothing, whatever it is.

        Raises:
            NotFoundError: there is no such sample.
            InputError: a field is unusable, or is one that only the service sets.
        """
        current = self._store.get(sample_id)
        wanted = _differing(changes, current)
        verdicts = sorted(VERDICTS & wanted.keys())
        if verdicts:
            raise InputError(
                f"{', '.join(verdicts)}: found out by the service; use POST /api/sample/<id>/review to decide"
            )
        wanted = changed_fields(set_apart(wanted))
        if TEXTS & wanted.keys():
            wanted["review"] = None  # it was decided on another text
            wanted.update(self._examiner.mark({**current, **wanted}))
        changed = self._store.update(
            sample_id,
            wanted,
            lambda connection, _before: move_reviews(connection, sample_id, str(wanted.get("id") or sample_id)),
        )
        self._examiner.duplicates.renew(changed)
        return changed

    def alike(self, sample: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what is similar to a sample."""
        return [
            {"id": other.id, "similarity": other.similarity, "differs_in": other.differs_in}
            for other in self._examiner.duplicates.look(sample)
        ]

    def delete(self, sample_id: str) -> None:
        """Delete a sample; NotFoundError when there is none."""
        self._store.delete(sample_id)
        self._examiner.duplicates.forget(sample_id)

    def statistics(self) -> dict[str, Any]:
        """Return the body of `GET /api/stats`."""

        def summary() -> dict[str, Any]:
            snapshot = self._store.snapshot()
            size_kb = round(_file_size(snapshot) / 1024, 2)
            return {**summarize(snapshot), "file_size_kb": size_kb}

        return self._cached("stats", summary)

    def detailed_statistics(self) -> dict[str, Any]:
        """Return `stats` of `GET /api/stats/detailed`."""
        return self._cached("detailed", lambda: detail(self._store.snapshot()))

    def token_statistics(self) -> dict[str, Any]:
        """Return `stats` of `GET /api/stats/tokens`; UnavailableError while a large data set is being counted."""
        return self._cached("tokens", lambda: self._priced(self._tokens.statistics()))

    def waiting(self) -> int:
        """How many changes train.parquet does not hold yet."""
        return len(self._store.snapshot().overlay.changed)

    def report(self) -> dict[str, Any]:
        """Return the body of `GET /api/dataset/report`: the file, what waits, and what was noticed."""
        snapshot = self._store.snapshot()
        version = snapshot.version
        return {
            "samples": len(snapshot),
            "in_file": len(version) if version is not None else 0,
            "waiting_changes": len(snapshot.overlay.changed),
            "file": self.path if version is not None else None,
            "file_size_bytes": _file_size(snapshot),
            "columns": {name: str(dtype) for name, dtype in snapshot.columns.items()},
            "events": self._store.watch.reports(),
        }

    def fold(self) -> int:
        """Write what is new into train.parquet now; return how many changes went in."""
        return self._store.fold()

    def fold_if_due(self) -> bool:
        """Write what is new when enough waits."""
        return self._store.folding.fold_if_due()

    def fold_at_end(self) -> int:
        """Write what is new into train.parquet, unless that would hold up the end."""
        return self._store.folding.fold_at_end()

    def tidy(self) -> None:
        """Look at the file, and bring one that others wrote into a form that is quick to read."""
        self._store.folding.tidy()

    def close(self) -> None:
        """End what counts in the background and keep the index, if the folder is still there."""
        self._tokens.close()
        if self._file.folder.is_there():
            self._store.folding.save_index()

    def _cached(self, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        version = self._store.version()
        with self._lock:
            kept = self._kept.get(name)
        if kept is not None and kept[0] == version:
            return kept[1]
        made = work()
        with self._lock:
            # What changed meanwhile makes it be computed again at the next call.
            self._kept[name] = (version, made)
        return made

    def _priced(self, tokens: dict[str, Any]) -> dict[str, Any]:
        total = tokens["total_tokens"]
        costs = {
            model: {"name": name, "cost_usd": round(total * price / 1e6, 4), "price_per_1m": price}
            for model, (name, price) in self._prices.items()
        }
        return {**tokens, "estimated_costs": costs}


def _differing(changes: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is not as the API shows the sample already: clients send back all that they got."""
    shown = orjson.loads(orjson.dumps(current, default=plain))
    return {name: value for name, value in changes.items() if name not in shown or not _is_same(value, shown[name])}


def _is_same(value: object, shown: object) -> bool:
    return value == shown and isinstance(value, bool) == isinstance(shown, bool)


def _file_size(snapshot: Snapshot) -> int:
    """Bytes of the train.parquet that *snapshot* reads; 0 when there is none."""
    return snapshot.version.identity[2] if snapshot.version is not None else 0
