"""The extractor for those who hold it from the start: it is made when the first text is read.

Its patterns and the reference data behind it take some 15 MiB and a quarter of a second of CPU.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from services.citations.citation import Citation
    from services.citations.extractor import Extractor


class CitationReader(Protocol):
    """Finds citations, as `services.citations.extractor.Extractor` does."""

    def extract(self, text: str) -> "list[Citation]":
        """Return the citations of *text* in order; they do not overlap."""

    def distinct(self, *texts: str) -> set[str]:
        """Return the keys of all citations in *texts*, each once."""


class ExtractorOnDemand:
    """A reader that is made when the first text is read. Thread-safe."""

    def __init__(self, make: "Callable[[], Extractor]") -> None:
        """Ask *make* whenever a text is read; it keeps what it made."""
        self._make = make

    def extract(self, text: str) -> "list[Citation]":
        """Return the citations of *text* in order; they do not overlap."""
        return self._make().extract(text)

    def distinct(self, *texts: str) -> set[str]:
        """Return the keys of all citations in *texts*, each once."""
        return self._make().distinct(*texts)
