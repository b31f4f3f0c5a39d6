"""The facade of what is done without a running service: the command line sees this and nothing below it.

Each part is made when it is first used, so that a wrong catalogue does not keep anybody from what needs none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

import orjson

from models.catalogue.authority_store import AuthorityStore
from models.contract.answers.releases import ReleaseCheck, ReleaseFacts
from models.samples.file.many_files import ManyFiles
from models.samples.releases.release_files import MANIFEST
from services.catalogue.catalogue import Catalogue
from services.citations.authority_import import FORMATS, ImportedAuthorities, import_authorities
from services.citations.checker import CitationChecker
from services.dataset.releases.manifest import read_manifest
from services.formats.foreign_reviews import read_reviews
from services.llm.embedded.weights import Progress, WeightStore
from services.llm_service import Credentials, LLMService
from services.quality.benchmarks import Benchmarks
from services.quality.duplicates import DUPLICATE
from services.quality.duplicates.gathered import InMemory, OnDisk
from services.quality.report.files import FileReport, overlaps_in_files, report_on_files
from services.quality.report.measuring import Measures, to_json
from services.quality.report.page import render
from utils.errors import ConfigurationError, InputError, StorageError
from utils.file_systems import FileFolder
from utils.installation import COMMAND, missing
from utils.side.ahead import cores
from utils.side.followed import Told, nobody
from utils.side.processes import SideProcesses

if TYPE_CHECKING:
    from services.grounding.retrieval.embedding.encoder_files import EncoderStore

__all__ = ["DUPLICATE", "FORMATS", "FileReport", "Recipe", "Told", "WeightStore", "Workbench", "read_reviews"]
_PARALLEL_FROM = 2_000
# So many samples are compared in memory: 400 MB.
_IN_MEMORY = 500_000


class Recipe(Protocol):
    """Makes the parts; it goes to other processes, so it can be pickled."""

    @property
    def words_tolerance(self) -> float:
        """Share of the words asked that an answer must have."""

    def catalogue(self) -> Catalogue:
        """Read the catalogue; ConfigurationError names file and line."""

    def weights(self) -> WeightStore:
        """Return the weights of the embedded model."""

    def llm(self, catalogue: Catalogue) -> LLMService:
        """Wire the way to the models."""

    def credentials(self, catalogue: Catalogue) -> dict[str, Credentials]:
        """Return how each provider is reached by the settings alone."""

    def authorities(self) -> AuthorityStore:
        """Open the user's own authorities."""

    def checker(self, catalogue: Catalogue, authorities: AuthorityStore) -> CitationChecker:
        """Wire the citation check."""

    def encoders(self) -> EncoderStore:
        """Return the embedders of this machine."""

    def benchmarks(self) -> Benchmarks:
        """Return the benchmarks that samples are compared with."""


