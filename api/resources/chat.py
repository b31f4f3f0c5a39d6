"""Chat with the models, as a whole or as a stream."""

from collections.abc import Iterator

import orjson
from flask import Blueprint, Response

from api.edge.deps import event_stream, reply, services
from api.edge.endpoint import Endpoint
from models.contract.answers.management import ChatAnswer, ChatMessage, ChatProvidersAnswer, SystemPromptsAnswer
from models.contract.bodies import ChatMessageBody, ChatRequest, ChatTest

_TAG = "Chat"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_chat", __name__)
    routes.post("/chat/completions")(completions)
    routes.post("/chat/test")(test)
    routes.get("/chat/providers")(providers)
    routes.get("/chat/system-prompts")(system_prompts)
    return routes


@Endpoint(answers=ChatAnswer, tag=_TAG, streams="text/event-stream")
def completions(body: ChatRequest) -> Response:
    """Answer a conversation; with `stream: true` as server-sent events of type token, thought, done or error."""
    if not body.stream:
        answer: ChatAnswer = {"success": True, **services().chat.complete(body)}
        return reply(answer)
    return event_stream(_events(services().chat.stream(body)))


@Endpoint(tag=_TAG)
def test(body: ChatTest) -> ChatAnswer:
    """Answer one prompt, with a system instruction if there is one."""
    system = [ChatMessageBody(role="system", content=body.system_instruction)] if body.system_instruction else []
    messages = [*system, ChatMessageBody(role="user", content=body.prompt)]
    wanted = ChatRequest(provider=body.provider, model=body.model, messages=messages)
    return {"success": True, **services().chat.complete(wanted)}


@Endpoint(tag=_TAG)
def providers() -> ChatProvidersAnswer:
    """List the providers and models for chats."""
    return {"success": True, "providers": services().chat.providers()}


@Endpoint(tag=_TAG)
def system_prompts() -> SystemPromptsAnswer:
    """List system prompts to choose from."""
    return {"success": True, "prompts": services().chat.system_prompts}


def _events(pieces: Iterator[ChatMessage | None]) -> Iterator[bytes]:
    yield b": open\n\n"  # sends the headers at once
    for piece in pieces:
        yield b": heartbeat\n\n" if piece is None else b"data: %s\n\n" % orjson.dumps(piece)
