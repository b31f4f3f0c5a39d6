"""The index of authorities that a user imported, and the reading of its rows."""

import logging
from collections.abc import Callable, Iterator, Sequence

from models.catalogue.authority_store import AuthorityRow, AuthorityStore
from services.citations.on_demand import CitationReader
from services.citations.reference import Known, name_key
from utils.errors import StorageError

log = logging.getLogger(__name__)


class LocalIndex:
    """The index in `authorities.db` (see `services.citations.reference.Index`)."""

    def __init__(self, store: AuthorityStore) -> None:
        self._store = store
        self._is_told = False

    def find(self, key: str) -> Sequence[Known]:
        """Return the authorities with a reference that folds to *key*."""
        return self._ask(self._store.with_key, key)

    def named(self, key: str) -> Sequence[Known]:
        """Return the authorities with the folded name *key*."""
        return self._ask(self._store.with_name, key)

    def _ask(self, question: Callable[[str], list[AuthorityRow]], key: str) -> list[Known]:
        """Return the file's rows; none of a broken file, which must not end a batch."""
        try:
            return [_known(row) for row in question(key)]
        except StorageError as error:
            if not self._is_told:
                log.warning("authorities not read", extra={"reason": str(error)})
                self._is_told = True
            return []


def known_from(text: str, jurisdiction: str, extractor: CitationReader) -> Iterator[Known]:
    """Yield the authorities in *text*, which is trusted."""
    for citation in extractor.extract(text):
        cites = tuple(cite.normalized for cite in citation.cites)
        ecli = tuple(cite.parts["ecli"] for cite in citation.cites if cite.parts.get("ecli"))
        first = citation.cites[0]
        # A year in square brackets is the volume's, except in neutral citations.
        dated = first.parts.get("year", "") if first.normalized.startswith("(") else first.parts.get("ecli_year", "")
        year = citation.year or (int(dated) if dated.isdigit() else None)
        yield Known((citation.name or text,), (*cites, *ecli), jurisdiction, year, citation.kind)


def rows_from(name: str, text: str, facts: dict[str, str], extractor: CitationReader) -> list[AuthorityRow]:
    """Return one row for each reference in *text* that can be read.

    Args:
        name: The authority's name; "" to take it from the text.
        text: Its references.
        facts: `jurisdiction`, `kind`, `year`, `source` where known.
        extractor: Reads them.
    """
    rows: list[AuthorityRow] = []
    for citation in extractor.extract(text):
        called = name or citation.name
        year = facts.get("year", "")
        rows += [
            AuthorityRow(
                cite.key,
                name_key(called),
                called,
                cite.normalized,
                facts.get("jurisdiction") or cite.jurisdiction,
                facts.get("kind") or cite.kind,
                int(year[:4]) if year[:4].isascii() and year[:4].isdigit() else citation.year,
                facts.get("source", ""),
            )
            for cite in citation.cites
        ]
    return rows


def _known(row: AuthorityRow) -> Known:
    return Known((row.name,), (row.citation,), row.jurisdiction, row.year, row.kind)
