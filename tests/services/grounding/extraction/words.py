"""DOCX files by their XML, for tests."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from services.grounding.extraction.docx import read_docx
from services.grounding.extraction.outcome import Found, Limits, Step

_SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def _relations(targets: Mapping[str, str]) -> str:
    rows = "".join(
        f'<Relationship Id="r{place}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for place, (kind, target) in enumerate(targets.items())
    )
    return f'<Relationships xmlns="{_PACKAGE}">{rows}</Relationships>'


def _types(parts: Iterable[str]) -> str:
    kinds = {"document": f"{_MAIN}.document.main+xml", **{part: f"{_MAIN}.{part}+xml" for part in parts}}
    rows = "".join(f'<Override PartName="/word/{part}.xml" ContentType="{kind}"/>' for part, kind in kinds.items())
    relations = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    return f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{relations}{rows}</Types>'


def write(path: Path, body: str, **parts: str) -> Path:
    """Write a DOCX of the XML of a *body* and of other parts: styles, numbering, footnotes, endnotes."""
    roots = {"footnotes": "w:footnotes", "endnotes": "w:endnotes", "styles": "w:styles", "numbering": "w:numbering"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", _types(parts))
        packed.writestr("_rels/.rels", _relations({"officeDocument": "word/document.xml"}))
        packed.writestr("word/_rels/document.xml.rels", _relations({kind: f"{kind}.xml" for kind in parts}))
        packed.writestr("word/document.xml", f"<w:document {_SPACES}><w:body>{body}</w:body></w:document>")
        for kind, content in parts.items():
            packed.writestr(f"word/{kind}.xml", f"<{roots[kind]} {_SPACES}>{content}</{roots[kind]}>")
    return path


def p(content: str, properties: str = "") -> str:
    """Return a paragraph; a *content* without markup is a run."""
    return f"<w:p><w:pPr>{properties}</w:pPr>{content if content.startswith('<') or not content else r(content)}</w:p>"


def r(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def deleted(text: str) -> str:
    """Return a run as it stands in a deletion."""
    return f"<w:r><w:delText>{text}</w:delText></w:r>"


def numbered(text: str, place: int = 0, number: int = 1) -> str:
    return p(text, f'<w:numPr><w:ilvl w:val="{place}"/><w:numId w:val="{number}"/></w:numPr>')


def level(place: int, pattern: str, form: str = "decimal", more: str = "", start: int = 1) -> str:
    head = f'<w:start w:val="{start}"/><w:numFmt w:val="{form}"/>'
    return f'<w:lvl w:ilvl="{place}">{head}{more}<w:lvlText w:val="{pattern}"/></w:lvl>'


def listed(*levels: str, lists: str = '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>') -> str:
    return f'<w:abstractNum w:abstractNumId="0">{"".join(levels)}</w:abstractNum>{lists}'


def cell(*paragraphs: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{''.join(paragraphs)}</w:tc>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def lines_of(path: Path) -> list[str]:
    """Return what is read, a line for each paragraph."""
    pages = read_docx(path, path.name, Limits(), Found())
    return "".join(page.text for page in pages if not isinstance(page, Step)).splitlines()
