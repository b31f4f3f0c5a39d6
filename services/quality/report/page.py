"""The quality report as one HTML page with charts; it needs no script and no network."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models.contract.answers.quality_report import QualityFigures, ValidRate
from utils.installation import COMMAND

_SHOWN = 20


def render(report: QualityFigures, title: str) -> str:
    """Return the page; every text is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=True
    )
    environment.filters["bars"] = _bars
    return environment.get_template("page.html").render(report=report, title=title, command=COMMAND)


@dataclass(frozen=True, slots=True)
class _Bar:
    """One line of a chart; `percent` is its share of the longest, of shares that of 1."""

    name: str
    value: float | None
    percent: float


def _bars(counts: Mapping[str, float | ValidRate | None]) -> list[_Bar]:
    """Return the largest of *counts*."""
    numbers = {name: value["rate"] if isinstance(value, dict) else value for name, value in counts.items()}
    shown = sorted(numbers.items(), key=lambda item: -(item[1] or 0))[:_SHOWN]
    # A share is one of the whole: the largest of a few small ones does not fill the line.
    are_shares = any(isinstance(value, dict) for value in counts.values())
    most = 1 if are_shares else max((value or 0 for _, value in shown), default=0) or 1
    return [_Bar(name, value, round(100 * (value or 0) / most, 1)) for name, value in shown]
