"""Says whether the service can do its work: database, data set, disk, providers."""

import shutil
from collections.abc import Callable

from models.contract.answers.monitoring import Health, PartState, ReadyAnswer
from models.stores import Stores
from services.dataset.dataset_service import DatasetService
from services.llm_service import LLMService
from utils.errors import NotReadyError, StorageError


class HealthService:
    """Pings each part."""

    def __init__(
        self,
        stores: Stores,
        dataset: DatasetService,
        llm: LLMService,
        min_free_mb: int,
    ) -> None:
        self._stores = stores
        self._dataset = dataset
        self._llm = llm
        self._folder = stores.folder
        self._min_free_mb = min_free_mb

    @property
    def database(self) -> str:
        """The kind of database: sqlite or postgresql."""
        return self._stores.database

    def told(self, running_batches: int) -> Health:
        """Return what the service has: samples, keys, batches that run."""
        factory = self._llm.factory
        total_samples, has_file = self._dataset.size()
        return {
            "status": "healthy",
            "dataset_exists": has_file,
            "total_samples": total_samples,
            "groq_configured": factory.has_key("groq"),
            "cerebras_configured": factory.has_key("cerebras"),
            "ollama_configured": any(provider.id == "ollama" for provider in factory.enabled()),
            "active_batches": running_batches,
            "running_batches": running_batches,
            "batch_generation_running": running_batches > 0,
            "database": self._stores.database,
        }

    def ready(self) -> ReadyAnswer:
        """Return the state of each part; vendors that are down do not make the service unready.

        Raises:
            NotReadyError: a part other than the vendors does not work; carries all parts.
        """
        samples: list[int] = []
        parts = {
            "database": _part(self._stores.ping),
            "dataset": _part(lambda: samples.append(self._dataset.count()), self._dataset.trouble),
            "disk": self._disk(),
            "providers": self._providers(),
        }
        shared = self._llm.shared
        if shared is not None:  # Redis that is away is coped with
            told = "shared by" if shared.is_joined else "Redis is away: this process keeps to its share of"
            parts["limits"] = {"ok": True, "detail": f"{told} {shared.processes}"}
        if self._stores.seat is not None:
            parts["processes"] = self._processes()
        broken = [f"{name}: {part['detail']}" for name, part in parts.items() if not part["ok"]]
        if broken:
            raise NotReadyError("; ".join(broken), parts)
        return {"status": "ready", "total_samples": samples[0], "parts": parts}

    def _processes(self) -> PartState:
        try:
            count = 1 + self._stores.members.others()
        except StorageError as error:
            return {"ok": False, "detail": str(error)}
        return {"ok": True, "detail": "this one alone" if count == 1 else f"{count} work together"}

    def disk_free_bytes(self) -> int:
        """Return the free bytes of the data folder's disk."""
        return shutil.disk_usage(self._folder.path).free

    def _disk(self) -> PartState:
        try:
            self._folder.check()
            free_mb = self.disk_free_bytes() >> 20
        except OSError as error:
            return {"ok": False, "detail": f"{self._folder.path}: {error.strerror}"}
        except StorageError as error:
            return {"ok": False, "detail": str(error)}
        enough = free_mb >= self._min_free_mb
        return {"ok": enough, "detail": f"{free_mb} MiB free" + ("" if enough else f", want {self._min_free_mb}")}

    def _providers(self) -> PartState:
        states: dict[str, bool] = {}
        try:
            rows = self._llm.status()
        except StorageError as error:  # what a limit has left is read there
            return {"ok": False, "detail": str(error)}
        for row in rows:
            states[row["provider"]] = states.get(row["provider"], False) or row["open"]
        told = ", ".join(f"{name} {'open' if is_open else 'closed'}" for name, is_open in states.items())
        return {"ok": True, "detail": told or "none is set up"}


def _part(check: Callable[[], object], trouble: str = "") -> PartState:
    try:
        check()
    except StorageError as error:
        return {"ok": False, "detail": str(error)}
    return {"ok": True, "detail": f"new samples stay in the database: {trouble}" if trouble else "ok"}
