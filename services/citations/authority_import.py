"""Imports known authorities into the local index, from a user's CSV or the bulk files of open collections.

Forms: static.case.law `CasesMetadata.json` (a list of cases of one volume); Find Case Law's Atom
feeds; CourtListener's bulk CSV of citations, with that of opinion clusters for the names.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree as ET  # nosec B405

from models.catalogue.authority_store import AuthorityRow, AuthorityStore
from services.citations.extractor import Extractor
from services.citations.local_index import rows_from
from utils.errors import InputError

FORMATS = ("csv", "case-law", "find-case-law", "courtlistener")
_KINDS = frozenset({"", "case", "statute", "regulation", "treaty"})
_JURISDICTIONS = frozenset({"", "uk", "us", "eu", "international"})
_ATOM = "{http://www.w3.org/2005/Atom}"
_SHOWN = 5
_LONGEST = 1 << 28


@dataclass
class ImportedAuthorities:
    """The result of an import: rows added, known before, and not understood."""

    added: int = 0
    known: int = 0
    unread: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Source:
    """One authority as read from a file."""

    name: str
    citations: str
    facts: dict[str, str]


def import_authorities(
    path: Path, form: str, store: AuthorityStore, extractor: Extractor, names: Path | None = None
) -> ImportedAuthorities:
    """Read *path* into *store*.

    Args:
        path: The file.
        form: One of `FORMATS`.
        store: The index.
        extractor: Reads the references.
        names: CourtListener's file of opinion clusters, for the names of the cases.

    Raises:
        InputError: the file cannot be read, or is not in this form.
    """
    if form not in _READERS:
        raise InputError(f"format: got {form[:40]!r}, want one of {', '.join(FORMATS)}")
    result = ImportedAuthorities()
    read = 0

    def rows() -> Iterator[AuthorityRow]:
        nonlocal read
        for source in _READERS[form](path, names):
            found = rows_from(source.name, source.citations, source.facts, extractor)
            if not found:
                result.unread += 1
                if len(result.examples) < _SHOWN:
                    result.examples = (*result.examples, source.citations[:80])
            read += len(found)
            yield from found

    try:
        result.added = store.add(rows())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
    except (csv.Error, ET.ParseError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is not in the form {form} ({error})") from None
    result.known = read - result.added
    return result


def _csv(path: Path, _names: Path | None) -> Iterator[_Source]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if "citation" not in (reader.fieldnames or ()):
            got = ", ".join(reader.fieldnames or ())[:200]
            raise InputError(
                f"{path}: got the columns {got}, want citation (and name, jurisdiction, kind, year, source)"
            )
        for row in reader:
            facts = {name: (row.get(name) or "").strip() for name in ("jurisdiction", "kind", "year", "source")}
            if facts["kind"] not in _KINDS or facts["jurisdiction"] not in _JURISDICTIONS:
                raise InputError(
                    f"{path}: line {reader.line_num}: got kind {facts['kind']!r} and jurisdiction"
                    f" {facts['jurisdiction']!r}; want a kind of citation and one of uk, us, eu, international"
                )
            yield _Source(
                (row.get("name") or "").strip(),
                row["citation"] or "",
                {**facts, "source": facts["source"] or path.name},
            )


def _case_law(path: Path, _names: Path | None) -> Iterator[_Source]:
    for case in json.loads(path.read_text(encoding="utf-8")):
        cites = "; ".join(cite["cite"] for cite in case["citations"])
        facts = {
            "jurisdiction": "us",
            "kind": "case",
            "year": str(case.get("decision_date", "")),
            "source": "static.case.law",
        }
        yield _Source(str(case.get("name_abbreviation") or case["name"]), cites, facts)


def _find_case_law(path: Path, _names: Path | None) -> Iterator[_Source]:
    # A feed comes from a file that the user chose; entities beyond the standard's five are not expanded by this parser.
    for _, entry in ET.iterparse(path):  # noqa: S314  # nosec B314
        if entry.tag != f"{_ATOM}entry":
            continue
        cites = [
            node.text or "" for node in entry.iter() if node.tag.endswith("}identifier") and node.get("type") == "ukncn"
        ]
        cites += [node.text or "" for node in entry.iter() if node.tag.endswith("}cite")]
        title = entry.findtext(f"{_ATOM}title") or ""
        year = re.search(r"\[(\d{4})\]", " ".join(cites))
        facts = {"jurisdiction": "uk", "kind": "case", "year": year.group(1) if year else "", "source": "Find Case Law"}
        yield _Source(title, "; ".join(cites), facts)
        entry.clear()


def _courtlistener(path: Path, names: Path | None) -> Iterator[_Source]:
    called = dict(_clusters(names)) if names is not None else {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in _postgres_rows(file):
            name, year = called.get(row["cluster_id"], ("", ""))
            facts = {"jurisdiction": "us", "kind": "case", "year": year, "source": "CourtListener"}
            yield _Source(name, f"{row['volume']} {row['reporter']} {row['page']}", facts)


def _postgres_rows(file: TextIO) -> Iterator[dict[str, str]]:
    """Read CSV as the vendor's database writes it: long fields, quotes escaped by backslashes."""
    csv.field_size_limit(_LONGEST)
    return csv.DictReader(file, escapechar="\\", doublequote=False)


def _clusters(path: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in _postgres_rows(file):
            yield row["id"], (row["case_name"], str(row.get("date_filed") or "")[:4])


_READERS: dict[str, Callable[[Path, Path | None], Iterator[_Source]]] = {
    "csv": _csv,
    "case-law": _case_law,
    "find-case-law": _find_case_law,
    "courtlistener": _courtlistener,
}
