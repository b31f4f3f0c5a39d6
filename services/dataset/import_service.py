"""Imports a file of samples into the data set, all of it or nothing."""

import logging
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import polars as pl

from models.contract.answers.dataset import Imported
from models.contract.arguments import ImportArguments
from models.samples.claims import claims_in, notes_on, set_apart
from models.samples.sample_store import SampleStore
from models.samples.staged import StagedSamples, duplicates
from models.schemas import Sample, new_sample
from models.sizes import FILE_COLUMNS
from services.formats.readers import READERS, Record, as_fields, format_of
from utils.clock import Clock, iso
from utils.errors import DiskFullError, ImportRefusedError, InputError, StorageError
from utils.files import is_disk_full
from utils.memory import give_back

log = logging.getLogger(__name__)
FOLDER = ".import"
_TOLD = 100
# After so many faults the rest of a file is not read.
_GIVEN_UP = 1_000
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class ImportRequest:
    """How a file is imported.

    Attributes:
        name: The file's name, for its extension.
        format: jsonl, json, csv or parquet; "" to find out.
        on_duplicate: What to do with ids that exist: error, skip or replace.
        dry_run: Check only.
    """

    name: str = ""
    format: str = ""
    on_duplicate: str = "error"
    dry_run: bool = False


@dataclass
class _Findings:
    """Findings while reading a file."""

    problems: list[dict[str, str]] = field(default_factory=list)
    bad: int = 0
    repeated: list[str] = field(default_factory=list)
    nested: set[str] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)

    @property
    def is_hopeless(self) -> bool:
        """True if there are so many faults that reading stops."""
        return self.bad >= _GIVEN_UP or len(self.repeated) >= _GIVEN_UP

    def meet(self, sample: Sample) -> None:
        """Note the columns of *sample*; InputError if the file now has too many."""
        new = (sample.model_extra or {}).keys() - self.columns
        if len(self.columns) + len(new) > FILE_COLUMNS:
            raise InputError(
                f"{min(new)[:40]}: with this the file has more than {FILE_COLUMNS} extra columns; "
                "combine some into one column as JSON"
            )
        self.columns |= new

    def refuse(self, place: str, message: str) -> None:
        self.bad += 1
        if len(self.problems) < _TOLD:
            self.problems.append({"place": place, "error": message})


class ImportService:
    """Imports files. Every import has its own folder, which is removed when it ends."""

    def __init__(self, store: SampleStore, folder: Path, clock: Clock) -> None:
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
        request = ImportRequest(name, options.format, options.on_duplicate, options.dry_run)
        with self.received(stream) as path:
            return self.run(path, request)

    def run(self, path: Path, request: ImportRequest) -> Imported:
        """Import the file at *path*.

        Raises:
            ImportRefusedError: lines are wrong; carries the first hundred with their places.
            ConflictError: ids exist already.
            InputError: no samples, or an unknown format.
            StorageError: the disk is full or cannot be written.
        """
        with self._workspace() as folder:
            staged = StagedSamples(folder / "parts", request.on_duplicate)
            findings = _Findings()
            try:
                with path.open("rb") as file:
                    reader = READERS[format_of(file, request.name, request.format)]
                    self._stage(reader(file), staged, findings)
                staged.finish()
            except (OSError, pl.exceptions.PolarsError) as error:
                raise self._unwritable(error) from error
            finally:
                give_back()  # free the memory of this file before the next one needs its own
            return self._merge(staged, findings, request)

    def _stage(self, records: Iterator[Record], staged: StagedSamples, findings: _Findings) -> None:
        now = iso(self._clock.now())
        seen: set[str] = set()
        for record in records:
            try:
                sample, nested = _sample(record, now)
                findings.meet(sample)
            except InputError as error:
                findings.refuse(record.place, str(error))
                if findings.is_hopeless:
                    return
                continue
            findings.nested.update(nested)
            findings.claims.update(claims_in(record.values))
            findings.emptied.update(record.emptied)
            if sample.id in seen:
                findings.repeated.append(sample.id)
                if findings.is_hopeless and staged.on_duplicate != "skip":
                    return
                continue
            seen.add(sample.id)
            if not findings.bad:
                staged.add(sample.model_dump(exclude_none=True))

    def _merge(self, staged: StagedSamples, findings: _Findings, request: ImportRequest) -> Imported:
        if findings.problems:
            first = findings.problems[0]
            more = f" (and {findings.bad - 1} more)" if findings.bad > 1 else ""
            raise ImportRefusedError(
                f"{first['place']}: {first['error']}{more}; nothing was imported", findings.problems, findings.bad
            )
        if findings.repeated and request.on_duplicate != "skip":
            raise duplicates(findings.repeated, "stand twice in the file", "make them unique, or use on_duplicate=skip")
        if not len(staged):
            raise InputError("content: holds no samples; give one JSON object a line")
        plan = staged.plan(self._store.snapshot()) if request.dry_run else None
        result = plan.result() if plan is not None else self._store.merge(staged)
        notes = [f"column {name}: lists and objects were written as JSON text" for name in sorted(findings.nested)]
        notes += [f"column {name}: NaN and infinite numbers were left empty" for name in sorted(findings.emptied)]
        notes += notes_on(findings.claims)
        log.info("import", extra={"added": result.added, "replaced": result.replaced, "dry_run": request.dry_run})
        return {
            "added": result.added,
            "replaced": result.replaced,
            "skipped": result.skipped + len(findings.repeated),
            "checked": len(staged) + len(findings.repeated),
            "dry_run": request.dry_run,
            "notes": notes,
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


def _sample(record: Record, now: str) -> tuple[Sample, list[str]]:
    """Return what *record* holds, and the names of its columns that became JSON text.

    Raises:
        InputError: it cannot be read, or is not a sample.
    """
    if record.problem:
        raise InputError(record.problem)
    fields, nested = as_fields(record.values)
    return new_sample({"created_at": now, **set_apart(fields)}), nested
