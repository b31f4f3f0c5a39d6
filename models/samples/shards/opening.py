"""Opens the folder of shards that belongs to a database."""

from __future__ import annotations

import orjson
from sqlalchemy import Connection, Engine

from models.engines.opening import reading
from models.engines.postgresql import take_turn
from models.samples import journal
from models.samples.shards import manifest
from models.samples.shards.shard_files import OWNER, ShardFiles
from models.samples.shards.shard_state import ShardState
from utils.errors import DataMismatchError
from utils.file_systems import FileFolder
from utils.installation import COMMAND


def open_shards(address: str, engine: Engine) -> ShardFiles:
    """Open the folder at *address* for the samples of the database *engine*, which has its name.

    Raises:
        DataMismatchError: samples of another database lie there, or those of this one lie elsewhere.
        StorageError: it cannot be reached.
    """
    folder = FileFolder(address)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            take_turn(connection)  # several processes may start at the same moment
        name = journal.database_id(connection) or ""
        owner = _owner(folder)
        if owner is None:
            _refuse_elsewhere(connection, address)
            content = orjson.dumps({"database_id": name})
            folder.write(OWNER, lambda write: write(content))
        elif owner != name:
            raise DataMismatchError(
                f"{address}: holds the samples of another database; set DATA_URL to a prefix that is empty, "
                "or DATABASE_URI to the database that belongs to it"
            )
        return ShardFiles(folder, manifest.begin(connection, address))


def shard_reader(address: str, engine: Engine) -> ShardState:
    """Return what reads the shards in a process that does not own them; *engine* reads."""
    with reading(engine) as connection:
        place = manifest.place(connection)
    return ShardState(ShardFiles(FileFolder(address), place[1] if place is not None else ""), engine)


def are_in_shards(engine: Engine) -> str | None:
    """Return where the samples of a database lie, if they lie in shards; None if not."""
    with reading(engine) as connection:
        place = manifest.place(connection)
        return place[0] if place is not None and manifest.head(connection).version else None


def refuse_one_file(engine: Engine) -> None:
    """Refuse to look for the samples in one file where they lie in shards; DataMismatchError says where."""
    address = are_in_shards(engine)
    if address is not None:
        raise DataMismatchError(
            f"the samples of this database lie in shards: set DATA_URL={address}; to have them in one file again, "
            f"run `{COMMAND} backup` with that setting, and `{COMMAND} restore` without it"
        )


def examined(address: str, engine: Engine) -> tuple[int, int, int]:
    """Return how many shards of a database lie at *address*, their rows and bytes; changes nothing.

    Raises:
        DataMismatchError: the samples of another database lie there.
        StorageError: it cannot be reached.
    """
    owner = _owner(FileFolder(address))
    with reading(engine) as connection:
        if owner is not None and owner != journal.database_id(connection):
            raise DataMismatchError(f"{address}: holds the samples of another database")
        return manifest.totals(connection)


def _owner(folder: FileFolder) -> str | None:
    try:
        return str(orjson.loads(folder.read(OWNER))["database_id"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise DataMismatchError(
            f"{folder.address}: {OWNER} there is not as this service writes it; put it back, or set DATA_URL to a "
            "prefix that is empty"
        ) from None


def _refuse_elsewhere(connection: Connection, address: str) -> None:
    place = manifest.place(connection)
    if place is None or not manifest.head(connection).version:
        return
    if place[0] == address:
        raise DataMismatchError(
            f"{address}: is empty, and {manifest.totals(connection)[1]} samples of this database lay there; put the "
            f"files back, or restore a backup: `{COMMAND} restore`"
        )
    raise DataMismatchError(
        f"{address}: holds no samples of this database, they lie in {place[0]}; set DATA_URL to that, or copy "
        "all of its files there first"
    )
