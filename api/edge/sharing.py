"""Answers a quick read in line, for all who wait with the same request in the server (`utils.wsgi.Line`)."""

from collections.abc import Callable

from flask import Response, current_app, request
from flask_limiter import Limiter

from api.edge.turns import Turns
from utils.tracing import is_tracing
from utils.wsgi import LINE, Line


def in_line(find_out: Callable[[], Response]) -> Response:
    """Answer this request by *find_out* when its turn has come."""
    turns: Turns = current_app.extensions["turns"]
    line = line_of_request()
    if line is not None and is_tracing():  # each request has a span of its own
        line.dissolve()
        line = None
    response = turns.answer((request.path, request.query_string), find_out, line)
    if line is not None and line.joined and not response.is_streamed and _are_allowed(len(line.joined)):
        line.share()
    return response


def alone() -> None:
    """Have nobody wait for the answer to this request."""
    if (line := line_of_request()) is not None:
        line.dissolve()


def line_of_request() -> Line | None:
    """Return the line of this request; None where the server has none."""
    return request.environ.get(LINE)


def _are_allowed(count: int) -> bool:
    """Count *count* more requests of this client; False, and none is counted, if they are more than its limit."""
    limiters: set[Limiter] = current_app.extensions.get("limiter", set())
    counted = [(limiter.limiter, one) for limiter in limiters for one in limiter.current_limits]
    return all(rule.test(one.limit, *one.request_args, cost=count) for rule, one in counted) and all(
        rule.hit(one.limit, *one.request_args, cost=count) for rule, one in counted
    )
