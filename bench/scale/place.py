"""Where the files of a table lie: a folder, or a prefix of a bucket."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs

from bench.scale.servers import BUCKET


class ConflictError(Exception):
    """Another writer was first."""


@dataclass
class Place:
    """A folder, or a prefix of the bucket at *address*.

    Attributes:
        root: Folder, or key prefix.
        address: Of the S3 server; None for a folder.
        written: Bytes and files that this process wrote through it.
    """

    root: str
    address: str | None = None
    made: set[str] = field(default_factory=set)

    @cached_property
    def files(self) -> Any:
        """The file system, of pyarrow."""
        if self.address is None:
            return pafs.LocalFileSystem()
        host = self.address.removeprefix("http://")
        keys = {"access_key": "key", "secret_key": "secret", "region": "us-east-1"}
        return pafs.S3FileSystem(**keys, endpoint_override=host, scheme="http")

    @cached_property
    def client(self) -> Any:
        """A client that can put under a condition; pyarrow's file system cannot."""
        return import_module("boto3").client("s3", endpoint_url=self.address)

    def path(self, name: str) -> str:
        """Return what `files` calls *name*."""
        return f"{self.root}/{name}" if self.address is None else f"{BUCKET}/{self.root}/{name}"

    @property
    def url(self) -> str:
        """The address that table formats take."""
        return self.root if self.address is None else f"s3://{BUCKET}/{self.root}"

    def write(self, name: str, content: Any) -> int:
        """Write a file under a name that nobody else uses, on the disk when this returns; return its bytes."""
        if self.address is not None:
            with self.files.open_output_stream(self.path(name)) as out:
                out.write(content)
            return len(content)
        path = Path(self.path(name))
        if str(path.parent) not in self.made:
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync(path.parent.parent)
            self.made.add(str(path.parent))
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _sync(path.parent)
        return len(content)

    def create(self, name: str, content: bytes) -> None:
        """Write a file if there is none of this name.

        Raises:
            ConflictError: there is one.
        """
        if self.address is None:
            waiting = f"{name}.{os.getpid()}.tmp"
            self.write(waiting, content)
            try:
                os.link(self.path(waiting), self.path(name))  # a rename would replace what is there
            except FileExistsError as error:
                raise ConflictError(name) from error
            finally:
                Path(self.path(waiting)).unlink()
            _sync(Path(self.path(name)).parent)
            return
        try:
            self.client.put_object(Bucket=BUCKET, Key=f"{self.root}/{name}", Body=content, IfNoneMatch="*")
        except self.client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in {"PreconditionFailed", "ConditionalRequestConflict"}:
                raise
            raise ConflictError(name) from error

    def read(self, name: str) -> Any:
        """Return the content of a file."""
        with self.files.open_input_stream(self.path(name)) as source:
            return source.read()

    def remove(self, name: str) -> None:
        """Remove a file."""
        self.files.delete_file(self.path(name))

    def sizes(self, under: str = "") -> dict[str, int]:
        """Return the bytes of all files by their names."""
        base = self.path(under) if under else self.path("").rstrip("/")
        found = self.files.get_file_info(pafs.FileSelector(base, recursive=True, allow_not_found=True))
        return {each.path[len(self.path("")) :]: each.size for each in found if each.type == pafs.FileType.File}


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def packed(table: Any) -> Any:
    """Return *table* as Parquet, as the service writes it: Zstandard, small row groups."""
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=20_000)
    return sink.getvalue()
