"""A manifest of our own: immutable Parquet shards, and one commit that swaps the list of them.

A shard holds rows of one jurisdiction and month in the order of (created_at, id). Deleted rows are numbers beside the
shard's name; a shard of which more than a twentieth is gone is written anew. The list is either one object a version,
created if it is not there (`Objects`), or rows of the PostgreSQL that holds the journal anyway (`Rows`).
"""

import json
import uuid
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.scale.place import ConflictError, Place, packed

_ORDER = [("created_at", "ascending"), ("id", "ascending")]
_SMALL, _FULL, _KEPT = 20_000, 50_000, 1
_GONE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Shard:
    """One file: where, what, which of its rows are gone."""

    path: str
    jurisdiction: str
    month: str
    rows: int
    size_bytes: int
    first_id: str
    last_id: str
    first_at: str
    last_at: str
    gone: tuple[int, ...] = ()


class Commits(Protocol):
    """Keeps the lists of shards."""

    def load(self) -> tuple[int, list[Shard]]:
        """Return the newest version and its shards."""

    def commit(self, version: int, out: Iterable[str], new: list[Shard], kept: list[Shard]) -> None:
        """Make *kept* and *new* the version after *version*, which had *out* too; ConflictError if it is there."""

    def forget(self) -> None:
        """Remove all versions but the newest."""


