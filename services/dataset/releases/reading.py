"""Reads the files of a release, wherever they lie: whole, by columns, or as an export in another format."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from models.contract.answers.releases import ReleaseFacts, ReleaseFile
from models.samples.file.carried_groups import CarriedFile, CarriedGroup
from models.samples.file.row_groups import told_bytes
from services.dataset.exporting import Export, check_options
from services.dataset.pieces import shown
from services.dataset.releases.writing import ROWS
from services.formats.export_format import ExportFormat, ExportOptions
from utils.errors import InputError, StorageError
from utils.file_systems import FileFolder
from utils.frames import pl

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_PIECE_BYTES = 4 << 20


def data_files(facts: ReleaseFacts, split: str = "") -> list[ReleaseFile]:
    """Return the files that hold the rows of a release, or of one split, in order."""
    return [file for file in facts["files"] if file["split"] and file["split"] == (split or file["split"])]


def frames(
    folder: FileFolder, files: Sequence[ReleaseFile], columns: Sequence[str] | None = None
) -> Iterator[pl.DataFrame]:
    """Yield the rows of *files*, a row group at a time; only those of *columns* that are there.

    Raises:
        StorageError: a file is missing or cannot be read.
    """
    for file in files:
        with _opened(folder, file["path"]) as (_, parquet):
            names = parquet.schema_arrow.names
            wanted = names if columns is None else [name for name in columns if name in names]
            for group in range(parquet.num_row_groups):
                yield _read(parquet, wanted, group)


def rows_of(folder: FileFolder) -> pl.DataFrame:
    """Return id, split and hash of each row of the release in *folder*; errors as `frames`."""
    with _opened(folder, ROWS) as (_, parquet):
        return pl.DataFrame(pl.from_arrow(parquet.read()))


def schema_of(folder: FileFolder, facts: ReleaseFacts) -> pa.Schema:
    """Return the Arrow schema of the data files of a release; errors as `frames`."""
    with _opened(folder, data_files(facts)[0]["path"]) as (_, parquet):
        return parquet.schema_arrow


def exported(folder: FileFolder, facts: ReleaseFacts, spec: ExportFormat, options: ExportOptions, split: str) -> Export:
    """Return a release, or one split of it, as a file of a format for trainers.

    Raises:
        InputError: there is no such split or field, or the format does not take an option.
        StorageError: a file is missing, or is not the one that was released.
    """
    files = data_files(facts, split)
    _check(facts, spec, options, split)
    for file in files:
        _check_file(folder, file)
    suffix = f"-{split}" if split else ""
    name = f"{facts['name']}-{facts['version']}{suffix}.{spec.extension}"
    hides = facts["recipe"]["thinking"] and options.reasoning != "think"
    content = _content(folder, files, spec, options, hides)
    splits = {split_name: part["samples"] for split_name, part in facts["splits"].items()}
    return Export(
        name, spec.mimetype, sum(file["samples"] for file in files), facts["content_hash"], splits, {}, content
    )


def _check_file(folder: FileFolder, file: ReleaseFile) -> None:
    """Refuse a file that is not the one that was released: nobody should train on it under its name."""
    try:
        is_same = digest_of(folder, file["path"]) == file["sha256"]
    except FileNotFoundError:
        is_same = False
    if not is_same:
        raise StorageError(
            f"{folder.address}: {file['path']} is missing, or not the one that was released; "
            "POST /api/releases/<id>/verify names what differs"
        )


def digest_of(folder: FileFolder, path: str) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits; FileNotFoundError, StorageError as `FileFolder.open`."""
    digest = hashlib.sha256()
    with folder.open(path) as source:
        while piece := source.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _check(facts: ReleaseFacts, spec: ExportFormat, options: ExportOptions, split: str) -> None:
    if split and split not in facts["splits"]:
        raise InputError(f"split: got {split[:40]!r}, want one of {', '.join(facts['splits'])}, or none for all")
    check_options(spec, options, facts["columns"])


def _content(
    folder: FileFolder, files: Sequence[ReleaseFile], spec: ExportFormat, options: ExportOptions, hides: bool
) -> Iterator[bytes]:
    columns = _columns(folder, files)
    if spec.write_groups is not None and not options.fields and not hides:
        return spec.write_groups(_carried(folder, files), columns)
    chosen = options.fields if options.fields and not spec.is_chat else tuple(columns)
    pieces = (
        part.select(chosen)
        for group in frames(folder, files)
        for part in shown(group, options).iter_slices(spec.piece_rows)
    )
    return spec.write(pieces, {name: columns[name] for name in chosen}, options)


def _columns(folder: FileFolder, files: Sequence[ReleaseFile]) -> dict[str, pl.DataType]:
    with _opened(folder, files[0]["path"]) as (_, parquet):
        return dict(pl.DataFrame(pl.from_arrow(parquet.schema_arrow.empty_table())).schema)


def _carried(folder: FileFolder, files: Sequence[ReleaseFile]) -> Iterator[pl.DataFrame | CarriedGroup]:
    """Yield the row groups of *files* undecoded, where this service wrote them."""
    for file in files:
        with _opened(folder, file["path"]) as (source, parquet):
            read = partial(_read, parquet, parquet.schema_arrow.names)
            sizes = told_bytes(parquet.metadata)
            if sizes:
                yield from CarriedFile(source, sizes, read).groups()
            else:
                yield from map(read, range(parquet.num_row_groups))


def _read(parquet: pq.ParquetFile, columns: Sequence[str], group: int) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(parquet.read_row_group(group, list(columns), use_threads=False)))


@contextmanager
def _opened(folder: FileFolder, path: str) -> Iterator[tuple[pa.NativeFile, pq.ParquetFile]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with folder.open(path) as source:
            yield source, pq.ParquetFile(source)
    except FileNotFoundError:
        raise StorageError(
            f"{folder.address}: {path} is missing; POST /api/releases/<id>/verify tells what else is"
        ) from None
    except (OSError, pa.ArrowException) as error:
        raise StorageError(
            f"{folder.address}: {path} cannot be read ({' '.join(str(error).split())[:200]}); "
            "POST /api/releases/<id>/verify tells what else cannot"
        ) from None
