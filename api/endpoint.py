"""Declares endpoints: who may call, what is sent, what is answered.

The declaration is checked (a view gets `query` and `body` validated) and is what the
OpenAPI document is made of (`api/openapi.py`), so that neither can say what is not so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal

from flask import Response, current_app, request
from pydantic import BaseModel

from api.deps import body_of
from api.turns import Turns
from models.fields import validated
from utils.access_tokens import Role

View = Callable[..., Response]
_ATTRIBUTE = "declaration"


@dataclass(frozen=True, slots=True)
class File:
    """An answer that is no JSON of ours: a file, a page or a stream."""

    mimetype: str
    description: str = ""
    others: tuple[str, ...] = ()

    @property
    def mimetypes(self) -> tuple[str, ...]:
        """All kinds that it may be."""
        return (self.mimetype, *self.others)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an endpoint is.

    Attributes:
        answer: Model of the answer with status 200, or the kind of file.
        role: Who may call; None: read for GET, write for the rest.
        errors: Statuses beyond those that every endpoint may answer with.
        headers: Headers of the answer, with what they say.
        consumes: Kinds of body besides JSON.
        streams: Kind of the answer when a stream was asked for.
        reads: What the view gets of the body: the model, the JSON object as it came (the service
            says what is wrong with it), or nothing, since it reads by itself.
        in_line: Whether it takes turns with others (`api/turns.py`). Not for what may take seconds, must
            answer at once, or has another answer each time; changes and files never do.
    """

    answer: Any
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    role: Role | None = None
    tag: str = ""
    errors: tuple[int, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    consumes: tuple[str, ...] = ()
    streams: str = ""
    reads: Literal["model", "raw", "view"] = "model"
    in_line: bool = True

    def takes_turns(self, method: str) -> bool:
        """Tell whether it waits in line when called by *method*."""
        return self.in_line and method == "GET" and not isinstance(self.answer, File)

    def role_of(self, method: str) -> Role:
        """Return the role that *method* needs."""
        if self.role is not None:
            return self.role
        return Role.READ if method in ("GET", "HEAD") else Role.WRITE


def endpoint(answer: Any, **fields: Any) -> Callable[[View], View]:
    """Declare a view; *fields* are those of `Declaration`.

    The view is called with `query` and `body` as its declaration has them, beside the parts of the path.
    """
    declared = Declaration(answer, **fields)

    def declare(view: View) -> View:
        @wraps(view)
        def checked(**path: Any) -> Response:
            if declared.query is not None:
                path["query"] = validated(declared.query, _arguments())
            if declared.body is not None and declared.reads != "view":
                sent = body_of(request)
                path["body"] = sent if declared.reads == "raw" else validated(declared.body, sent)
            if declared.takes_turns(request.method):
                turns: Turns = current_app.extensions["turns"]
                return turns.answer((request.path, request.query_string), lambda: view(**path))
            return view(**path)

        setattr(checked, _ATTRIBUTE, declared)
        return checked

    return declare


def declaration_of(name: str | None) -> Declaration | None:
    """Return the declaration of the endpoint *name* of this app; None when it has none."""
    return declared_by(current_app.view_functions.get(name or ""))


def declared_by(view: object) -> Declaration | None:
    """Return what *view* was declared as; None when it was not."""
    return getattr(view, _ATTRIBUTE, None)


def _arguments() -> dict[str, str]:
    """Return the query's arguments; an empty one is as if it were not there."""
    return {name: text for name, text in request.args.items() if text.strip()}
