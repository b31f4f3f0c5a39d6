"""Case files of static.case.law (Caselaw Access Project), one case, a list of them or one a line; public domain (CC0).

Head matter is left out: publishers' headnotes may be in it.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from models.grounding.document import Instrument, Provision, UnitKind
from services.grounding.extraction.kinds import refused
from services.grounding.extraction.texts import plain
from services.grounding.law.law import Law, no_provisions
from services.grounding.law.prose import one_line

KEYS = ("name_abbreviation", "decision_date", "citations", "casebody", "first_page", "docket_number")
_WHAT = "case files of static.case.law"
_JURISDICTIONS = {"u.s.", "us", "united states"}


def parse(path: Path, name: str, law: Law) -> Iterator[Provision]:
    """Yield the opinions of each case, in their order."""
    is_empty = True
    for place, case in enumerate(_cases(path, name), 1):
        law.instrument = _instrument(case) if place == 1 else _volume(law.instrument, case)
        for one in _opinions(case, place):
            is_empty = False
            yield one
    if is_empty:
        raise no_provisions(name, _WHAT)


def _cases(path: Path, name: str) -> Iterator[Mapping[str, object]]:
    with path.open("rb") as file:
        first = file.readline()
        is_lines = first.rstrip().endswith(b"}") and first.lstrip().startswith(b"{")
        if is_lines and file.read(1):
            file.seek(0)
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _case(line, name, f"line {number}")
            return
        file.seek(0)
        content = _loaded(file.read(), name, "it")
    for place, one in enumerate(content if isinstance(content, list) else [content], 1):
        yield _checked(one, name, f"case {place}")


def _case(line: bytes, name: str, where: str) -> Mapping[str, object]:
    return _checked(_loaded(line, name, where), name, where)


def _loaded(content: bytes, name: str, where: str) -> object:
    try:
        loaded: object = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise refused(name, f"{where} is no JSON that can be read ({str(error)[:120]}); fetch it again") from error
    return loaded


def _checked(case: object, name: str, where: str) -> Mapping[str, object]:
    if not isinstance(case, dict) or "casebody" not in case:
        raise refused(name, f"{where} is no case of static.case.law: want an object with name, citations and casebody")
    return case


def _opinions(case: Mapping[str, object], place: int) -> Iterator[Provision]:
    body = _mapping(case.get("casebody"))
    if isinstance(body.get("data"), dict):  # as the project's earlier interface gave it
        body = _mapping(body["data"])
    opinions = body.get("opinions")
    path = (_named(case),)
    for one in opinions if isinstance(opinions, list) else ():
        opinion = _mapping(one)
        text = _paragraphs(str(opinion.get("text") or ""))
        if text:
            words = (str(opinion.get("type") or "").replace("-", " "), one_line(str(opinion.get("author") or "")))
            heading = " ".join(word for word in words if word).strip(" .:,")
            identifier = str(case.get("frontend_url") or case.get("id") or place)
            yield Provision(UnitKind.TEXT, "", text, heading, path, identifier=identifier)


def _paragraphs(text: str) -> str:
    """Return the text with a line for each paragraph, without the marks of pages."""
    lines = (one_line(re.sub(r"(?<=\s)\*\d{1,4}(?=\s)", "", f" {plain(line)} ")) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _instrument(case: Mapping[str, object]) -> Instrument:
    cites = _citations(case)
    named = str(case.get("name_abbreviation") or case.get("name") or "Case")
    slug = str(_mapping(case.get("jurisdiction")).get("name") or "").casefold()
    return Instrument(
        title=_named(case),
        identifier=cites[0] if cites else str(case.get("id") or ""),
        kind="judgment",
        jurisdiction="us" if slug in _JURISDICTIONS or cites or slug else "",
        version=_day(str(case.get("decision_date") or "")),
        licence="cc0-1.0",
        url=str(case.get("frontend_url") or ""),
        aliases=tuple(dict.fromkeys(one for one in (named, str(case.get("name") or ""), *cites) if one)),
    )


def _volume(before: Instrument | None, case: Mapping[str, object]) -> Instrument:
    """Return what a file of several cases is: a volume of reports."""
    volume = _mapping(case.get("volume")).get("volume_number")
    reporter = str(_mapping(case.get("reporter")).get("full_name") or "")
    cite = (_citations(case) or [""])[0].rsplit(" ", 1)[0]
    title = f"{volume} {reporter}" if volume and reporter else cite or "Cases"
    return Instrument(title, cite, "judgment", "us", "", "cc0-1.0", before.url if before is not None else "")


def _named(case: Mapping[str, object]) -> str:
    name, cites = str(case.get("name_abbreviation") or case.get("name") or "Case"), _citations(case)
    year = str(case.get("decision_date") or "")[:4]
    return f"{name}, {cites[0]} ({year})" if cites and year else f"{name} {' '.join(cites[:1])}".strip()


def _citations(case: Mapping[str, object]) -> list[str]:
    """Return the citations of a case, the official one first."""
    given = case.get("citations")
    rows = [_mapping(one) for one in given] if isinstance(given, list) else []
    rows.sort(key=lambda row: row.get("type") != "official")
    return [cite for row in rows if (cite := str(row.get("cite") or "").strip())]


def _day(text: str) -> str:
    """Return a day; some cases give the month or the year alone."""
    return text if re.fullmatch(r"\d{4}(?:-\d\d){0,2}", text) else ""


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
