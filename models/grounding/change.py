"""One transaction on a library: where it writes, and what it says that it changed."""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from models.database.library import LibraryTables
from models.database.shared import What


@dataclass(frozen=True, slots=True)
class Change:
    """A transaction on the tables of a library.

    Attributes:
        noted: What was changed; copies of the library learn of it.
        gone: Hashes of files that no document has any more.
    """

    connection: Connection
    tables: LibraryTables
    noted: set[tuple[int, What]] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    def note(self, document: int, what: What = What.ROW) -> None:
        """Say that *what* of a document was changed."""
        self.noted.add((document, what))
