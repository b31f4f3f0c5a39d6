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

import orjson

from models.contract.answers.dataset import Imported
from models.contract.arguments import ImportArguments
from models.samples.claims import set_apart
from models.samples.column_map import parse_mapping
from models.samples.foreign_fields import completed, id_of, read_row
from models.samples.sample_store import SampleStore
from models.samples.staged import StagedSamples, duplicates
from models.schemas import foreign_sample, stamped
from services.dataset.import_findings import ImportFindings
from services.formats.plain_files import plain_file
from services.formats.readers import READERS, format_of
from services.formats.records import Record, as_fields
from utils.clock import Clock, iso
from utils.errors import DiskFullError, ImportRefusedError, InputError, StorageError
from utils.files import is_disk_full
from utils.frames import pl
from utils.memory import give_back

log = logging.getLogger(__name__)
FOLDER = ".import"
_PIECE_BYTES = 1 << 20


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

    def __init__(self, store: SampleStore, folder: Path, clock: Clock, most_bytes: int = 8 << 30) -> None:
        """Import into *store*; files wait in *folder*, where a packed one unpacks to at most *most_bytes*."""
        self._most_bytes = most_bytes
        self._store = store
        self._folder = folder / FOLDER
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
                raise self._unwritable(error) from error
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
            staged = StagedSamples(folder / "parts", request.on_duplicate)
            findings = ImportFindings(request.mapping)
            try:
                plain = plain_file(path, request.name, folder, request.encoding, self._most_bytes)
                findings.remark(plain.remarks)
                with plain.path.open("rb") as file:
                    reader = READERS[format_of(file, plain.name, request.format)]
                    self._stage(reader(file), staged, findings)
                staged.finish()
            except (OSError, pl.exceptions.PolarsError) as error:
                raise self._unwritable(error) from error
            finally:
                give_back()  # free the memory of this file before the next one needs its own
            return self._merge(staged, findings, request)

    def _stage(self, records: Iterator[Record], staged: StagedSamples, findings: ImportFindings) -> None:
        now = iso(self._clock.now())
        seen: set[str] = set()
        for record in records:
            try:
                sample = _sample(record, now, findings)
            except InputError as error:
                findings.refuse(record.place, str(error))
                if findings.is_hopeless:
                    return
                continue
            sample_id = str(sample["id"])
            if sample_id in seen:
                findings.repeated.append(sample_id)
                if findings.is_hopeless and staged.on_duplicate != "skip":
                    return
                continue
            seen.add(sample_id)
            if not findings.bad:
                staged.add(sample)

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
            raise self._unwritable(error) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _unwritable(self, error: Exception) -> StorageError:
        if is_disk_full(error):
            return DiskFullError(f"{self._folder}: no space left on the disk; free some, nothing was imported")
        return StorageError(f"{self._folder}: cannot be used ({str(error)[:200]}); nothing was imported")


def _sample(record: Record, now: str, findings: ImportFindings) -> dict[str, object]:
    """Return what *record* holds, noting what was done to it.

    Raises:
        InputError: it cannot be read, or is not a sample.
    """
    if record.problem:
        raise InputError(record.problem)
    row = read_row(record.values, findings.columns_of(record.values))
    fields, nested = as_fields(row.values)
    fields, told = completed(set_apart(fields))
    values = {"created_at": now, **fields}
    if not values.get("id"):
        values["id"] = findings.free_id(id_of(values))
    try:
        sample = foreign_sample(values)
    except InputError as error:
        raise InputError(f"{error}{findings.advice(record.values, fields)}") from None
    findings.meet(record, row, sample, nested, told)
    return stamped(sample.model_dump(exclude_none=True)) | (
        {"quality_issues": orjson.dumps(list(told.values())).decode()} if told else {}
    )
