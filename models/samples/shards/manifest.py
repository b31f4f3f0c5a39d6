"""The list of shards, as rows of the database: which version there is, and what belongs to it.

A version is what was added up to it and not removed up to it. One transaction makes the next, together with the
trimming of the journal that it holds; of two that try one finds that the number has moved on.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import orjson
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from models.database import ShardHeadRow, ShardRow
from utils.frames import np

_HEAD = 1
_KEPT = (
    ShardRow.name,
    ShardRow.jurisdiction,
    ShardRow.month,
    ShardRow.rows,
    ShardRow.size_bytes,
    ShardRow.groups,
    ShardRow.gone,
    ShardRow.more,
    ShardRow.born,
)
# So many names in one statement.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Shard:
    """A file of samples of one jurisdiction and month, in the order of time and id.

    Attributes:
        name: Its path below the folder, without the ending; never used again.
        groups: Rows of each row group, and its bytes in memory.
        size_bytes: Of the file.
        gone: Rows that were deleted, or put again into another shard; ascending.
        more: The columns that are not ours, as an Arrow schema in base64; "" for none.
        born: The version that it first belonged to; 0 before its commit.
    """

    name: str
    jurisdiction: str
    month: str
    rows: int
    size_bytes: int
    groups: tuple[tuple[int, int], ...]
    gone: tuple[int, ...] = ()
    more: str = ""
    born: int = 0

    @property
    def place(self) -> tuple[int, str]:
        """What shards are sorted by: the same in every process, whichever versions it has seen, and new ones last."""
        return self.born, self.name

    @property
    def part(self) -> tuple[str, str]:
        """What its rows have in common."""
        return self.jurisdiction, self.month

    def without(self, gone: Sequence[int]) -> Shard:
        """Return it with these rows gone, ascending."""
        return replace(self, gone=tuple(gone))


@dataclass(frozen=True, slots=True)
class Head:
    """The newest version.

    Attributes:
        version: Its number; 0 before the first fold.
        upto: Highest `seq` of the journal that it holds.
        since: Versions before this one are forgotten: what was removed from them is not listed any more.
    """

    version: int = 0
    upto: int = 0
    since: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """What leads from one version to a later one: names of shards that left, and shards that came."""

    out: frozenset[str]
    new: tuple[Shard, ...]


def head(connection: Connection) -> Head:
    """Return the newest version."""
    row = connection.execute(select(ShardHeadRow.version, ShardHeadRow.upto, ShardHeadRow.since)).first()
    return Head(*row) if row is not None else Head()


def begin(connection: Connection, address: str) -> str:
    """Have the shards of this database at *address*; return the name of their folder there.

    The folder is new where there was no list: what lies in another is of a list that may be wanted back.
    """
    root = connection.execute(select(ShardHeadRow.root)).scalar()
    if root is not None:
        connection.execute(update(ShardHeadRow).values(address=address))
        return root
    root = uuid.uuid4().hex[:12]
    connection.execute(insert(ShardHeadRow).values(id=_HEAD, address=address, root=root, version=0, upto=0, since=0))
    return root


def place(connection: Connection) -> tuple[str, str] | None:
    """Return address and folder of the shards; None where there is no list."""
    row = connection.execute(select(ShardHeadRow.address, ShardHeadRow.root)).first()
    return (row.address, row.root) if row is not None else None


def listed(connection: Connection) -> tuple[Shard, ...]:
    """Return the shards of the newest version, in the order of their `place`."""
    return tuple(sorted(_shards(connection, ShardRow.removed.is_(None)), key=lambda shard: shard.place))


def difference(connection: Connection, since: int) -> Difference:
    """Return what leads from version *since*, which is not forgotten, to the newest."""
    left = select(ShardRow.name).where(ShardRow.removed > since, ShardRow.added <= since)
    new = _shards(connection, ShardRow.added > since, ShardRow.removed.is_(None))
    return Difference(frozenset(connection.execute(left).scalars()), tuple(new))


@dataclass(frozen=True, slots=True)
class Change:
    """What the next version is.

    Attributes:
        before: The version that it follows.
        upto: Highest `seq` of the journal in it.
        out: Names of shards that leave.
        new: Shards that come. One of which more rows are gone leaves, and comes under the same name.
    """

    before: Head
    upto: int
    out: Collection[str]
    new: Sequence[Shard]


def commit(connection: Connection, change: Change, at: float) -> bool:
    """Make the next version at the time *at* (s since 1970); False if there is one already."""
    version = change.before.version + 1
    moved = update(ShardHeadRow).where(ShardHeadRow.version == change.before.version)
    if not connection.execute(moved.values(version=version, upto=change.upto)).rowcount:
        return False
    for names in _portions(list(change.out)):
        left = update(ShardRow).where(ShardRow.name.in_(names), ShardRow.removed.is_(None))
        connection.execute(left.values(removed=version, removed_at=at))
    rows = [_row(shard, version) for shard in change.new]
    if rows:
        connection.execute(insert(ShardRow), rows)
    return True


def names(connection: Connection) -> set[str]:
    """Return the names of all shards of the versions that are not forgotten."""
    return set(connection.execute(select(ShardRow.name)).scalars())


def forget(connection: Connection, before_s: float) -> list[str]:
    """Forget the versions that were followed by others before then (s since 1970).

    Returns:
        The names of the shards that no version has any more.
    """
    gone = ShardRow.removed_at < before_s
    since = connection.execute(select(func.max(ShardRow.removed)).where(gone)).scalar()
    if since is None:
        return []
    left = set(connection.execute(select(ShardRow.name).where(gone)).scalars())
    connection.execute(delete(ShardRow).where(gone))
    # The clocks of the processes differ: the number must not go back, since what was forgotten stays forgotten.
    connection.execute(update(ShardHeadRow).where(ShardHeadRow.since < since).values(since=since))
    for portion in _portions(sorted(left)):
        left -= set(connection.execute(select(ShardRow.name).where(ShardRow.name.in_(portion))).scalars())
    return sorted(left)


def totals(connection: Connection) -> tuple[int, int, int]:
    """Return how many shards the newest version has, their rows and their bytes."""
    counted = select(func.count(), func.sum(ShardRow.rows), func.sum(ShardRow.size_bytes))
    shards, rows, size = connection.execute(counted.where(ShardRow.removed.is_(None))).one()
    return int(shards), int(rows or 0), int(size or 0)


def _shards(connection: Connection, *where: ColumnElement[bool]) -> Iterator[Shard]:
    wanted = select(*_KEPT).where(*where)
    for name, jurisdiction, month, rows, size_bytes, groups, gone, more, born in connection.execute(wanted):
        pairs = tuple((pair[0], pair[1]) for pair in orjson.loads(groups))
        yield Shard(name, jurisdiction, month, rows, size_bytes, pairs, _numbers(gone), more, born)


def _row(shard: Shard, version: int) -> dict[str, object]:
    return {
        "name": shard.name,
        "jurisdiction": shard.jurisdiction,
        "month": shard.month,
        "rows": shard.rows,
        "size_bytes": shard.size_bytes,
        "groups": orjson.dumps(shard.groups).decode(),
        "gone": base64.b64encode(np.asarray(shard.gone, dtype="<u4").tobytes()).decode(),
        "more": shard.more,
        "born": shard.born or version,
        "added": version,
    }


def _numbers(packed: str) -> tuple[int, ...]:
    return tuple(np.frombuffer(base64.b64decode(packed), dtype="<u4").tolist())


def _portions(values: list[str]) -> Iterator[list[str]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
