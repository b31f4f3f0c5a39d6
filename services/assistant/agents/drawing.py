"""Draws the graph of agents as SVG, from the same data that the walk goes by."""

from html import escape

from services.assistant.agents.graph import EDGES, NODES

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _EDGE = 170, 60, 90, 70, 30
_STYLE = (
    "rect{fill:light-dark(#f4f6fb,#1d2433);stroke:light-dark(#33507a,#9db7e0);rx:8}"
    "text{font:14px sans-serif;fill:light-dark(#14202f,#e8eef8);text-anchor:middle}"
    "path{fill:none;stroke:light-dark(#7186a8,#7c93b8)}.model{stroke-dasharray:5 3}:root{color-scheme:light dark}"
)


def drawn() -> str:
    """Return the picture; a dashed frame is an agent that needs a model."""
    columns, rows = (1 + max(node.place[axis] for node in NODES) for axis in (0, 1))
    width = columns * (_WIDTH + _GAP_X) - _GAP_X + 2 * _EDGE
    height = rows * (_HEIGHT + _GAP_Y) - _GAP_Y + 2 * _EDGE
    places = {node.name: _corner(node.place) for node in NODES}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        "<title>The agents and who follows whom</title>",
        f"<style>{_STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8"/></marker></defs>',
    ]
    for edge in EDGES:
        line = _line(places[edge.source], places[edge.target])
        told = escape(f"{edge.source} to {edge.target}: {edge.when}")
        parts.append(f'<path d="{line}" marker-end="url(#tip)"><title>{told}</title></path>')
    for node in NODES:
        x, y = places[node.name]
        kind = ' class="model"' if node.needs_model else ""
        parts.append(
            f'<g><title>{escape(node.purpose)}</title><rect{kind} x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}"/>'
        )
        parts.append(f'<text x="{x + _WIDTH // 2}" y="{y + _HEIGHT // 2 + 5}">{node.name}</text></g>')
    return "\n".join([*parts, "</svg>"])


def _corner(place: tuple[int, int]) -> tuple[int, int]:
    column, row = place
    return _EDGE + column * (_WIDTH + _GAP_X), _EDGE + row * (_HEIGHT + _GAP_Y)


def _line(source: tuple[int, int], target: tuple[int, int]) -> str:
    """Return a curve from one frame to another: to the right where that is, else up or down."""
    (x, y), (to_x, to_y) = source, target
    if to_x > x:
        begin, end = (x + _WIDTH, y + _HEIGHT // 2), (to_x, to_y + _HEIGHT // 2)
        middle = (begin[0] + end[0]) // 2
        return f"M{begin[0]} {begin[1]}C{middle} {begin[1]} {middle} {end[1]} {end[0]} {end[1]}"
    down = to_y > y
    begin, end = (x + _WIDTH // 2, y + _HEIGHT * down), (to_x + _WIDTH // 2, to_y + _HEIGHT * (not down))
    return f"M{begin[0]} {begin[1]}L{end[0]} {end[1]}"
