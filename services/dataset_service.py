"""The data set as the API offers it: query, add, change, delete, statistics."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from models.parquet_file import ParquetFile
from models.row_index import FILTERS
from models.sample_store import SampleStore
from models.statistics import summarize


class DatasetService:
    """Thin over `SampleStore`; keeps the statistics until the data change."""

    def __init__(self, store: SampleStore, file: ParquetFile) -> None:
        self._store = store
        self._file = file
        self._lock = threading.Lock()
        self._statistics: tuple[object, dict[str, Any]] | None = None

    @property
    def path(self) -> str:
        """Where train.parquet lies."""
        return str(self._file.path)

    def exists(self) -> bool:
        """True once train.parquet was written."""
        return self._file.identity() is not None

    def count(self, filters: Mapping[str, str] | None = None) -> int:
        """Count the samples that match *filters*."""
        return self._store.count(filters)

    def get(self, sample_id: str) -> dict[str, Any]:
        """Return one sample; NotFoundError when there is none."""
        return self._store.get(sample_id)

    def walk(self, filters: Mapping[str, str], limit: int | None, offset: int) -> Iterator[dict[str, Any]]:
        """Yield samples, newest first."""
        return self._store.walk(filters, limit, offset)

    def add(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Add a sample from outside; InputError when fields are missing or the id exists."""
        return self._store.add(values)

    def update(self, sample_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change the named fields of a sample."""
        return self._store.update(sample_id, changes)

    def delete(self, sample_id: str) -> None:
        """Delete a sample; NotFoundError when there is none."""
        self._store.delete(sample_id)

    def statistics(self) -> dict[str, Any]:
        """Return the body of `GET /api/stats`."""
        version = self._store.version()
        with self._lock:
            if self._statistics is None or self._statistics[0] != version:
                summary = summarize(self._store.snapshot())
                identity = self._file.identity()
                summary["file_size_kb"] = round(identity[2] / 1024, 2) if identity else 0.0
                self._statistics = (version, summary)
            return self._statistics[1]

    def fold(self) -> int:
        """Write what is new into train.parquet now; return how many changes went in."""
        return self._store.fold()

    def fold_if_due(self) -> bool:
        """Write what is new when enough waits."""
        return self._store.fold_if_due()

    @staticmethod
    def filters(arguments: Mapping[str, str]) -> dict[str, str]:
        """Pick the filters out of query arguments."""
        return {name: arguments[name] for name in FILTERS if arguments.get(name)}
