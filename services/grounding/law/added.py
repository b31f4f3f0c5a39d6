"""Law that was added, for the citation check: finds the instrument of a citation and its provisions in the library."""

import logging
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from models.grounding.document import Status, UnitKind
from models.grounding.law_store import KeptInstrument, KeptProvision, LawStore
from services.citations.added_law import AddedProvision, Place
from services.citations.citation import Cite
from services.grounding.retrieval.names import name_key, numbers_in
from services.grounding.retrieval.numbers import number_key
from utils.errors import StorageError

log = logging.getLogger(__name__)
T = TypeVar("T")
_MOST_KNOWN = 10_000
# Identifiers of a part of an instrument, which does not know the rest of it.
_PART = re.compile(r"/(?:section|article|regulation|rule|schedule|part|chapter|crossheading|paragraph|body|annex)\b")
_INSTRUMENT = re.compile(r"^(?P<series>SI|SSI|SR|WSI) (?P<year>\d{4})/(?P<number>\d+)$")
_CHAPTER = re.compile(r"^(?P<year>\d{4}) (?P<series>c|asp|anaw|asc) (?P<number>\d+)$")
_SERIES = {
    "SI": ("uksi", "wsi", "nisi"),
    "SSI": ("ssi",),
    "SR": ("nisr",),
    "c": ("ukpga",),
    "asp": ("asp",),
    "anaw": ("anaw",),
    "asc": ("asc",),
}
_KINDS = {
    "section": UnitKind.SECTION,
    "article": UnitKind.ARTICLE,
    "rule": UnitKind.RULE,
    "schedule": UnitKind.SCHEDULE,
    "paragraph": UnitKind.PARAGRAPH,
}
_STATES = {Status.REPEALED: "repealed", Status.PROSPECTIVE: "prospective"}


class LibraryLaw:
    """The law in the library (see `services.citations.added_law.AddedLaw`). Thread-safe."""

    def __init__(self, store: LawStore) -> None:
        self._store = store
        self._is_told = False
        # Nearly all citations are of law that was not added: to know that must cost nothing.
        self._known: dict[frozenset[str], Sequence[KeptInstrument]] = {}
        self._state: tuple[int, ...] = ()
        self._lock = threading.Lock()

    def find(self, cite: Cite) -> "_Instrument | None":
        """Return the instrument that *cite* is of, if all of it was added; the latest state of it."""
        if not self._store.is_there:
            return None
        keys = keys_of(cite)
        found = self._instruments(keys) if keys else ()
        # Acts of the Union share one row of numbers: a directive of a regulation's number is none.
        kind = cite.parts.get("type", "").casefold()
        whole = next((one for one in found if kind in ("", one.kind) and not _PART.search(one.identifier)), None)
        return _Instrument(whole, self) if whole is not None else None

    def _instruments(self, keys: frozenset[str]) -> Sequence[KeptInstrument]:
        """Return the instruments under *keys*, from memory as long as the library did not change."""
        state = self._store.state
        with self._lock:
            if state != self._state or len(self._known) >= _MOST_KNOWN:
                self._known, self._state = {}, state
            known = self._known.get(keys)
        if known is None:
            found = self.asked(lambda: self._store.instruments(keys))
            if found is None:
                return ()
            known = tuple(found)
            with self._lock:
                if state == self._state:
                    self._known[keys] = known
        return known

    @property
    def store(self) -> LawStore:
        """Where it is kept."""
        return self._store

    def asked(self, question: Callable[[], T]) -> T | None:
        """Return what the library says; None where it cannot be read, which must not end a batch."""
        try:
            return question()
        except StorageError as error:
            if not self._is_told:
                log.warning("added law not read", extra={"reason": str(error)})
                self._is_told = True
            return None


@dataclass(frozen=True, slots=True)
class _Instrument:
    """An instrument of the library."""

    kept: KeptInstrument
    law: LibraryLaw

    @property
    def title(self) -> str:
        return self.kept.title

    @property
    def version(self) -> str:
        return self.kept.version

    def provisions(self, place: Place) -> Sequence[AddedProvision] | None:
        """Return what stands at *place*; None where the text has no provisions of that kind at all."""
        kind, key = _KINDS.get(place.kind), number_key(place.number)
        if kind is None or not key:
            return None
        store, document = self.law.store, self.kept.document
        found = self.law.asked(lambda: store.provisions(document, key))
        here = [_added(one) for one in found or () if one.kind is kind]
        if here or found is None:
            return here or None
        return [] if self.law.asked(lambda: store.has(document, kind)) else None


def keys_of(cite: Cite) -> frozenset[str]:
    """Return the keys under which the library has the instrument that a citation is of."""
    parts = cite.parts
    if parts.get("set") == "usc":
        return frozenset(() if parts["app"] else (f"usc {int(parts['title'])}",))
    if cite.jurisdiction == "eu" and parts.get("type"):
        return frozenset(numbers_in(f"{parts['type']} {parts['number']}"))
    if "sector" in parts:
        return frozenset(numbers_in(cite.normalized))
    title = parts.get("title", "")
    numbered = _INSTRUMENT.match(title) or _CHAPTER.match(title)
    if numbered:
        year, number = numbered["year"], numbered["number"]
        return frozenset(f"{series} {year} {number}" for series in _SERIES.get(numbered["series"], ()))
    return frozenset((name_key(title),)) if title and title != "CPR" else frozenset()


def _added(one: KeptProvision) -> AddedProvision:
    return AddedProvision(one.number, one.heading, one.parts, _STATES.get(one.status, ""), one.until)
