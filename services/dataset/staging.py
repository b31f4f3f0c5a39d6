"""Reads the records of an import into staged samples, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from models.samples.claims import set_apart
from models.samples.foreign_fields import completed, id_of, read_row
from models.samples.staged import StagedSamples
from models.schemas import foreign_sample, stamped
from models.sizes import PIECE_BYTES
from services.dataset.import_findings import ImportFindings
from services.dataset.plain_rows import BLOCK_ROWS, plain_rows
from services.formats.plain_files import plain_file
from services.formats.readers import READERS, format_of
from services.formats.records import Record, as_fields
from utils.errors import DiskFullError, InputError, StorageError
from utils.files import is_disk_full
from utils.frames import pl
from utils.memory import give_back

_FIRST = 50
# Of a block, as text in the file.
_BLOCK_BYTES = 4 * PIECE_BYTES
_BUFFER_BYTES = 1 << 18


@dataclass(frozen=True)
class Staging:
    """What is read of a file that is imported.

    Attributes:
        path: The file, called *name* by the caller.
        folder: Where it is unpacked and staged.
        format: One of `services.formats.readers.READERS`; "" to find out.
        on_duplicate: What to do with ids that exist.
        mapping: The column of each field that the caller names.
        encoding: Of a text; "" to find out.
        most_bytes: What a packed file may unpack to.
        now: The time of samples that tell none.
    """

    path: Path
    name: str
    folder: Path
    format: str
    on_duplicate: str
    mapping: Mapping[str, str]
    encoding: str
    most_bytes: int
    now: str

    def run(self, _tools: object) -> tuple[StagedSamples, ImportFindings]:
        """Read and check the file.

        Raises:
            InputError: an unknown format, or no file that is read.
            StorageError: the disk is full or cannot be written.
        """
        staged = StagedSamples(self.folder / "parts", self.on_duplicate)
        findings = ImportFindings(self.mapping)
        try:
            plain = plain_file(self.path, self.name, self.folder, self.encoding, self.most_bytes)
            findings.remark(plain.remarks)
            with plain.path.open("rb", buffering=_BUFFER_BYTES) as file:
                reader = READERS[format_of(file, plain.name, self.format)]
                stage(reader(file), staged, findings, self.now)
            staged.finish()
        except (OSError, pl.exceptions.PolarsError) as error:
            raise unwritable(self.folder.parent, error) from error
        finally:
            give_back()  # free the memory of this file before the next one needs its own
        return staged, findings


def unwritable(folder: Path, error: Exception) -> StorageError:
    """Say why *folder*, in which imports wait, cannot be used."""
    if is_disk_full(error):
        return DiskFullError(f"{folder}: no space left on the disk; free some, nothing was imported")
    return StorageError(f"{folder}: cannot be used ({str(error)[:200]}); nothing was imported")


def stage(records: Iterator[Record], staged: StagedSamples, findings: ImportFindings, now: str) -> None:
    """Check *records* and stage the samples in them, until the findings are hopeless.

    Args:
        records: As a reader yields them.
        staged: Gets the samples, as long as nothing was refused.
        findings: Get what was found.
        now: The time of samples that tell none.
    """
    seen: set[str] = set()
    for block in _blocks(records):
        if not _staged_plainly(block, staged, findings, seen, now):
            for record in block:
                _stage_one(record, staged, findings, seen, now)
                if findings.bad_enough(staged.on_duplicate):
                    return


def _blocks(records: Iterator[Record]) -> Iterator[list[Record]]:
    """Yield *records* in blocks; the first is small, so that a file that is wrong throughout is soon known to be."""
    block: list[Record] = []
    most, size = _FIRST, 0
    for record in records:
        block.append(record)
        size += record.size_bytes or _characters(record)
        if len(block) >= most or size >= _BLOCK_BYTES:
            yield block
            block, most, size = [], BLOCK_ROWS, 0
    if block:
        yield block


def _characters(record: Record) -> int:
    """Return how much text a record holds; what has lists and objects is looked at by itself."""
    size = 0
    for value in record.values.values():
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, list | dict):
            return _BLOCK_BYTES
    return size


def _staged_plainly(
    block: list[Record], staged: StagedSamples, findings: ImportFindings, seen: set[str], now: str
) -> bool:
    """Stage a block in which nothing has to be changed, refused or told; False if it is none."""
    if findings.given or findings.bad or any(record.problem or record.emptied or record.remarks for record in block):
        return False
    rows = plain_rows([record.values for record in block], now)
    if rows is None:
        return False
    ids = set(rows.frame["id"])
    if len(ids) < len(block) or not seen.isdisjoint(ids) or not findings.meet_plain(rows):
        return False
    seen |= ids
    staged.add_frame(rows.frame, rows.size_bytes)
    return True


def _stage_one(record: Record, staged: StagedSamples, findings: ImportFindings, seen: set[str], now: str) -> None:
    try:
        sample = sample_of(record, now, findings)
    except InputError as error:
        findings.refuse(record.place, str(error))
        return
    sample_id = str(sample["id"])
    if sample_id in seen:
        findings.repeated.append(sample_id)
        return
    seen.add(sample_id)
    if not findings.bad:
        staged.add(sample)


def sample_of(record: Record, now: str, findings: ImportFindings) -> dict[str, object]:
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
