"""Holds every answer that a test sees against the OpenAPI document of the app that gave it."""

from collections.abc import Mapping
from typing import Any

import jsonschema
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from api.edge.openapi import document, template_of
from tests.fakes import kept_once


class CheckedClient(FlaskClient):
    """A test client that fails the test when an answer is not as documented."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        found = faults(self.application, response)
        assert not found, f"{response.request.method} {response.request.path}: {found}"
        return response


def checked_client(app: Flask) -> FlaskClient:
    app.test_client_class = CheckedClient
    return app.test_client()


def faults(app: Flask, response: TestResponse) -> str:
    """Return what about *response* contradicts the document; "" for nothing."""
    found = operation(app, response.request.method, response.request.path)
    if found is None:
        return ""
    answers = found["responses"]
    status = str(response.status_code)
    if status not in answers:
        return f"status {status} is not documented"
    told = resolved(app, answers[status])
    if response.mimetype not in told.get("content", {}):
        return f"media type {response.mimetype} is not documented for {status}"
    schema = told["content"][response.mimetype].get("schema")
    if schema is None or response.mimetype != "application/json":
        return ""
    return problem(app, schema, response.get_json())


def problem(app: Flask, schema: Mapping[str, Any], value: object) -> str:
    """Return why *value* does not fit *schema*; "" when it does."""
    whole = {**schema, "components": described(app)["components"]}
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(whole).iter_errors(value))
    return "" if error is None else f"{'/'.join(str(part) for part in error.absolute_path)}: {error.message[:300]}"


def described(app: Flask) -> dict[str, Any]:
    """Return the document; the same for every app of a test run that has the same routes."""
    routes = tuple(sorted(str(rule) for rule in app.url_map.iter_rules()))
    made: dict[str, Any] = kept_once(routes, lambda: document(app))
    return made


def operation(app: Flask, method: str, path: str) -> dict[str, Any] | None:
    """Return what is documented of a call; None for addresses that are not."""
    try:
        rule, _ = app.url_map.bind("localhost").match(path, method, return_rule=True)
    except HTTPException:
        return None
    path = template_of(rule).replace("/api/v1/", "/api/", 1)
    found: dict[str, Any] | None = described(app)["paths"].get(path, {}).get(method.lower())
    return found


def resolved(app: Flask, told: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference to a response."""
    reference = told.get("$ref")
    found: dict[str, Any] = (
        described(app)["components"]["responses"][reference.rpartition("/")[2]] if reference else told
    )
    return found
