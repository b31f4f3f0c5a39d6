"""The methods of the client are the operations of the API: all of them, and as the document has them."""

import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from flask import Flask

from api.edge.openapi import document
from api_server import create_app
from bootstrap import Service
from config import PROJECT_DIR
from ltp import AsyncClient, Client
from tests.ltp.loops import run
from tests.ltp.write_client import operations, written
from tests.ltp.write_types import Json

_RUN = b'id: 1\ndata: {"type": "done"}\n\ndata: [DONE]\n\n'


@pytest.fixture
def app(platform: Service) -> Flask:
    return create_app(platform=platform)


def answered(seen: list[httpx.Request], streams: bool, request: httpx.Request) -> httpx.Response:
    """Answer anything with nothing, or with a run that ends."""
    request.read()
    seen.append(request)
    return httpx.Response(200, content=_RUN, headers={"X-Run-ID": "r"}) if streams else httpx.Response(200, json={})


def arguments(method: Callable[..., Any], schemas: Json, body: str) -> dict[str, Any]:
    """Return an argument for each parameter of *method*, and those of its *body*."""
    given: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(method).parameters.items()):
        if parameter.kind is parameter.VAR_KEYWORD:
            given |= dict.fromkeys(schemas[body]["properties"], "1")
        elif name == "fields" and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            given[name] = dict.fromkeys(schemas[body]["properties"], "1")
        else:
            given[name] = "1"
    return given


def test_methods_are_those_that_the_document_gives(app: Flask) -> None:
    for name, text in written(app).items():
        assert (PROJECT_DIR / "ltp" / name).read_text() == text, "run `.venv/bin/python -m tests.ltp.write_client`"


def test_every_operation_of_the_document_has_a_method_or_is_another_path_of_one_that_has(app: Flask) -> None:
    found = operations(app)
    reached = {(one.path, one.method.lower()) for one in found}
    all_of_them = {(path, method) for path, methods in document(app)["paths"].items() for method in methods}

    assert {f"{method} {path}" for path, method in all_of_them - reached} == {
        "post /api/import/jsonl",
        "post /api/log_event",
        "post /api/session/start",
        "get /api/session/{session_id}",
        "delete /api/session/{session_id}",
        "post /api/session/{session_id}/end",
    }


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_methods_send_what_the_document_says(app: Flask, tmp_path: Path, kind: type) -> None:
    seen: list[httpx.Request] = []
    (tmp_path / "file").write_bytes(b"{}")

    schemas = document(app)["components"]["schemas"]
    for one in operations(app):
        body = str((one.body or {}).get("$ref", "")).rpartition("/")[2]
        seen.clear()
        streams = set(one.contents) == {"text/event-stream"}
        answer = partial(answered, seen, streams)
        called(kind, answer, (one.group, one.name), partial(arguments, schemas=schemas, body=body), tmp_path)
        request = seen[0]
        assert request.method == one.method
        assert re.fullmatch(re.sub(r"{\w+}", "1", one.path), request.url.path), one
        assert set(request.url.params) <= {parameter["name"] for parameter in one.parameters("query")}
        if body and not one.takes_file:
            sent = cast("Json", httpx.Response(200, content=request.content).json())
            assert set(sent) == set(schemas[body]["properties"]) - ({"stream"} - set(sent)), one


def called(
    kind: type, answer: Any, place: tuple[str, str], given: Callable[[Callable[..., Any]], dict[str, Any]], folder: Path
) -> None:
    """Call the method at *place*, its group and name, of either client."""
    group, name = place

    def filled(method: Callable[..., Any]) -> dict[str, Any]:
        found = given(method)
        return found | {key: folder / "file" for key in ("to", "file") if key in found}

    async def later() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            method = getattr(getattr(AsyncClient("http://test", http=http), group), name)
            made = method(**filled(method))
            _ = [event async for event in made] if inspect.isasyncgen(made) else await made

    if kind is AsyncClient:
        run(later())
        return
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        method = getattr(getattr(Client("http://test", http=http), group), name)
        made = method(**filled(method))
        _ = list(made) if isinstance(made, Iterator) else made


@pytest.mark.parametrize("place", ["docs/client.md", "ltp/__init__.py", "examples/data_set.ipynb"])
def test_methods_that_are_shown_are_there(place: str) -> None:
    shown = re.findall(r"\bclient\.([a-z_]+)(?:\.([a-z_]+))?\(", (PROJECT_DIR / place).read_text())

    with Client() as client, httpx.Client() as http:
        others = AsyncClient(http=cast("httpx.AsyncClient", http))
        for group, method in shown:
            for one in (client, others):
                assert callable(getattr(getattr(one, group), method) if method else getattr(one, group))
    assert shown


def test_importing_the_package_loads_neither_the_service_nor_what_a_client_needs(tmp_path: Path) -> None:
    code = "import sys, ltp; before = set(sys.modules); ltp.Client; print(sorted(before), sorted(set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(PROJECT_DIR)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    first, _, then = done.stdout.partition("] [")

    assert "'httpx'" not in first
    assert "'httpx'" in then
    for module in ("flask", "pydantic", "sqlalchemy", "requests", "utils", "services", "models", "config"):
        assert f"'{module}'" not in then
