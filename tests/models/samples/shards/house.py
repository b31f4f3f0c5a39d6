"""A store of samples in shards, as one process of several has it."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from models.backups import agreement
from models.database import open_engine
from models.engines.writer import Writer
from models.samples.sample_store import SampleStore
from models.samples.shards import manifest
from models.samples.shards.manifest import Shard
from models.samples.shards.opening import open_shards
from models.samples.shards.shard_files import ShardFiles
from models.samples.shards.shard_folding import ShardFolding
from tests.databases import database_url
from tests.fakes import sample
from utils.clock import ManualClock


class Process:
    """What one process has of the data set at *address*, in the database of the data folder *folder*."""

    def __init__(self, folder: Path, address: str, clock: ManualClock | None = None) -> None:
        self.folder, self.address = folder, address
        self.clock = clock or ManualClock()
        self.engine: Engine = open_engine(database_url(folder))
        agreement.check(folder / "none.parquet", self.engine)
        self.files: ShardFiles = open_shards(address, self.engine)
        self.writer = Writer(self.engine)
        self.writer.start()
        self.store = SampleStore(self.files, self.engine, self.writer, self.clock)

    @property
    def folding(self) -> ShardFolding:
        folding = self.store.folding
        assert isinstance(folding, ShardFolding)
        return folding

    def answers(self) -> dict[str, str]:
        """Return the answer of each sample, by its id."""
        rows = list(self.store.walk())
        found = {row["id"]: row["answer"] for row in rows}
        assert len(found) == len(rows) == self.store.count()
        return found

    def close(self) -> None:
        self.writer.close()
        self.engine.dispose()


def shards_of(process: Process) -> list[Shard]:
    with process.engine.connect() as connection:
        return list(manifest.listed(connection))


def files_of(process: Process) -> set[str]:
    return process.files.names(float("inf"))


def add(process: Process, *names: str, **values: Any) -> None:
    for name in names:
        process.store.add(sample(id=name, **values))


def folded(process: Process, *names: str, **values: Any) -> None:
    add(process, *names, **values)
    process.store.fold()
