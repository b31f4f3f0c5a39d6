"""Reads the files of legal texts that the grounding benchmarks use, as instruments with their provisions.

A provision is named `file|instrument|provision`:

- `eu_*.jsonl[.gz]`: rows with celex, instrument, article, heading, text;
- `int_*.jsonl[.gz]`: rows with treaty, code, article, heading, text;
- `us_code_*.jsonl[.gz]`: rows with title, section, heading, text; the instrument is "17 U.S.C.";
- `uk_*.jsonl[.gz]`: rows with cite and the text of a whole Act, in which a line that is only a number and goes up
  begins a section ("s. 12"); what follows the heading "Schedules" is left out;
- the US Constitution: headings "Article. I." and "Section. 8."; "U.S. Const.", "Art. I s. 8".

Where an article number comes twice in an instrument the first row is the article.
"""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.grounding.document import Instrument, UnitKind

_CHAPTER = re.compile(r"\s*\(c\.? ?\d+\)$")
_HEADING = re.compile(r"^(#+)\s+(.*)")
_SCHEDULES = re.compile(r"schedules?", re.I)
# Numbers of subsections on lines of their own: "36.2.32.1".
_SUBSECTION = re.compile(r"\d+[A-Z]*(?:\.[0-9A-Za-z]+)+")
_MOST_SKIPPED = 3
_TITLE_LEVEL, _DEEP = 2, 4
_ARTICLE = re.compile(r"## Article\.? ([IVX]+)")
_SECTION = re.compile(r"### Section\.? (\d+)")


@dataclass(frozen=True, slots=True)
class TextProvision:
    """A provision of the files.

    Attributes:
        id: "file|instrument|provision".
        name: The third part of the id, as the file writes it.
    """

    id: str
    instrument: Instrument
    kind: UnitKind
    name: str
    heading: str
    path: tuple[str, ...]
    text: str


def read_corpus(folder: Path) -> list[TextProvision]:
    """Return all provisions of the files in *folder*, in the order of the files."""
    provisions: dict[str, TextProvision] = {}
    for path in sorted(folder.iterdir()):
        for provision in _read(path):
            provisions.setdefault(provision.id, provision)
    return list(provisions.values())


def _read(path: Path) -> Iterator[TextProvision]:
    if path.name.startswith("eu_"):
        yield from _articles(path, "eu")
    elif path.name.startswith("int_"):
        yield from _articles(path, "international")
    elif path.name.startswith("us_code_"):
        yield from _code(path)
    elif path.name.startswith("uk_"):
        for row in _rows(path):
            yield from _act(path.name, row)
    elif path.name == "us_constitution.md":
        yield from _constitution(path)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield {key: value or "" for key, value in json.loads(line).items()}


def _articles(path: Path, jurisdiction: str) -> Iterator[TextProvision]:
    for row in _rows(path):
        code = row["celex"] if jurisdiction == "eu" else row["code"]
        title = row["instrument"] if jurisdiction == "eu" else row["treaty"]
        aliases = () if jurisdiction == "eu" else (code.replace("-", " ").upper(),)
        kind = "treaty" if jurisdiction != "eu" else _eu_kind(code)
        instrument = Instrument(title, code, kind, jurisdiction, row.get("version", ""), aliases=aliases)
        yield _made((path.name, code, row["article"]), instrument, (row["heading"], ()), row["text"])


def _eu_kind(celex: str) -> str:
    return {"R": "regulation", "L": "directive", "D": "decision"}.get(celex[5:6], "treaty")


def _code(path: Path) -> Iterator[TextProvision]:
    for row in _rows(path):
        name = f"{row['title']} U.S.C."
        instrument = Instrument(name, f"usc/{row['title']}", "code", "us")
        yield _made((path.name, name, row["section"]), instrument, (row["heading"], ()), row["text"])


@dataclass(slots=True)
class _Section:
    """A section of an Act while its lines come."""

    number: int
    heading: str
    path: tuple[str, ...]
    lines: list[str]

    def close(self, above: list[tuple[int, str]]) -> None:
        """Take off the headings of what follows."""
        following = [words for _, words in above]
        while self.lines and (not self.lines[-1].strip() or self.lines[-1] in following):
            self.lines.pop()

    @property
    def text(self) -> str:
        """Its text without the numbers of subsections, on one line."""
        return " ".join(line.strip() for line in self.lines if not _SUBSECTION.fullmatch(line.strip()))


def _act(file: str, row: dict[str, str]) -> Iterator[TextProvision]:
    cite = row["cite"]
    year_and_chapter = row.get("uri", "").rpartition("legislation.gov.uk/")[2]
    instrument = Instrument(_CHAPTER.sub("", cite), year_and_chapter, "act", "uk", row.get("as_of", ""))
    for section in _sections(row["text"]):
        name = f"s. {section.number}"
        yield _made((file, cite, name), instrument, (section.heading, section.path), section.text)


def _sections(text: str) -> Iterator[_Section]:
    above: list[tuple[int, str]] = []
    section: _Section | None = None
    for line in text.split("\n"):
        found = _HEADING.match(line)
        if found and _SCHEDULES.fullmatch(found[2].strip()) and len(found[1]) < _DEEP:
            break
        if found:
            above = [(level, words) for level, words in above if level < len(found[1])] + [(len(found[1]), found[2])]
        last = section.number if section else 0
        if line.isdigit() and last < int(line) <= last + _MOST_SKIPPED:
            if section:
                section.close(above)
                yield section
            path = tuple(words for level, words in above[:-1] if level > _TITLE_LEVEL)
            section = _Section(int(line), above[-1][1] if above else "", path, [])
        elif section:
            section.lines.append(found[2] if found else line)
    if section:
        section.close([])
        yield section


def _constitution(path: Path) -> Iterator[TextProvision]:
    instrument = Instrument("Constitution of the United States", "U.S. Const.", "constitution", "us")
    article, name = "", ""
    lines: list[str] = []
    for line in [*path.read_text(encoding="utf-8").split("\n"), "# end"]:
        if line.startswith("#") and not line.startswith("####"):
            if name and any(part.strip() for part in lines):
                yield _made((path.name, "U.S. Const.", name), instrument, ("", ()), "\n".join(lines))
            lines, name = [], ""
            if found := _ARTICLE.match(line):
                article, name = found[1], f"Art. {found[1]}"
            elif found := _SECTION.match(line):
                name = f"Art. {article} s. {found[1]}"
        elif not line.startswith("#"):
            lines.append(line)


def _made(
    names: tuple[str, str, str], instrument: Instrument, above: tuple[str, tuple[str, ...]], text: str
) -> TextProvision:
    kind = UnitKind.ARTICLE if instrument.jurisdiction in ("eu", "international") else UnitKind.SECTION
    return TextProvision("|".join(names), instrument, kind, names[2], *above, " ".join(text.split()))
