"""Writes the typed methods of the client as the API declares them: `python -m tests.ltp.write_client`.

A method for each view, in a group for each module of `api/resources`: its path, arguments, body and answer come from
the OpenAPI document, so that none can differ from the service. What the names of a client are is said here.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import unwrap
from pathlib import Path
from typing import Any

from flask import Flask

from api.edge.endpoint import declared_by
from api.edge.openapi import document, template_of
from config import PROJECT_DIR
from tests.ltp.write_types import Json, comment, kind_of, types_module

LTP = PROJECT_DIR / "ltp"
GROUPS = {
    "data": "samples",
    "documentation": "service",
    "health": "service",
    "measurement": "service",
    "query": "assistant",
    "transfer": "dataset",
}
# Where the view's own name says too little beside its group, or hides a word of Python.
NAMES = {
    "comparisons.comparison": "get",
    "comparisons.comparisons": "find",
    "data.data": "all",
    "data.get_sample": "get",
    "data.update_sample": "update",
    "data.delete_sample": "delete",
    "documentation.page": "docs_page",
    "documentation.asset": "docs_asset",
    "documents.document": "get",
    "documents.documents": "find",
    "jobs.jobs": "find",
    "measurement.metrics_page": "metrics",
    "memories.memories": "find",
    "models.all_models": "find",
    "models.one": "get",
    "products.product": "get",
    "products.products": "find",
    "providers.all_providers": "find",
    "providers.one": "get",
    "query.query": "ask",
    "runs.run": "get",
    "sessions.session": "get",
    "sessions.sessions": "find",
}
_TEXTS = ("text/plain", "text/html", "text/javascript", "text/css")
_PAGERS = {"cursor": "next_cursor", "before": "next_before", "offset": "limit"}


@dataclass(frozen=True)
class Operation:
    """One method of the client."""

    group: str
    name: str
    method: str
    path: str
    told: Json
    has_key: bool

    @property
    def contents(self) -> Json:
        """What it answers, by media type."""
        found: Json = self.told["responses"]["200"].get("content", {})
        return found

    @property
    def body(self) -> Json | None:
        """The schema of its JSON body."""
        found = self.told.get("requestBody", {}).get("content", {}).get("application/json")
        return None if found is None else found["schema"]

    @property
    def takes_file(self) -> bool:
        """Whether it is sent a file."""
        return "multipart/form-data" in self.told.get("requestBody", {}).get("content", {})

    def parameters(self, place: str) -> list[Json]:
        """Return what is filled into the *place*, path or query."""
        return [one for one in self.told["parameters"] if one["in"] == place and one["name"] != "access_token"]


def operations(app: Flask) -> list[Operation]:
    """Return the operations of *app*, each once though it may have several paths, by group and name."""
    paths = document(app)["paths"]
    found: dict[tuple[str, str], Operation] = {}
    for rule in app.url_map.iter_rules():
        view, path = app.view_functions[rule.endpoint], template_of(rule)
        if declared_by(view) is None or path not in paths:
            continue
        module = view.__module__.rpartition(".")[2]
        name = NAMES.get(f"{module}.{view.__name__}", view.__name__)
        (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        has_key = "idempotency_key" in unwrap(view).__code__.co_names
        one = Operation(GROUPS.get(module, module), name, method, path, paths[path][method.lower()], has_key)
        found.setdefault((one.group, one.name), one)
        # The paths of other spellings lead to the same view; the first in the API's order is the client's.
        if len(path) < len(found[one.group, one.name].path) and "session/" not in path:
            found[one.group, one.name] = one
    return [found[key] for key in sorted(found)]


class Writer:
    """Writes one of the two modules: for who waits, or for asyncio."""

    def __init__(self, schemas: Json, is_async: bool) -> None:
        self._schemas = schemas
        self._is_async = is_async
        self._caller = "AsyncCaller" if is_async else "Caller"
        self._def, self._wait, self._for = ("async def", "await ", "async for") if is_async else ("def", "", "for")
        # Generators, not iterators: who leaves one early can close it, and with it the connection.
        self._made_of = "AsyncGenerator[{}, None]" if is_async else "Generator[{}, None, None]"

    def module(self, found: list[Operation]) -> str:
        """Return the text of the module."""
        groups = sorted({one.group for one in found})
        how = "for asyncio" if self._is_async else "each waits for its answer"
        lines = [
            f'"""The operations of the API, {how}. Written by `tests/ltp/write_client.py`: change nothing here."""',
            "",
            "from __future__ import annotations",
            "",
            f"from collections.abc import {self._made_of.partition('[')[0]}, Mapping",
            "from typing import Literal, Unpack",
            "",
            "from ltp import types",
            f"from ltp.{'async_caller' if self._is_async else 'caller'} import {self._caller}",
            "from ltp.calls import Call, FileLike, Saved, new_key, part",
        ]
        for group in groups:
            tags = dict.fromkeys(one.told["tags"][0] for one in found if one.group == group)
            lines += [f"class {group.title()}:", f'    """{", ".join(tags)}."""']
            lines += [f"    def __init__(self, caller: {self._caller}) -> None:", "        self._caller = caller"]
            for one in found:
                if one.group == group:
                    lines += [f"    {line}" for line in self._methods(one)]
        lines += ["class Operations:", '    """All groups of operations, one attribute each."""']
        lines += [f"    def __init__(self, caller: {self._caller}) -> None:"]
        lines += [f"        self.{group} = {group.title()}(caller)" for group in groups]
        return "\n".join(lines) + "\n"

    def _methods(self, one: Operation) -> Iterator[str]:
        streams = "text/event-stream" in one.contents
        if "application/json" in one.contents or not streams:
            yield from self._method(one)
        if streams:
            yield from self._stream(one, is_second="application/json" in one.contents)
        if pager := self._pager(one):
            yield from self._pages(one, *pager)

    def _method(self, one: Operation) -> Iterator[str]:
        schema = one.contents.get("application/json", {}).get("schema")
        if schema is not None or one.path.endswith("openapi.json"):
            answer = kind_of(schema, "types.") if schema else "dict[str, object]"
            yield from self._head(one, self._def, one.name, answer)
            yield f"    answer: {answer} = {self._wait}self._caller.json({self._call(one)})"
            yield "    return answer"
        elif any(kind in _TEXTS for kind in one.contents):
            yield from self._head(one, self._def, one.name, "str")
            yield f"    return {self._wait}self._caller.text({self._call(one)})"
        else:
            yield from self._head(one, self._def, one.name, "Saved", first=["to: FileLike"])
            yield f"    return {self._wait}self._caller.save({self._call(one)}, to)"

    def _stream(self, one: Operation, *, is_second: bool) -> Iterator[str]:
        schema = one.contents["text/event-stream"].get("schema", {}).get("properties", {}).get("data", {})
        told = next((kind for kind in (schema, *schema.get("anyOf", ())) if "contentSchema" in kind), None)
        kind = kind_of(told["contentSchema"], "types.") if told else "types.FileMessage"
        name = "stream" if is_second else one.name
        yield from self._head(one, "def", name, self._made_of.format(kind))
        body = '{**body, "stream": True}' if is_second else "body"
        yield f"    return self._caller.events({self._call(one, body, has_key=one.has_key)})"

    def _pager(self, one: Operation) -> tuple[str, str, Json] | None:
        """Return what leads to the next page, what a page lists under which name, and the schema of that."""
        names = {parameter["name"] for parameter in one.parameters("query")}
        schema = self._schemas.get(_named(one.contents.get("application/json", {}).get("schema", {})), {})
        lists = {name: kind for name, kind in schema.get("properties", {}).items() if kind.get("type") == "array"}
        for by, needs in _PAGERS.items():
            if by in names and len(lists) == 1 and needs in {*names, *schema["properties"]}:
                ((name, kind),) = lists.items()
                return by, name, kind["items"]
        return None

    def _pages(self, one: Operation, by: str, items: str, schema: Json) -> Iterator[str]:
        kind = kind_of(schema, "types.")
        name = "each" if one.name == "find" else f"each_of_{one.name}"
        also = "; one after another, page by page (`limit` a page)"
        yield from self._head(one, self._def, name, self._made_of.format(kind), also=also, without=by)
        yield f"    item: {kind}"
        yield f'    {self._for} item in self._caller.pages({self._call(one, without=by)}, "{items}", "{by}"):'
        yield "        yield item"

    def _head(
        self, one: Operation, begin: str, name: str, answer: str, *, also: str = "", without: str = "", first: Any = ()
    ) -> Iterator[str]:
        words = ["self", *(f"{parameter['name']}: str" for parameter in one.parameters("path")), *first]
        if one.takes_file:
            words.append("file: FileLike")
        named = self._named(one, without)
        is_open = self._is_open(one)
        if is_open:
            words.append("fields: Mapping[str, object]")
        if named:
            words += ["*", *named]
        if one.body is not None and not one.takes_file and not is_open and self._fields(one):
            words.append(f"**body: Unpack[types.{_named(one.body)}]")
        yield f"{begin} {name}({', '.join(words)}) -> {answer}:"
        yield f'    """{one.told["summary"].rstrip(".")}{also}.'
        yield ""
        fields = f"; fields of `types.{_named(one.body)}`." if is_open else ""
        yield f"    `{one.method} {one.path}`{fields}"
        asked = [one for one in self._asked(one, without) if "description" in one]
        told = [f"{one['name']}: {one['description'].rstrip('.')}." for one in asked]
        if told:
            yield ""
            yield "    Args:"
            for line in told:
                yield from (f"        {part}" for part in comment(line, 100))
        yield '    """'

    def _named(self, one: Operation, without: str) -> list[str]:
        """Return the arguments of the query as parameters, those that are needed first."""
        found = []
        for parameter in sorted(self._asked(one, without), key=lambda parameter: not parameter["required"]):
            kind = kind_of(_filled(parameter["schema"]), "types.")
            found.append(f"{parameter['name']}: {kind}" + ("" if parameter["required"] else " | None = None"))
        return found

    def _asked(self, one: Operation, without: str) -> list[Json]:
        """Return the arguments of the query, but for those that the body may hold too."""
        fields = set() if one.takes_file else self._fields(one)
        left_out = {*fields, without, "offset" if without == "cursor" else ""}
        return [one for one in one.parameters("query") if one["name"] not in left_out]

    def _fields(self, one: Operation) -> set[str]:
        schema = self._schemas.get(_named(one.body), {}) if one.body else {}
        return set(schema.get("properties", {}))

    def _is_open(self, one: Operation) -> bool:
        """Say whether the body may have fields of the caller's own."""
        return bool(one.body) and self._schemas.get(_named(one.body), {}).get("additionalProperties") is True

    def _call(self, one: Operation, body: str = "body", *, has_key: bool | None = None, without: str = "") -> str:
        path = re.sub(r"{(\w+)}", lambda match: f"{{part({match[1]})}}", one.path)
        words = [f'"{one.method}"', f'f"{path}"' if "{" in path else f'"{path}"']
        asked = [parameter["name"] for parameter in self._asked(one, without)]
        if asked:
            words.append("{" + ", ".join(f'"{name}": {name}' for name in asked) + "}")
        if one.takes_file:
            words.append("file=file")
        elif self._is_open(one):
            words.append("body=fields")
        elif one.body is not None:
            words.append(f"body={body}" if self._fields(one) else "body={}")
        is_stream_alone = has_key is None and "text/event-stream" in one.contents  # without it the key does nothing
        if (one.has_key if has_key is None else has_key) and not is_stream_alone:
            words.append("key=new_key()")
        return f"Call({', '.join(words)})"


