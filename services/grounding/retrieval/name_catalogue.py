"""The names of leading instruments in the catalogue's tables, by their keys."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.citations.tables import rows_of

_TABLES = ("short_names.csv", "uk_acts.csv", "eu_acts.csv", "treaties.csv")
_SERIES = re.compile(r"^\d+ UNTS|^UKTS", re.I)


@dataclass(frozen=True, slots=True)
class KnownName:
    """A leading instrument: its common name, and the others."""

    name: str
    aliases: tuple[str, ...]


class NameCatalogue:
    """Finds the common names of an instrument; empty where no tables are given."""

    def __init__(self, names: Mapping[str, KnownName] | None = None) -> None:
        self._names = dict(names or {})

    def find(self, keys: Iterable[str]) -> KnownName | None:
        """Return the entry under the first of *keys* that has one."""
        return next((known for key in keys if (known := self._names.get(key))), None)


def load_names(folder: Path, keys_of: Callable[[str, str, str], Iterable[str]]) -> NameCatalogue:
    """Read the tables in *folder*; *keys_of* gives the keys of a row by its type ("Regulation"), name and number.

    Raises:
        ConfigurationError: a table is missing, or a row is wrong; names file and line.
    """
    names: dict[str, KnownName] = {}
    for table in _TABLES:
        for row in rows_of(folder / table, "name", "aliases", "number"):
            known = KnownName(row["name"], tuple(_list(row["aliases"])))
            for key in _row_keys(row, keys_of):
                earlier = names.get(key)
                # One instrument may stand in two tables: the names of both count.
                names[key] = known if earlier is None else _joined(earlier, known)
    return NameCatalogue(names)


def _row_keys(row: Mapping[str, str], keys_of: Callable[[str, str, str], Iterable[str]]) -> set[str]:
    numbers = [number for number in _list(row["number"]) if not _SERIES.match(number)]
    found = {key for number in numbers or [""] for key in keys_of(row.get("type", ""), row["name"], number)}
    return {key for key in found if key}


def _joined(earlier: KnownName, later: KnownName) -> KnownName:
    if later.name == earlier.name or later.name in earlier.aliases:
        extra = later.aliases
    else:
        extra = (later.name, *later.aliases)
    return KnownName(earlier.name, tuple(dict.fromkeys((*earlier.aliases, *extra))))


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split("|") if part.strip()]
