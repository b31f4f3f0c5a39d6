"""All storage, opened together: the data folder, the database, the samples, the tables."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from models.assistant.run_store import RunStore
from models.assistant.stores import AssistantStores, assistant_stores
from models.backups import agreement
from models.backups.backup import PARQUET
from models.backups.moving.shelf import take_in
from models.batches.batch_store import BatchStore
from models.batches.call_ledger import CallLedger
from models.batches.call_store import CallStore
from models.batches.engine import TABLE, engine_named
from models.batches.event_store import EventStore
from models.batches.ledger import Ledger, Tables
from models.batches.members import Members
from models.batches.review_store import ReviewStore
from models.batches.usage_store import UsageStore
from models.batches.work_store import WorkStore
from models.data_folder import DataFolder, open_folder
from models.database import open_engine
from models.engines.opening import ping
from models.engines.writer import Writer
from models.samples.file.parquet_file import ParquetFile
from models.samples.sample_store import SampleStore
from models.samples.shards.opening import are_in_shards, open_shards, refuse_one_file
from models.samples.shards.shard_folding import ShardFolding
from utils.clock import Clock
from utils.errors import StorageError
from utils.filelock import FolderLock


@dataclass(frozen=True)
class Stores:
    """All storage of the service. `close` releases it.

    Attributes:
        seat: The place of this process among those that share the folder; None where it has the folder alone.
    """

    folder: DataFolder
    seat: FolderLock | None
    engine: Engine
    writer: Writer
    file: ParquetFile
    samples: SampleStore
    tables: Tables
    ledger: Ledger
    calls: CallLedger
    members: Members
    runs: RunStore
    assistant: AssistantStores
    clock: Clock

    @property
    def own_name(self) -> str:
        """What this process adds to names of files that no other may write: nothing where it has the folder alone."""
        return f"-{self.seat.seat}" if self.seat is not None and self.seat.seat else ""

    @property
    def database(self) -> str:
        """The kind of database: sqlite or postgresql."""
        return self.engine.dialect.name

    def ping(self) -> None:
        """Check that the database answers; StorageError if not."""
        ping(self.engine)

    def start(self) -> None:
        """Start the writer; take in what is a file of the folder here and nothing yet where several share it."""
        self.writer.start()
        if isinstance(self.samples.folding, ShardFolding):
            self.samples.folding.take_in(self.file)
        if self.database == "postgresql":
            take_in(self.folder.path, self.engine)

    def close(self) -> None:
        """Write what waits and close the folder."""
        self.writer.close()
        self.engine.dispose()
        self.folder.close()
        if self.seat is not None:
            self.seat.release()


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything is kept.

    Attributes:
        folder: The data folder; created if missing.
        database_url: SQLAlchemy address of the database.
        database_file: Its file, for SQLite.
        data_url: Folder or s3:// address of the samples in shards; "" for one `train.parquet` in `folder`.
        batch_engine: Name of what carries the items of batches.
    """

    folder: Path
    database_url: str
    database_file: Path | None
    data_url: str = ""
    batch_engine: str = TABLE


def open_stores(places: Places, clock: Clock) -> Stores:
    """Open the storage at *places*, if its parts belong together.

    Raises:
        ConfigurationError: that engine cannot be used here.
        StorageError: the folder or the database cannot be used, or the parts do not belong together.
    """
    folder, database_file = places.folder, places.database_file
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"data folder {folder}: cannot be made ({error.strerror}); set DATA_DIR to another"
        ) from None
    bound = open_folder(folder)
    try:
        engine = open_engine(places.database_url)
    except StorageError as error:
        raise StorageError(f"{error}; {agreement.way_out(folder / PARQUET)}") from error
    if not places.data_url:
        refuse_one_file(engine)
    if not places.data_url or are_in_shards(engine) is None:
        agreement.check(folder / PARQUET, engine)
    turns = engine_named(places.batch_engine, engine)
    if database_file is not None:
        bound.hold(database_file)
    writer = Writer(engine, bound.check)
    seat = FolderLock.any_seat(folder) if database_file is None else None
    file = ParquetFile(folder / PARQUET, bound, seat.seat if seat is not None else 0)
    if seat is None:
        file.prepare()  # another process may be writing what looks like a leftover
    shards = open_shards(places.data_url, engine) if places.data_url else None
    samples = SampleStore(shards or file, engine, writer, clock)
    usage, calls, events = UsageStore(engine), CallStore(), EventStore(engine)
    reviews = ReviewStore(engine, clock)
    tables = Tables(BatchStore(engine), WorkStore(engine, turns), samples, usage, calls, events, reviews)
    members = Members(engine, writer, clock, turns)
    ledger, runs = Ledger(writer, tables, members, clock), RunStore(engine, writer, members, clock)
    noted = CallLedger(writer, calls, usage, members, clock)
    assistant = assistant_stores(engine, writer, clock)
    return Stores(bound, seat, engine, writer, file, samples, tables, ledger, noted, members, runs, assistant, clock)
