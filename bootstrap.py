"""Composition root: settings in, a wired container out. The only module that names concrete classes."""

import re
import threading
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

import services.llm.providers as adapters
from api.access import AccessRules
from api.app import AppSettings
from config import Settings
from container import Container, Data, Management, Quality
from models import agreement
from models.authority_store import AuthorityStore
from models.backup import PARQUET, Backups
from models.batch_store import BatchStore
from models.call_store import CallStore
from models.data_folder import open_folder
from models.database import Writer, open_engine, ping
from models.event_store import EventStore
from models.ledger import Ledger, Tables
from models.parquet_file import ParquetFile
from models.provider_store import ProviderStore
from models.review_store import ReviewStore
from models.sample_store import SampleStore
from models.search_index import SearchIndex
from models.usage_store import UsageStore
from models.work_store import WorkStore
from services import exporters
from services.batch.alerts import AlertLimits
from services.batch_service import BatchLimits, BatchService, BatchStores, Collaborators
from services.catalogue import Catalogue, load_catalogue
from services.chat_service import ChatService
from services.citation_audit import CitationAudit
from services.citations.checker import CitationChecker
from services.citations.extractor import Extractor
from services.citations.local_index import LocalIndex, known_from
from services.citations.lookup import Lookup
from services.citations.reference import load_reference
from services.dataset_service import DatasetService
from services.decontamination import Benchmarks
from services.duplicate_service import DuplicateLimits, DuplicateService
from services.events import EventBroker
from services.examiner import Examiner, ExaminerSettings
from services.export_format import ExportFormat
from services.generation.scaffold import Scaffold
from services.generation_service import GenerationLimits, GenerationService, Parts
from services.health_service import HealthService
from services.import_service import ImportService
from services.judge import Judge
from services.llm.base import AdapterSpec
from services.llm.credentials import Given
from services.llm.engine import EmbeddedEngine
from services.llm.limits import Limits
from services.llm.overrides import roster_state
from services.llm.rate_limiter import MINUTE_S, Entry
from services.llm.roster import Roster
from services.llm.router import Target
from services.llm.weights import WeightStore
from services.llm_service import Credentials, LLMProviderFactory, LLMService
from services.model_service import ModelService
from services.provider_registry import ProviderRegistry
from services.provider_service import ProviderService
from services.publish_service import PublishService
from services.quality_report import Measures
from services.quality_service import QualityService
from services.review_service import ReviewService
from services.search_service import SearchService
from services.token_statistics import TokenStatistics
from utils.addresses import AddressRule
from utils.clock import Clock, SystemClock
from utils.errors import ConfigurationError, StorageError
from utils.registry import find_specs
from utils.secret_box import SecretBox
from utils.tokens import TokenCounter

# Threads that streams must leave free for everything else.
_FREE_THREADS = 64


@dataclass(frozen=True)
class _Stores:
    """What lies on the disk."""

    engine: Engine
    writer: Writer
    file: ParquetFile
    samples: SampleStore
    tables: Tables
    ledger: Ledger


def build(settings: Settings, clock: Clock | None = None) -> Container:
    """Wire the service; touches the data folder, starts no thread.

    Raises:
        ConfigurationError: catalogue or settings are wrong.
        StorageError: the data folder cannot be used.
    """
    clock = clock or SystemClock()
    hub_token = settings.secret("HUGGINGFACE_TOKEN")
    weights = WeightStore(settings.catalog_dir, settings.model_dir, settings.local_model, hub_token)
    catalogue = load_catalogue(settings.catalog_dir).with_local_model(weights.model_name)
    stores = _stores(settings, _data_dir(settings), clock)
    tables, ledger = stores.tables, stores.ledger
    quality = build_quality(settings, catalogue, stores.samples, stores.file.cache_folder / "duplicates")
    data = _data(settings, catalogue, stores, clock, quality.examiner)
    engine = EmbeddedEngine(weights, settings.local_idle_s, clock)
    llm = build_llm(settings, catalogue, engine, clock, tables)
    stores.samples.folding.folded = llm.metrics.fold_s.observe
    events = EventBroker(max(4, settings.threads - _FREE_THREADS))
    known = ProviderStore(stores.engine, stores.writer, tables.events, clock)
    management = build_management(settings, catalogue, known, llm, events, ledger)
    _check_default(settings, llm)
    generation = _generation(settings, catalogue, llm, quality.examiner, clock, ledger)
    texts = _toml(settings.catalog_dir / "prompts" / "chat.toml")
    return Container(
        settings=settings,
        catalogue=catalogue,
        folder=stores.file.folder,
        engine=stores.engine,
        writer=stores.writer,
        data=data,
        quality=quality,
        llm=llm,
        management=management,
        chat=ChatService(llm, ledger, clock, settings.answer_timeout_s, texts),
        health=HealthService(lambda: ping(stores.engine), data.dataset, llm, stores.file.folder, settings.min_free_mb),
        usage=tables.usage,
        ledger=ledger,
        generation=generation,
        batches=BatchService(
            Collaborators(catalogue, llm, generation, data.dataset, events, clock),
            BatchStores(tables.batches, tables.work, tables.events, tables.usage, ledger),
            _batch_limits(settings),
        ),
        events=events,
        weights=weights,
        local_engine=engine,
        _stopping=threading.Event(),
        _closing=threading.Lock(),
        _threads=[],
    )


