"""Online lookup of citations that no index has; off by default, cached, and never decisive alone.

What no service knows stays unverified: their collections have gaps. Sources:
CourtListener REST API v4 `citation-lookup`; Find Case Law's addresses by neutral citation;
EUR-Lex addresses by CELEX number.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from models.catalogue.authority_store import AuthorityStore
from services.citations.citation import Citation
from services.citations.reference import Known
from utils.errors import StorageError

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)
ADDRESSES = {
    "courtlistener": "https://www.courtlistener.com",
    "find-case-law": "https://caselaw.nationalarchives.gov.uk",
    "eur-lex": "https://eur-lex.europa.eu",
}
_TIMEOUT_S = 10.0
_KEPT_S = 30 * 24 * 3600.0
# Seconds without calls after a failure, so that a batch does not wait for it again and again.
_REST_S = 60.0
_NEUTRAL = re.compile(
    r"\[(?P<year>\d{4})\] (?P<court>[A-Z]+)(?: (?P<division>Civ|Crim))? (?P<number>\d+)(?: \((?P<behind>\w+)\))?$"
)
_TITLE = re.compile(r"<(?:title|FRBRname value=\")>?\s*([^<\"]{3,300})", re.IGNORECASE)
_CELEX_LETTER = {"Regulation": "R", "Directive": "L", "Decision": "D"}


class _Row(TypedDict):
    """A case or an act as a service names it; the year is "" if unknown."""

    name: str
    year: str


class Lookup:
    """Asks the services that are switched on. Thread-safe."""

    def __init__(  # nosec B107
        self,
        store: AuthorityStore,
        services: Sequence[str] = (),
        token: str = "",
        addresses: dict[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Keep answers in *store*; *addresses* replace the services' own."""
        self._store = store
        self._services = tuple(services)
        self._token = token
        self._addresses = {**ADDRESSES, **(addresses or {})}
        self._clock = clock
        self._resting: dict[str, float] = {}

    def find(self, citation: Citation) -> list[Known]:
        """Return the authorities that the services know by the references of *citation*."""
        found: list[Known] = []
        for name in self._services:
            for cite in citation.cites:
                wanted = _question(name, cite.normalized, cite.parts)
                if wanted:
                    found += [_known(row, cite.normalized, citation) for row in self._ask(name, wanted)]
        return found

    def _remembered(self, key: str, since: float) -> object:
        try:
            return self._store.remembered(key, since)
        except StorageError:
            return None

    def _ask(self, name: str, wanted: str) -> list[_Row]:
        key = f"{name} {wanted}"
        now = self._clock()
        kept = self._remembered(key, now - _KEPT_S)
        if isinstance(kept, list):
            return kept
        if self._resting.get(name, 0.0) > now:
            return []
        import requests

        try:
            rows = _ASK[name](self._addresses[name], wanted, self._token)
        except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
            self._resting[name] = now + _REST_S
            log.warning("citation lookup failed", extra={"service": name, "reason": str(error)[:200]})
            return []
        try:
            self._store.remember(key, rows)
        except StorageError as error:
            log.warning("answer of a lookup not kept", extra={"reason": str(error)})
        return rows


def _question(service: str, normalized: str, parts: Mapping[str, str]) -> str:
    """Return the query to *service* for a reference, or "" if it does not cover it."""
    if service == "courtlistener":
        return normalized if parts.get("series") and "first" in parts else ""
    if service == "find-case-law":
        found = _NEUTRAL.match(normalized)
        if found is None or "neutral" not in parts:
            return ""
        middle = (found["division"] or found["behind"] or "").lower()
        return "/".join(part for part in (found["court"].lower(), middle, found["year"], found["number"]) if part)
    if parts.get("type") in _CELEX_LETTER:
        return f"3{parts['year']}{_CELEX_LETTER[parts['type']]}{int(parts['count']):04d}"
    return ""


def _sent(
    method: str, url: str, data: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> "requests.Response":
    """Make one request; HTTPError for a redirect, not followed since it could take the token anywhere."""
    import requests

    answer = requests.request(method, url, data=data, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False)
    if 300 <= answer.status_code < 400:
        raise requests.HTTPError(f"the answer is a redirect (status {answer.status_code}), and none is followed")
    return answer


def _courtlistener(address: str, wanted: str, token: str) -> list[_Row]:
    headers = {"Authorization": f"Token {token}"} if token else {}
    answer = _sent("POST", f"{address}/api/rest/v4/citation-lookup/", data={"text": wanted}, headers=headers)
    answer.raise_for_status()
    return [
        {"name": cluster["case_name"], "year": str(cluster.get("date_filed") or "")[:4]}
        for row in answer.json()
        if row.get("status") == 200
        for cluster in row.get("clusters", ())
    ]


def _find_case_law(address: str, wanted: str, _token: str) -> list[_Row]:
    return _page(f"{address}/{wanted}/data.xml", wanted.split("/")[-2])


def _eur_lex(address: str, wanted: str, _token: str) -> list[_Row]:
    return _page(f"{address}/legal-content/EN/TXT/?uri=CELEX:{wanted}", wanted[1:5])


def _page(url: str, year: str) -> list[_Row]:
    """Return the title of a page as a name; nothing if there is no such page."""
    answer = _sent("GET", url)
    if answer.status_code == 404:
        return []
    answer.raise_for_status()
    title = _TITLE.search(answer.text)
    return (
        [{"name": title.group(1).strip(), "year": year}] if title and "does not exist" not in answer.text[:5000] else []
    )


_ASK: dict[str, Callable[[str, str, str], list[_Row]]] = {
    "courtlistener": _courtlistener,
    "find-case-law": _find_case_law,
    "eur-lex": _eur_lex,
}


def _known(row: _Row, cite: str, citation: Citation) -> Known:
    year = str(row.get("year") or "")
    return Known(
        (str(row["name"]),), (cite,), citation.jurisdiction, int(year) if year.isdigit() else None, citation.kind
    )
