"""The OpenAPI 3.1 document, made of the declarations (`api/edge/endpoint.py`) and of the types that they name.

pydantic makes the schemas: of bodies and arguments, which it validates, and of the answers, which are the TypedDicts
that the services return. Added here is what belongs to HTTP: the failures that every endpoint may answer with, files
and streams, headers, roles, examples, which are recorded from a running service (`tests/api/record_examples.py`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from inspect import getdoc
from pathlib import Path
from typing import Any, TypeAlias, cast

import orjson
from flask import Flask
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core.core_schema import TypedDictSchema
from werkzeug.routing import Rule

from api.edge.endpoint import Declaration, File, declared_by
from api.edge.failures import FAILURES
from api.edge.version import VERSION
from models.contract.answers.base import Failure, StoredSample
from models.contract.answers.dataset import ImportFailure
from models.contract.answers.monitoring import NotReadyFailure
from models.contract.answers.runs import RunMessage
from utils.access_tokens import Role

# A piece of a schema: JSON of any depth, which no type of Python describes.
Json: TypeAlias = dict[str, Any]
EXAMPLES = Path(__file__).with_name("examples.json")
_JSON = "application/json"
_REF = "#/components/schemas/"
_ALWAYS = (400, 401, 403, 405, 414, 429, 431, 500, 503)
_WITH_BODY = (413, 415, 507)
_BLANK = {"type": "string", "maxLength": 0}
_SLOW = ("/api/generate", "/api/chat/completions", "/api/chat/test")


@dataclass(frozen=True)
class _Route:
    """One method of one path."""

    path: str
    method: str
    declared: Declaration
    summary: str
    parts: tuple[str, ...]


class ClosedSchema(GenerateJsonSchema):
    """Marks each object in an answer as having no other keys; a sample and an event may have further ones."""

    def typed_dict_schema(self, schema: TypedDictSchema) -> Json:
        """Describe a TypedDict."""
        made: Json = super().typed_dict_schema(schema)
        made["additionalProperties"] = schema.get("cls") in (StoredSample, RunMessage)
        return made


def document(app: Flask) -> Json:
    """Return the document of *app*: every route under /api once (the same answer under /api/v1)."""
    found = list(_routes(app))
    routes = sorted(found, key=lambda route: route.path)
    schemas = _Schemas(routes)
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method] = _operation(route, schemas)
    return _in_json_schemas_words(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Legal Training Platform",
                "version": VERSION,
                "description": "Generates, verifies and publishes legal question-and-answer data sets. "
                "The same routes answer under /api/v1. See docs/api.md for what the fields mean together.",
            },
            "tags": [{"name": tag} for tag in dict.fromkeys(route.declared.endpoint.tag for route in found) if tag],
            "paths": paths,
            "components": {
                "schemas": dict(sorted(schemas.definitions.items())),
                "responses": {str(status): _failure(status) for status in FAILURES},
                "securitySchemes": {
                    "token": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "Needed where the setting API_TOKENS is set",
                    }
                },
            },
            "servers": [{"url": "/", "description": "Wherever the service is reached"}],
        }
    )


@cache
def examples() -> dict[str, Json]:
    """Return the recorded examples by "METHOD path": `query`, `body`, `answer`."""
    found: dict[str, Json] = orjson.loads(EXAMPLES.read_bytes()) if EXAMPLES.exists() else {}
    return found


class _Schemas:
    """The schemas of all types that the routes name, made together so that each is defined once."""

    def __init__(self, routes: list[_Route]) -> None:
        self.definitions: Json = {}
        self._made: dict[int, Json] = {}
        wanted: dict[int, tuple[object, JsonSchemaMode]] = {}
        for route in routes:
            declared = route.declared
            for model in (declared.query, declared.body):
                if model is not None:
                    wanted[id(model)] = (model, "validation")
            for answer in (declared.answer, declared.endpoint.also_as):
                told = answer.events if isinstance(answer, File) else answer
                if told is not None:
                    wanted[id(told)] = (told, "serialization")
        for kind in (Failure, ImportFailure, NotReadyFailure):
            wanted[id(kind)] = (kind, "serialization")
        adapters = [(key, mode, _adapter(kind)) for key, (kind, mode) in wanted.items()]
        made, shared = TypeAdapter.json_schemas(
            adapters, ref_template=f"{_REF}{{model}}", schema_generator=ClosedSchema
        )
        self.definitions = shared.get("$defs", {})
        self._made = {key: schema for (key, _), schema in made.items()}

    def of(self, kind: object) -> Json:
        """Return the schema of *kind*: mostly a reference to its definition."""
        return self._made[id(kind)]

    def properties(self, model: type[BaseModel]) -> tuple[Json, list[str]]:
        """Return the schemas of a model's fields, and the names of those that must be given."""
        schema = self.of(model)
        if "$ref" in schema:
            schema = self.definitions[str(schema["$ref"]).rpartition("/")[2]]
        return schema.get("properties", {}), schema.get("required", [])


