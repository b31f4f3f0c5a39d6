"""Counts how samples stand on law, and which provisions of the library none stands on."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from models.contract.answers.quality_report import GroundingFigures, GroundingLevels, UnusedProvisions
from models.grounding.provisions import Shelved
from models.samples.sources import KeptSource, sources_in

COLUMNS = ("grounding", "sources", "quality_issues")
_LEVELS = frozenset({"grounded", "partly", "none"})
_TOLD = 20
_NUMBERS_TOLD = 10
# "[quality_error] grounding number: …" of a refused draft, "grounding number: …" of a mark.
_REASON = re.compile(r"(?:\[\w+\] )?grounding ?(\w*):")
# A draft that says nothing of what it was shown.
_UNUSED = "states_nothing"
REFUSED = "grounding"

# Of a document: the number of each provision that is used, by the id of its unit.
_Used = dict[str, dict[int, str]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known beside the samples; nothing for a file.

    Attributes:
        refused: Returns the reasons of drafts that were refused for what they say of provisions.
        shelved: Returns the documents with their provisions.
    """

    refused: Callable[[], Iterable[str]] = tuple
    shelved: Callable[[], Iterable[Shelved]] = tuple


NOTHING_AROUND = Surroundings()


@dataclass
class Standing:
    """The counts over all samples."""

    levels: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    quotations: int = 0
    marked: Counter[str] = field(default_factory=Counter)
    used: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    by_file: _Used = field(default_factory=lambda: defaultdict(dict))

    def count(self, row: Mapping[str, object]) -> None:
        """Count a sample."""
        level = str(row["grounding"]) if row["grounding"] in _LEVELS else ""
        self.levels["", "", level] += 1
        for group in ("jurisdiction", "model"):
            self.levels[group, str(row[group] or "unknown"), level] += 1
        self.marked.update({reason for issue in _issues(row["quality_issues"]) if (reason := reason_of(issue))})
        sources = sources_in(str(row["sources"] or ""))
        self.quotations += sum(source.quotations for source in sources)
        self.used.update({(source.file_id, source.title, source.number) for source in sources})
        for source in sources:
            self._note(source)

    def merge(self, other: Standing) -> None:
        """Add what was counted of other samples."""
        self.levels.update(other.levels)
        self.quotations += other.quotations
        self.marked.update(other.marked)
        self.used.update(other.used)
        for file_id, numbers in other.by_file.items():
            self.by_file[file_id].update(numbers)

    def told(self, around: Surroundings) -> GroundingFigures:
        """Return the figures; the documents are read one by one."""
        refused = Counter(reason for told in around.refused() if (reason := reason_of(told)))
        provisions, unused = 0, list[UnusedProvisions]()
        for document in around.shelved():
            provisions += len(document.numbers)
            used = self._units(document)
            left = [number for unit, number in document.numbers.items() if unit not in used]
            if left:
                unused.append(_unused(document, left))
        unused.sort(key=lambda row: (-row["never_used"], row["instrument"], row["file_id"]))
        top = sorted(self.used.items(), key=lambda item: (-item[1], item[0]))[:_TOLD]
        return {
            "total": self._levels("", ""),
            "by_jurisdiction": self._groups("jurisdiction"),
            "by_model": self._groups("model"),
            "quotations_proved": self.quotations,
            "misgrounding": {"refused": dict(refused.most_common()), "marked": dict(self.marked.most_common())},
            "provisions_used": len(self.used),
            "most_used": [{"instrument": title, "number": number, "samples": n} for (_, title, number), n in top],
            "provisions": provisions,
            "never_used": sum(row["never_used"] for row in unused),
            "unused": unused[:_TOLD],
        }

    def _note(self, source: KeptSource) -> None:
        if source.file_id:
            self.by_file[source.file_id][source.unit_id] = source.number

    def _units(self, document: Shelved) -> set[int]:
        """Return the units of *document* that are used; by their number where it was read again since."""
        used = self.by_file.get(document.file_id, {})
        old = {number for unit, number in used.items() if unit not in document.numbers}
        return {unit for unit, number in document.numbers.items() if unit in used or number in old}

    def _groups(self, group: str) -> dict[str, GroundingLevels]:
        counted = Counter[str]()
        for (kind, name, _), count in self.levels.items():
            if kind == group:
                counted[name] += count
        return {name: self._levels(group, name) for name, _ in counted.most_common()}

    def _levels(self, group: str, name: str) -> GroundingLevels:
        grounded, partly, none, other = (
            self.levels[group, name, level] for level in ("grounded", "partly", "none", "")
        )
        return {
            "samples": grounded + partly + none + other,
            "grounded": grounded,
            "partly": partly,
            "none": none,
            "not_looked_at": other,
        }


def reason_of(told: str) -> str:
    """Return the name of the reason for which a draft was refused or marked; "" where it is none of grounding."""
    found = _REASON.match(told)
    return (found[1] or _UNUSED) if found else ""


def _issues(cell: object) -> list[str]:
    """Return the marks of a sample; a foreign file may have anything there."""
    if not isinstance(cell, str) or "grounding" not in cell:
        return []
    try:
        listed = orjson.loads(cell)
    except orjson.JSONDecodeError:
        return []
    return [issue for issue in listed if isinstance(issue, str)] if isinstance(listed, list) else []


def _unused(document: Shelved, left: list[str]) -> UnusedProvisions:
    return {
        "file_id": document.file_id,
        "instrument": document.title,
        "version": document.version,
        "provisions": len(document.numbers),
        "never_used": len(left),
        "numbers": left[:_NUMBERS_TOLD],
    }
