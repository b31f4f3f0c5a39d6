"""The wire of each vendor: paths, bodies of answers and errors, headers, streams.

Forms as the vendors document them and as users pasted them: Groq's envelope,
Cerebras' flat errors, Ollama's `{"error": text}`, limits in headers. Wires that share
nothing with chat completions have modules of their own.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from tests.vendors import anthropic_wire, gemini_wire
from tests.vendors.replies import Answer, Reply
from tests.vendors.sight import fault_of_pictures, words_of

__all__ = ["ADAPTERS", "HTML_502", "PATHS", "Answer", "Reply", "Wire", "completion", "error", "heard", "vendor_error"]

HTML_502 = b"<!DOCTYPE html><html><head><title>api.vendor.test | 502: Bad gateway</title></head><body>x</body></html>"


@dataclass(frozen=True, slots=True)
class Wire:
    """How an adapter talks, as its tests need to know it.

    Attributes:
        kind: The simulated vendor that it calls.
        key: Header that carries the key, and what stands before the key in it.
        lacks: What the wire does not know, of schema, seed and reasoning.
    """

    kind: str
    key: tuple[str, str] = ("authorization", "Bearer ")
    lacks: frozenset[str] = frozenset()


# Every adapter that calls a vendor, by its id: the tests of all adapters run for each.
ADAPTERS = {
    "groq": Wire("groq"),
    "cerebras": Wire("cerebras"),
    "openai_compatible": Wire("openai"),
    "ollama": Wire("ollama"),
    "anthropic": Wire("anthropic", lacks=frozenset({"seed"})),
    "google": Wire("google", ("x-goog-api-key", "")),
}
# The vendors whose wire has nothing in common with chat completions.
OWN: dict[str, ModuleType] = {"anthropic": anthropic_wire, "google": gemini_wire}
PATHS = {
    "groq": ("/openai/v1/chat/completions", "/openai/v1/models"),
    "cerebras": ("/v1/chat/completions", "/v1/models"),
    "openai": ("/v1/chat/completions", "/v1/models"),
    "ollama": ("/api/chat", "/api/tags"),
    "anthropic": ("/v1/messages", "/v1/models"),
    "google": ("/v1beta/models/m1:generateContent", "/v1beta/models"),
}


def error(
    status: int, message: str, code: str = "", headers: dict[str, str] | None = None, flat: bool = False
) -> Reply:
    """Build a vendor's error: Groq's envelope, or Cerebras' flat form."""
    inner = {"message": message, "type": "invalid_request_error", "code": code, "param": None}
    return Reply(status, inner if flat else {"error": inner}, headers or {})


def vendor_error(kind: str, status: int, message: str, code: str = "", headers: dict[str, str] | None = None) -> Reply:
    """Build an error in the form of vendor *kind*."""
    if kind in OWN:
        return Reply(status, OWN[kind].refusal(status, message), headers or {})
    if kind == "ollama":
        return Reply(status, {"error": message}, headers or {})
    return error(status, message, code, headers, flat=kind == "cerebras")


def of_path(kind: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """Return *body* with what its path says; None for a path where the vendor answers nobody."""
    if kind == "google":
        return gemini_wire.of_path(path, body)
    return body if path == PATHS[kind][0] else None


def heard(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return a request in the names of chat completions (model, messages, max_tokens), whatever its wire calls them."""
    said = dict(OWN[kind].heard(body)) if kind in OWN else dict(body)
    said["messages"] = [{**message, "content": words_of(message.get("content", ""))} for message in said["messages"]]
    return said


def not_taken(kind: str, body: dict[str, Any]) -> str:
    """Return what the vendor says to a request that it does not take; "" for a good one."""
    return fault_of_pictures(kind, body) or (str(OWN[kind].fault_of(body)) if kind in OWN else "")


def model_list(kind: str, models: list[str]) -> Reply:
    """Build the list of models."""
    if kind in OWN:
        return Reply(body=OWN[kind].models(models))
    if kind == "ollama":
        return Reply(body={"models": [{"model": name, "name": name} for name in models]})
    return Reply(body={"object": "list", "data": [{"id": name, "object": "model"} for name in models]})


def completion(kind: str, answer: Answer, headers: dict[str, str], stream: bool = False) -> Reply:
    """Build the vendor's own form of a good answer."""
    own = OWN.get(kind)
    if stream:
        return Reply(headers=headers, chunks=tuple(own.stream(answer) if own else _stream(kind, answer)))
    if own:
        return Reply(body=own.whole(answer), headers=headers)
    return Reply(body=_whole(kind, answer), headers=headers)


def _whole(kind: str, answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if kind == "ollama":
        message |= {"thinking": answer.thinking} if answer.thinking else {}
        return {
            "model": answer.model,
            "created_at": "2026-01-01T00:00:00Z",
            "message": message,
            "done": True,
            "done_reason": answer.finish_reason,
            "prompt_eval_count": answer.prompt_tokens,
            "eval_count": answer.completion_tokens,
        }
    message |= {"reasoning": answer.thinking} if answer.thinking else {}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": answer.model,
        "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason}],
        "usage": _usage(answer),
    }


def _usage(answer: Answer) -> dict[str, int]:
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": answer.prompt_tokens + answer.completion_tokens,
    }


def _stream(kind: str, answer: Answer) -> Iterator[bytes]:
    step = max(1, len(answer.text) // 4)
    pieces = [answer.text[place : place + step] for place in range(0, len(answer.text), step)]
    if answer.thinking and kind == "ollama":
        yield json.dumps({**_whole(kind, replace(answer, text="")), "done": False}).encode() + b"\n"
    elif answer.thinking:
        yield _event(answer, {"reasoning": answer.thinking}, None)
    for piece in pieces:
        if kind == "ollama":
            row: dict[str, Any] = {**_whole(kind, replace(answer, text=piece, thinking="")), "done": False}
            yield json.dumps(row).encode() + b"\n"
        else:
            yield _event(answer, {"content": piece}, None)
    if kind == "ollama":
        yield json.dumps(_whole(kind, replace(answer, text="", thinking=""))).encode() + b"\n"
        return
    yield _event(answer, {}, answer.finish_reason)
    yield b"data: [DONE]\n\n"


def _event(answer: Answer, delta: dict[str, str], finish: str | None) -> bytes:
    chunk: dict[str, Any] = {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "system_fingerprint": "fp",
        "model": answer.model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    if finish is not None:
        chunk |= {"usage": _usage(answer), "x_groq": {"id": "r", "usage": _usage(answer)}}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"
