"""The data set as the API offers it: query, add, change, delete, statistics."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence

from models.batches.review_store import Recorder, moved
from models.contract.answers.base import StoredSample
from models.contract.answers.batch_reports import BatchMade
from models.contract.answers.dataset import DatasetReport
from models.contract.answers.quality import SimilarSample
from models.contract.answers.statistics import DetailedStats, StatsAnswer, TokenStats
from models.samples.batch_figures import batch_figures, writers
from models.samples.by_number import page_at, rows_at
from models.samples.changes import differing
from models.samples.claims import VERDICTS, set_apart
from models.samples.file.parquet_file import ParquetFile
from models.samples.foreign_fields import issues_of
from models.samples.sample_query import SampleQuery, Selection, select
from models.samples.sample_store import SampleStore
from models.samples.snapshot import Snapshot
from models.samples.sources import PROVED, unproved
from models.samples.statistics import Cell, Present, cells, detail, present, summarize
from models.samples.while_unchanged import WhileUnchanged
from models.schemas import changed_fields, new_sample
from services.dataset.token_statistics import TokenStatistics
from services.quality.examiner import Examiner
from utils.errors import InputError, NotFoundError
from utils.frames import pl

_MAX_RANDOM = 10_000
TEXTS = frozenset({"question", "answer", "case_citation", "reasoning"})


class DatasetService:
    """A thin layer over `SampleStore`; caches statistics until the data change."""

    def __init__(
        self,
        store: SampleStore,
        file: ParquetFile,
        tokens: TokenStatistics,
        prices: Mapping[str, tuple[str, float]],
        examiner: Examiner,
    ) -> None:
        """Serve *store*; *prices* are names and US dollars per million tokens, by model id."""
        self._store = store
        self._file = file
        self._tokens = tokens
        self._prices = prices
        self._examiner = examiner
        self._statistics = WhileUnchanged[StatsAnswer](store)
        self._detailed = WhileUnchanged[DetailedStats](store)
        self._priced = WhileUnchanged[TokenStats](store)
        self._cells = WhileUnchanged[list[Cell]](store)

    @property
    def path(self) -> str:
        """Path of train.parquet, or the address of the shards."""
        return self._store.where

    def size(self) -> tuple[int, bool]:
        """Count all samples, and tell whether a train.parquet is in use, both at one moment."""
        snapshot = self._store.snapshot()
        return len(snapshot), snapshot.version is not None

    def count(self, filters: Mapping[str, str] | None = None) -> int:
        """Count the samples that match *filters*."""
        return self._store.count(filters)

    def present(self, filters: Mapping[str, str]) -> Present:
        """Count the samples that match *filters* by topic, level and type."""
        return present(self._store.snapshot(), filters)

    def get(self, sample_id: str) -> StoredSample:
        """Return one sample; NotFoundError when there is none."""
        return self._store.get(sample_id)

    def find(self, query: SampleQuery) -> tuple[Selection, Iterator[StoredSample]]:
        """Answer *query*; the samples come one by one."""
        return self._store.find(query)

    def page(self, query: SampleQuery) -> tuple[Selection, list[StoredSample]]:
        """Answer *query* at once; InputError if that is more than one answer may hold."""
        snapshot = self._store.snapshot()
        selection = select(snapshot, query)
        return selection, page_at(snapshot, selection.positions)

    def named(self, ids: Sequence[str]) -> tuple[int, Iterator[StoredSample]]:
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

    def draw(self, count: int, filters: Mapping[str, str], seed: int | None = None) -> list[StoredSample]:
        """Return *count* samples drawn at random, all if there are fewer; none for a count below one."""
        snapshot = self._store.snapshot()
        positions = select(snapshot, SampleQuery(filters, sort="id")).positions
        wanted = min(max(count, 0), len(positions))
        if wanted > _MAX_RANDOM:
            raise InputError(f"count: got {count}, want at most {_MAX_RANDOM}")
        chosen = random.Random(seed).sample(range(len(positions)), wanted)
        return page_at(snapshot, positions.gather(chosen))

    def add(self, values: Mapping[str, object]) -> StoredSample:
        """Add a sample from outside; InputError when fields are missing, too large, or the id exists.

        Its claims on quality and origin are renamed (`models.samples.claims`); a citation that is sent empty is noted.
        """
        wanted = new_sample(set_apart(values)).model_dump(exclude_unset=True)
        noted = {} if wanted["case_citation"] else {"quality_issues": issues_of(["case_citation"])}
        added = self._store.add({**wanted, **self._examiner.mark(wanted), **noted})
        self._examiner.duplicates.renew(added)
        return added

    def keep(self, values: Mapping[str, object]) -> StoredSample:
        """Store a sample that was generated here; InputError when the id exists."""
        added = self._store.add(values)
        self._examiner.duplicates.renew(added)
        return added

    def update(
        self, sample_id: str, changes: Mapping[str, object], seen: str | None = None, also: Recorder | None = None
    ) -> StoredSample:
        """Change the named fields of a sample; its citations are checked again when a text changes.

        How it stands on law is not known any more where answer or reasoning change; its sources stay, without what
        was quoted of them.

        Any field may be sent with its present value, which changes nothing. *seen* is the sample's `updated_at` as its
        editor saw it ("" for none); None to change it whatever happened since. *also* writes in the same transaction.

        Raises:
            NotFoundError: there is no such sample.
            InputError: a field is unusable, or is one that only the service sets.
            ConflictError: it was changed since it was seen.
        """
        current = self._store.get(sample_id)
        wanted = differing(changes, current)
        verdicts = sorted(VERDICTS & wanted.keys())
        if verdicts:
            raise InputError(
                f"{', '.join(verdicts)}: found out by the service; use POST /api/sample/<id>/review to decide"
            )
        wanted = changed_fields(set_apart(wanted))
        if TEXTS & wanted.keys():
            wanted["review"] = None  # the review was of another text
            wanted.update(self._examiner.mark({**current, **wanted}))
        if PROVED & wanted.keys():
            wanted.update(unproved(current))
        changed = self._store.update(
            sample_id, wanted, moved(sample_id, str(wanted.get("id") or sample_id), seen, also)
        )
        self._examiner.duplicates.renew(changed)
        return changed

    def alike_to(self, sample_id: str) -> list[SimilarSample]:
        """Return the samples that are similar to the stored one; NotFoundError when there is none."""
        return self.alike(self.get(sample_id))

    def of_batch(self, batch_id: str) -> list[StoredSample]:
        """Return the samples of a batch, newest first; NotFoundError when it has none."""
        samples = self.page(SampleQuery({"batch_id": batch_id}))[1]
        if not samples:
            raise NotFoundError(f"batch {batch_id[:100]!r}: has no samples; see GET /api/generate/batch/history")
        return samples

    def made_by(self, batch_id: str) -> BatchMade:
        """Return figures on the samples of a batch that are here now; reads no text."""
        return batch_figures(self._store.snapshot(), batch_id)

    def writers_of(self, batch_ids: Collection[str]) -> dict[str, dict[str, int]]:
        """Count the samples of each batch that are here now by "provider/model", most first; reads no text."""
        return writers(self._store.snapshot(), batch_ids)

    def alike(self, sample: Mapping[str, object]) -> list[SimilarSample]:
        """Return what is similar to a sample."""
        return [
            {"id": other.id, "similarity": other.similarity, "differs_in": other.differs_in}
            for other in self._examiner.duplicates.look(sample)
        ]

    def delete(self, sample_id: str) -> None:
        """Delete a sample; NotFoundError when there is none."""
        self._store.delete(sample_id)
        self._examiner.duplicates.forget(sample_id)

    def statistics(self) -> StatsAnswer:
        """Return the body of `GET /api/stats`."""

        def made(snapshot: Snapshot) -> StatsAnswer:
            return {**summarize(snapshot), "file_size_kb": round(_file_size(snapshot) / 1024, 2)}

        return self._statistics.current(made)

    def detailed_statistics(self) -> DetailedStats:
        """Return `stats` of `GET /api/stats/detailed`."""
        return self._detailed.current(detail)

    def cells(self) -> list[Cell]:
        """Count the samples of each combination of jurisdiction, topic, difficulty and type that occurs."""
        return self._cells.current(cells)

    def token_statistics(self) -> TokenStats:
        """Return `stats` of `GET /api/stats/tokens`; UnavailableError while a large data set is being counted."""
        return self._priced.current(lambda _: self._priced_tokens())

    def waiting(self) -> int:
        """How many changes are not in train.parquet yet."""
        return len(self._store.snapshot().overlay.changed)

    def report(self) -> DatasetReport:
        """Return the body of `GET /api/dataset/report`: the file, waiting changes, and changes noticed."""
        snapshot = self._store.snapshot()
        version = snapshot.version
        return {
            "samples": len(snapshot),
            "in_file": version.taken if version is not None else 0,
            "waiting_changes": len(snapshot.overlay.changed),
            "file": self.path if version is not None else None,
            "file_size_bytes": _file_size(snapshot),
            "columns": {name: str(dtype) for name, dtype in snapshot.columns.items()},
            "events": self._store.reports(),
        }

    def fold(self, *, erase: bool = False) -> int:
        """Fold the journal into train.parquet now; return how many changes went in.

        *erase* also removes what was deleted or replaced from the files, at once.
        """
        return self._store.fold(force=erase)

    @property
    def trouble(self) -> str:
        """Why the files of the samples cannot be reached or written now; "" for no reason."""
        return self._store.folding.trouble

    def fold_if_due(self) -> bool:
        """Fold if enough changes wait."""
        return self._store.folding.fold_if_due()

    def fold_at_end(self) -> int:
        """Fold, unless that would delay the shutdown."""
        return self._store.folding.fold_at_end()

    def tidy(self) -> None:
        """Check the file, and rewrite one that others wrote so that it is quick to read."""
        self._store.folding.tidy()

    def close(self) -> None:
        """Stop counting in the background and save the index, if the folder still exists."""
        self._tokens.close()
        if self._file.folder.is_there():
            self._store.folding.save_index()

    def _priced_tokens(self) -> TokenStats:
        tokens = self._tokens.statistics()
        total = tokens["total_tokens"]
        return {
            **tokens,
            "estimated_costs": {
                model: {"name": name, "cost_usd": round(total * price / 1e6, 4), "price_per_1m": price}
                for model, (name, price) in self._prices.items()
            },
        }


def _file_size(snapshot: Snapshot) -> int:
    """Bytes of the train.parquet that *snapshot* reads; 0 if there is none."""
    return snapshot.version.identity[2] if snapshot.version is not None else 0
