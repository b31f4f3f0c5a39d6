"""How the samples of a test lie: in one file or, with TEST_LAYOUT=shards, in shards of a folder."""

import os
from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.backups import agreement
from models.samples.shards.opening import open_shards
from models.samples.shards.shard_files import ShardFiles

LAYOUT = os.environ.get("TEST_LAYOUT", "file")
only_in_one_file = pytest.mark.skipif(LAYOUT != "file", reason="is about train.parquet")


def shards_of(folder: Path) -> str:
    """Return where the samples of a test lie whose data are in *folder*."""
    return str(folder / "shards")


def shard_files(folder: Path, engine: Engine) -> ShardFiles:
    """Open the shards of a test whose data are in *folder*."""
    agreement.check(folder / "train.parquet", engine)
    return open_shards(shards_of(folder), engine)
