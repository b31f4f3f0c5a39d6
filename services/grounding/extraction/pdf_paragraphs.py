"""Lines joined to paragraphs, as a reader sees them."""

import re
from collections.abc import Sequence
from itertools import pairwise

from services.grounding.extraction.pdf_lines import Line
from services.grounding.extraction.pieces import Paragraph
from services.grounding.extraction.texts import HYPHENS, parted

_NUMBERED = re.compile(
    r"(?:\(?(?:\d{1,3}[A-Z]{0,2}|[a-z]{1,2}|[ivxlc]{1,6}|[A-Z])[.)]|\[\d{1,4}\]"
    r"|\d{1,3}(?:\.\d{1,3})+\.?|[•▪●■◦·–—*-]|§+ ?\d)(?=\s|\()"
)
_CLOSED = re.compile(r"(?:[.;:?!—–]|\b(?:and|or))[\"”’')\]⁰¹²³⁴⁵⁶⁷⁸⁹]*$")
_NOTE = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]")
_WORD = re.compile(r"\S+")
_HEADING_CHARS = 200
# Lines further apart than that, in sizes of their type, are more than double-spaced: no paragraph goes on.
_APART = 2.6
_ROOM = 1.3
# How much larger than the text a heading of each level is set.
_LEVELS = ((1.6, 1), (1.3, 2), (1.12, 3))


def paragraphs_of(lines: Sequence[Line], body_size: float, compounds: set[str]) -> list[Paragraph]:
    """Return the *lines* of a page as paragraphs; the last keeps its hyphen where a word goes on overleaf.

    Args:
        lines: In the order of reading.
        body_size: The size of type of most text.
        compounds: Words that the document writes with a hyphen.
    """
    pitch = _pitch(lines)
    rights = _rights(lines, pitch)
    gathered: list[list[Line]] = []
    for place, line in enumerate(lines):
        if gathered and not _begins(lines[place - 1], line, rights[place - 1], pitch):
            gathered[-1].append(line)
        else:
            gathered.append([line])
    return [Paragraph(_text(group, compounds), _level(group, body_size)) for group in gathered]


def _text(group: list[Line], compounds: set[str]) -> str:
    text = ""
    for line in group:
        whole = parted(text, line.text, compounds) if text else None
        text = whole + line.text if whole is not None else f"{_plain_end(text)} {line.text}" if text else line.text
    return text


def _plain_end(text: str) -> str:
    return text[:-1] + "-" if text[-1] == "\ufffe" else text


def _level(group: list[Line], body_size: float) -> int:
    chars = sum(len(line.text) for line in group)
    if chars > _HEADING_CHARS or not any(char.isalpha() for line in group for char in line.text):
        return 0
    ratio = group[0].size / body_size if body_size else 1.0
    for least, level in _LEVELS:
        if ratio >= least:
            return level
    is_bold = all(line.is_bold for line in group) and ratio > 0.95
    return 4 if is_bold and not group[-1].text.endswith((".", ";", ",", ":")) else 0


def _pitch(lines: Sequence[Line]) -> float:
    """Return the usual distance of two lines; that of paragraphs is larger, and there may be more of it."""
    gaps = sorted(
        before.y - after.y
        for before, after in pairwise(lines)
        if before.region == after.region and 0 < before.y - after.y < 4 * before.size
    )
    return gaps[len(gaps) // 4] if gaps else 0.0


def _rights(lines: Sequence[Line], pitch: float) -> list[float]:
    """Return for each line how far lines of its block go to the right."""
    rights = [0.0] * len(lines)
    edges: dict[int, tuple[float, float]] = {}
    for line in lines:
        left, right = edges.get(line.region, (line.x0, line.x1))
        edges[line.region] = min(left, line.x0), max(right, line.x1)
    start = 0
    for place in range(1, len(lines) + 1):
        if place < len(lines) and _is_one_block(lines[place - 1], lines[place], pitch):
            continue
        block = lines[start:place]
        left, right = edges[block[0].region]
        reach = max(line.x1 for line in block)
        # Lines that end far from the margin end where their writer ended them: an address, a table of names.
        rights[start:place] = [right if reach < left + 0.6 * (right - left) else reach] * len(block)
        start = place
    return rights


def _is_one_block(before: Line, line: Line, pitch: float) -> bool:
    return before.region == line.region and _is_one_size(before, line) and not _is_apart(before, line, pitch)


def _is_apart(before: Line, line: Line, pitch: float) -> bool:
    """Say whether there is more room between two lines than within a paragraph."""
    gap = before.y - line.y
    return (pitch > 0 and gap > _ROOM * pitch) or not 0 < gap < _APART * line.size


def _is_one_size(before: Line, line: Line) -> bool:
    return abs(before.size - line.size) <= 0.1 * max(before.size, line.size)


def _begins(before: Line, line: Line, right: float, pitch: float) -> bool:
    """Say whether *line* begins a paragraph."""
    if before.text[-1] in HYPHENS and line.text[:1].isalnum() and _is_one_size(before, line):
        return False
    if before.region != line.region:
        # Prose goes on in the next column, and from the last column over a table.
        return not (line.text[:1].islower() and not _CLOSED.search(before.text) and _is_one_size(before, line))
    if not _is_one_size(before, line) or before.is_bold != line.is_bold:
        return True
    if before.cells > 1 or line.cells > 1 or line.is_numbered:
        return True
    if _is_apart(before, line, pitch) or _NOTE.match(line.text):
        return True
    return _is_set_apart(before, line) or _ends_short(before, line, right)


def _is_set_apart(before: Line, line: Line) -> bool:
    """Say whether a number or an indent begins it."""
    shift = line.x0 - before.x0
    is_numbered = _NUMBERED.match(line.text) is not None
    if is_numbered and (_CLOSED.search(before.text) or abs(shift) > 0.5 * line.size):
        return True
    # After a number the lines hang; else an indent begins a paragraph.
    return (
        shift > 0.8 * line.size
        and not (before.is_numbered or _NUMBERED.match(before.text))
        and _CLOSED.search(before.text) is not None
    )


def _ends_short(before: Line, line: Line, right: float) -> bool:
    """Say whether the first word of *line* had room on the line *before*: then somebody ended it."""
    word = _WORD.match(line.text)
    if word is None or not line.text:
        return True
    width = (line.x1 - line.x0) * len(word.group()) / len(line.text)
    return right - before.x1 > width + 0.6 * line.size
