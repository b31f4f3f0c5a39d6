"""Which form of law a file is of, told from its content, and its reading as a document with provisions."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from models.grounding.document import Page, Unit
from services.grounding.extraction.kinds import encoding_of, refused
from services.grounding.extraction.outcome import Found
from services.grounding.law import (
    akoma_ntoso,
    clml,
    courtlistener,
    eur_lex_html,
    formex,
    static_case_law,
    uslm,
)
from services.grounding.law.law import Law, Parser
from services.grounding.structure import of_provisions

_HEAD = 1 << 17
_ROOT = re.compile(r"<(?![?!])(?:[\w.-]+:)?([\w.-]+)([^>]*)")
_PROLOG = re.compile(r"\s*(?:<!--|<\?|<!doctype)", re.I)
_LIKE_XML = re.compile(r"\s*(?:<\?xml|<!--|<!DOCTYPE|<[\w.-]+[\s>:])", re.I)


class Form(StrEnum):
    """A form of law as data."""

    CLML = "clml"
    AKOMA_NTOSO = "akoma-ntoso"
    USLM = "uslm"
    FORMEX = "formex"
    EUR_LEX = "eur-lex"
    STATIC_CASE_LAW = "static.case.law"
    COURTLISTENER = "courtlistener"


_PARSERS: Mapping[Form, Parser] = {
    Form.CLML: clml.parse,
    Form.AKOMA_NTOSO: akoma_ntoso.parse,
    Form.USLM: uslm.parse,
    Form.FORMEX: formex.parse,
    Form.EUR_LEX: eur_lex_html.parse,
    Form.STATIC_CASE_LAW: static_case_law.parse,
    Form.COURTLISTENER: courtlistener.parse,
}
_BY_ROOT = {
    "Legislation": Form.CLML,
    "akomaNtoso": Form.AKOMA_NTOSO,
    "uscDoc": Form.USLM,
    "lawDoc": Form.USLM,
    "statuteCompilation": Form.USLM,
    **dict.fromkeys(("ACT", "CONS.ACT", "CONS.DOC", "ANNEX", "CONS.ANNEX", "AGR"), Form.FORMEX),
}
_NAMESPACES = {Form.CLML: "legislation.gov.uk/namespaces/legislation", Form.AKOMA_NTOSO: "akn", Form.USLM: "uslm"}
# Roots of the same publishers that hold no law.
_NO_LAW = {
    "NOTICE": "it is a notice of CELLAR (data on an act): ask for its XHTML or its Formex",
    "DOC": "it is the description of a publication (Formex): send the file of the act that it names",
    "PUBLICATION": "it is the description of a publication (Formex): send the file of the act",
    "feed": "it is a feed (Atom): send one of the texts that it lists",
    "bill": "it is a bill (USLM), which is no law",
    "resolution": "it is a resolution (USLM), which is no provision of the Code",
}


@dataclass(frozen=True, slots=True)
class _Named:
    """The root of an XML file: its name, and the attributes in its first tag."""

    name: str
    attributes: str


def form_of(path: Path, name: str = "") -> Form | None:
    """Return the form of law that the file is of; None for other files.

    Raises:
        DocumentError: it is of a publisher of law and holds none; says what to send.
    """
    with path.open("rb") as file:
        content = file.read(_HEAD)
    head = content.decode(encoding_of(content), "replace").lstrip("\ufeff \t\r\n")
    if head.startswith(("{", "[")):
        found = sum(f'"{key}"' in head for key in static_case_law.KEYS)
        return Form.STATIC_CASE_LAW if found >= len(static_case_law.KEYS) - 2 else None
    if _LIKE_XML.match(head):
        return _of_markup(head, name)
    return _of_table(head, name)


def _of_markup(head: str, name: str) -> Form | None:
    root = _ROOT.match(_behind_prolog(head))
    if root is None:
        return None
    if root[1].casefold() == "html" or eur_lex_html.SIGNS.search(head):
        return Form.EUR_LEX if eur_lex_html.SIGNS.search(head) else None
    form = _BY_ROOT.get(root[1])
    space = _NAMESPACES.get(form) if form is not None else None
    if form is not None and (space is None or space in root[2]):
        return form
    if why := _NO_LAW.get(root[1]):
        raise refused(name, why)
    return None


def _behind_prolog(head: str) -> str:
    """Return what begins with the root: declarations, comments and a document type stand before it."""
    place = 0
    while found := _PROLOG.match(head, place):
        opening = found.group().strip().casefold()
        closing = "-->" if opening == "<!--" else "?>" if opening == "<?" else ">"
        end = head.find(closing, found.end())
        if end < 0:
            return ""
        place = end + len(closing)
    return head[place:].lstrip()


def _of_table(head: str, name: str) -> Form | None:
    columns = courtlistener.columns_of(head)
    if columns >= courtlistener.OPINIONS:
        return Form.COURTLISTENER
    for what, wanted in courtlistener.TABLES.items():
        if columns >= wanted and "id" in columns:
            raise refused(
                name, f"it is CourtListener's table of {what}, which has no texts: send the table of opinions"
            )
    return None


def read_law(form: Form, path: Path, name: str, found: Found) -> Iterator[Page]:
    """Yield the text of a file of law, a provision a page; *found* has its instrument and its units at the end.

    Raises:
        DocumentError: it cannot be read, or holds no provision.
    """
    law = Law()
    units: list[Unit] = []
    place = 0
    for provision in _PARSERS[form](path, name, law):
        pages, made = of_provisions((provision,))
        units += [replace(one, start=one.start + place, body=one.body + place, end=one.end + place) for one in made]
        place += len(pages[0].text)
        yield pages[0]
    found.instrument, found.units = law.instrument, tuple(units)
    found.title = law.instrument.title if law.instrument is not None else ""
