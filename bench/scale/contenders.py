"""The tables that are compared, by name, so that a child process can make the same one."""

import json
import sys
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from bench.scale.place import Place


class Table(Protocol):
    """What each of them does; `table` is a snapshot of `open` that may be old by now."""

    name: str

    def open(self) -> Any:
        """Open the newest snapshot."""

    def create(self, rows: Any) -> None:
        """Make the table of *rows*."""

    def append(self, rows: Any, table: Any = None) -> None:
        """Add *rows* in one commit."""

    def delete(self, ids: list[str], table: Any = None) -> None:
        """Delete rows in one commit."""

    def replace(self, rows: Any) -> None:
        """Put *rows* in the place of those with the same ids, in one commit."""

    def page(self, size: int) -> list[str]:
        """Read the newest rows; return their ids."""

    def count(self, jurisdiction: str, difficulty: str) -> int:
        """Count rows by a column that parts the table and one that does not."""

    def rows(self) -> list[str]:
        """Return the ids of all rows."""

    def upkeep(self) -> None:
        """Join small files and remove old ones."""

    def live(self) -> set[str]:
        """Return the names of the data files of the newest version."""


KINDS = ("deltalake", "pyiceberg", "objects", "postgres")


@dataclass(frozen=True)
class Spot:
    """All that says where a table is: its kind, root, S3 (None: a folder) and PostgreSQL."""

    kind: str
    root: str
    address: str | None
    database: str

    @property
    def place(self) -> Place:
        """Its files."""
        return Place(self.root, self.address)

    @property
    def where(self) -> str:
        """Folder or S3, in a word."""
        return "folder" if self.address is None else "S3"

    def table(self) -> Table:
        """Return the table, with connections of its own."""
        if self.kind == "deltalake":
            from bench.scale.lake import Delta

            return Delta(self.place)
        if self.kind == "pyiceberg":
            from bench.scale.lake import Iceberg

            called = "".join(filter(str.isalnum, self.root))
            return Iceberg(self.place, self.database.replace("postgresql:", "postgresql+psycopg:"), called)
        from bench.scale.shards import Objects, Rows, Shards

        commits = Objects(self.place) if self.kind == "objects" else Rows(self.database, self.root)
        return Shards(self.place, commits)

    def dumped(self) -> str:
        """Return it as an argument of a command line."""
        return json.dumps(asdict(self))


def child(work: str, spot: str, first: int, count: int) -> None:
    """Append a thousand rows again and again, *count* times; say in a line when each is acknowledged or refused."""
    from bench.scale.rows import made_up

    table = Spot(**json.loads(spot)).table()
    for number in range(count):
        rows = made_up(1000, first + 1000 * number, 10_000)
        sys.stdout.write(f"begin {first + 1000 * number}\n")
        sys.stdout.flush()
        try:
            table.append(rows)
            said = "done"
        except Exception as error:  # noqa: BLE001  # what each library raises is what is asked here
            said = f"{type(error).__name__}"
            if work == "insist":
                said = _insisted(table, rows, said)
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


def _insisted(table: Table, rows: Any, said: str) -> str:
    for number in range(2, 100):
        try:
            table.append(rows)
        except Exception as error:  # noqa: BLE001
            said = type(error).__name__
        else:
            return f"done after {number} ({said})"
    return said


if __name__ == "__main__":
    child(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
