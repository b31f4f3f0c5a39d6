"""Prints models side by side."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table

if TYPE_CHECKING:
    from models.contract.answers.leaderboard import Board, BoardRow, Measured, MeasureName


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _dollars(value: float) -> str:
    return f"${value:.4f}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _seconds(value: float) -> str:
    return f"{value:.1f} s"


_WRITE: "Mapping[MeasureName, Callable[[float], str]]" = {
    **dict.fromkeys(
        ("accepted", "invented", "verified", "invalid", "grounded", "reviewed", "quality", "judge"), _share
    ),
    "cost_usd": _dollars,
    "tokens": _count,
    "answer_tokens": _count,
    "seconds": _seconds,
}
# What a terminal of 80 columns has room for, by the names that --sort takes; the rest is on the dashboard.
_SHOWN: "tuple[MeasureName, ...]" = ("accepted", "verified", "quality", "cost_usd")


def show_board(board: "Board", console: Console) -> None:
    """Print the models, the best first, each figure above its interval of 95 % and what it is of."""
    names = list(dict.fromkeys((board["sort"], *_SHOWN)))
    table = Table(Column("model", overflow="fold"), box=SIMPLE, padding=(0, 1, 1, 0))
    for name in (*names, "from the first"):
        table.add_column(name, no_wrap=True)
    for row in board["rows"]:
        figures = [_figure(row["measures"][name], _WRITE[name]) for name in names]
        table.add_row(f"{row['target']}\n{row['samples']} samples", *figures, _apart(board, row))
    console.print(table)
    if board["without_model"]:
        console.print(f"{board['without_model']} samples of people, or of nobody knows whom, are left out")


def _figure(found: "Measured", write: Callable[[float], str]) -> str:
    if found["value"] is None:
        return "–"
    low, high = found["low"], found["high"]
    interval = "" if low is None or high is None else f"{write(low)} –\n{write(high)}\n"
    return f"{write(found['value'])}\n{interval}of {found['n']:,}"


def _apart(board: "Board", row: "BoardRow") -> str:
    if row is board["rows"][0]:
        return "first"
    return {True: "told apart", False: "not told apart", None: "not known"}[row["told_apart"]]