class Objects:
    """One object a version, whole; the newest is the first of the listing."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def load(self) -> tuple[int, list[Shard]]:
        """Return the newest version and its shards."""
        names = self._names()
        if not names:
            return 0, []
        held = json.loads(zlib.decompress(self._place.read(names[0])))
        return held["version"], [Shard(**{**each, "gone": tuple(each["gone"])}) for each in held["shards"]]

    def _names(self) -> list[str]:
        if self._place.address is None:
            return sorted(name for name in self._place.sizes("manifests") if not name.endswith(".tmp"))
        from bench.scale.servers import BUCKET

        prefix = f"{self._place.root}/"
        listed = self._place.client.list_objects_v2(Bucket=BUCKET, Prefix=f"{prefix}manifests/", MaxKeys=1000)
        # pyarrow leaves an empty object called manifests/ when it removes a file of it.
        keys = (each["Key"] for each in listed.get("Contents", []))
        return [key.removeprefix(prefix) for key in keys if not key.endswith("/")]

    def commit(self, version: int, out: Iterable[str], new: list[Shard], kept: list[Shard]) -> None:
        """Make *kept* and *new* the version after *version*, which had *out* too."""
        content = json.dumps({"version": version + 1, "shards": [asdict(each) for each in [*kept, *new]]}).encode()
        # Counted downwards, so that a listing of one name finds the newest.
        self._place.create(f"manifests/{10**12 - version - 1:012d}.json.z", zlib.compress(content))

    def forget(self) -> None:
        """Remove all versions but the newest."""
        for name in self._names()[_KEPT:]:
            self._place.remove(name)


class Rows:
    """Rows of PostgreSQL; an old version is what was added and not yet removed by then."""

    def __init__(self, url: str, called: str) -> None:
        from importlib import import_module

        psycopg: Any = import_module("psycopg")
        self._connection = psycopg.connect(url, autocommit=True)
        self._called = called
        for line in (
            "CREATE TABLE IF NOT EXISTS heads (called text PRIMARY KEY, version bigint NOT NULL)",
            "CREATE TABLE IF NOT EXISTS shards (called text, path text, added bigint, removed bigint, entry jsonb,"
            " PRIMARY KEY (called, path, added))",
            "CREATE INDEX IF NOT EXISTS shards_now ON shards (called) WHERE removed IS NULL",
        ):
            self._connection.execute(line)
        self._connection.execute("INSERT INTO heads VALUES (%s, 0) ON CONFLICT DO NOTHING", (called,))

    def load(self) -> tuple[int, list[Shard]]:
        """Return the newest version and its shards."""
        found = self._connection.execute(
            "SELECT h.version, s.entry FROM heads h LEFT JOIN shards s ON s.called = h.called AND s.removed IS NULL"
            " WHERE h.called = %s",
            (self._called,),
        ).fetchall()
        return found[0][0], [Shard(**{**each, "gone": tuple(each["gone"])}) for _, each in found if each is not None]

    def commit(self, version: int, out: Iterable[str], new: list[Shard], kept: list[Shard]) -> None:
        """Make *kept* and *new* the version after *version*, which had *out* too."""
        entries = [json.dumps(asdict(each)) for each in new]
        with self._connection.transaction():
            moved = self._connection.execute(
                "UPDATE heads SET version = version + 1 WHERE called = %s AND version = %s", (self._called, version)
            )
            if moved.rowcount != 1:
                raise ConflictError(f"version {version}")
            self._connection.execute(
                "UPDATE shards SET removed = %s WHERE called = %s AND removed IS NULL AND path = ANY(%s)",
                (version + 1, self._called, list(out)),
            )
            self._connection.execute(
                "INSERT INTO shards SELECT %s, e->>'path', %s, NULL, e FROM unnest(%s::jsonb[]) e",
                (self._called, version + 1, entries),
            )

    def forget(self) -> None:
        """Remove all versions but the newest."""
        self._connection.execute("DELETE FROM shards WHERE called = %s AND removed IS NOT NULL", (self._called,))


class Shards:
    """The table; for one writer at a time, whom a lease names."""

    def __init__(self, place: Place, commits: Commits) -> None:
        self.name = f"own, list in {'objects' if isinstance(commits, Objects) else 'PostgreSQL'}"
        self._place = place
        self._commits = commits

    def open(self) -> tuple[int, list[Shard]]:
        """Open the newest snapshot."""
        return self._commits.load()

    def create(self, rows: Any) -> None:
        """Make the table of *rows*."""
        self.append(rows)

    def append(self, rows: Any, table: Any = None) -> None:
        """Add *rows* in one commit."""
        version, shards = table or self.open()
        self._commits.commit(version, (), list(self._written(rows)), shards)

    def delete(self, ids: list[str], table: Any = None) -> None:
        """Delete rows in one commit."""
        self._change(ids, None, table)

    def replace(self, rows: Any) -> None:
        """Put *rows* in the place of those with the same ids."""
        self._change(rows.column("id").to_pylist(), rows)

    def _change(self, ids: list[str], rows: Any, table: Any = None) -> None:
        version, shards = table or self.open()
        changed = {shard.path: self._without(shard, ids) for shard in shards if _may_hold(shard, ids)}
        changed = {path: new for path, new in changed.items() if new is not None}
        new = [each for shards_of in changed.values() for each in shards_of or ()]
        added = list(self._written(rows)) if rows is not None else []
        kept = [shard for shard in shards if shard.path not in changed]
        self._commits.commit(version, changed, [*new, *added], kept)

    def _without(self, shard: Shard, ids: list[str]) -> list[Shard] | None:
        """Return what *shard* becomes without *ids*; None if it holds none of them."""
        held = self._read(shard, ["id"], hides=False).column("id")
        found = pc.indices_nonzero(pc.is_in(held, pa.array(ids))).to_pylist()
        gone = tuple(sorted({*shard.gone, *found}))
        if len(gone) == len(shard.gone):
            return None
        if len(gone) <= _GONE_SHARE * shard.rows:
            return [replace(shard, gone=gone)]
        return list(self._written(self._read(replace(shard, gone=gone))))

    def _written(self, rows: Any) -> Iterator[Shard]:
        parts = rows.select(["jurisdiction", "month"]).group_by(["jurisdiction", "month"]).aggregate([])
        for part in parts.to_pylist():
            fits = (pc.field("jurisdiction") == part["jurisdiction"]) & (pc.field("month") == part["month"])
            mine = rows.filter(fits).sort_by(_ORDER)
            for start in range(0, mine.num_rows, _FULL):
                yield self._write(mine.slice(start, _FULL), part["jurisdiction"], part["month"])

    def _write(self, rows: Any, jurisdiction: str, month: str) -> Shard:
        path = f"{jurisdiction}/{month}/{uuid.uuid4().hex}.parquet"
        size = self._place.write(path, packed(rows))
        ids, times = (pc.min_max(rows.column(name)).as_py() for name in ("id", "created_at"))
        ends = (ids["min"], ids["max"], times["min"].isoformat(), times["max"].isoformat())
        return Shard(path, jurisdiction, month, rows.num_rows, size, *ends)

    def _read(self, shard: Shard, columns: list[str] | None = None, hides: bool = True) -> Any:
        with self._place.files.open_input_file(self._place.path(shard.path)) as source:
            rows = pq.ParquetFile(source).read(columns=columns, use_threads=False)
        if not shard.gone or not hides:
            return rows
        kept = pc.invert(pc.is_in(pa.array(range(rows.num_rows)), pa.array(shard.gone)))
        return rows.filter(kept)

    def page(self, size: int) -> list[str]:
        """Read shards from the newest on, until none that is left can have a row of the page."""
        _, shards = self.open()
        rows, oldest = None, ""
        for shard in sorted(shards, key=lambda each: each.last_at, reverse=True):
            if rows is not None and rows.num_rows == size and shard.last_at < oldest:
                break
            mine = self._read(shard)
            rows = mine if rows is None else pa.concat_tables([rows, mine])
            rows = rows.sort_by([(name, "descending") for name, _ in _ORDER]).slice(0, size)
            oldest = rows.column("created_at")[-1].as_py().isoformat()
        ids: list[str] = [] if rows is None else rows.column("id").to_pylist()
        return ids

    def count(self, jurisdiction: str, difficulty: str) -> int:
        """Count rows by a column that parts the table and one that does not."""
        _, shards = self.open()
        mine = (self._read(each, ["difficulty"]) for each in shards if each.jurisdiction == jurisdiction)
        return sum(pc.sum(pc.equal(rows.column("difficulty"), difficulty)).as_py() or 0 for rows in mine)

    def rows(self) -> list[str]:
        """Return the ids of all rows."""
        return [each for shard in self.open()[1] for each in self._read(shard, ["id"]).column("id").to_pylist()]

    def upkeep(self) -> None:
        """Join small shards of a jurisdiction and month, forget old versions, remove the files that only those had."""
        version, shards = self.open()
        small: dict[tuple[str, str], list[Shard]] = {}
        for shard in shards:
            if shard.rows < _SMALL:
                small.setdefault((shard.jurisdiction, shard.month), []).append(shard)
        joined = {each.path: each for group in small.values() if len(group) > 1 for each in group}
        if joined:
            new = list(self._written(pa.concat_tables([self._read(each) for each in joined.values()])))
            self._commits.commit(version, joined, new, [each for each in shards if each.path not in joined])
        self._commits.forget()
        live = self.live()
        for name in self._place.sizes():
            if name.endswith(".parquet") and name.rpartition("/")[2] not in live:
                self._place.remove(name)

    def live(self) -> set[str]:
        """Return the names of the data files of the newest version."""
        return {each.path.rpartition("/")[2] for each in self.open()[1]}


def _may_hold(shard: Shard, ids: list[str]) -> bool:
    return any(shard.first_id <= each <= shard.last_id for each in ids)
