"""Messages of the service as pages say them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from utils.plugins import find_specs
from web import page_words as words
from web import views
from web.page_spec import PageSpec
from web.page_words import page_words

_ROOT = Path(__file__).resolve().parents[2]
_OF_CALLERS = re.compile(r"/api/|\b(?:GET|POST|PUT|PATCH|DELETE) /|\bheader Authorization")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        pytest.param(
            "file 'a': is not here; GET /api/files lists those that are",
            "file 'a': is not here; the page Documents lists those that are",
            id="a route that lists",
        ),
        pytest.param(
            "Started as b1. GET /api/v1/generate/batch/status?batch_id=b1 tells how it goes.",
            "Started as b1. The page Batches tells how it goes.",
            id="a sentence of its own",
        ),
        pytest.param(
            "provider 'x': exists already; change it with PUT /api/providers/x",
            "provider 'x': exists already; change it on the page Models",
            id="with",
        ),
        pytest.param(
            "use_rag: no document is ready; upload one (POST /api/files/upload) or wait until it is read",
            "use_rag: no document is ready; upload one (on the page Documents) or wait until it is read",
            id="in brackets",
        ),
        pytest.param(
            "set: id cannot be set for many samples at once; use PUT /api/sample/<id>",
            "set: id cannot be set for many samples at once; go to the page Data set",
            id="use",
        ),
        pytest.param(
            "the embedded model knows only catalogue topics; choose one of GET /api/topics, or a provider with a key",
            "the embedded model knows only catalogue topics; choose one of those on the page Generate, or a provider"
            " with a key",
            id="one of",
        ),
        pytest.param(
            "data/train.parquet is gone; POST /api/releases/rel_1/verify tells what else is",
            "data/train.parquet is gone; the page Releases tells what else is",
            id="releases",
        ),
        pytest.param(
            "template 'x': is not here; GET /api/templates lists those that are",
            "template 'x': is not here; the page Automation lists those that are",
            id="automation",
        ),
        pytest.param(
            "verdict: found out by the service; use POST /api/sample/<id>/review to decide",
            "verdict: found out by the service; go to the page Review to decide",
            id="review",
        ),
        pytest.param("Save it with POST /api/v1/products, or ask", "Save it with the API, or ask", id="no page"),
        pytest.param(
            "no provider is open for this request (a/b: connection_error, c/d: rate_limit)",
            "no provider is open for this request (a/b: it could not be reached, c/d: its limit was reached)",
            id="causes",
        ),
        pytest.param("There are none yet: upload some.", "There are none yet: upload some.", id="nothing to replace"),
    ],
)
def test_a_message_names_the_page_where_it_named_a_route(message: str, shown: str) -> None:
    assert page_words(message) == shown


def test_no_message_of_the_service_shows_a_route_on_a_page() -> None:
    messages = [text for folder in ("services", "models", "utils", "api/edge") for text in _messages(_ROOT / folder)]

    assert any(_OF_CALLERS.search(text) for text in messages)
    assert [text for text in messages if _OF_CALLERS.search(page_words(text))] == []


def test_every_page_that_is_named_is_in_the_menu_or_leads_there() -> None:
    menu = {spec.menu.label for spec in find_specs(views, PageSpec) if spec.menu is not None}

    assert {name for _, name in words._PAGES} - menu == {"Batches", "Memories"}


def _messages(folder: Path) -> Iterator[str]:
    """Yield the sentences among the literals of a folder: no docstrings, addresses or patterns."""
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text())
        described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if id(node) in described | inner:
                continue
            text = _text(node)
            if " " in text and "](" not in text and not text.lstrip().startswith(("<", "POST", "GET")):
                yield text


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "x1" for part in node.values)  # type: ignore[misc]  # parts of an f-string that are constants are texts
    return ""
