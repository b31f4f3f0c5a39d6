"""The files of shards: samples, and beside them what is known of their rows, for who opens them."""

from __future__ import annotations

import base64
import contextlib
import io
import re
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import orjson

from models.samples.file.broken_file import UnreadableError
from models.samples.file.file_mark import MARK
from models.samples.file.intake import schema
from models.samples.file.many_files import LIST
from models.samples.file.parquet_version import ParquetVersion
from models.samples.file.row_groups import GroupFile
from models.samples.file.row_index import DOCUMENT, RowIndex, index_in
from models.samples.shards.manifest import Shard
from utils.errors import StorageError
from utils.file_systems import ASIDE, FileFolder
from utils.frames import pl
from utils.installation import COMMAND

SAMPLES, INDEX = ".parquet", ".index"
# Says whose samples lie there: the name of the database that has their list.
OWNER = "dataset.json"
_UNFIT = re.compile(r"[^a-z0-9]+")
_LONGEST = 40
# So many files are open at a time, each with the row groups of it that were read last, which take so much together.
_OPEN, _CACHED_BYTES = 24, 128 << 20


class ShardFiles:
    """Writes, opens and removes the files of shards. Thread-safe."""

    def __init__(self, folder: FileFolder, root: str) -> None:
        """Keep shards in *root*, a folder of *folder*."""
        self._folder = folder
        self._root = root
        self._lock = threading.Lock()
        self._open: OrderedDict[str, ParquetVersion] = OrderedDict()
        self._written: dict[str, RowIndex] = {}

    @property
    def address(self) -> str:
        """Where they lie."""
        return self._folder.address

    def check(self) -> None:
        """See that the files are there; StorageError says why not."""
        try:
            self._folder.read(OWNER)
        except FileNotFoundError:
            raise StorageError(
                f"{self.address}: the files of the samples are gone; put them back, or stop the service and restore a "
                f"backup: `{COMMAND} restore`"
            ) from None

    def write(self, part: tuple[str, str], rows: pl.DataFrame, index: pl.DataFrame) -> Shard:
        """Write a shard.

        Args:
            part: Jurisdiction and month of its rows.
            rows: At least one sample, in the order of time and id.
            index: What is known of each of them (`row_index.describe`). Their numbers in the search index are left out:
                whoever opens the shard may have another index.

        Returns:
            The shard, which belongs to no version yet.

        Raises:
            StorageError: the folder cannot be written; nothing is left there, if that can be helped.
        """
        name = f"{self._root}/{_plain(part[0])}/{_plain(part[1])}/{uuid.uuid4().hex}"
        columns = dict(rows.schema)

        def samples(write: Callable[[bytes], object]) -> None:
            with GroupFile(write, columns, MARK) as file:
                file.add(rows)

        known = RowIndex(index.with_columns(pl.lit(None, pl.UInt32()).alias(DOCUMENT)))
        content = known.to_bytes(name)
        try:
            self._folder.write(name + SAMPLES, samples)
            self._folder.write(name + INDEX, lambda write: write(content))
            opened = self._opened(name, known)
        except BaseException:
            with contextlib.suppress(StorageError):
                self.remove(name)
            raise
        with self._lock:
            self._written[name] = known
        return Shard(name, *part, rows.height, opened.identity[2], tuple(opened.group_sizes), more=_packed(columns))

    def let_go(self) -> None:
        """Forget the indexes of what was written: the version that it was for is in use, or there will be none."""
        with self._lock:
            self._written.clear()

    def tell(self, version: int, shards: Sequence[Shard]) -> None:
        """Write which files make up *version* and which rows are gone, for who reads them without the service.

        Raises:
            StorageError: the folder cannot be written.
        """
        listed = [{"path": each.name + SAMPLES, "rows": each.rows, "gone": each.gone} for each in shards]
        content = orjson.dumps({"version": version, "shards": listed})
        self._folder.write(LIST, lambda write: write(content))

    def open(self, shard: Shard, index: RowIndex) -> ParquetVersion:
        """Open the samples of *shard*; those read last stay open.

        Raises:
            StorageError: it cannot be read, or is not there any more.
        """
        with self._lock:
            held = self._open.get(shard.name)
            if held is not None:
                self._open.move_to_end(shard.name)
                self._close_some()  # what is open has grown since
                return held
        try:
            opened = self._opened(shard.name, index)
        except FileNotFoundError:
            raise UnreadableError(f"{self.address}: {shard.name}{SAMPLES} is missing") from None
        with self._lock:
            self._open[shard.name] = opened
            self._close_some()
        return opened

    def _close_some(self) -> None:
        """Close those read longest ago, of which there are too many or which hold too much; called under the lock."""
        held = [version.cached_bytes for version in self._open.values()]
        total = sum(held)
        for size in held[:-1]:
            if len(self._open) <= _OPEN and total <= _CACHED_BYTES:
                return
            self._open.popitem(last=False)
            total -= size

    def index(self, shard: Shard) -> RowIndex:
        """Return what is known of the rows of *shard*; errors as `open`."""
        with self._lock:
            written = self._written.get(shard.name)
        if written is not None:
            return written
        try:
            found = index_in(io.BytesIO(self._folder.read(shard.name + INDEX)), shard.name)
        except FileNotFoundError:
            found = None
        if found is None or len(found) != shard.rows:
            found = self._read_anew(shard)
        return found

    def _read_anew(self, shard: Shard) -> RowIndex:
        try:
            return self._opened(shard.name, None).index
        except FileNotFoundError:
            raise UnreadableError(f"{self.address}: {shard.name}{SAMPLES} is missing") from None

    def _opened(self, name: str, index: RowIndex | None) -> ParquetVersion:
        path = name + SAMPLES
        return ParquetVersion(f"{self.address.partition('?')[0]}/{path}", index, self._folder.open(path))

    def remove(self, name: str) -> None:
        """Remove the files of the shard *name*; StorageError if that fails."""
        with self._lock:
            self._open.pop(name, None)
            self._written.pop(name, None)
        for ending in (SAMPLES, INDEX):
            self._folder.remove(name + ending)

    def names(self, before_s: float) -> set[str]:
        """Return the names of all shards of which anything is here that was written before then (s since 1970)."""
        old = (each for each in self._folder.files(self._root) if each.written_at.timestamp() < before_s)
        return {each.name.removesuffix(ASIDE).removesuffix(SAMPLES).removesuffix(INDEX) for each in old}


def more_columns(shard: Shard) -> dict[str, pl.DataType]:
    """Return names and types of the columns of *shard* that are not ours."""
    if not shard.more:
        return {}
    import pyarrow as pa

    told = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(shard.more)))
    return dict(pl.DataFrame(pl.from_arrow(told.empty_table())).schema)


def _packed(columns: Mapping[str, pl.DataType]) -> str:
    ours = schema()
    more = {name: dtype for name, dtype in columns.items() if name not in ours}
    if not more:
        return ""
    told = pl.DataFrame(schema=more).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    return base64.b64encode(told.serialize().to_pybytes()).decode()


def _plain(text: str) -> str:
    """Return *text* as part of a path."""
    return _UNFIT.sub("-", text.lower()).strip("-")[:_LONGEST] or "none"
