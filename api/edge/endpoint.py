"""Declares endpoints: who may call, what is sent, what is answered.

A view says by its annotations what it takes (`query`, `body`) and what it answers; `Endpoint` adds who may call and
what else may come. The declaration is checked (a view gets `query` and `body` validated, mypy holds its answer against
its annotation) and is what the OpenAPI document is made of (`api/edge/openapi.py`), so that neither can differ from the
code.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Literal, ParamSpec

from flask import Response, current_app, request
from pydantic import BaseModel

from api.edge.deps import body_of, reply
from api.edge.sharing import alone, in_line
from models.fields import validated
from utils.access_tokens import Role

P = ParamSpec("P")
_ATTRIBUTE = "declaration"


@dataclass(frozen=True, slots=True)
class File:
    """An answer other than our JSON: a file, a page or a stream.

    Attributes:
        events: Type of the JSON in the data of each message of a stream.
        last: The data of its last message, where that is no such JSON.
    """

    mimetype: str
    description: str = ""
    others: tuple[str, ...] = ()
    events: object = None
    last: str = ""

    @property
    def mimetypes(self) -> tuple[str, ...]:
        """All media types that it may have."""
        return (self.mimetype, *self.others)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Decorator of a view: declares what its annotations do not say.

    The view is called with `query` and `body` as it is annotated, beside the parts of the path; what it returns is sent
    as JSON, unless it is a `Response`.

    Attributes:
        answers: What a view that makes its own `Response` answers with status 200: a type, or the kind of file.
        also: Statuses besides 200 with which the same is answered: 202 for what goes on in the background.
        role: Who may call; None: read for GET, write for the rest.
        errors: Statuses beyond those that every endpoint may answer with.
        headers: Headers of the answer, with their meaning.
        takes: The body of a view that gets the JSON object unchecked: the service validates it.
        reads: Who reads the body: this decorator ("edge"), or the view itself.
        consumes: Media types of the body besides JSON.
        also_as: Another form of the answer, when that was asked for: a stream, a picture.
        in_line: Whether it takes turns with others (`api/edge/turns.py`). Not for what may take seconds, must
            answer at once, or has another answer each time; changes and files never do.
    """

    tag: str = ""
    answers: object = None
    also: tuple[int, ...] = ()
    role: Role | None = None
    errors: tuple[int, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    takes: type[BaseModel] | None = None
    reads: Literal["edge", "view"] = "edge"
    consumes: tuple[str, ...] = ()
    also_as: "File | None" = None
    in_line: bool = True

    def __call__(self, view: Callable[P, object]) -> Callable[P, Response]:
        """Return *view* as Flask calls it."""
        declared = _declaration(view, self)

        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> Response:
            takes_turns = declared.takes_turns(request.method)
            if not takes_turns:
                alone()
            if declared.query is not None:
                kwargs["query"] = validated(declared.query, _arguments())
            if declared.body is not None and self.reads == "edge":
                sent = body_of(request)
                kwargs["body"] = sent if self.takes is not None else validated(declared.body, sent)
            if takes_turns:
                return in_line(lambda: reply(view(*args, **kwargs)))
            return reply(view(*args, **kwargs))

        setattr(checked, _ATTRIBUTE, declared)
        return checked


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an endpoint is: how it was declared, and the types that its view is annotated with."""

    endpoint: Endpoint
    answer: object
    query: type[BaseModel] | None
    body: type[BaseModel] | None

    def takes_turns(self, method: str) -> bool:
        """Say whether a call by *method* takes turns with others."""
        return self.endpoint.in_line and method == "GET" and not isinstance(self.answer, File)

    def role_of(self, method: str) -> Role:
        """Return the role that *method* needs."""
        if self.endpoint.role is not None:
            return self.endpoint.role
        return Role.READ if method in ("GET", "HEAD") else Role.WRITE


def declaration_of(name: str | None) -> Declaration | None:
    """Return the declaration of the endpoint *name* of this app; None when it has none."""
    return declared_by(current_app.view_functions.get(name or ""))


def declared_by(view: object) -> Declaration | None:
    """Return what *view* was declared as; None when it was not."""
    return getattr(view, _ATTRIBUTE, None)


def _declaration(view: Callable[..., object], endpoint: Endpoint) -> Declaration:
    found = inspect.signature(view)
    answer = found.return_annotation if endpoint.answers is None else endpoint.answers
    if answer in (Response, inspect.Signature.empty):
        raise TypeError(f"{view.__name__}: has no answer type; annotate its return or give `answers`")
    query = found.parameters["query"].annotation if "query" in found.parameters else None
    body = found.parameters["body"].annotation if "body" in found.parameters else None
    return Declaration(endpoint, answer, query, endpoint.takes or body)


def _arguments() -> dict[str, str]:
    """Return the query's arguments; an empty one counts as absent."""
    return {name: text for name, text in request.args.items() if text.strip()}
