"""Word lists for reading case names: where a name begins, and which of its words identify the parties.

They are data: `catalog/authorities/words/names.toml` says what each list is for. It is read once, when the first name
is, from the product's own catalogue: reading names does not depend on imported authorities.
"""

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from services.catalogue.files import read_toml
from utils.errors import ConfigurationError

FILE = Path(__file__).parents[2] / "catalog" / "authorities" / "words" / "names.toml"


@dataclass(frozen=True, slots=True)
class NameWords:
    """Lists of words in lower case; the file says what each is for."""

    inside: frozenset[str]
    lead: frozenset[str]
    generic: frozenset[str]
    abbreviated: frozenset[str]


@cache
def name_words() -> NameWords:
    """Return the words that ship with the product; errors as `read_words`."""
    return read_words(FILE)


def read_words(path: Path) -> NameWords:
    """Read the lists in *path*.

    Raises:
        ConfigurationError: the file cannot be read, or lacks a list of words in lower case; names file and list.
    """
    content, _ = read_toml(path)
    names = [field.name for field in fields(NameWords)]
    if unknown := sorted(content.keys() - set(names)):
        raise ConfigurationError(f"catalogue: {path}: {unknown[0]}: unknown; want {', '.join(names)}")
    return NameWords(*(_words(path, name, content.get(name)) for name in names))


def _words(path: Path, name: str, found: object) -> frozenset[str]:
    words = [word for word in found if isinstance(word, str)] if isinstance(found, list) else []
    if not isinstance(found, list) or not words or len(words) < len(found):
        raise ConfigurationError(f"catalogue: {path}: {name}: want a list of words")
    if wrong := [word for word in words if not word or word != word.casefold()]:
        raise ConfigurationError(f"catalogue: {path}: {name}: got {wrong[0]!r}, want words in lower case")
    return frozenset(words)