def _adapter(kind: object) -> TypeAdapter[object]:
    return TypeAdapter(cast("type[object]", kind))  # a class, a list of one, or a union, as the views are annotated


def _routes(app: Flask) -> Iterator[_Route]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        declared, path = declared_by(view), template_of(rule)
        shown = (path.startswith("/api/") and not path.startswith("/api/v1/")) or path == "/metrics"
        if declared is None or not shown:
            continue
        parts = tuple(part for is_dynamic, part in rule._trace if is_dynamic)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield _Route(path, method.lower(), declared, (getdoc(view) or "").partition("\n")[0], parts)


def template_of(rule: Rule) -> str:
    """Return the path of *rule* as OpenAPI writes it: `/api/batch/{batch_id}`."""
    parts = rule._trace  # werkzeug has it nowhere else
    return "".join(f"{{{part}}}" if is_dynamic else part for is_dynamic, part in parts if part != "|")


def _operation(route: _Route, schemas: _Schemas) -> Json:
    path, declared = route.path, route.declared
    example = examples().get(f"{route.method.upper()} {path}", {})
    role = declared.role_of(route.method.upper())
    operation: Json = {
        "summary": route.summary,
        "operationId": re.sub(r"\W+", "_", f"{route.method}_{path.strip('/')}").rstrip("_"),
        "tags": [declared.endpoint.tag],
        "parameters": [*_parts(route, example), *_arguments(declared.query, schemas, example)],
    }
    if role is not Role.NONE:
        operation["security"] = [{}, {"token": []}]
        operation["description"] = f"Needs the role {role.name.lower()} where tokens are set."
    if declared.body is not None or declared.endpoint.consumes:
        operation["requestBody"] = _body(declared, schemas, example)
    operation["responses"] = _responses(path, declared, schemas, example)
    return operation


def _parts(route: _Route, example: Json) -> Iterator[Json]:
    """Describe the parts of the path that a caller fills in."""
    for name in route.parts:
        parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        yield _with_example(parameter, example.get("path", {}).get(name))


def _arguments(query: type[BaseModel] | None, schemas: _Schemas, example: Json) -> Iterator[Json]:
    """Describe the arguments of the query."""
    if query is None:
        return
    properties, required = schemas.properties(query)
    for name, told in properties.items():
        schema = {key: value for key, value in told.items() if key not in ("title", "description")}
        needed = name in required
        parameter = {"name": name, "in": "query", "schema": _sent(schema, needed), "required": needed}
        if "description" in told:
            parameter["description"] = told["description"]
        yield _with_example(parameter, example.get("query", {}).get(name))


def _with_example(parameter: Json, value: object) -> Json:
    return parameter if value is None else {**parameter, "example": value}


def _sent(schema: Json, is_required: bool) -> Json:
    """Say that an argument without a value counts as absent; null cannot be sent in a query."""
    if is_required:
        return schema
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    rest = {key: value for key, value in schema.items() if key in ("default", "description") and value is not None}
    if any(kind.get("type") == "string" and not ({"enum", "minLength", "pattern"} & set(kind)) for kind in kinds):
        return {**kinds[0], **rest}
    bare = [{key: value for key, value in kind.items() if key != "default"} for kind in kinds]
    return {"anyOf": [*bare, _BLANK], **rest}


