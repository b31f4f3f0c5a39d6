"""The quality report as one HTML page with charts, which needs nothing else: no script, no network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_SHOWN = 20


def render(report: Mapping[str, Any], title: str) -> str:
    """Return the page; every text is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=True
    )
    environment.filters["bars"] = _bars
    return environment.get_template("report_page.html").render(report=report, title=title)


def _bars(counts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the largest of *counts* with their share of the largest, in percent."""
    numbers = {name: value["rate"] if isinstance(value, Mapping) else value for name, value in counts.items()}
    shown = sorted(numbers.items(), key=lambda item: -(item[1] or 0))[:_SHOWN]
    most = max((value or 0 for _, value in shown), default=0) or 1
    return [{"name": name, "value": value, "percent": round(100 * (value or 0) / most, 1)} for name, value in shown]