def settings_of_app(settings: Settings) -> AppSettings:
    """Return what the HTTP side goes by."""
    origins = [re.compile(f"^{origin}$") for origin in settings.cors_origins]
    hosts = (*settings.allowed_hosts, settings.host)
    rate_limit = "" if settings.rate_limit == "off" else settings.rate_limit
    access = AccessRules(settings.api_tokens, hosts, origins, rate_limit, settings.trusted_proxies)
    dashboard = settings.dashboard_dir.expanduser() if settings.dashboard_dir else None
    sizes = settings.max_import_mb << 20, settings.max_body_mb << 20
    return AppSettings(settings.database_url, access, *sizes, dashboard)


def build_quality(settings: Settings, catalogue: Catalogue, samples: SampleStore, cache: Path) -> Quality:
    """Wire what judges samples."""
    folder = settings.data_dir.expanduser()
    authorities = AuthorityStore(folder / "authorities.db")
    checker = build_checker(settings, catalogue, authorities)
    limits = DuplicateLimits(settings.duplicate_report, settings.duplicate_refuse)
    duplicates = DuplicateService(samples, cache, checker.extractor, limits)
    benchmarks = Benchmarks(folder / "benchmarks")
    strictness = ExaminerSettings(settings.citation_policy, settings.words_tolerance)
    return Quality(Examiner(checker, duplicates, benchmarks, strictness), authorities, benchmarks)


def build_checker(settings: Settings, catalogue: Catalogue, authorities: AuthorityStore) -> CitationChecker:
    """Wire the citation check: reference data, the authorities of the topics, those of the user."""
    folder = settings.catalog_dir / "authorities"
    reading = Extractor(load_reference(folder))
    extra = [known for row in catalogue.authorities for known in known_from(row.cite, row.jurisdiction, reading)]
    online = Lookup(authorities, settings.citation_lookup, settings.secret("COURTLISTENER_TOKEN") or "")
    return CitationChecker(load_reference(folder, extra, LocalIndex(authorities)), online)


def _stores(settings: Settings, folder: Path, clock: Clock) -> _Stores:
    """Open what lies in *folder*, if its parts belong together."""
    bound = open_folder(folder)
    try:
        engine = open_engine(settings.database_url)
    except StorageError as error:
        raise StorageError(f"{error}; {agreement.way_out(folder / PARQUET)}") from error
    agreement.check(folder / PARQUET, engine)
    if settings.database_file is not None:
        bound.hold(settings.database_file)
    writer = Writer(engine, bound.check)
    file = ParquetFile(folder / PARQUET, bound)
    file.prepare()
    samples = SampleStore(file, engine, writer, clock)
    reviews = ReviewStore(engine, clock)
    usage, calls, events = UsageStore(engine), CallStore(), EventStore(engine)
    tables = Tables(BatchStore(engine), WorkStore(engine), samples, usage, calls, events, reviews)
    return _Stores(engine, writer, file, samples, tables, Ledger(writer, tables, clock))


def _data(settings: Settings, catalogue: Catalogue, stores: _Stores, clock: Clock, examiner: Examiner) -> Data:
    """Wire the services around the data set."""
    samples, file, folder = stores.samples, stores.file, stores.file.path.parent
    tokens = TokenCounter()
    prices = {model.id: (model.id, model.price_output) for model in catalogue.models if model.price_output is not None}
    formats = find_specs(exporters, ExportFormat)
    audit = CitationAudit(samples, examiner.checker)
    dataset = DatasetService(samples, file, TokenStatistics(samples, tokens), prices, examiner)
    return Data(
        dataset=dataset,
        search=SearchService(samples, SearchIndex(file.cache_folder / "search.db"), settings.search_scan_rows),
        imports=ImportService(samples, folder, clock),
        audit=audit,
        publish=PublishService(samples, audit, formats, folder / ".import", settings.hf_endpoint),
        quality=QualityService(
            samples, Measures(catalogue, examiner.checker, examiner.benchmarks, settings.words_tolerance)
        ),
        reviews=ReviewService(samples, stores.tables.reviews, examiner),
        backups=Backups(file.folder, settings.database_file, samples, clock, settings.backup_keep),
        tokens=tokens,
    )


