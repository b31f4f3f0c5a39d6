"""Prints a quality report, and how far it came."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.workbench import DUPLICATE, FileReport, Told


@contextmanager
def progress() -> Iterator[Told]:
    """Show on standard error how far a work came, step by step; lend what hears of it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        shown = {}

        def told(step: str, done: int, total: int) -> None:
            if step not in shown:
                shown[step] = bars.add_task(step, total=total)
            bars.update(shown[step], completed=done)

        yield told


def title_of(place: str) -> str:
    """Return the last part of a path or address."""
    return place.partition("?")[0].rstrip("/").rpartition("/")[2]


def summary(report: FileReport, console: Console) -> None:
    """Print the main figures of the report."""
    validity, citations = report["validity"], report["citations"]
    rate = "–" if validity["rate"] is None else f"{100 * validity['rate']:.1f} %"
    console.print(f"{report['samples']} samples, {validity['valid']} valid ({rate})")
    console.print(f"citations: {', '.join(f'{name} {n}' for name, n in citations['by_verdict'].items()) or 'none'}")
    found = report["duplicates"]
    console.print(
        f"pairs of similar samples: {found['similar_pairs']}, of them from {DUPLICATE:g} on: {found['pairs_from_0_6']}"
    )
    console.print(
        f"personal data: {', '.join(f'{name} {n}' for name, n in report['pii'].items() if n) or 'none found'}"
    )
