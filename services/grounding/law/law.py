"""What parsers of law share: their result, the reading of XML with bounds, dates."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.grounding.document import Instrument, Provision
from services.grounding.extraction.kinds import refused
from services.grounding.law.prose import local
from utils.errors import DocumentError

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_MONTHS = "january february march april may june july august september october november december".split()
_WRITTEN = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s({'|'.join(_MONTHS)})\s(\d{{4}})\b", re.I)
# How libxml2 tells that there is no memory.
_NO_MEMORY = (0, 2)


@dataclass(slots=True)
class Law:
    """What a parser found beside the provisions; complete once all were taken."""

    instrument: Instrument | None = None


# Yields the provisions of the file at a path, which people call so; raises DocumentError.
Parser = Callable[[Path, str, Law], Iterator[Provision]]


def iso_date(text: str | None) -> str:
    """Return the day that *text* begins with, as 2024-01-31; "" for none."""
    found = _DATE.match(text or "")
    return "-".join(found.groups()) if found else ""


def written_date(text: str) -> str:
    """Return the first day that *text* gives in words ("27 April 2016"), as 2016-04-27; "" for none."""
    found = _WRITTEN.search(text)
    return f"{found[3]}-{_MONTHS.index(found[2].lower()) + 1:02d}-{int(found[1]):02d}" if found else ""


def ended(path: Path, name: str, tags: Collection[str]) -> Iterator["Element"]:
    """Yield each element of an XML file that has one of the local names *tags*, when all of it was read.

    No entity is resolved, nothing is loaded, and a tree that is too deep is refused. Whoever has read an element
    clears it, so that a file of any size fits into memory.
    """
    from lxml import etree

    try:
        with path.open("rb") as file:
            steps = etree.iterparse(
                file,
                events=("end",),
                tag=[f"{{*}}{tag}" for tag in tags],
                resolve_entities=False,
                load_dtd=False,
                no_network=True,
                huge_tree=False,
                remove_comments=True,
                remove_pis=True,
            )
            for _, element in steps:
                yield element
    except etree.XMLSyntaxError as error:
        raise damaged(name, error) from error


def damaged(name: str, error: Exception) -> DocumentError:
    """Return what *error* of the XML reader says; MemoryError where it was that."""
    if getattr(error, "code", None) in _NO_MEMORY:
        raise MemoryError
    said = str(error)[:200]
    if "depth" in said.lower() or "huge" in said.lower():
        return refused(name, f"its XML is nested too deeply or has too long a text ({said})")
    return refused(name, f"its XML is cut short or damaged ({said}); fetch or save it again")


def clear(element: "Element") -> None:
    """Free what is in an element that was read; what follows it stays."""
    element.clear(keep_tail=True)


def root_of(element: "Element") -> "Element":
    """Return the root of the document that *element* is in."""
    root: Element = element.getroottree().getroot()
    return root


def child(element: "Element | None", *names: str) -> "Element | None":
    """Return the element that local *names* lead to, one below the other."""
    for name in names:
        element = next((one for one in element if local(one) == name), None) if element is not None else None
    return element


def above(element: "Element", names: Collection[str]) -> "Iterator[Element]":
    """Yield the elements around *element* that have one of the local *names*, outermost first."""
    yield from reversed([one for one in element.iterancestors() if local(one) in names])


def no_provisions(name: str, what: str) -> DocumentError:
    """Return the error that a file of a known form holds no text of law."""
    return refused(name, f"it is {what} without a provision in it: fetch the whole text, not its contents or its data")
