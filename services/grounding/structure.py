"""Finds the units of law in the text of a document: what is a section, an article, a clause, a numbered paragraph.

A line begins a unit when it names one ("Section 12", "Art. 5", "§ 107"), or when its number goes on a row of numbers
that begins with 1 ("1. Definitions … 2. Term … 3. Payment"); headings of the format and lines such as "PART 2" or
"CHAPTER III" stand above what follows. What is no unit is text between units, so that nothing is lost.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from models.grounding.document import Page, Provision, Unit, UnitKind

_LONGEST_HEADING = 160
# A longer line without an end of a sentence goes on in the next, whatever sign is behind a number there.
_WRAPPED = 40
# A row of numbers is one from three members on: two may be a coincidence.
_SHORTEST_ROW = 3
_WORDS = {
    "section": UnitKind.SECTION,
    "sec": UnitKind.SECTION,
    "§": UnitKind.SECTION,
    "article": UnitKind.ARTICLE,
    "art": UnitKind.ARTICLE,
    "regulation": UnitKind.ARTICLE,
    "rule": UnitKind.RULE,
    "recital": UnitKind.RECITAL,
    "schedule": UnitKind.SCHEDULE,
    "annex": UnitKind.SCHEDULE,
    "appendix": UnitKind.SCHEDULE,
    "clause": UnitKind.CLAUSE,
    "paragraph": UnitKind.PARAGRAPH,
}
_NAMED = re.compile(
    r"^[ \t#*]{0,8}(?P<word>section|sec\.|§|article|art\.|regulation|rule|recital|schedule|annex|appendix|clause)"
    r"[ \t\xa0]{0,3}(?P<number>\d{1,4}[A-Za-z]{0,3}(?:[.\-–]\d{1,3}){0,3}|[IVXLC]{1,7}|\(\d{1,3}\))\b"
    r"(?P<sign>[ \t]*[.:)\]—–-]{0,2})(?P<rest>[^\n]{0,300})$",
    re.I | re.M,
)
_ABOVE = re.compile(
    r"^[ \t#*]{0,8}(?P<word>book|part|title|chapter|subchapter|division|subpart|subtitle)[ \t]{1,3}"
    r"(?:\d{1,3}[A-Z]{0,2}|[IVXLC]{1,7}|[A-Z])\b[^\n]{0,120}$",
    re.I | re.M,
)
_RANKS = ("book", "part", "title", "subtitle", "division", "chapter", "subchapter", "subpart")
_NUMBERED = re.compile(
    r"^[ \t#*]{0,8}\[?(?P<number>\d{1,4}[A-Z]{0,2}(?:\.\d{1,3}){0,3})(?P<sign>[\].)]?)[ \t]+(?=\S)"
    r"(?P<rest>[^\n]{0,300})$",
    re.M,
)
_ENDS_SENTENCE = re.compile(r"[.;,:!?]\s*$")
_LABELS = re.compile(r"^(?:\s?\((?:\d{1,3}[A-Z]{0,2}|[a-z]{1,5})\))+(?=\s*[a-z,;.])")
_DESCRIBED = re.compile(r"\([a-z]{3,}\b")
_ONLY_LABELS = re.compile(r"\s?(?:\((?:\d{1,3}[A-Z]{0,2}|[a-z]{1,5})\))+\s*")
_PART = re.compile(r"^[ \t]{0,40}(?:\d{1,4}[A-Z]{0,2}[. ]{1,3})?\((?P<label>\d{1,3}[A-Z]{0,2}|[a-z]{1,5})\)", re.M)
_ROMAN = re.compile(r"x{0,3}(ix|iv|v?i{0,3})")


@dataclass(frozen=True, slots=True)
class _Start:
    """A line that begins a unit, or stands above units."""

    start: int
    body: int
    kind: UnitKind
    number: str
    heading: str
    rank: int = -1  # of a heading above others; the lower the further out
    is_alone: bool = False  # its line says nothing else


def units_of(pages: Sequence[Page]) -> list[Unit]:
    """Return the units of a document, which together hold all of its text."""
    text = "".join(page.text for page in pages)
    starts = sorted(_starts(pages, text), key=lambda one: one.start)
    units: list[Unit] = []
    above: list[tuple[int, str]] = []
    if not starts or text[: starts[0].start].strip():
        units.append(Unit(UnitKind.TEXT, 0, starts[0].start if starts else len(text), 0))
    first = True
    for place, start in enumerate(starts):
        end = starts[place + 1].start if place + 1 < len(starts) else len(text)
        if start.rank >= 0:
            above = [one for one in above if one[0] < start.rank]
        path = tuple(heading for _, heading in above)
        begin = 0 if first and not units else start.start
        body = min(start.body, end)
        parts = parts_of(text[body:end]) if start.number else ()
        units.append(Unit(start.kind, begin, end, body, start.number, start.heading, path, parts))
        if start.rank >= 0:
            above.append((start.rank, start.heading))
        first = False
    return units


def of_provisions(provisions: Iterable[Provision]) -> tuple[list[Page], list[Unit]]:
    """Return provisions as a document: a page without number for each, and its unit."""
    pages: list[Page] = []
    units: list[Unit] = []
    place = 0
    for one in provisions:
        label = f"{_label(one)} {one.heading}".strip()
        head = f"{label}\n" if label else ""
        page = Page(f"{head}{one.text.rstrip()}\n\n")
        pages.append(page)
        end = place + len(page.text)
        units.append(
            Unit(
                one.kind,
                place,
                end,
                place + len(head),
                one.number,
                one.heading,
                one.path,
                one.parts,
                one.status,
                one.since,
                one.until,
                one.identifier,
            )
        )
        place = end
    return pages, units


def parts_of(text: str) -> tuple[str, ...]:
    """Return the subdivisions that lines of *text* begin with, as they are cited: "(1)", "(1)(a)", "(1)(a)(ii)"."""
    found: list[str] = []
    levels: list[tuple[str, str]] = []
    for match in _PART.finditer(text):
        label = match["label"]
        kind = _part_kind(label, levels)
        kinds = [one for one, _ in levels]
        levels = levels[: kinds.index(kind)] if kind in kinds else levels
        levels.append((kind, label))
        found.append("".join(f"({one})" for _, one in levels))
    return tuple(dict.fromkeys(found))


def _part_kind(label: str, levels: Sequence[tuple[str, str]]) -> str:
    """Say whether *label* is a number, a letter or a Roman number; "i" after "h" is a letter."""
    if label[0].isdigit():
        return "number"
    if not _ROMAN.fullmatch(label):
        return "letter"
    letters = [one for kind, one in levels if kind == "letter"]
    if len(label) == 1 and letters and ord(label) == ord(letters[-1][-1]) + 1 and levels[-1][0] == "letter":
        return "letter"
    return "roman" if letters or label != "c" else "letter"


def _label(one: Provision) -> str:
    if not one.number:
        return ""
    if one.kind is UnitKind.PARAGRAPH:
        # A paragraph of a schedule says so in its number: "Sch. 2 para. 3".
        return f"[{one.number}]" if one.number[0].isdigit() else one.number
    return f"{one.kind.capitalize()} {one.number}"


def _starts(pages: Sequence[Page], text: str) -> Iterator[_Start]:
    taken: set[int] = set()
    for start in [*_of_format(pages, text), *_above(text), *_named(text), *_numbered(text)]:
        line = text.rfind("\n", 0, start.start) + 1
        if line not in taken:
            taken.add(line)
            yield start


def _of_format(pages: Sequence[Page], text: str) -> Iterator[_Start]:
    """Yield what the format marks as headings; those that name a unit begin it."""
    place = 0
    for page in pages:
        for marked in page.headings:
            start, end = place + marked.start, place + marked.end
            line = text[start:end]
            named = _NAMED.match(line) or _NUMBERED.match(line)
            body = _behind(text, end)
            if named is not None:
                yield replace(_named_start(named, start, line), start=start, body=body)
            elif line.strip():
                yield _Start(start, body, UnitKind.TEXT, "", _one_line(line), 100 + marked.level)
        place += len(page.text)


def _above(text: str) -> Iterator[_Start]:
    for match in _ABOVE.finditer(text):
        if not _ENDS_SENTENCE.search(match.group()):
            rank = _RANKS.index(match["word"].lower())
            yield _Start(match.start(), _behind(text, match.end()), UnitKind.TEXT, "", _one_line(match.group()), rank)


def _named(text: str) -> Iterator[_Start]:
    """Yield lines that name a unit: those that go on as a sentence, or go on with one, only mention it.

    So does a number alone on its line that a unit of the same kind had before: Schedules say so what they belong to.
    """
    seen: set[tuple[UnitKind, str]] = set()
    for start in _naming(text):
        key = (start.kind, start.number)
        if start.number and key in seen and not start.heading and start.is_alone:
            yield replace(start, kind=UnitKind.TEXT, number="")
            continue
        seen.add(key)
        yield start


def _naming(text: str) -> Iterator[_Start]:
    for match in _NAMED.finditer(text):
        if _ONLY_LABELS.fullmatch(match["rest"]):
            yield from _of_schedule(text, match.start(), match.end())
            continue
        rest = _LABELS.sub("", match["rest"]).strip()
        if not match["sign"].strip() and rest and not rest[0].isupper() and rest[0] not in "(\"“‘'[":
            continue  # "Section 12(1) applies where …"
        if _DESCRIBED.match(rest):
            continue  # "Section 42 (contract regulations)": lists of references describe what they refer to
        above = text[text.rfind("\n", 0, max(0, match.start() - 1)) + 1 : match.start()].strip()
        is_small, has_sign = match["word"][0].islower(), bool(match["sign"].strip())
        goes_on = len(above) > (_WRAPPED if has_sign else 0) and not _ENDS_SENTENCE.search(above)
        if is_small and (goes_on or not (has_sign or rest[:1].isupper())):
            continue  # "… has the meaning given by", on the next line "section 90 of the Education Act 2002."
        is_alone = not match["rest"].strip() and match["word"].lower() == "section"
        start = _named_start(match, 0, match.group())
        yield replace(start, start=match.start(), body=_body(text, match), is_alone=is_alone)


def _of_schedule(text: str, start: int, end: int) -> Iterator[_Start]:
    """Yield a Schedule without a number: below its title stands what it belongs to, "Section 84(3)".

    It is no part of the section before it. Below a line that names the Schedule there is nothing to begin.
    """
    above = text[max(0, start - _LONGEST_HEADING) : start].strip().rpartition("\n")[2].strip()
    if "schedule" not in text[max(0, start - _LONGEST_HEADING) : start].lower():
        heading = "" if _ENDS_SENTENCE.search(above) else _one_line(above)
        yield _Start(start, _behind(text, end), UnitKind.TEXT, "", heading)


def _named_start(match: re.Match[str], start: int, line: str) -> _Start:
    groups = match.groupdict()
    word = (groups.get("word") or "").lower().rstrip(".")
    rest = groups["rest"].strip(" .:—–-#*")
    is_heading = len(rest) <= _LONGEST_HEADING and not _ENDS_SENTENCE.search(groups["rest"])
    kind = _WORDS.get(word, UnitKind.CLAUSE if is_heading else UnitKind.PARAGRAPH)
    heading = _one_line(rest) if is_heading else ""
    return _Start(start, start + len(line), kind, groups["number"].strip("()"), heading)


def _numbered(text: str) -> Iterator[_Start]:
    """Yield the lines whose numbers make a row from 1 on, each one more than the last (12 is followed by 12A or 13)."""
    row = _longest_row(text)
    headed = sum(_has_heading(match) for match in row) * 2 > len(row)
    for match in row:
        found = _named_start(match, match.start(), match.group())
        if headed and _has_heading(match):
            yield replace(found, body=_behind(text, match.end()))
        else:
            kind = UnitKind.CLAUSE if headed else UnitKind.PARAGRAPH
            yield replace(found, kind=kind, heading="", body=match.start("rest"))


def _longest_row(text: str) -> list[re.Match[str]]:
    """Return the longest row of numbers with the same sign behind them; an empty one if all are short.

    Notes at the foot of pages begin with 1 again and again: rows of headings are also looked for by themselves.
    """
    rows: dict[tuple[str, bool | None], list[list[re.Match[str]]]] = {}
    for match in _NUMBERED.finditer(text):
        for kind in (None, _has_heading(match)):
            of_kind = rows.setdefault((match["sign"], kind), [])
            if match["number"] == "1":
                of_kind.append([match])
            elif of_kind and _follows(of_kind[-1][-1]["number"], match["number"]):
                of_kind[-1].append(match)
    longest = max((row for of_kind in rows.values() for row in of_kind), key=len, default=[])
    return longest if len(longest) >= _SHORTEST_ROW else []


def _has_heading(match: re.Match[str]) -> bool:
    rest = match["rest"].strip()
    return (
        bool(rest)
        and len(rest) <= 80
        and not _ENDS_SENTENCE.search(rest.rstrip(".") + " ")
        and (rest[0].isupper() and not rest.endswith("."))
    )


def _follows(last: str, number: str) -> bool:
    if "." in number:
        return False
    digits, next_digits = int(re.match(r"\d+", last)[0]), int(re.match(r"\d+", number)[0])  # type: ignore[index]  # both begin with one
    return next_digits == digits + 1 or (next_digits == digits and number > last and number[-1].isalpha())


def _body(text: str, match: re.Match[str]) -> int:
    """Return where the text of a unit begins: behind its heading, or behind its number where it has none."""
    rest = match["rest"]
    if _ENDS_SENTENCE.search(rest) or len(rest.strip()) > _LONGEST_HEADING:
        return match.start("rest")
    return _behind(text, match.end())


def _behind(text: str, end: int) -> int:
    return min(len(text), end + 1) if text[end : end + 1] == "\n" else end


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" #*\n")[:_LONGEST_HEADING]
