"""Composition root of the processes beside the service: settings in, their tools out.

What is made here reads the data set and never writes it (docs/adr/0024-processes-beside.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from sqlalchemy import Engine

from config import Settings
from models.backups.backup import DOCUMENTS, PARQUET
from models.batches.review_store import refusal_reasons
from models.catalogue.authority_store import AUTHORITIES_FILE, AuthorityStore, SharedAuthorities
from models.engines.heads import Heads
from models.engines.opening import open_reader
from models.grounding.document_files import DocumentFiles, SharedFiles
from models.grounding.law_store import LawStore
from models.grounding.library import FILE, Library
from models.grounding.provisions import shelved
from models.grounding.shared_library import SharedLibrary
from models.samples.file.parquet_file import CACHE_FOLDER, INDEX
from models.samples.read_only import SnapshotReader
from models.samples.shards.opening import shard_reader
from models.samples.snapshot import Snapshots
from services.catalogue.catalogue import Authority, Catalogue, load_catalogue
from services.citations.checker import CitationChecker
from services.citations.local_index import LocalIndex, known_from
from services.citations.lookup import Lookup
from services.citations.reference import NoIndex, Reference
from services.citations.tables import check_reference, load_reference
from services.dataset.exporting import Exporter
from services.formats import exporters
from services.formats.export_format import ExportFormat
from services.grounding.law.added import LibraryLaw
from services.quality.benchmarks import Benchmarks
from services.quality.citation_audit import Verdicts
from services.quality.report.grounding import REFUSED, Surroundings
from services.quality.report.measuring import Measures
from utils.clock import Clock, SystemClock
from utils.plugins import find_specs
from utils.side.ahead import cores
from utils.side.processes import SideProcesses

_PROCESSES = 2  # beside a service, at low priority


def document_files(settings: Settings, engine: Engine) -> DocumentFiles:
    """Return the files of documents; on PostgreSQL several machines share them."""
    folder = settings.data_dir.expanduser() / DOCUMENTS
    return DocumentFiles(folder) if settings.database_file is not None else SharedFiles(folder, engine)


def open_library(settings: Settings, engine: Engine, guard: Callable[[], None] = lambda: None) -> Library:
    """Return the library; on PostgreSQL several machines share it. *guard* raises if what is written would be lost."""
    folder = settings.data_dir.expanduser()
    if settings.database_file is not None:
        return Library(folder / FILE, guard)
    return SharedLibrary(engine, Heads(engine), folder / CACHE_FOLDER, document_files(settings, engine), guard)


def open_authorities(settings: Settings, engine: Engine) -> AuthorityStore:
    """Return the authorities that users imported; on PostgreSQL several machines share them."""
    if settings.database_file is not None:
        return AuthorityStore(settings.data_dir.expanduser() / AUTHORITIES_FILE)
    return SharedAuthorities(engine, Heads(engine))


def build_checker(
    settings: Settings, catalogue: Catalogue, authorities: AuthorityStore, library: Library
) -> CitationChecker:
    """Wire the citation check: reference data, the authorities of the topics, those of the user, law that was added."""
    added = LibraryLaw(LawStore(library))
    folder = settings.catalog_dir / "authorities"
    check_reference(folder)

    def load() -> Reference:
        return replace(known_reference(folder, catalogue.authorities), index=LocalIndex(authorities), added=added)

    online = Lookup(authorities, settings.citation_lookup, settings.secret("COURTLISTENER_TOKEN") or "")
    return CitationChecker(load, online)


def known_reference(folder: Path, authorities: Sequence[Authority]) -> Reference:
    """Return the tables in *folder*, with the *authorities* of the topics."""
    from services.citations.extractor import Extractor

    tables = load_reference(folder)
    reading = Extractor(tables)
    extra = [known for row in authorities for known in known_from(row.cite, row.jurisdiction, reading)]
    return tables.extended(extra, NoIndex())


def build_measures(settings: Settings) -> Measures:
    """Return what samples are measured with for reports."""
    catalogue, folder = load_catalogue(settings.catalog_dir), settings.data_dir.expanduser()
    engine = open_reader(settings.database_url)
    checker = build_checker(settings, catalogue, open_authorities(settings, engine), open_library(settings, engine))
    return Measures(catalogue, checker, Benchmarks(folder / "benchmarks"), settings.words_tolerance)


def surroundings(engine: Engine, library: Library) -> Surroundings:
    """Return what reports tell beside the samples."""
    return Surroundings(partial(refusal_reasons, engine, REFUSED), partial(shelved, library))


@dataclass(frozen=True)
class Tools:
    """What tasks need, each made when it is first used."""

    settings: Settings

    @cached_property
    def samples(self) -> Snapshots:
        """The data set."""
        if self.settings.data_url:
            return shard_reader(self.settings.data_url, open_reader(self.settings.database_url))
        path = self.settings.data_dir.expanduser() / PARQUET
        return SnapshotReader(path, path.parent / CACHE_FOLDER / INDEX, open_reader(self.settings.database_url))

    @cached_property
    def measures(self) -> Measures:
        """What samples are measured with."""
        return build_measures(self.settings)

    @property
    def around(self) -> Surroundings:
        """What is known beside the samples."""
        engine = open_reader(self.settings.database_url)
        return surroundings(engine, open_library(self.settings, engine))

    @property
    def checker(self) -> CitationChecker:
        """The citation check."""
        return self.measures.checker

    @cached_property
    def exporter(self) -> Exporter:
        """What writes exports."""
        return Exporter(self.samples, Verdicts(self), find_specs(exporters, ExportFormat))

    @property
    def clock(self) -> Clock:
        """The time."""
        return SystemClock()

    def examiners(self) -> SideProcesses[Measures]:
        """Return processes that examine samples for a report."""
        return SideProcesses(partial(build_measures, self.settings), cores(), nice=0)


def side_processes(settings: Settings) -> SideProcesses[Tools]:
    """Return the processes beside a service with these settings; none is started."""
    return SideProcesses(partial(Tools, settings), _PROCESSES)