def _body(declared: Declaration, schemas: _Schemas, example: Json) -> Json:
    content: Json = {}
    needed = declared.body is None
    if declared.body is not None:
        needed = not declared.endpoint.consumes and any(
            field.is_required() for field in declared.body.model_fields.values()
        )
        content[_JSON] = {"schema": schemas.of(declared.body)}
        if "body" in example:
            content[_JSON]["example"] = example["body"]
    for kind in declared.endpoint.consumes:
        content[kind] = {"schema": _file_schema(kind, declared.query, schemas)}
    return {"required": needed, "content": content}


def _file_schema(kind: str, query: type[BaseModel] | None, schemas: _Schemas) -> Json:
    """Describe a file that is the body, or one in a form, whose fields may be what the query may hold."""
    if kind != "multipart/form-data":
        return {"type": "string"}
    fields = schemas.properties(query)[0] if query is not None else {}
    properties = {"file": {"type": "string", "format": "binary"}, **fields}
    return {"type": "object", "required": ["file"], "properties": properties}


def _responses(path: str, declared: Declaration, schemas: _Schemas, example: Json) -> Json:
    answer = declared.answer
    if isinstance(answer, File):
        success: Json = {"description": answer.description or "A file", "content": _content(answer, schemas)}
    else:
        told = _with_example({"schema": schemas.of(answer)}, example.get("answer"))
        success = {"description": "Done", "content": {_JSON: told}}
    if declared.endpoint.also_as is not None:
        success["content"].update(_content(declared.endpoint.also_as, schemas))
    headers = {"X-Request-ID": "Finds the request in the log", **declared.endpoint.headers}
    success["headers"] = {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()}
    successes = {str(status): success for status in (200, *declared.endpoint.also)}
    return {**successes, **{str(status): _refer(path, status) for status in _statuses(path, declared)}}


def _content(file: File, schemas: _Schemas) -> Json:
    """Describe a file, or the messages of a stream."""
    schema = {} if file.events is None else {"schema": _event(schemas.of(file.events), file.last)}
    return {kind: dict(schema) for kind in file.mimetypes}


def _event(schema: Json, last: str) -> Json:
    """Describe one server-sent event, whose data is JSON of *schema*; that of the last may be *last*."""
    data: Json = {"type": "string", "contentMediaType": _JSON, "contentSchema": schema}
    if last:
        data = {"anyOf": [data, {"const": last}]}
    return {"type": "object", "properties": {"data": data}}


def _statuses(path: str, declared: Declaration) -> list[int]:
    found = {*_ALWAYS, *declared.endpoint.errors}
    if declared.body is not None:
        found |= {*_WITH_BODY}
    if path in _SLOW:
        found.add(504)
    return sorted(found)


def _refer(path: str, status: int) -> Json:
    if status == 400 and path.startswith("/api/import"):  # it lists the lines that are wrong
        schema = {"anyOf": [{"$ref": f"{_REF}Failure"}, {"$ref": f"{_REF}ImportFailure"}]}
        return {"description": FAILURES[400].meaning, "content": {_JSON: {"schema": schema, "example": _example(400)}}}
    if status == 503 and path == "/api/health/ready":
        return {
            "description": "A part does not work",
            "content": {_JSON: {"schema": {"$ref": f"{_REF}NotReadyFailure"}}},
        }
    return {"$ref": f"#/components/responses/{status}"}


def _failure(status: int) -> Json:
    content = {_JSON: {"schema": {"$ref": f"{_REF}Failure"}, "example": _example(status)}}
    failure: Json = {"description": FAILURES[status].meaning, "content": content}
    if status in (429, 503):
        text = {"description": "Seconds to wait", "schema": {"type": "string"}}
        failure["headers"] = {"Retry-After": text}
    return failure


def _example(status: int) -> Json:
    known = FAILURES[status]
    return {
        "success": False,
        "error": known.sentence,
        "type": known.kind,
        "code": known.code,
        "retryable": known.retryable,
        "category": known.category,
        "request_id": "8f14e45fceea467aa0c1b3d1f5c6e7a9",
    }


_WORDS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}


def _in_json_schemas_words(schema: Json) -> Json:
    """Rename bounds that pydantic leaves in its own terms where one of our validators precedes a type."""
    is_number = schema.get("type") in ("integer", "number")
    return {_WORDS.get(key, key) if is_number else key: _renamed(value) for key, value in schema.items()}


def _renamed(value: object) -> object:
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    return _in_json_schemas_words(value) if isinstance(value, dict) else value
