"""The files of law that the benchmarks of grounding read, as provisions of instruments.

A provision is named `file|instrument|provision` in the files of queries and claims. A folder holds, each maybe gzipped:

- `eu_*.jsonl`: rows with celex, instrument, article, heading, text;
- `int_*.jsonl`: rows with code, treaty, article, heading, text;
- `us_code_*.jsonl`: rows with title, section, heading, text; the instrument is "17 U.S.C.";
- `uk_*.jsonl`: rows with cite and the text of a whole Act, in which a number on a line of its own begins a section
  ("s. 12"); Schedules are left out;
- the US Constitution in Markdown: headings "Article. I." and "Section. 8."; "U.S. Const.", "Art. I s. 8".
"""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.grounding.document import Instrument, UnitKind

# A section of a UK Act begins with its number on a line of its own; that of a subsection has a dot.
_SECTION = re.compile(r"^(\d{1,3})$", re.MULTILINE)
_SCHEDULES = re.compile(r"^#{1,4} schedules?\b.*$", re.IGNORECASE | re.MULTILINE)
_HEADINGS = re.compile(r"(?:^#+ .*\n+)+\Z", re.MULTILINE)
_ARTICLE = re.compile(r"^## Article\.? (?P<number>[IVX]+)\.?\s*$", re.MULTILINE)
_HEADING = re.compile(r"^(#+) +(.*?) *$", re.MULTILINE)
_SIGN = re.compile(r"^#+\s+")
# Numbers of subsections on lines of their own: "36.2.32.1".
_SUBSECTION = re.compile(r"\d+[A-Z]*(?:\.[0-9A-Za-z]+)+")
_CHAPTER = re.compile(r"\s*\(c\.? ?\d+\)$")
_TITLE_LEVEL = 2
_KINDS = {"R": "regulation", "L": "directive", "D": "decision"}
_CONSTITUTION = Instrument("Constitution of the United States", "U.S. Const.", "constitution", "us")
_PART = re.compile(r"^### Section\.? (?P<number>\d+)\.?\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Text:
    """A provision of one of the files.

    Attributes:
        id: `file|instrument|provision`.
        number: The third part of the id, as the file writes it.
        row: The line of the file, or of the heading, from 0.
        path: The headings above its own.
    """

    id: str
    instrument: Instrument
    kind: UnitKind
    number: str
    row: int
    heading: str
    text: str
    path: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """The name of its file."""
        return self.id.partition("|")[0]

    @property
    def prose(self) -> str:
        """Its text on one line, without the numbers of subsections on lines of their own and the signs of headings."""
        lines = (_SIGN.sub("", line.strip()) for line in self.text.split("\n"))
        return " ".join(" ".join(line for line in lines if not _SUBSECTION.fullmatch(line)).split())


def read_texts(folder: Path) -> list[Text]:
    """Return the provisions of all files of *folder*; of a number that an instrument repeats the first."""
    found: dict[str, Text] = {}
    for path in sorted(folder.iterdir()):
        for text in next((reader(path) for start, reader in _READERS.items() if path.name.startswith(start)), ()):
            found.setdefault(text.id, text)
    return list(found.values())


def siblings(texts: Iterable[Text]) -> dict[str, list[Text]]:
    """Return the provisions of each instrument, in the order of *texts*; the key is `file|instrument`."""
    by_instrument: dict[str, list[Text]] = {}
    for text in texts:
        by_instrument.setdefault(text.id.rpartition("|")[0], []).append(text)
    return by_instrument


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for row, line in enumerate(lines):
            yield row, {name: value or "" for name, value in json.loads(line).items()}


def _articles(path: Path) -> Iterator[Text]:
    for row, cells in _rows(path):
        celex, version = cells["celex"], cells.get("version", "")
        instrument = Instrument(cells["instrument"], celex, _KINDS.get(celex[5:6], "treaty"), "eu", version)
        yield _row(path, row, cells, instrument, celex)


def _treaties(path: Path) -> Iterator[Text]:
    for row, cells in _rows(path):
        code = cells["code"]
        short = code.replace("-", " ").upper()
        instrument = Instrument(
            cells["treaty"], code, "treaty", "international", cells.get("version", ""), aliases=(short,)
        )
        yield _row(path, row, cells, instrument, code)


def _code(path: Path) -> Iterator[Text]:
    for row, cells in _rows(path):
        name = f"{cells['title']} U.S.C."
        yield _row(path, row, cells, Instrument(name, f"usc/{cells['title']}", "code", "us"), name)


def _row(path: Path, row: int, cells: Mapping[str, str], instrument: Instrument, name: str) -> Text:
    number = cells.get("article") or cells["section"]
    kind = UnitKind.SECTION if instrument.kind == "code" else UnitKind.ARTICLE
    return Text(f"{path.name}|{name}|{number}", instrument, kind, number, row, cells["heading"], cells["text"])


def _acts(path: Path) -> Iterator[Text]:
    for row, cells in _rows(path):
        act, whole = cells["cite"], cells["text"]
        chapter = cells.get("uri", "").rpartition("legislation.gov.uk/")[2]
        instrument = Instrument(_CHAPTER.sub("", act), chapter, "act", "uk", cells.get("as_of", ""))
        ending = _SCHEDULES.search(whole)
        for number, heading, text, path_above in _sections(whole[: ending.start()] if ending else whole):
            name = f"s. {number}"
            yield Text(f"{path.name}|{act}|{name}", instrument, UnitKind.SECTION, name, row, heading, text, path_above)


def _sections(body: str) -> Iterator[tuple[int, str, str, tuple[str, ...]]]:
    """Yield number, heading, text and headings above of the sections of an Act; a heading stands before its number."""
    starts, end = _starts(body)
    heads = [
        _HEADINGS.search(body, floor, start.start())
        for floor, start in zip([0, *(start.end() for start in starts)], starts, strict=False)
    ]
    above: list[tuple[int, str]] = []
    for start, head, later, below in zip(starts, heads, [*starts[1:], None], [*heads[1:], None], strict=True):
        until = below.start() if below else later.start() if later else end
        for level, words in _HEADING.findall(head[0] if head else ""):
            above = [(depth, one) for depth, one in above if depth < len(level)] + [(len(level), words)]
        path = tuple(words for depth, words in above[:-1] if depth > _TITLE_LEVEL)
        yield int(start[1]), above[-1][1] if head else "", body[start.end() : until].strip(), path


def _starts(body: str) -> tuple[list[re.Match[str]], int]:
    """Return where sections begin and where the last ends: the paragraphs of a Schedule count from 1 again."""
    starts: list[re.Match[str]] = []
    for found in _SECTION.finditer(body):
        if starts and int(found[1]) <= int(starts[-1][1]):
            head = _HEADINGS.search(body, starts[-1].end(), found.start())
            return starts, head.start() if head else found.start()
        starts.append(found)
    return starts, len(body)


def _constitution(path: Path) -> Iterator[Text]:
    whole = path.read_text(encoding="utf-8")
    articles = list(_ARTICLE.finditer(whole))
    for article, following in zip(articles, [*articles[1:], None], strict=True):
        end = following.start() if following else len(whole)
        parts = list(_PART.finditer(whole, article.end(), end))
        name = f"Art. {article['number']}"
        opening = whole[article.end() : parts[0].start() if parts else end].strip()
        if opening:
            yield _clause(path, whole, name, article.start(), opening)
        for part, later in zip(parts, [*parts[1:], None], strict=False):
            text = whole[part.end() : later.start() if later else end].strip()
            yield _clause(path, whole, f"{name} s. {part['number']}", part.start(), text)


def _clause(path: Path, whole: str, name: str, start: int, text: str) -> Text:
    id_ = f"{path.name}|U.S. Const.|{name}"
    return Text(id_, _CONSTITUTION, UnitKind.SECTION, name, whole.count("\n", 0, start), "", text)


_READERS: Mapping[str, Callable[[Path], Iterator[Text]]] = {
    "eu_": _articles,
    "int_": _treaties,
    "us_code_": _code,
    "us_constitution": _constitution,
    "uk_": _acts,
}
