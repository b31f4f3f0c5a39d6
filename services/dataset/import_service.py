"""Imports a file of samples into the data set, all of it or nothing."""

from __future__ import annotations

import logging
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from models.contract.answers.dataset import Imported
from models.contract.arguments import ImportArguments
from models.samples.column_map import parse_mapping
from models.samples.sample_store import SampleStore
from models.samples.staged import StagedSamples, duplicates
from services.dataset.import_findings import ImportFindings
from services.dataset.staging import Staging, unwritable
from utils.clock import Clock, iso
from utils.errors import ImportRefusedError, InputError
from utils.side.tasks import Side

log = logging.getLogger(__name__)
FOLDER = ".import"
_PIECE_BYTES = 1 << 20
# Files up to this size are read here.
_HERE_BYTES = 4 << 20


@dataclass(frozen=True)
class ImportRequest:
    """How a file is imported.

    Attributes:
        name: The file's name, for its extension.
        format: One of `services.formats.readers.READERS`; "" to find out.
        on_duplicate: What to do with ids that exist: error, skip or replace.
        dry_run: Check only.
        mapping: The column of each field that the caller names (`models.samples.column_map`).
        encoding: Of a text; "" to find out.
    """

    name: str = ""
    format: str = ""
    on_duplicate: str = "error"
    dry_run: bool = False
    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""


class ImportService:
    """Imports files. Every import has its own folder, which is removed when it ends."""

    def __init__(
        self,
        store: SampleStore,
        folder: Path,
        clock: Clock,
        most_bytes: int = 8 << 30,
        side: Side[object] | None = None,
        own_name: str = "",
    ) -> None:
        """Import into *store*; files wait in *folder*, where a packed one unpacks to at most *most_bytes*.

        Large files are read at the *side*, if there is one. *own_name* tells apart the processes that share *folder*.
        """
        self._side = side
        self._most_bytes = most_bytes
        self._store = store
        self._folder = folder / f"{FOLDER}{own_name}"
        self._clock = clock

    def prepare(self) -> None:
        """Remove leftovers of a crash."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def received(self, stream: IO[bytes]) -> Iterator[Path]:
        """Keep an upload on the disk during the block.

        Raises:
            StorageError: the disk is full or cannot be written.
        """
        with self._workspace() as folder:
            path = folder / "upload"
            try:
                with path.open("wb") as file:
                    shutil.copyfileobj(stream, file, _PIECE_BYTES)
            except OSError as error:
                raise unwritable(self._folder, error) from error
            yield path

    def take(self, stream: IO[bytes], name: str, options: ImportArguments) -> Imported:
        """Import an upload called *name*; as `run`."""
        mapping = parse_mapping(options.mapping) if options.mapping else {}
        request = ImportRequest(name, options.format, options.on_duplicate, options.dry_run, mapping, options.encoding)
        with self.received(stream) as path:
            return self.run(path, request)

    def run(self, path: Path, request: ImportRequest) -> Imported:
        """Import the file at *path*.

        Raises:
            ImportRefusedError: lines are wrong; carries the first hundred with their places.
            ConflictError: ids exist already.
            InputError: no samples, an unknown format, or a mapping of columns that the file does not have.
            StorageError: the disk is full or cannot be written.
        """
        with self._workspace() as folder:
            staging = Staging(
                path=path,
                name=request.name,
                folder=folder,
                format=request.format,
                on_duplicate=request.on_duplicate,
                mapping=request.mapping,
                encoding=request.encoding,
                most_bytes=self._most_bytes,
                now=iso(self._clock.now()),
            )
            is_large = path.stat().st_size > _HERE_BYTES
            staged, findings = self._side.run(staging) if self._side is not None and is_large else staging.run(None)
            return self._merge(staged, findings, request)

    def _merge(self, staged: StagedSamples, findings: ImportFindings, request: ImportRequest) -> Imported:
        findings.check_mapping()
        if findings.problems:
            first = findings.problems[0]
            more = f" (and {findings.bad - 1} more)" if findings.bad > 1 else ""
            raise ImportRefusedError(
                f"{first['place']}: {first['error']}{more}; nothing was imported", findings.problems, findings.bad
            )
        if findings.repeated and request.on_duplicate != "skip":
            raise duplicates(findings.repeated, "stand twice in the file", "make them unique, or use on_duplicate=skip")
        if not len(staged):
            raise InputError("content: holds no samples; want at least one record with a question and an answer")
        plan = staged.plan(self._store.snapshot()) if request.dry_run else None
        result = plan.result() if plan is not None else self._store.merge(staged)
        log.info("import", extra={"added": result.added, "replaced": result.replaced, "dry_run": request.dry_run})
        return {
            "added": result.added,
            "replaced": result.replaced,
            "skipped": result.skipped + len(findings.repeated),
            "checked": len(staged) + len(findings.repeated),
            "dry_run": request.dry_run,
            "notes": findings.notes(),
            "mapping": findings.mapping(),
            "total_samples": self._store.count(),
        }

    @contextmanager
    def _workspace(self) -> Iterator[Path]:
        folder = self._folder / uuid.uuid4().hex
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise unwritable(self._folder, error) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
