"""Every long-lived part of the service, and its threads: what `bootstrap.build` returns."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from config import Settings
from models.authority_store import AuthorityStore
from models.backup import Backups
from models.data_folder import DataFolder
from models.database import Writer
from models.ledger import Ledger
from models.usage_store import UsageStore
from services.batch_service import BatchService
from services.catalogue import Catalogue
from services.chat_service import ChatService
from services.citation_audit import CitationAudit
from services.dataset_service import DatasetService
from services.decontamination import Benchmarks
from services.events import EventBroker
from services.examiner import Examiner
from services.generation_service import GenerationService
from services.health_service import HealthService
from services.import_service import ImportService
from services.llm.engine import EmbeddedEngine
from services.llm.weights import WeightStore
from services.llm_service import LLMService
from services.model_service import ModelService
from services.provider_registry import ProviderRegistry
from services.provider_service import ProviderService
from services.publish_service import PublishService
from services.quality_service import QualityService
from services.review_service import ReviewService
from services.search_service import SearchService
from utils.errors import StorageError
from utils.memory import give_back
from utils.tokens import TokenCounter

log = logging.getLogger(__name__)
_FOLD_LOOK_S = 1.0
_UPKEEP_LOOK_S = 5.0
_DISCOVERY_LOOK_S = 2.0
# Together with a last fold it must end before the server process is killed (`server_process.GRACE_S`).
_SHUTDOWN_S = 2.5


@dataclass(frozen=True)
class Data:
    """The services around the data set."""

    dataset: DatasetService
    search: SearchService
    imports: ImportService
    audit: CitationAudit
    publish: PublishService
    quality: QualityService
    reviews: ReviewService
    backups: Backups
    tokens: TokenCounter


@dataclass(frozen=True)
class Quality:
    """What judges samples."""

    examiner: Examiner
    authorities: AuthorityStore
    benchmarks: Benchmarks

    def close(self, keep: bool) -> None:
        """Keep what was learned, where there is a folder to *keep* it in."""
        if keep:
            self.examiner.duplicates.close()
        self.authorities.close()


@dataclass(frozen=True)
class Management:
    """What administrators change."""

    registry: ProviderRegistry
    providers: ProviderService
    models: ModelService


@dataclass(frozen=True)
class Container:
    """Every long-lived part of the service. `start` begins its threads, `close` ends them."""

    settings: Settings
    catalogue: Catalogue
    folder: DataFolder
    engine: Engine
    writer: Writer
    data: Data
    quality: Quality
    llm: LLMService
    management: Management
    chat: ChatService
    health: HealthService
    usage: UsageStore
    ledger: Ledger
    generation: GenerationService
    batches: BatchService
    events: EventBroker
    weights: WeightStore
    local_engine: EmbeddedEngine
    _stopping: threading.Event
    _closing: threading.Lock
    _threads: list[threading.Thread]

    @property
    def dataset(self) -> DatasetService:
        """The data set."""
        return self.data.dataset

    def start(self) -> "Container":
        """Start the writer, the threads of the data set and the discovery of models; resume batches."""
        self.data.imports.prepare()
        self.writer.start()
        self.ledger.lose_calls()
        self.management.registry.know_all()
        self._spawn("fold", self._fold_loop)
        self._spawn("upkeep", self._upkeep_loop)
        self._spawn("discovery", self._discover)
        self.batches.publisher.start()
        if self.settings.resume_batches:
            self.batches.recovery.resume_all()
        else:
            self.batches.recovery.close_interrupted()
        return self

    def close(self) -> None:
        """End streams, batches, threads and the embedded engine; fold what waits.

        Idempotent; a second caller waits until the first has done it.
        """
        with self._closing:
            if not self._stopping.is_set():
                self._stopping.set()
                self._close()

    def _close(self) -> None:
        self.events.close()
        self.batches.shutdown(_SHUTDOWN_S)
        for thread in self._threads:
            if thread.name in ("fold", "upkeep"):
                thread.join(_SHUTDOWN_S)
        self._fold(self.dataset.fold_at_end)
        self.dataset.close()
        self.quality.close(self.folder.is_there())
        self.writer.close()
        self.local_engine.stop()
        self.llm.factory.close()
        self.engine.dispose()
        self.folder.close()

    def _spawn(self, name: str, work: object) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)  # type: ignore[arg-type]  # a bound method
        self._threads.append(thread)
        thread.start()

    def _fold_loop(self) -> None:
        self._fold(self.dataset.tidy)
        while not self._stopping.wait(_FOLD_LOOK_S):
            if not self._fold(self.dataset.fold_if_due):
                self._stopping.wait(10 * _FOLD_LOOK_S)

    def _fold(self, work: Callable[[], object]) -> bool:
        """Do *work* of the fold; False when the disk refused, and the samples stay where they are."""
        try:
            work()
        except StorageError as error:
            log.warning("samples stay in the journal", extra={"reason": str(error)})
            return False
        except Exception:  # top of a thread: it must live on, the samples are in the journal
            log.exception("fold failed")
            return False
        return True

    def _upkeep_loop(self) -> None:
        """Keep the search index, the duplicates, the verdicts; make backups. A fault of one leaves the others."""
        stopped = self._stopping.is_set
        tasks = (
            lambda: self.data.search.update(stopped),
            lambda: self.quality.examiner.duplicates.update(stopped),
            lambda: self.data.audit.update(stopped),
            self._back_up,
            give_back,
        )
        while not self._stopping.wait(_UPKEEP_LOOK_S):
            failed = sum(not self._keep_up(task) for task in tasks)
            if failed:
                self._stopping.wait(12 * _UPKEEP_LOOK_S)

    def _keep_up(self, task: Callable[[], object]) -> bool:
        try:
            self.folder.check()
            task()
        except (StorageError, OSError) as error:
            log.warning("upkeep put off", extra={"reason": str(error)})
            return False
        except Exception:  # top of a thread: it must live on
            log.exception("upkeep failed")
            return False
        return True

    def _back_up(self) -> None:
        every_s = 3600 * self.settings.backup_every_h
        if every_s and self.data.backups.is_due(every_s):
            self.data.backups.make()

    def _discover(self) -> None:
        """Ask the providers for their models, now and whenever a list is missing, old or in doubt."""
        while True:
            names = [provider.id for provider in self.llm.factory.enabled() if not provider.last_resort]
            try:
                if self.llm.models.refresh_due(names):
                    self.management.registry.know_all()
            except StorageError as error:
                log.warning("models not kept", extra={"reason": str(error)})
            except Exception:  # top of a thread: it must live on
                log.exception("discovery failed")
            if self._stopping.wait(_DISCOVERY_LOOK_S):
                return
