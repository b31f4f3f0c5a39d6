"""Law that was added, asked by the citation check: which instrument has a name, which provisions have a number."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from models.database.library import DOCUMENTS, NAMES, NUMBERS, UNITS
from models.grounding.document import Status, UnitKind
from models.grounding.library import Library
from models.grounding.rows import Stage

_NO_ENACTMENT = ("", "judgment")


@dataclass(frozen=True, slots=True)
class KeptInstrument:
    """An instrument that was added: its number in the library, what it is ("act", "directive"), and its state."""

    document: int
    kind: str
    title: str
    identifier: str
    version: str


@dataclass(frozen=True, slots=True)
class KeptProvision:
    """What the check needs of a provision."""

    kind: UnitKind
    number: str
    heading: str
    parts: tuple[str, ...]
    status: Status
    until: str


class LawStore:
    """Reads what was added. Costs a look at the folder while there is nothing."""

    def __init__(self, library: Library) -> None:
        self._library = library

    @property
    def is_there(self) -> bool:
        """Whether anything was ever added."""
        return self._library.is_there

    @property
    def state(self) -> tuple[int, ...]:
        """Changes with every change of the library; what was read under one state holds as long as it lasts."""
        return self._library.state

    def instruments(self, keys: Iterable[str]) -> list[KeptInstrument]:
        """Return the instruments that are read and found under one of *keys*, latest first."""
        query = (
            select(
                DOCUMENTS.c.number,
                DOCUMENTS.c.instrument,
                DOCUMENTS.c.title,
                DOCUMENTS.c.identifier,
                DOCUMENTS.c.version,
            )
            .join(NAMES, NAMES.c.document == DOCUMENTS.c.number)
            .where(NAMES.c.key.in_(list(keys)), DOCUMENTS.c.status == Stage.READY)
            .where(DOCUMENTS.c.instrument.not_in(_NO_ENACTMENT))
            .order_by(DOCUMENTS.c.number.desc())
            .distinct()
        )
        with self._library.reading() as connection:
            return [KeptInstrument(*row) for row in connection.execute(query)]

    def provisions(self, document: int, key: str) -> list[KeptProvision]:
        """Return the provisions of an instrument whose number has the key *key*."""
        columns = (UNITS.c.kind, UNITS.c.number, UNITS.c.heading, UNITS.c.parts, UNITS.c.status, UNITS.c.until)
        query = (
            select(*columns)
            .join(NUMBERS, NUMBERS.c.unit == UNITS.c.id)
            .where(NUMBERS.c.document == document, NUMBERS.c.key == key)
            .order_by(UNITS.c.ordinal)
        )
        with self._library.reading() as connection:
            return [
                KeptProvision(
                    UnitKind(row.kind),
                    row.number,
                    row.heading,
                    tuple(json.loads(row.parts)),
                    Status(row.status),
                    row.until,
                )
                for row in connection.execute(query)
            ]

    def has(self, document: int, kind: UnitKind) -> bool:
        """Say whether an instrument has any provision of a kind."""
        query = select(UNITS.c.id).where(UNITS.c.document == document, UNITS.c.kind == kind).limit(1)
        with self._library.reading() as connection:
            return connection.execute(query).first() is not None