class Workbench:
    """What can be done with files, catalogue and keys. Of one thread."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    @cached_property
    def catalogue(self) -> Catalogue:
        """What may be asked for."""
        return self._recipe.catalogue()

    @cached_property
    def weights(self) -> WeightStore:
        """The weights of the embedded model."""
        return self._recipe.weights()

    @cached_property
    def llm(self) -> LLMService:
        """The way to the models; it knows nothing of what was used before."""
        return self._recipe.llm(self.catalogue)

    @cached_property
    def benchmarks(self) -> Benchmarks:
        """The benchmarks of the installation."""
        return self._recipe.benchmarks()

    def encoders(self, *, small: bool) -> tuple[str, ...]:
        """Return the names of the encoders that are here and embed: both, else the *small* one alone, else none."""
        from services.grounding.retrieval.embedding.local import encoders_of

        store = self._recipe.encoders()
        wanted = [encoders_of(small=one) for one in ((True,) if small else (False, True))]
        return next((names for names in wanted if all(map(store.is_present, names))), ())

    def recognition(self) -> tuple[str, tuple[str, ...], str]:
        """Return what reads scans, "" for nothing, its languages, and what it lacks or ""; errors as `installed`."""
        from services.grounding.extraction.recognition import LANGUAGE, MISSING, installed

        version, languages = installed()
        if not version:
            return "", (), MISSING
        return version, languages, "" if LANGUAGE in languages else f"its language {LANGUAGE!r} is missing"

    def fetch_encoders(self, small: bool, progress: Progress) -> list[Path]:
        """Fetch the embedders of this machine that are missing; return their files.

        Raises:
            ConfigurationError: they cannot be fetched, or are damaged, or what runs them is not installed.
        """
        from services.grounding.retrieval.embedding.local import encoders_of

        if lack := missing("onnx", "onnxruntime", "tokenizers"):
            raise ConfigurationError(f"embedder: {lack}")
        store = self._recipe.encoders()
        return [store.ensure(name, progress).graph for name in encoders_of(small=small)]

    def credentials(self) -> dict[str, Credentials]:
        """Return how each provider is reached by the settings alone, the preferred one first."""
        return self._recipe.credentials(self.catalogue)

    def starter_lines(self) -> bytes:
        """Return the starter set as JSON Lines, as an import takes it."""
        rows = self.catalogue.starter
        return b"".join(orjson.dumps(row.model_dump(), option=orjson.OPT_APPEND_NEWLINE) for row in rows)

    def import_authorities(self, path: Path, form: str, names: Path | None) -> tuple[ImportedAuthorities, str]:
        """Import authorities from a file; return what came of it, and where the index lies."""
        store = self._recipe.authorities()
        try:
            reading = self._recipe.checker(self.catalogue, store).extractor
            return import_authorities(path, form, store, reading, names), store.place
        finally:
            store.close()

    def verify_release(self, folder: Path) -> tuple[ReleaseFacts, ReleaseCheck]:
        """Return the manifest in *folder*, and whether the files beside it are those that it names.

        Raises:
            InputError: there is no manifest, or it is none of a release.
        """
        from services.dataset.releases.verifying import verified

        try:
            facts = read_manifest((folder / MANIFEST).read_bytes())
        except OSError as error:
            raise InputError(
                f"{folder / MANIFEST}: cannot be read ({error.strerror}); want the folder of a release"
            ) from None
        return facts, verified(FileFolder(str(folder)), facts)

    def report_on(self, address: str, told: Told = nobody) -> FileReport:
        """Return the quality report on Parquet files, also foreign ones, read once by all cores.

        Args:
            address: A file, a folder, or s3://bucket/prefix.
            told: Hears how far it came.

        Raises:
            StorageError: a file is no Parquet file, or no row has a question and an answer.
        """
        files = ManyFiles(address)
        with TemporaryDirectory(prefix="report-") as folder, self._examiners(files.rows) as side:
            gathered = OnDisk(Path(folder), cores()) if files.rows > _IN_MEMORY else InMemory()
            return report_on_files(files, measures(self._recipe), side, gathered, told)

    def contaminated(self, address: str, told: Told = nobody) -> tuple[int, list[tuple[str, dict[str, int]]]]:
        """Return how many samples the Parquet files at *address* have, and those that overlap with a benchmark."""
        if not self.benchmarks.names():
            raise InputError(f"benchmarks: there are none; make one with {COMMAND} decontaminate build NAME FILE…")
        files = ManyFiles(address)
        with self._examiners(files.rows) as side:
            return overlaps_in_files(files, measures(self._recipe), side, told)

    @contextmanager
    def _examiners(self, rows: int) -> Iterator[SideProcesses[Measures] | None]:
        """Lend a process for each core; none for a few rows."""
        if rows < _PARALLEL_FROM:
            yield None
            return
        with closing(SideProcesses(partial(measures, self._recipe), cores(), nice=0)) as side:
            yield side


def write_report(report: FileReport, out: Path, title: str) -> None:
    """Write a report: a page for people when the name ends in .html, else JSON."""
    try:
        if out.suffix.lower() in (".html", ".htm"):
            out.write_text(render(report, title), encoding="utf-8")
        else:
            out.write_bytes(to_json(report))
    except OSError as error:
        raise StorageError(f"{out}: cannot be written ({error.strerror})") from None


def measures(recipe: Recipe) -> Measures:
    """Return what reports are made with."""
    catalogue = recipe.catalogue()
    checker = recipe.checker(catalogue, recipe.authorities())
    return Measures(catalogue, checker, recipe.benchmarks(), recipe.words_tolerance)
