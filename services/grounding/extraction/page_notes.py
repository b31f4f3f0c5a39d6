"""Notes about pages, told together: "pages 1-6, 9: scanned, recognised (confidence 0.91 to 0.97)"."""

from itertools import groupby

from services.grounding.extraction.outcome import Found, noted

_RUNS = 20


class PageNotes:
    """What is to be said of pages of one document."""

    def __init__(self) -> None:
        self._pages: dict[str, list[int]] = {}
        self._sure: dict[str, list[float]] = {}

    def add(self, number: int, what: str, confidence: float | None = None) -> None:
        """Say *what* of page *number*; pages come in order."""
        self._pages.setdefault(what, []).append(number)
        if confidence is not None:
            self._sure.setdefault(what, []).append(confidence)

    def tell(self, found: Found) -> None:
        """Add all notes to *found*."""
        for what, numbers in self._pages.items():
            sure = sorted({f"{one:.2f}" for one in self._sure.get(what, [])})
            confidence = f" (confidence {' to '.join(dict.fromkeys((sure[0], sure[-1])))})" if sure else ""
            noted(found, f"{_listed(numbers)}: {what}{confidence}")


def _listed(numbers: list[int]) -> str:
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    shown = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs[:_RUNS]]
    more = " and more" if len(runs) > _RUNS else ""
    return f"page{'s' if len(numbers) > 1 else ''} {', '.join(shown)}{more}"
