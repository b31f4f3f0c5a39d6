"""Chat with the models, as a whole or as a stream."""

from collections.abc import Iterator
from typing import Any

import orjson
from flask import Blueprint, Response

from api.deps import services, success
from api.endpoint import endpoint
from models.answers.management import ChatAnswer, ChatProvidersAnswer, SystemPromptsAnswer
from models.requests import ChatMessageBody, ChatRequest, ChatTest

_TAG = "Chat"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_chat", __name__)
    routes.post("/chat/completions")(completions)
    routes.post("/chat/test")(test)
    routes.get("/chat/providers")(providers)
    routes.get("/chat/system-prompts")(system_prompts)
    return routes


@endpoint(ChatAnswer, body=ChatRequest, tag=_TAG, streams="text/event-stream")
def completions(body: ChatRequest) -> Response:
    """Answer a conversation; with `stream: true` as server-sent events of type token, thought, done or error."""
    if not body.stream:
        return success(**services().chat.complete(body))
    response = Response(_events(services().chat.stream(body)), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"
    return response


@endpoint(ChatAnswer, body=ChatTest, tag=_TAG)
def test(body: ChatTest) -> Response:
    """Answer one prompt, with a system instruction if there is one."""
    system = [ChatMessageBody(role="system", content=body.system_instruction)] if body.system_instruction else []
    messages = [*system, ChatMessageBody(role="user", content=body.prompt)]
    wanted = ChatRequest(provider=body.provider, model=body.model, messages=messages)
    return success(**services().chat.complete(wanted))


@endpoint(ChatProvidersAnswer, tag=_TAG)
def providers() -> Response:
    """List who can be chatted with."""
    return success(providers=services().chat.providers())


@endpoint(SystemPromptsAnswer, tag=_TAG)
def system_prompts() -> Response:
    """List system prompts to choose from."""
    return success(prompts=services().chat.system_prompts)


def _events(pieces: Iterator[dict[str, Any] | None]) -> Iterator[bytes]:
    yield b": open\n\n"  # the headers leave at once
    for piece in pieces:
        yield b": heartbeat\n\n" if piece is None else b"data: %s\n\n" % orjson.dumps(piece)