def _named(schema: Json | None) -> str:
    return str((schema or {}).get("$ref", "")).rpartition("/")[2]


def _filled(schema: Json) -> Json:
    """Return the schema of an argument without what says that an empty one counts as absent."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("maxLength") != 0]
    return (kinds[0] if len(kinds) == 1 else {"anyOf": kinds}) if kinds else schema


def written(app: Flask) -> dict[str, str]:
    """Return the modules that are written, by name."""
    found = operations(app)
    schemas = document(app)["components"]["schemas"]
    texts = {
        "types.py": types_module(schemas),
        "operations.py": Writer(schemas, is_async=False).module(found),
        "async_operations.py": Writer(schemas, is_async=True).module(found),
    }
    return {name: _formatted(text) for name, text in texts.items()}


def _formatted(text: str) -> str:
    ruff = [str(Path(sys.executable).with_name("ruff")), "format", "-", "--quiet", "--stdin-filename", "ltp/types.py"]
    return subprocess.run(ruff, input=text, text=True, capture_output=True, check=True, cwd=PROJECT_DIR).stdout


def main() -> None:
    """Write them."""
    from api_server import create_app
    from config import load_settings

    with tempfile.TemporaryDirectory() as folder:
        app = create_app(load_settings(_env_file=None, data_dir=Path(folder)))
        for name, text in written(app).items():
            (LTP / name).write_text(text)
        app.extensions["platform"].close()


if __name__ == "__main__":
    main()
