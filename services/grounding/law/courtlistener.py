"""Bulk data of CourtListener: the table of opinions as CSV, a row at a time.

PostgreSQL writes it with a backslash before quotation marks inside quotation marks, and no doubled ones; a backslash
of the text is doubled. Texts stand in one of several columns, as HTML in most.
"""

import csv
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from models.grounding.document import Instrument, Provision, UnitKind
from services.grounding.extraction.kinds import refused
from services.grounding.law.law import Law, no_provisions
from services.grounding.law.prose import one_line

OPINIONS = frozenset(("cluster_id", "plain_text", "html_with_citations"))
TABLES = {
    "opinion clusters": frozenset(("case_name", "date_filed", "docket_id", "precedential_status")),
    "citations": frozenset(("volume", "reporter", "page", "cluster_id")),
    "dockets": frozenset(("docket_number", "court_id", "case_name", "date_filed")),
}
# In the order of their worth: the first that is filled is taken.
_COLUMNS = (
    "html_with_citations",
    "html_columbia",
    "html_lawbox",
    "xml_harvard",
    "html_anon_2020",
    "html",
    "plain_text",
)
_MOST_FIELD = 32 << 20
_TAGS = re.compile(r"<[a-zA-Z/][^>]*>")
_BLOCK_END = re.compile(r"</(?:p|div|blockquote|h\d|li|tr|pre|footnote)>|<br\s*/?>|<p\b[^>]*>", re.I)
_NOTES = re.compile(
    r"<(?:a|sup|footnotemark)\b[^>]*(?:href=[\"']#fn|class=[\"'][^\"']*footnote|footnotemark)[^>]*>.*?</(?:a|sup|footnotemark)>"
    r"|<footnotemark>.*?</footnotemark>"
    r"|<(?:page-number|span class=[\"']star-pagination)[^>]*>.*?</(?:page-number|span)>",
    re.I | re.S,
)
_LINE_IN_TEXT = re.compile(r"(?<=\S)[ \t]*\n[ \t]*(?=\S)")
_TYPES = re.compile(r"^\d{3}")


def columns_of(head: str) -> frozenset[str]:
    """Return the columns of a CSV that begins with *head*."""
    first = head.lstrip("\ufeff").split("\n", 1)[0]
    return frozenset(name.strip().strip('"') for name in first.split(","))


def parse(path: Path, name: str, law: Law) -> Iterator[Provision]:
    """Yield the opinions of the table, each with its text."""
    count = 0
    with path.open(encoding="utf-8-sig", newline="", errors="strict") as file:
        try:
            for row in _rows(file, name):
                text = _text(row)
                if text:
                    count += 1
                    law.instrument = _instrument(row, count)
                    yield _opinion(row, text)
        except UnicodeDecodeError as error:
            raise refused(name, "it is not UTF-8, as CourtListener's tables are; fetch it again") from error
    if not count:
        raise no_provisions(name, "a table of CourtListener")


def _rows(file: io.TextIOBase, name: str) -> Iterator[dict[str, str]]:
    before = csv.field_size_limit(_MOST_FIELD)
    try:
        reader = csv.reader(file, escapechar="\\", doublequote=True, strict=True)
        names = next(reader, [])
        for row in reader:
            if len(row) != len(names):
                raise refused(
                    name, f"row {reader.line_num} has {len(row)} fields, want {len(names)}: it is cut short or damaged"
                )
            yield dict(zip(names, row, strict=True))
    except csv.Error as error:
        raise refused(name, f"it is no CSV as CourtListener writes it ({error}); fetch it again") from error
    finally:
        csv.field_size_limit(min(before, sys.maxsize))


def _opinion(row: dict[str, str], text: str) -> Provision:
    kind = _TYPES.sub("", row.get("type", "")).replace("_", " ").strip()
    author = one_line(row.get("author_str", ""))
    heading = " ".join(word for word in (row.get("case_name", "").strip(), kind, author) if word)
    identifier = f"courtlistener/opinion/{row.get('id', '')}"
    since = row.get("date_filed", "")[:10]
    return Provision(
        UnitKind.TEXT, "", text, heading, (f"Cluster {row.get('cluster_id', '')}",), since=since, identifier=identifier
    )


def _text(row: dict[str, str]) -> str:
    column = next((one for one in _COLUMNS if row.get(one, "").strip()), "")
    raw = row.get(column, "")
    if column == "plain_text":
        # Lines of a page; a blank line parts paragraphs.
        return "\n".join(one for part in re.split(r"\n\s*\n", raw) if (one := one_line(_LINE_IN_TEXT.sub(" ", part))))
    import html

    marked = _BLOCK_END.sub("\n", _NOTES.sub("", re.sub(r"\s+", " ", raw)))
    return "\n".join(one for line in marked.split("\n") if (one := one_line(html.unescape(_TAGS.sub("", line)))))


def _instrument(row: dict[str, str], count: int) -> Instrument:
    if count > 1:
        return Instrument(
            "Opinions of CourtListener", "", "judgment", "us", "", "public-domain", "https://www.courtlistener.com"
        )
    cluster = row.get("cluster_id", "")
    return Instrument(
        title=row.get("case_name", "").strip() or f"Opinion {row.get('id', '')} of CourtListener",
        identifier=f"courtlistener/cluster/{cluster}",
        kind="judgment",
        jurisdiction="us",
        licence="public-domain",
        url=f"https://www.courtlistener.com/opinion/{cluster}/",
    )
