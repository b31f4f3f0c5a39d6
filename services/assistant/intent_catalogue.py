"""What intents are learned from: the words and the labelled phrases of `catalog/assistant/`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias, TypeGuard, get_args

from services.catalogue.files import build, read_toml
from services.catalogue.rows import Row
from utils.errors import ConfigurationError

IntentName: TypeAlias = Literal[
    "citation_check", "document_question", "dataset_query", "product_search", "generate_sample", "general"
]
INTENTS: tuple[IntentName, ...] = get_args(IntentName)
_COLUMNS = ["intent", "author", "phrase"]
_GAP = r"(?: \S+){0,5} "
_PIECE = re.compile(r"\s*…\s*")


class IntentTable(Row):
    """The file of words."""

    polite: tuple[str, ...]
    never: tuple[str, ...]
    signals: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class LabelledPhrase:
    """A phrase and what is wanted by it; *author* names who wrote it, for measuring on phrases of others."""

    intent: IntentName
    author: str
    text: str


@dataclass(frozen=True)
class IntentCatalogue:
    """The words, compiled, and the phrases."""

    table: IntentTable
    phrases: tuple[LabelledPhrase, ...]

    @cached_property
    def patterns(self) -> Mapping[str, re.Pattern[str]]:
        """One pattern for each signal, for words joined by blanks with a blank around them."""
        return {name: re.compile("|".join(map(_pattern, words))) for name, words in self.table.signals.items()}

    @cached_property
    def polite(self) -> re.Pattern[str]:
        """What may stand before a sentence."""
        longest_first = sorted(self.table.polite, key=len, reverse=True)
        return re.compile(rf"^ (?:{'|'.join(map(re.escape, longest_first))})(?= )")

    @cached_property
    def words(self) -> frozenset[str]:
        """All words of the lists."""
        lists = (*self.table.signals.values(), self.table.polite)
        return frozenset(
            word for words in lists for phrase in words for word in re.findall(r"[a-z]+(?![a-z*])", phrase)
        )


def load_intent_catalogue(catalogue: Path) -> IntentCatalogue:
    """Read the words and phrases of the folder *catalogue*.

    Raises:
        ConfigurationError: a file is missing or broken, or an intent has no phrase.
    """
    path = catalogue / "assistant" / "intents.toml"
    content, text = read_toml(path)
    return IntentCatalogue(build(IntentTable, content, path, text), _read_phrases(path.with_name("phrases.csv")))


def _read_phrases(path: Path) -> tuple[LabelledPhrase, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"catalogue: {path}: cannot be read ({error}); restore it, or check CATALOG_DIR"
        ) from None
    rows = csv.reader(io.StringIO(text, newline=""))
    if (header := next(rows, [])) != _COLUMNS:
        raise ConfigurationError(f"catalogue: {path}:1: columns: got {header}, want {_COLUMNS}")
    phrases: dict[str, LabelledPhrase] = {}
    for row in rows:
        phrase = _phrase(row, f"catalogue: {path}:{rows.line_num}")
        if phrases.setdefault(phrase.text.casefold(), phrase) is not phrase:
            raise ConfigurationError(
                f"catalogue: {path}:{rows.line_num}: phrase {phrase.text!r} is there twice; delete one"
            )
    missing = set(INTENTS) - {phrase.intent for phrase in phrases.values()}
    if missing:
        raise ConfigurationError(f"catalogue: {path}: no phrase for {', '.join(sorted(missing))}; add some")
    return tuple(phrases.values())


def _phrase(row: list[str], where: str) -> LabelledPhrase:
    if len(row) != len(_COLUMNS):
        raise ConfigurationError(
            f"{where}: got {len(row)} cells, want {len(_COLUMNS)}; put a phrase with commas in quotes"
        )
    intent, author, text = row
    if not _is_intent(intent):
        raise ConfigurationError(f"{where}: intent: got {intent!r}, want one of {', '.join(INTENTS)}")
    if not text.strip():
        raise ConfigurationError(f"{where}: phrase: got nothing, want what somebody would write")
    return LabelledPhrase(intent, author, text)


def _is_intent(name: str) -> TypeGuard[IntentName]:
    return name in INTENTS


def _pattern(phrase: str) -> str:
    """Return the pattern of an entry of a list."""
    begins = "^ " if phrase.startswith("^") else " "
    pieces = [re.escape(piece).replace(r"\*", r"\S*") for piece in _PIECE.split(phrase.removeprefix("^"))]
    return rf"{begins}{_GAP.join(pieces)}(?= )"
