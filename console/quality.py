"""Prints a quality report."""

from rich.console import Console

from services.workbench import DUPLICATE, FileReport


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
