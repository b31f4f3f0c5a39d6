"""The facade: what the service can do, one attribute a room. Entry points see this and nothing below it.

`bootstrap.build` makes it; `api`, `web` and `console` call one method of one room.
"""

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from models.backups.backup import Backups
from models.catalogue.authority_store import AuthorityStore
from models.contract.bodies import GenerateRequest
from models.grounding.library import Library
from models.stores import Stores
from services.assistant.assistant import Assistant
from services.assistant.chat_service import ChatService
from services.assistant.dataset_queries.questions import DatasetQuestions
from services.assistant.product_service import ProductService
from services.assistant.query_service import QueryService
from services.assistant.streamed_generation import StreamedGeneration
from services.batch.comparisons import Comparisons
from services.batch.following import Following
from services.batch.monitor import BatchMonitor
from services.batch_service import BatchService
from services.dataset.browsing import Browsing
from services.dataset.bulk_service import BulkService
from services.dataset.dataset_service import DatasetService
from services.dataset.exporting import Export
from services.dataset.import_service import ImportService
from services.dataset.jobs import Jobs
from services.dataset.publish_service import PublishService
from services.dataset.pushes import Pushes
from services.dataset.releases.release_service import ReleaseService
from services.dataset.releases.sharing import ReleaseSharing
from services.dataset.search_service import SearchService
from services.generation_service import GenerationService, Made
from services.grounding.document_service import DocumentService
from services.grounding.law.law_service import LawService
from services.grounding.retrieval_service import RetrievalService
from services.llm.embedded.model import EmbeddedModel
from services.llm_service import LLMService
from services.operations.automation.schedules import Schedules
from services.operations.automation.templates import Templates
from services.operations.automation.webhooks import Webhooks
from services.operations.catalogue_service import CatalogueService
from services.operations.embedded_service import EmbeddedService
from services.operations.health_service import HealthService
from services.operations.model_service import ModelService
from services.operations.provider_service import PAGES, ProviderService
from services.operations.upkeep import Upkeep
from services.operations.usage_service import UsageService
from services.quality.examiner import Examiner
from services.quality.leaderboard.board import Leaderboard, Which
from services.quality.report.quality_service import QualityService
from services.quality.review_service import ReviewService
from services.streams.broker import EventBroker, Subscription
from services.streams.run_service import Reading, RunService
from utils.metrics import Metrics

__all__ = ["PAGES", "Export", "Following", "Lifetime", "Platform", "Reading", "Subscription", "Which"]
# Together with a last fold it must end before the server process is killed (`server.process.GRACE_S`).
_SHUTDOWN_S = 2.5


@dataclass(frozen=True)
class Lifetime:
    """What is started and ended with the platform, and nobody else's business.

    Attributes:
        end_side: Ends the processes beside the service.
        keys: Fingerprints of the keys that secrets are encrypted with: all processes need the same.
        resume_batches: Whether batches that were running go on at a start; else they are closed.
    """

    stores: Stores
    authorities: AuthorityStore
    library: Library
    upkeep: Upkeep
    embedded: EmbeddedModel
    end_side: Callable[[], None]
    keys: Sequence[str]
    resume_batches: bool


@dataclass(frozen=True)
class Platform:
    """Every service. `start` begins the threads, `close` ends them."""

    catalogue: CatalogueService
    generation: GenerationService
    streamed: StreamedGeneration
    batches: BatchService
    monitor: BatchMonitor
    events: EventBroker
    usage: UsageService
    dataset: DatasetService
    search: SearchService
    browsing: Browsing
    bulk: BulkService
    imports: ImportService
    publish: PublishService
    pushes: Pushes
    jobs: Jobs
    releases: ReleaseService
    sharing: ReleaseSharing
    templates: Templates
    schedules: Schedules
    webhooks: Webhooks
    backups: Backups
    quality: QualityService
    board: Leaderboard
    comparisons: Comparisons
    reviews: ReviewService
    runs: RunService
    chat: ChatService
    products: ProductService
    questions: DatasetQuestions
    assistant: Assistant
    queries: QueryService
    documents: DocumentService
    retrieval: RetrievalService
    law: LawService
    providers: ProviderService
    models: ModelService
    embedded: EmbeddedService
    health: HealthService
    llm: LLMService
    examiner: Examiner
    metrics: Metrics
    lifetime: Lifetime
    _closed: threading.Event = field(default_factory=threading.Event)
    _closing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def stores(self) -> Stores:
        """What lies on the disk."""
        return self.lifetime.stores

    def generate(self, wanted: GenerateRequest) -> Made:
        """Make one sample now, and store it where *wanted* says so; errors as `GenerationService.make`."""
        # A single request has no place in a cycle, so "balance" is drawn.
        made = self.generation.make(wanted, counter=secrets.randbelow(1000))
        return replace(made, sample=self.dataset.keep(made.sample)) if wanted.save else made

    def start(self) -> Self:
        """Start the writer, the threads of the data set and the discovery of models; resume batches."""
        self.imports.prepare()
        self.stores.start()
        self.stores.members.join(self.llm.ledger, self.lifetime.keys)
        self.runs.begin()
        if self.stores.members.is_alone:
            self.stores.calls.lose_calls()  # those that were under way when the last process ended
        self.providers.know_all()
        self.lifetime.upkeep.start()
        self.lifetime.library.start()
        self.documents.start()
        self.webhooks.start()
        self.assistant.upkeep.start()
        self.batches.begin(self.lifetime.resume_batches)
        return self

    def close(self) -> None:
        """End streams, batches, threads and the embedded model; fold what waits.

        Idempotent; a second caller waits until the first has done it.
        """
        with self._closing:
            if not self._closed.is_set():
                self._closed.set()
                self._close()

    def _close(self) -> None:
        self.lifetime.upkeep.tell()
        self.law.tell()
        self.embedded.tell()
        self.documents.tell()
        self.assistant.upkeep.tell()
        self.lifetime.end_side()
        self.events.close()
        self.runs.close(_SHUTDOWN_S)
        self.batches.shutdown(_SHUTDOWN_S)
        self.lifetime.upkeep.stop(_SHUTDOWN_S)
        self.documents.stop(_SHUTDOWN_S)
        self.embedded.stop(_SHUTDOWN_S)
        self.assistant.upkeep.stop(_SHUTDOWN_S)
        self.webhooks.close(_SHUTDOWN_S)
        self.lifetime.library.close()
        self.dataset.close()
        if self.stores.folder.is_there():
            self.examiner.duplicates.close()  # what was learned is kept, where there is a folder to keep it in
        self.lifetime.authorities.close()
        self.lifetime.embedded.stop()
        self.llm.close()
        self.batches.leave()
        self.stores.close()
