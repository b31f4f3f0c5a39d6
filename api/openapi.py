"""The OpenAPI 3.1 document, made of the declarations (`api/endpoint.py`) by spectree.

spectree joins routes, models and docstrings; added here is what it does not know: the
failures that every endpoint may answer with, files and streams, headers, roles, examples.
The examples are recorded from a running service (`tests/api/record_examples.py`).
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from flask import Flask
from werkzeug.routing import Rule

from api.endpoint import Declaration, File, declaration_of, declared_by
from api.failures import FAILURES
from api.health import VERSION
from models.answers.base import Failure
from models.answers.batches import StreamMessage
from models.answers.dataset import ImportFailure
from models.answers.management import ChatMessage
from utils.access_tokens import Role

_EXAMPLES = Path(__file__).with_name("examples.json")
_JSON = "application/json"
_REF = "#/components/schemas/"
_ALWAYS = (400, 401, 403, 405, 414, 429, 431, 500, 503)
_WITH_BODY = (413, 415, 507)
_BLANK = {"type": "string", "maxLength": 0}
_SLOW = ("/api/generate", "/api/chat/completions", "/api/chat/test")


def document(app: Flask) -> dict[str, Any]:
    """Return the document of *app*: every route under /api once (the same answer under /api/v1)."""
    with app.app_context():
        made = _generated(app)
        declared = _declarations(app)
        made["paths"] = {
            path: {method: _operation(path, method, row, declared[path, method]) for method, row in operations.items()}
            for path, operations in sorted(made["paths"].items())
            if (path.startswith("/api/") and not path.startswith("/api/v1/")) or path == "/metrics"
        }
    made["info"] = {
        "title": "Legal Training Platform",
        "version": VERSION,
        "description": "Generates, verifies and publishes legal question-and-answer data sets. "
        "The same routes answer under /api/v1. See docs/api.md for what the fields mean together.",
    }
    made["servers"] = [{"url": "/", "description": "Wherever the service is reached"}]
    made["components"]["schemas"] |= _more_schemas()
    made = _in_json_schemas_words(made)
    made["components"]["responses"] = {str(status): _failure(status) for status in FAILURES}
    made["components"]["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "Needed where the setting API_TOKENS is set",
        }
    }
    made.pop("security", None)
    return _sorted(made)


@cache
def examples() -> dict[str, dict[str, Any]]:
    """Return the recorded examples by "METHOD path": `query`, `body`, `answer`."""
    found: dict[str, dict[str, Any]] = orjson.loads(_EXAMPLES.read_bytes()) if _EXAMPLES.exists() else {}
    return found


def _generated(app: Flask) -> dict[str, Any]:
    """Return what spectree makes of the declarations.

    It is asked here and not where the views are, since it makes the schema of every model at
    once, which costs time and memory, and would read every answer whole, streams too.
    """
    from spectree import SpecTree

    tree = SpecTree(
        "flask",
        mode="strict",
        validation_error_status=400,
        validation_error_model=Failure,
        naming_strategy=_name,
        nested_naming_strategy=lambda _parent, child: child,
        annotations=False,
    )
    for view in set(app.view_functions.values()):
        declared = declared_by(view)
        if declared is not None:
            described = _described(tree, declared)(view)
            if (metadata := tree.get_function_metadata(described)) is not None:
                tree._function_metadata[view] = metadata
    made: dict[str, Any] = orjson.loads(orjson.dumps(tree.spec))
    return made


def _described(tree: Any, declared: Declaration) -> Any:
    from spectree import Response

    answers = {} if isinstance(declared.answer, File) else {"HTTP_200": declared.answer}
    return tree.validate(
        query=declared.query,
        json=declared.body,
        resp=Response(*(() if answers else ("HTTP_200",)), **answers),
        tags=(declared.tag,) if declared.tag else (),
        skip_validation=True,
    )


def _name(model: Any) -> str:
    return str(model.__name__).replace("[", "Of").replace("]", "")


def _declarations(app: Flask) -> dict[tuple[str, str], Declaration]:
    found = {}
    for rule in app.url_map.iter_rules():
        declared = declaration_of(rule.endpoint)
        path = template_of(rule)
        for method in rule.methods or ():
            if declared is not None:
                found[path, method.lower()] = declared
    return found


def template_of(rule: Rule) -> str:
    """Return the path of *rule* as OpenAPI writes it: `/api/batch/{batch_id}`."""
    parts = rule._trace  # werkzeug tells it nowhere else
    return "".join(f"{{{part}}}" if is_dynamic else part for is_dynamic, part in parts if part != "|")


def _operation(path: str, method: str, made: dict[str, Any], declared: Declaration) -> dict[str, Any]:
    example = examples().get(f"{method.upper()} {path}", {})
    role = declared.role_of(method.upper())
    operation = {key: value for key, value in made.items() if value not in ("", [])}
    operation["operationId"] = re.sub(r"\W+", "_", f"{method}_{path.strip('/')}").rstrip("_")
    operation["parameters"] = [_parameter(row, example) for row in made.get("parameters", [])]
    if role is not Role.NONE:
        operation["security"] = [{}, {"token": []}]
        needs = f"Needs the role {role.name.lower()} where tokens are set."
        operation["description"] = f"{made.get('description') or ''}\n\n{needs}".strip()
    if "requestBody" in operation:
        operation["requestBody"] = _body(declared, example)
    operation["responses"] = _responses(path, declared, operation["responses"], example)
    return operation


def _parameter(row: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    schema = row["schema"] or {"type": "string", "minLength": 1}
    schema = {key: value for key, value in schema.items() if key not in ("title", "description")}
    parameter = {key: value for key, value in {**row, "schema": schema}.items() if value != ""}
    if row["in"] == "path":
        parameter["schema"] = {"type": "string", "minLength": 1}
    else:
        parameter["schema"] = _with_blank(schema)
    value = example.get("path" if row["in"] == "path" else "query", {}).get(row["name"])
    return parameter if value is None else {**parameter, "example": value}


def _with_blank(schema: dict[str, Any]) -> dict[str, Any]:
    """Say that an argument without a value is as good as none; null cannot be sent in a query."""
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    rest = {key: value for key, value in schema.items() if key in ("default", "description") and value is not None}
    if any(kind.get("type") == "string" and not ({"enum", "minLength", "pattern"} & set(kind)) for kind in kinds):
        return {**kinds[0], **rest}
    bare = [{key: value for key, value in kind.items() if key != "default"} for kind in kinds]
    return {"anyOf": [*bare, _BLANK], **rest}


def _body(declared: Declaration, example: dict[str, Any]) -> dict[str, Any]:
    model = declared.body
    assert model is not None  # noqa: S101  # for the type checker
    needed = any(field.is_required() for field in model.model_fields.values())
    told: dict[str, Any] = {"schema": {"$ref": f"{_REF}{model.__name__}"}}
    if "body" in example:
        told["example"] = example["body"]
    content: dict[str, Any] = {_JSON: told}
    for kind in declared.consumes:
        content[kind] = {"schema": _file_schema(kind)}
    return {"required": needed and not declared.consumes, "content": content}


def _file_schema(kind: str) -> dict[str, Any]:
    if kind != "multipart/form-data":
        return {"type": "string"}
    fields = {"file": {"type": "string", "format": "binary"}}
    return {"type": "object", "required": ["file"], "properties": fields}


def _responses(path: str, declared: Declaration, made: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    success = made["200"]
    if isinstance(declared.answer, File):
        success = {
            "description": declared.answer.description or "A file",
            "content": {kind: {} for kind in declared.answer.mimetypes},
        }
        if declared.answer.mimetype == "text/event-stream":
            success["content"]["text/event-stream"] = {"schema": _event("StreamMessage")}
    else:
        success["description"] = "Done"
        if "answer" in example:
            success["content"][_JSON]["example"] = example["answer"]
    if declared.streams:
        success["content"][declared.streams] = {"schema": _event("ChatMessage")}
    headers = {"X-Request-ID": "Finds the request in the log", **declared.headers}
    success["headers"] = {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()}
    return {"200": success, **{str(status): _refer(path, status) for status in _statuses(path, declared)}}


def _event(model: str) -> dict[str, Any]:
    """Describe one server-sent event, whose data is a *model* as JSON."""
    data = {"type": "string", "contentMediaType": _JSON, "contentSchema": {"$ref": f"{_REF}{model}"}}
    return {"type": "object", "properties": {"data": data}}


def _statuses(path: str, declared: Declaration) -> list[int]:
    found = {*_ALWAYS, *declared.errors}
    if declared.body is not None:
        found |= {*_WITH_BODY}
    if path in _SLOW:
        found.add(504)
    return sorted(found)


def _refer(path: str, status: int) -> dict[str, Any]:
    if status == 400 and path.startswith("/api/import"):  # it lists the lines that are wrong
        schema = {"anyOf": [{"$ref": f"{_REF}Failure"}, {"$ref": f"{_REF}ImportFailure"}]}
        return {"description": FAILURES[400].meaning, "content": {_JSON: {"schema": schema, "example": _example(400)}}}
    if status == 503 and path == "/api/health/ready":
        return {
            "description": "A part does not work",
            "content": {_JSON: {"schema": {"$ref": f"{_REF}NotReadyFailure"}}},
        }
    return {"$ref": f"#/components/responses/{status}"}


def _failure(status: int) -> dict[str, Any]:
    content = {_JSON: {"schema": {"$ref": f"{_REF}Failure"}, "example": _example(status)}}
    failure: dict[str, Any] = {"description": FAILURES[status].meaning, "content": content}
    if status in (429, 503):
        text = {"description": "Seconds to wait", "schema": {"type": "string"}}
        failure["headers"] = {"Retry-After": text}
    return failure


def _example(status: int) -> dict[str, Any]:
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


def _more_schemas() -> dict[str, Any]:
    from models.answers.engine import NotReadyFailure

    found: dict[str, Any] = {}
    for model in (Failure, ImportFailure, NotReadyFailure, StreamMessage, ChatMessage):
        schema = model.model_json_schema(ref_template=f"{_REF}{{model}}", mode="serialization")
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    return found


_WORDS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}


def _in_json_schemas_words(value: Any) -> Any:
    """Rename bounds that pydantic leaves in its own words where a validator of ours stands before a type."""
    if isinstance(value, list):
        return [_in_json_schemas_words(item) for item in value]
    if not isinstance(value, dict):
        return value
    is_number = value.get("type") in ("integer", "number")
    return {_WORDS.get(key, key) if is_number else key: _in_json_schemas_words(item) for key, item in value.items()}


def _sorted(made: dict[str, Any]) -> dict[str, Any]:
    made["components"]["schemas"] = dict(sorted(made["components"]["schemas"].items()))
    return made
