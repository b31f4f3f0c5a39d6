"""The files of law that the benchmarks of grounding read, as provisions.

A folder holds gzipped JSON Lines of EU acts, treaties, the US Code and UK Acts, and the US Constitution as Markdown.
A provision is named `file|instrument|provision` in the files of queries and claims.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

# A section of a UK Act begins with its number on a line of its own; that of a subsection has a dot.
_SECTION = re.compile(r"^(\d{1,3})$", re.MULTILINE)
_SCHEDULES = re.compile(r"^#{1,4} schedules?\b.*$", re.IGNORECASE | re.MULTILINE)
_HEADINGS = re.compile(r"(?:^#+ .*\n+)+\Z", re.MULTILINE)
_ARTICLE = re.compile(r"^## Article\.? (?P<number>[IVX]+)\.?\s*$", re.MULTILINE)
_PART = re.compile(r"^### Section\.? (?P<number>\d+)\.?\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Text:
    """A provision of one of the files.

    Attributes:
        id: `file|instrument|provision`.
        title: The instrument as lawyers write it, as far as its file says.
        row: The line of the file, or of the heading, from 0.
    """

    id: str
    file: str
    instrument: str
    provision: str
    row: int
    jurisdiction: str
    title: str
    heading: str
    text: str


def read_texts(folder: Path) -> list[Text]:
    """Return the provisions of all files of *folder*; of a number that an instrument repeats the first."""
    found: dict[str, Text] = {}
    for name, reader in _READERS.items():
        path = folder / name
        if path.exists():
            for text in reader(path):
                found.setdefault(text.id, text)
    return list(found.values())


def siblings(texts: Iterable[Text]) -> dict[str, list[Text]]:
    """Return the provisions of each instrument, in the order of *texts*; the key is `file|instrument`."""
    by_instrument: dict[str, list[Text]] = {}
    for text in texts:
        by_instrument.setdefault(f"{text.file}|{text.instrument}", []).append(text)
    return by_instrument


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row, line in enumerate(lines):
            yield row, json.loads(line)


def _articles(path: Path, jurisdiction: str, instrument: str, provision: str, title: str) -> Iterator[Text]:
    """Read a file of a row for each provision; the last three are the names of its columns."""
    for row, cells in _rows(path):
        named = f"{cells[instrument]} U.S.C." if jurisdiction == "US" else cells[instrument]
        number = cells[provision]
        yield Text(
            id=f"{path.name}|{named}|{number}",
            file=path.name,
            instrument=named,
            provision=number,
            row=row,
            jurisdiction=jurisdiction,
            title=named if jurisdiction == "US" else cells[title],
            heading=cells["heading"],
            text=cells["text"],
        )


def _acts(path: Path) -> Iterator[Text]:
    for row, cells in _rows(path):
        act, whole = cells["cite"], cells["text"]
        ending = _SCHEDULES.search(whole)
        body = whole[: ending.start()] if ending else whole
        for number, heading, text in _sections(body):
            yield Text(
                id=f"{path.name}|{act}|s. {number}",
                file=path.name,
                instrument=act,
                provision=f"s. {number}",
                row=row,
                jurisdiction="UK",
                title=act.split(" (c. ")[0],
                heading=heading,
                text=text,
            )


def _sections(body: str) -> Iterator[tuple[int, str, str]]:
    """Yield number, heading and text of the sections of an Act; its heading stands before the number."""
    starts, end = _starts(body)
    heads = [
        _HEADINGS.search(body, floor, start.start())
        for floor, start in zip([0, *(start.end() for start in starts)], starts, strict=False)
    ]
    for start, head, later, below in zip(starts, heads, [*starts[1:], None], [*heads[1:], None], strict=True):
        until = below.start() if below else later.start() if later else end
        heading = head[0].strip().splitlines()[-1].lstrip("# ") if head else ""
        yield int(start[1]), heading, body[start.end() : until].strip()


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
    return Text(
        id=f"{path.name}|U.S. Const.|{name}",
        file=path.name,
        instrument="U.S. Const.",
        provision=name,
        row=whole.count("\n", 0, start),
        jurisdiction="US",
        title="U.S. Constitution",
        heading="",
        text=text,
    )


_READERS: Mapping[str, Callable[[Path], Iterator[Text]]] = {
    "eu_instruments.jsonl.gz": partial(
        _articles, jurisdiction="EU", instrument="celex", provision="article", title="instrument"
    ),
    "int_treaties.jsonl.gz": partial(
        _articles, jurisdiction="INT", instrument="code", provision="article", title="treaty"
    ),
    "us_code_t9_t17_t35.jsonl.gz": partial(
        _articles, jurisdiction="US", instrument="title", provision="section", title="title"
    ),
    "us_constitution.md": _constitution,
    "uk_acts_2022_2024.jsonl.gz": _acts,
}