def build_llm(
    settings: Settings,
    catalogue: Catalogue,
    local_engine: EmbeddedEngine,
    clock: Clock,
    tables: Tables | None = None,
) -> LLMService:
    """Wire the way to the models; *tables* know what was used before."""
    specs = find_specs(adapters, AdapterSpec)
    roster = Roster(roster_state(catalogue, given(settings, catalogue), {}, (), SecretBox()))
    rule = AddressRule(settings.allow_private_base_urls)
    factory = LLMProviderFactory(roster, specs, settings.request_timeout_s, local_engine, rule)
    llm = LLMService(
        factory,
        clock,
        default_provider=settings.default_provider,
        timeout_s=settings.request_timeout_s,
        limits=Limits(factory.is_own_server, lambda target: _used_before(tables, target, clock)),
    )
    llm.daily.max_tokens = settings.max_tokens_per_day
    llm.daily.max_cost_usd = settings.max_cost_usd_per_day
    today = clock.now().date().isoformat()
    for row in tables.usage.hours(today) if tables is not None else ():
        llm.daily.settle(0, 0.0, row.tokens, row.cost_usd)
    return llm


def _generation(  # the root knows every part
    settings: Settings, catalogue: Catalogue, llm: LLMService, examiner: Examiner, clock: Clock, ledger: Ledger
) -> GenerationService:
    """Wire what makes one sample."""
    prompts = settings.catalog_dir / "prompts"
    parts = Parts(Scaffold(catalogue, _toml(prompts / "slots.toml")), examiner, Judge(llm, prompts / "judge.md"))
    limits = GenerationLimits(settings.max_tries, settings.retry_after_cap_s, settings.answer_timeout_s)
    return GenerationService(catalogue, llm, parts, clock, limits, ledger)


def _batch_limits(settings: Settings) -> BatchLimits:
    return BatchLimits(
        settings.max_concurrent_batches,
        settings.max_workers,
        settings.batch_time_limit_s,
        alerts=AlertLimits(settings.alert_model_switches, settings.alert_timeouts, settings.alert_rejection_rate),
    )


def build_management(  # the root knows every part
    settings: Settings,
    catalogue: Catalogue,
    store: ProviderStore,
    llm: LLMService,
    events: EventBroker,
    ledger: Ledger,
) -> Management:
    """Wire what administrators change; what they changed before holds from here on."""
    box = SecretBox(settings.encryption_keys)
    registry = ProviderRegistry(catalogue, given(settings, catalogue), store, llm, events, box)
    registry.load()
    models = ModelService(registry)
    providers = ProviderService(registry, models, ledger, AddressRule(settings.allow_private_base_urls))
    return Management(registry, providers, models)


def _check_default(settings: Settings, llm: LLMService) -> None:
    usable = [provider.id for provider in llm.factory.enabled()]
    if settings.default_provider and settings.default_provider not in usable:
        raise ConfigurationError(
            f"DEFAULT_PROVIDER: got {settings.default_provider!r}, want one that is set up: {', '.join(usable)}"
        )


def _used_before(tables: Tables | None, target: Target, clock: Clock) -> tuple[list[Entry], list[Entry]]:
    """Return what *target* was used in the last minute, by call, and in the last day, by hour (at its end)."""
    if tables is None:
        return [], []
    now, monotonic = clock.now(), clock.monotonic()
    recent = tables.work.sent_since(target.account, now.timestamp() - MINUTE_S)
    minute = [Entry(monotonic - (now.timestamp() - at), tokens) for at, tokens in recent]
    day = []
    for row in tables.usage.hours((now - timedelta(days=1)).isoformat()[:13]):
        if row.provider == target.provider.id and (row.model == target.model.id or target.account == row.provider):
            end = datetime.fromisoformat(f"{row.hour}:00:00+00:00") + timedelta(hours=1)
            day.append(Entry(monotonic - max(0.0, (now - end).total_seconds()), row.tokens, row.calls))
    return minute, day


def given(settings: Settings, catalogue: Catalogue) -> dict[str, Given]:
    """Return what the settings hold for each provider."""
    return {
        info.id: Given(settings.secret(info.key) or "" if info.key else "", settings.url(info.base_url_setting) or "")
        for info in catalogue.providers
    }


def credentials(settings: Settings, catalogue: Catalogue) -> dict[str, Credentials]:
    """Return how each provider is reached by the settings alone: by a key, or at an address of the user's own."""
    return dict(roster_state(catalogue, given(settings, catalogue), {}, (), SecretBox()).credentials)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"catalogue: {path}: {error}") from None


def _data_dir(settings: Settings) -> Path:
    folder = settings.data_dir.expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"data folder {folder}: cannot be made ({error.strerror}); set DATA_DIR to another"
        ) from None
    return folder
