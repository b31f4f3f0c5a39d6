"""A folder of files on a disk or in object storage, under one set of names.

Files never change once they are written, and are there whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from utils.errors import ConfigurationError, DiskFullError, StorageError
from utils.files import is_disk_full, replace_file

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.fs as pafs

S3 = "s3"
# What an address may say beside bucket and prefix; keys are taken from the environment, as every S3 client does.
_OPTIONS = ("endpoint", "region")
_CONNECT_S, _ANSWER_S, _TRIES = 5.0, 30.0, 3
_IN_MEMORY_BYTES, _PIECE_BYTES = 32 << 20, 4 << 20
# How the name of a file ends while it is written to a disk (`utils.files.replace_file`).
ASIDE = ".new"


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file: its name below the folder, its size in bytes, when it was written (UTC)."""

    name: str
    size_bytes: int
    written_at: datetime


def is_remote(address: str) -> bool:
    """Tell whether *address* names object storage, not a folder here."""
    return urlsplit(address).scheme == S3


def check_address(address: str) -> None:
    """Refuse an address that `FileFolder` cannot have; ConfigurationError says what it wants."""
    told = urlsplit(address)
    wanted = "want a folder, or s3://bucket/prefix with ?endpoint=http://host:port&region=… where it is not Amazon's"
    if told.scheme and told.scheme != S3 and "://" in address:
        raise ConfigurationError(f"address: begins with {told.scheme}://, {wanted}")
    if told.scheme != S3:
        return
    if told.username or told.password:
        raise ConfigurationError(
            "address: has keys in it; take them out and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    endpoint = dict(parse_qsl(told.query)).get("endpoint")
    if endpoint is not None and not _is_http(endpoint):
        raise ConfigurationError(f"has the endpoint {endpoint[:80]!r}, {wanted}")
    unknown = sorted({name for name, _ in parse_qsl(told.query, keep_blank_values=True)} - {*_OPTIONS})
    if not told.hostname or unknown:
        raise ConfigurationError(
            f"address: {f'does not know {unknown[0][:40]!r}' if unknown else 'names no bucket'}, {wanted}"
        )


def _is_http(endpoint: str) -> bool:
    told = urlsplit(endpoint)
    return told.scheme in {"http", "https"} and bool(told.netloc)


class FileFolder:
    """A folder, or the files of a bucket under a prefix. Thread-safe.

    Names are relative, parted by slashes. A written file is on the disk, or acknowledged by the object storage, when
    the call returns.
    """

    def __init__(self, address: str) -> None:
        """Use the folder at *address*; nothing is opened yet.

        Raises:
            ConfigurationError: the address cannot be understood.
        """
        check_address(address)
        self.address = address
        told = urlsplit(address)
        self._options = dict(parse_qsl(told.query))
        self.is_remote = told.scheme == S3
        self._root = f"{told.netloc}{told.path}".rstrip("/") if self.is_remote else str(Path(address).expanduser())

    def __getstate__(self) -> str:
        """Go to another process as the address."""
        return self.address

    def __setstate__(self, address: str) -> None:
        self.__init__(address)  # type: ignore[misc]  # as a new one

    @cached_property
    def system(self) -> pafs.FileSystem:
        """The file system, as pyarrow and what builds on it take it."""
        from pyarrow import fs

        if not self.is_remote:
            return fs.LocalFileSystem()
        endpoint = urlsplit(self._options.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL", ""))
        return fs.S3FileSystem(
            region=self._options.get("region") or os.environ.get("AWS_DEFAULT_REGION") or None,
            scheme=endpoint.scheme or None,
            endpoint_override=endpoint.netloc or None,
            connect_timeout=_CONNECT_S,
            request_timeout=_ANSWER_S,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_TRIES),
        )

    def below(self, name: str) -> FileFolder:
        """Return the folder *name* in this one."""
        if not self.is_remote:
            return FileFolder(self.path(name))
        told = urlsplit(self.address)
        return FileFolder(told._replace(path=f"{told.path.rstrip('/')}/{name}").geturl())

    def path(self, name: str = "") -> str:
        """Return what `system` calls the file *name*; the folder itself for ""."""
        return f"{self._root}/{name}" if name else self._root

    def write(self, name: str, make: Callable[[Callable[[bytes], object]], object]) -> None:
        """Write the file *name* by *make*, which calls what it is given with one piece of bytes after the other.

        Raises:
            StorageError: it cannot be written; there is no file, or the one before.
        """
        with self._faults(name):
            if self.is_remote:
                self._upload(name, make)
                return

            def written(aside: Path) -> None:
                with aside.open("wb") as file:
                    make(file.write)

            replace_file(Path(self.path(name)), written)

    def _upload(self, name: str, make: Callable[[Callable[[bytes], object]], object]) -> None:
        """Send a file once all of it is there: a stream that is given up puts what it had in the place of the file."""
        with SpooledTemporaryFile(_IN_MEMORY_BYTES) as whole:
            make(whole.write)
            whole.seek(0)
            with self.system.open_output_stream(self.path(name)) as out:
                shutil.copyfileobj(whole, out, _PIECE_BYTES)

    def read(self, name: str) -> bytes:
        """Return the content of the file *name*.

        Raises:
            FileNotFoundError: there is none.
            StorageError: it cannot be read.
        """
        with self.open(name) as source, self._faults(name):
            return bytes(source.readall())

    def open(self, name: str) -> pa.NativeFile:
        """Open the file *name* to read anywhere in it; errors as `read`."""
        with self._faults(name):
            return self.system.open_input_file(self.path(name))

    def remove(self, name: str) -> None:
        """Remove the file *name*, if there is one, or what a kill left of one; StorageError if that fails."""
        for each in (name,) if self.is_remote else (name, name + ASIDE):
            with self._faults(name), contextlib.suppress(FileNotFoundError):
                self.system.delete_file(self.path(each))

    def remove_all(self, under: str) -> None:
        """Remove the folder *under* with all files in it, if there is one; StorageError if that fails."""
        for file in list(self.files(under)):
            self.remove(file.name)
        if not self.is_remote:  # object storage has no folders
            with self._faults(under), contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self.path(under))

    def files(self, under: str = "") -> Iterator[FileInfo]:
        """Yield all files below *under*, in any order; none where there is no such folder.

        What is being written, or was left half written by a kill, is among them; its name ends in `ASIDE`.

        Raises:
            StorageError: they cannot be listed.
        """
        from pyarrow import fs

        with self._faults(under):
            wanted = fs.FileSelector(self.path(under), recursive=True, allow_not_found=True)
            found = self.system.get_file_info(wanted)
        first = len(self._root) + 1
        for each in found:
            if each.type == fs.FileType.File and not each.path.endswith("/"):
                yield FileInfo(each.path[first:], each.size, each.mtime)

    @contextlib.contextmanager
    def _faults(self, name: str) -> Iterator[None]:
        """Turn errors of the file system into ours."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            where = f"{self.address}: {name}" if name else self.address
            if is_disk_full(error):
                raise DiskFullError(f"{where}: no space left on the disk; free some and try again") from error
            reason = " ".join(str(error).split())[:300]
            raise StorageError(
                f"{where}: the files cannot be reached or changed ({reason}); nothing was lost"
            ) from error
