"""Composition root: settings in, a wired service out. The roots (`side.py`, `*_parts.py` too) name concrete classes."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import services.llm.providers as adapters
from api.app import AppSettings
from api.edge.access import AccessRules
from assistant_parts import Found, Way, build_assistant, build_queries
from automation_parts import build_automation
from config import Settings
from grounding_parts import Grounding, build_grounding
from models.backups.backup import Backups
from models.batches.tally_store import TallyStore
from models.catalogue.authority_store import AuthorityStore
from models.catalogue.limit_store import LimitStore
from models.catalogue.provider_store import ProviderStore
from models.database import open_engine
from models.engines.opening import open_reader
from models.grounding.library import Library
from models.samples.bulk_store import BulkStore
from models.samples.search.search_index import SearchIndex
from models.stores import Places, Stores, open_stores
from product_parts import build_products
from release_parts import build_releases
from services.assistant.chat_service import ChatService
from services.assistant.streamed_generation import StreamedGeneration
from services.batch.comparisons import Comparisons, Kept
from services.batch.measures import AlertThresholds
from services.batch.stores import BatchStores
from services.batch_service import BatchService, BatchSettings, Collaborators
from services.catalogue.catalogue import Catalogue, load_catalogue
from services.catalogue.files import read_tables
from services.catalogue.rows import ChatPrompt, SlotValues
from services.citations.checker import CitationChecker
from services.citations.on_demand import ExtractorOnDemand
from services.dataset.browsing import Browsing
from services.dataset.bulk_service import BulkService
from services.dataset.dataset_service import DatasetService
from services.dataset.exporting import Exporter
from services.dataset.hub.push import HubAccess
from services.dataset.import_service import ImportService
from services.dataset.jobs import Jobs
from services.dataset.publish_service import PublishService
from services.dataset.pushes import Pushes
from services.dataset.search_service import SearchService
from services.dataset.token_statistics import TokenStatistics
from services.formats import exporters
from services.formats.export_format import ExportFormat
from services.generation.guided import Guide
from services.generation.judge import Judge
from services.generation.making import Maker
from services.generation.provision.lead import ProvisionScaffold
from services.generation.scaffold import Scaffold
from services.generation_service import GenerationService, GenerationSettings
from services.grounding.proof import Prover
from services.llm.adapters.base import AdapterSpec
from services.llm.embedded.model import EmbeddedModel
from services.llm.embedded.weights import WeightStore
from services.llm.limits.accounts import Accounts, EarlierUse
from services.llm.limits.shared.keeper import SharedLimits
from services.llm.routing.credentials import Given
from services.llm.routing.overrides import credentials_by_settings, roster_state
from services.llm.routing.roster import Roster
from services.llm_service import Credentials, LLMProviderFactory, LLMService
from services.operations.automation.schedules import Schedules
from services.operations.catalogue_service import CatalogueService
from services.operations.embedded_service import EmbeddedService
from services.operations.health_service import HealthService
from services.operations.model_service import ModelService
from services.operations.provider_registry import ProviderRegistry
from services.operations.provider_service import ProviderService
from services.operations.upkeep import Chores, Task, Upkeep
from services.operations.usage_service import UsageService
from services.platform import Lifetime, Platform
from services.quality.benchmarks import Benchmarks
from services.quality.citation_audit import CitationAudit
from services.quality.duplicates import DuplicateThresholds
from services.quality.duplicates.duplicate_service import DuplicateService
from services.quality.examiner import Examiner, ExaminerSettings
from services.quality.leaderboard.board import Leaderboard
from services.quality.report.measuring import Measures
from services.quality.report.quality_service import QualityService
from services.quality.review_service import ReviewService
from services.streams.broker import EventBroker
from services.streams.run_service import RunService
from side import Tools, build_checker, open_authorities, open_library, side_processes, surroundings
from utils.addresses import AddressRule
from utils.clock import Clock, SystemClock
from utils.key_file import encryption_keys, fingerprints
from utils.memory import give_back
from utils.metrics import Metrics
from utils.plugins import find_specs
from utils.seats import Seats
from utils.secret_box import SecretBox
from utils.side.processes import SideProcesses
from utils.tokens import TokenCounter
from web.settings import SiteSettings

if TYPE_CHECKING:
    from services.grounding.retrieval.embedding.encoder_files import EncoderStore
    from services.workbench import Workbench

# Threads that streams must leave free for everything else.
_FREE_THREADS = 64


@dataclass(frozen=True, kw_only=True)
class Service(Platform):
    """A platform with the settings that it was made of: for entry points, which go by them."""

    settings: Settings


@dataclass(frozen=True)
class _Judging:
    """What judges samples."""

    examiner: Examiner
    authorities: AuthorityStore
    benchmarks: Benchmarks


@dataclass(frozen=True)
class _Data:
    """The services around the data set."""

    dataset: DatasetService
    search: SearchService
    browsing: Browsing
    bulk: BulkService
    imports: ImportService
    audit: CitationAudit
    exporter: Exporter
    hub: HubAccess
    publish: PublishService
    quality: QualityService
    board: Leaderboard
    reviews: ReviewService
    backups: Backups


def build(settings: Settings, clock: Clock | None = None) -> Service:
    """Wire the service; touches the data folder, starts no thread.

    Raises:
        ConfigurationError: catalogue or settings are wrong.
        StorageError: the data folder cannot be used.
    """
    clock = clock or SystemClock()
    weights = weight_store(settings)
    catalogue = load_catalogue(settings.catalog_dir).with_local_model(weights.model_name)
    catalogue = catalogue.with_default_jurisdiction(settings.default_jurisdiction)
    stores = open_stores(places_of(settings), clock)
    metrics = Metrics()
    stores.samples.folding.folded = metrics.fold_s.observe
    side = side_processes(settings)
    streams = max(4, settings.threads - _FREE_THREADS)
    seats = Seats(streams)
    grounding = build_grounding(settings, catalogue, stores, side, seats)
    judging = _judging(settings, catalogue, stores, side, grounding)
    embedded = EmbeddedModel(weights, settings.local_idle_s, clock)
    learned = LimitStore(stores.engine, stores.writer, clock)
    earlier = EarlierUse(stores.tables.work, stores.tables.usage, learned, clock)
    llm = build_llm(settings, catalogue, embedded, clock, metrics, earlier)
    events = EventBroker(seats)
    runs = RunService(stores.runs, stores.calls, llm, seats, streams)
    registry = _registry(settings, catalogue, stores, llm, events)
    llm.chooser.check_default()
    data = _data(settings, catalogue, stores, judging, side, grounding.library)
    generation = _generation(settings, catalogue, llm, judging.examiner, stores)
    batches = BatchService(
        Collaborators(catalogue, llm, generation, data.dataset, events, metrics, clock),
        _batch_stores(stores),
        _batch_settings(settings),
    )
    batches.fleet.gone.append(runs.take_over)
    batches.fleet.looks.append(runs.cancel_asked)
    batches.fleet.changed.append(registry.load)
    automation = build_automation(settings, stores, batches)
    usage = UsageService(stores.tables.usage, llm)
    released = build_releases(settings, stores, data.exporter, data.hub, runs, side)
    released.releases.made.append(automation.tell_of_release)
    sold = build_products(catalogue, stores, data.audit, usage, judging.examiner.duplicates, released.releases)
    assistant = build_assistant(settings, stores, llm, data.reviews, grounding.embedder)
    looked_up = Found(grounding, judging.examiner.checker, judging.examiner.prover, sold)
    queries = build_queries(settings, catalogue, looked_up, assistant, Way(llm, runs, batches, clock))
    models = ModelService(registry)
    texts = read_tables(settings.catalog_dir / "prompts" / "chat.toml", ChatPrompt)
    return Service(
        settings=settings,
        catalogue=CatalogueService(catalogue, llm),
        generation=generation,
        streamed=StreamedGeneration(generation, data.dataset, runs),
        batches=batches,
        monitor=batches.monitor,
        events=events,
        usage=usage,
        dataset=data.dataset,
        search=data.search,
        browsing=data.browsing,
        bulk=data.bulk,
        imports=data.imports,
        publish=data.publish,
        pushes=Pushes(data.publish, runs),
        releases=released.releases,
        sharing=released.sharing,
        templates=automation.templates,
        schedules=automation.schedules,
        webhooks=automation.webhooks,
        jobs=Jobs(runs, data.quality, data.publish, stores.folder.path / ".exports"),
        backups=data.backups,
        quality=data.quality,
        board=data.board,
        comparisons=Comparisons(
            batches, Kept(stores.tables.batches, _tallies(stores)), batches.monitor, data.board, clock
        ),
        reviews=data.reviews,
        products=sold.products,
        questions=sold.questions,
        assistant=assistant,
        queries=queries,
        documents=grounding.documents,
        retrieval=grounding.retrieval,
        law=grounding.law,
        runs=runs,
        chat=ChatService(llm, stores.calls, runs, clock, settings.answer_timeout_s, texts),
        providers=ProviderService(registry, models, stores.calls, AddressRule(settings.allow_private_base_urls)),
        models=models,
        embedded=EmbeddedService(weights, EventBroker(seats)),
        health=HealthService(stores, data.dataset, llm, settings.min_free_mb),
        llm=llm,
        examiner=judging.examiner,
        metrics=metrics,
        lifetime=Lifetime(
            stores,
            judging.authorities,
            grounding.library,
            Upkeep(
                Chores(
                    data.dataset,
                    _tasks(settings, data, judging, runs, automation.schedules),
                    registry,
                    stores.folder.check,
                )
            ),
            embedded,
            side.close,
            fingerprints(encryption_keys(stores.folder.path, settings.encryption_keys, make=True)),
            settings.resume_batches,
        ),
    )


def settings_of_app(settings: Settings) -> AppSettings:
    """Return what the HTTP side goes by."""
    origins = [re.compile(f"^{origin}$") for origin in settings.cors_origins]
    hosts = (*settings.allowed_hosts, settings.host)
    rate_limit = "" if settings.rate_limit == "off" else settings.rate_limit
    access = AccessRules(settings.api_tokens, hosts, origins, rate_limit, settings.trusted_proxies)
    dashboard = settings.dashboard_dir.expanduser() if settings.dashboard_dir else None
    sizes = settings.max_import_mb << 20, settings.max_body_mb << 20
    return AppSettings(
        settings.database_url,
        access,
        *sizes,
        max_document_bytes=settings.max_document_mb << 20,
        dashboard=dashboard,
        websocket=settings.enable_websocket,
    )


def settings_of_site(settings: Settings) -> SiteSettings:
    """Return what the pages go by."""
    keys = encryption_keys(settings.data_dir.expanduser(), settings.encryption_keys, make=True)
    # A key of its own: what is signed for a browser says nothing of how secrets are encrypted.
    secret = hmac.digest(keys[0].encode(), b"session cookies of the pages", "sha256")
    return SiteSettings(settings.api_tokens, secret, is_front=settings.dashboard_dir is None)


@dataclass(frozen=True)
class _Recipe:
    """Makes the parts of the workbench (`services.workbench.Recipe`)."""

    settings: Settings

    @property
    def words_tolerance(self) -> float:
        return self.settings.words_tolerance

    def catalogue(self) -> Catalogue:
        return load_catalogue(self.settings.catalog_dir)

    def weights(self) -> WeightStore:
        return weight_store(self.settings)

    def llm(self, catalogue: Catalogue) -> LLMService:
        clock = SystemClock()
        embedded = EmbeddedModel(self.weights(), self.settings.local_idle_s, clock)
        return build_llm(self.settings, catalogue, embedded, clock, Metrics())

    def credentials(self, catalogue: Catalogue) -> dict[str, Credentials]:
        return credentials_by_settings(catalogue, given(self.settings, catalogue))

    def authorities(self) -> AuthorityStore:
        self.settings.data_dir.expanduser().mkdir(parents=True, exist_ok=True)
        url = self.settings.database_url
        is_file = self.settings.database_file is not None
        return open_authorities(self.settings, open_reader(url) if is_file else open_engine(url))

    def checker(self, catalogue: Catalogue, authorities: AuthorityStore) -> CitationChecker:
        library = open_library(self.settings, open_reader(self.settings.database_url))
        return build_checker(self.settings, catalogue, authorities, library)

    def encoders(self) -> "EncoderStore":
        from services.grounding.retrieval.embedding.encoder_files import EncoderStore

        return EncoderStore(self.settings.catalog_dir, self.settings.model_dir)

    def benchmarks(self) -> Benchmarks:
        return Benchmarks(self.settings.data_dir.expanduser() / "benchmarks")


def workbench(settings: Settings) -> "Workbench":
    """Return what is done without a running service."""
    from services.workbench import Workbench

    return Workbench(_Recipe(settings))


def places_of(settings: Settings) -> Places:
    """Return where the settings keep everything."""
    folder = settings.data_dir.expanduser()
    return Places(folder, settings.database_url, settings.database_file, settings.data_url, settings.batch_engine)


def weight_store(settings: Settings) -> WeightStore:
    """Return the weights of the embedded model, as the settings name them."""
    token = settings.secret("HUGGINGFACE_TOKEN")
    return WeightStore(settings.catalog_dir, settings.model_dir, settings.local_model, token)


def build_llm(  # the root knows every part
    settings: Settings,
    catalogue: Catalogue,
    embedded: EmbeddedModel,
    clock: Clock,
    metrics: Metrics,
    earlier: EarlierUse | None = None,
) -> LLMService:
    """Wire the way to the models; *earlier* knows what was used and learned before."""
    roster = Roster(roster_state(catalogue, given(settings, catalogue), {}, (), SecretBox()))
    rule = AddressRule(settings.allow_private_base_urls)
    specs = find_specs(adapters, AdapterSpec)
    factory = LLMProviderFactory(roster, specs, settings.request_timeout_s, embedded, rule)
    shared = shared_limits(settings, clock)
    accounts = Accounts(factory.is_own_server, earlier, settings.max_workers, shared)
    llm = LLMService(
        factory,
        clock,
        default_provider=settings.default_provider,
        timeout_s=settings.request_timeout_s,
        accounts=accounts,
        metrics=metrics,
    )
    if shared is not None:
        llm.daily = shared.budget("daily budget", None if earlier is None else earlier.today)
    llm.daily.max_tokens = settings.max_tokens_per_day
    llm.daily.max_cost_usd = settings.max_cost_usd_per_day
    if earlier is not None:
        llm.daily.begin(*earlier.today())
    return llm


def shared_limits(settings: Settings, clock: Clock) -> SharedLimits | None:
    """Return what keeps limits together with other processes; None without a Redis."""
    url = settings.secret("REDIS_URL")
    if not url:
        return None
    from services.llm.limits.shared.ledger import Ledger

    return SharedLimits(Ledger(url), clock)


def given(settings: Settings, catalogue: Catalogue) -> dict[str, Given]:
    """Return what the settings hold for each provider."""
    return {
        info.id: Given(settings.secret(info.key) or "" if info.key else "", settings.url(info.base_url_setting) or "")
        for info in catalogue.providers
    }


def _judging(
    settings: Settings, catalogue: Catalogue, stores: Stores, side: SideProcesses[Tools], grounding: Grounding
) -> _Judging:
    """Wire what judges samples."""
    folder = settings.data_dir.expanduser()
    authorities = open_authorities(settings, stores.engine)
    checker = build_checker(settings, catalogue, authorities, grounding.library)
    thresholds = DuplicateThresholds(settings.duplicate_report, settings.duplicate_refuse)
    cache = stores.file.cache_folder / "duplicates"
    extractor = ExtractorOnDemand(lambda: checker.extractor)
    duplicates = DuplicateService(stores.samples, cache, extractor, thresholds, side)
    benchmarks = Benchmarks(folder / "benchmarks")
    strictness = ExaminerSettings(settings.citation_policy, settings.words_tolerance)
    examiner = Examiner(checker, duplicates, benchmarks, Prover(grounding.grounder), strictness)
    return _Judging(examiner, authorities, benchmarks)


def _data(
    settings: Settings,
    catalogue: Catalogue,
    stores: Stores,
    judging: _Judging,
    side: SideProcesses[Tools],
    library: Library,
) -> _Data:
    """Wire the services around the data set."""
    samples, file, folder, clock = stores.samples, stores.file, stores.file.path.parent, stores.clock
    examiner, tokens = judging.examiner, TokenCounter()
    prices = {model.id: (model.id, model.price_output) for model in catalogue.models if model.price_output is not None}
    # Answers of lookup services are kept and their pace is held by this process alone.
    checking = None if settings.citation_lookup else side
    audit = CitationAudit(samples, examiner.checker, checking)
    measures = Measures(catalogue, examiner.checker, judging.benchmarks, settings.words_tolerance)
    hub = HubAccess(settings.hf_endpoint, settings.secret("HUGGINGFACE_TOKEN") or "")
    reviews = ReviewService(samples, stores.tables.reviews, examiner)
    exporter = Exporter(samples, audit, find_specs(exporters, ExportFormat))
    search = SearchService(samples, _search_index(settings, stores), settings.search_scan_rows, side)
    return _Data(
        dataset=DatasetService(samples, file, TokenStatistics(samples, tokens), prices, examiner),
        search=search,
        browsing=Browsing(samples, search),
        bulk=BulkService(samples, BulkStore(stores.engine), search, examiner.duplicates, clock),
        imports=ImportService(samples, folder, clock, settings.max_import_mb << 20, side, stores.own_name),
        audit=audit,
        exporter=exporter,
        hub=hub,
        publish=PublishService(exporter, folder / ".import", hub, reviews.pairs, side),
        quality=QualityService(samples, measures, examiner, tokens, checking, surroundings(stores.engine, library)),
        board=Leaderboard(samples, audit, _tallies(stores)),
        reviews=reviews,
        backups=Backups(file.folder, settings.database_file, samples, clock, settings.backup_keep),
    )


def _tallies(stores: Stores) -> TallyStore:
    return TallyStore(stores.engine, stores.tables.batches, stores.tables.usage)


def _search_index(settings: Settings, stores: Stores) -> SearchIndex:
    """Return the index of this process; its numbers are kept beside `train.parquet`, where it is the first of those."""
    kind, cache = "-shards" if settings.data_url else "", stores.file.cache_folder
    return SearchIndex(cache / f"search{kind}{stores.own_name}.db", is_kept=not (kind or stores.own_name))


def _tasks(
    settings: Settings, data: _Data, judging: _Judging, runs: RunService, schedules: Schedules
) -> Sequence[Task]:
    """Return what is done every few seconds."""
    return (
        data.search.update,
        judging.examiner.duplicates.update,
        data.audit.update,
        lambda _: data.backups.make_if_due(3600 * settings.backup_every_h),
        lambda _: runs.prune(settings.run_keep_days),
        lambda _: schedules.run_due(),
        lambda _: give_back(),
    )


def _generation(
    settings: Settings,
    catalogue: Catalogue,
    llm: LLMService,
    examiner: Examiner,
    stores: Stores,
) -> GenerationService:
    """Wire what makes one sample."""
    prompts = settings.catalog_dir / "prompts"
    slots = read_tables(prompts / "slots.toml", SlotValues)
    guide = Guide(llm, Scaffold(catalogue, slots), ProvisionScaffold(slots), stores.clock)
    judge = Judge(llm, prompts)
    maker = Maker(catalogue, llm, guide, examiner, judge, stores.clock)
    wanted = GenerationSettings(settings.max_tries, settings.retry_after_cap_s, settings.answer_timeout_s)
    return GenerationService(catalogue, llm, maker, stores.clock, wanted, stores.calls)


def _batch_stores(stores: Stores) -> BatchStores:
    tables = stores.tables
    return BatchStores(
        tables.batches, tables.work, tables.events, tables.usage, stores.ledger, stores.calls, stores.members
    )


def _batch_settings(settings: Settings) -> BatchSettings:
    return BatchSettings(
        settings.max_concurrent_batches,
        settings.max_workers,
        settings.batch_time_limit_s,
        alerts=AlertThresholds(settings.alert_model_switches, settings.alert_timeouts, settings.alert_rejection_rate),
    )


def _registry(
    settings: Settings, catalogue: Catalogue, stores: Stores, llm: LLMService, events: EventBroker
) -> ProviderRegistry:
    """Wire what administrators change; what they changed before holds from here on."""
    known = ProviderStore(stores.engine, stores.writer, stores.tables.events, stores.clock)
    box = SecretBox(encryption_keys(settings.data_dir.expanduser(), settings.encryption_keys, make=True))
    registry = ProviderRegistry(catalogue, given(settings, catalogue), known, llm, events, box)
    registry.load()
    return registry
