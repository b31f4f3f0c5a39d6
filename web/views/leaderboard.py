"""Models side by side: on all data, and on one plan."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from api.edge.deps import services
from models.contract.arguments import LeaderboardArguments
from models.fields import validated
from services.platform import Which
from utils.errors import NotFoundError
from web.formats import words
from web.page_spec import PageSpec
from web.parts import batch_words, board
from web.rendering import asked, page


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/leaderboard", "leaderboard", _leaderboard)
    ui.add_url_rule("/comparisons/<path:comparison_id>", "comparison", _comparison)


def _leaderboard() -> ResponseReturnValue:
    platform = services()
    wanted = validated(LeaderboardArguments, asked())
    return page(
        "leaderboard.html",
        section="ui.providers",
        wanted=wanted,
        board=platform.board.board(Which(wanted.chosen, wanted.named, wanted.since), wanted.sort),
        measures=board.MEASURES,
        shown=board.shown,
        sorts=[(name, named.label) for name, named in board.MEASURES.items()],
        topics=[(name, name) for name in _values("topic")],
        levels=[(name, words(name)) for name in _values("difficulty")],
        comparisons=platform.comparisons.find(),
    )


def _comparison(comparison_id: str) -> ResponseReturnValue:
    try:
        found = services().comparisons.one(comparison_id)
    except NotFoundError:
        raise NotFound(f"There is no comparison {comparison_id[:100]!r} here.") from None
    return page(
        "comparison.html",
        section="ui.providers",
        comparison=found,
        measures=board.MEASURES,
        paired=board.PAIRED,
        shown=board.shown,
        difference=board.difference,
        states=batch_words.STATES,
    )


def _values(column: str) -> list[str]:
    """Return the values of a column that samples have, in order."""
    return sorted({str(getattr(cell, column)) for cell in services().dataset.cells()})


SPEC = PageSpec(_add_to)
