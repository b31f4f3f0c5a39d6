"""The table formats of others, by their own calls as their documents tell: Delta by deltalake, Iceberg by pyiceberg."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from bench.scale.place import Place

_BY = ["jurisdiction", "month"]


class Delta:
    """A Delta table."""

    name = "deltalake"

    def __init__(self, place: Place) -> None:
        self._lib: Any = import_module("deltalake")
        self._place = place
        self._options = {} if place.address is None else _delta_options(place.address)

    def open(self) -> Any:
        """Open the newest snapshot."""
        return self._lib.DeltaTable(self._place.url, storage_options=self._options)

    def create(self, rows: Any) -> None:
        """Make the table of *rows*."""
        self._lib.write_deltalake(self._place.url, rows, partition_by=_BY, storage_options=self._options)

    def append(self, rows: Any, table: Any = None) -> None:
        """Add *rows* in one commit."""
        self._lib.write_deltalake(table or self.open(), rows, mode="append", storage_options=self._options)

    def delete(self, ids: list[str], table: Any = None) -> None:
        """Delete rows in one commit."""
        (table or self.open()).delete("id IN ({})".format(", ".join(f"'{each}'" for each in ids)))

    def replace(self, rows: Any) -> None:
        """Put *rows* in the place of those with the same ids."""
        merged = self.open().merge(rows, predicate="t.id = s.id", source_alias="s", target_alias="t")
        merged.when_matched_update_all().execute()

    def _query(self, table: Any, query: str) -> Any:
        import pyarrow as pa

        return pa.table(self._lib.QueryBuilder().register("t", table).execute(query).read_all())

    def page(self, size: int) -> list[str]:
        """Read the newest rows; return their ids."""
        found = self._query(self.open(), f"SELECT * FROM t ORDER BY created_at DESC, id DESC LIMIT {size}")  # noqa: S608
        ids: list[str] = found.column("id").to_pylist()
        return ids

    def count(self, jurisdiction: str, difficulty: str) -> int:
        """Count rows by a column that parts the table and one that does not."""
        where = f"jurisdiction = '{jurisdiction}' AND difficulty = '{difficulty}'"
        counted = self._query(self.open(), f"SELECT count(*) AS n FROM t WHERE {where}")  # noqa: S608
        return int(counted.column("n")[0].as_py())

    def rows(self) -> list[str]:
        """Return the ids of all rows."""
        ids: list[str] = self._query(self.open(), "SELECT id FROM t").column("id").to_pylist()
        return ids

    def upkeep(self) -> None:
        """Join small files, forget old versions and remove what only they need."""
        self.open().optimize.compact()
        table = self.open()
        table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
        table.create_checkpoint()
        table.cleanup_metadata()

    def live(self) -> set[str]:
        """Return the names of the data files of the newest version."""
        from urllib.parse import unquote

        return {unquote(each.rpartition("/")[2]) for each in self.open().file_uris()}


def _delta_options(address: str) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
    return {"AWS_ENDPOINT_URL": address, "AWS_ALLOW_HTTP": "true", **keys}


class Iceberg:
    """An Iceberg table under a catalogue in SQL."""

    name = "pyiceberg"

    def __init__(self, place: Place, catalogue: str, kept: str = "samples") -> None:
        self._expressions: Any = import_module("pyiceberg.expressions")
        self._place = place
        self._called = f"ours.{kept}"
        options = {} if place.address is None else _iceberg_options(place.address)
        sql: Any = import_module("pyiceberg.catalog.sql")
        warehouse = f"file://{place.root}" if place.address is None else place.url
        self._catalogue = sql.SqlCatalog("bench", uri=catalogue, warehouse=warehouse, **options)
        self._catalogue.create_namespace_if_not_exists("ours")

    def open(self) -> Any:
        """Open the newest snapshot."""
        return self._catalogue.load_table(self._called)

    def create(self, rows: Any) -> None:
        """Make the table of *rows*."""
        table = self._catalogue.create_table(self._called, schema=rows.schema)
        with table.update_spec() as spec:
            for name in _BY:
                spec.add_identity(name)
        self.open().append(rows)

    def append(self, rows: Any, table: Any = None) -> None:
        """Add *rows* in one commit."""
        (table or self.open()).append(rows)

    def delete(self, ids: list[str], table: Any = None) -> None:
        """Delete rows in one commit."""
        (table or self.open()).delete(self._expressions.In("id", ids))

    def replace(self, rows: Any) -> None:
        """Put *rows* in the place of those with the same ids."""
        self.open().upsert(rows, join_cols=["id"])

    def page(self, size: int) -> list[str]:
        """It has no order: ids and times are read, then the rows of the page."""
        narrow = self.open().scan(selected_fields=("id", "created_at")).to_arrow()
        order = [("created_at", "descending"), ("id", "descending")]
        ids: list[str] = narrow.sort_by(order).slice(0, size).column("id").to_pylist()
        found = self.open().scan(row_filter=self._expressions.In("id", ids)).to_arrow()
        assert found.num_rows == len(ids)
        return ids

    def count(self, jurisdiction: str, difficulty: str) -> int:
        """Count rows by a column that parts the table and one that does not."""
        equal = self._expressions.EqualTo
        both = self._expressions.And(equal("jurisdiction", jurisdiction), equal("difficulty", difficulty))
        return int(self.open().scan(row_filter=both).count())

    def rows(self) -> list[str]:
        """Return the ids of all rows."""
        ids: list[str] = self.open().scan(selected_fields=("id",)).to_arrow().column("id").to_pylist()
        return ids

    def upkeep(self) -> None:
        """Rewrite everything, since there is no compaction; forget old versions."""
        table = self.open()
        table.overwrite(table.scan().to_arrow())
        self.open().maintenance.expire_snapshots().older_than(datetime.now(UTC)).commit()

    def live(self) -> set[str]:
        """Return the names of the data files of the newest version."""
        return {task.file.file_path.rpartition("/")[2] for task in self.open().scan().plan_files()}


def _iceberg_options(address: str) -> dict[str, str]:
    keys = {"s3.access-key-id": "key", "s3.secret-access-key": "secret", "s3.region": "us-east-1"}
    return {"s3.endpoint": address, "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO", **keys}
