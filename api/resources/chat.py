"""Chat with the models, as a whole or as a stream."""

from flask import Blueprint, Response

from api.edge.deps import idempotency_key, reply, run_stream, services
from api.edge.endpoint import Endpoint, File
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


@Endpoint(answers=ChatAnswer, tag=_TAG, also_as=File("text/event-stream", events=ChatMessage))
def completions(body: ChatRequest) -> Response:
    """Answer a conversation; with `stream: true` as the events of a run: status, thought, token, done or error."""
    if not body.stream:
        answer: ChatAnswer = {"success": True, **services().chat.complete(body)}
        return reply(answer)
    return run_stream(services().chat.stream(body, idempotency_key()), marks_end=False)


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
