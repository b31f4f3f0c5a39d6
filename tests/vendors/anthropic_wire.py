"""Anthropic's wire, API version 2026-10-21: messages of blocks, named events, errors by type.

What that version refuses is refused here, too: parameters of sampling, roles within messages that it does not know, a
budget of thoughts for a model that adapts, a schema that leaves room.
"""

import json
from collections.abc import Iterator
from typing import Any

from tests.vendors.replies import Answer

VERSION = "2026-10-21"
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_REMOVED = ("temperature", "top_p", "top_k", "seed")
_STOPS = {"stop": "end_turn", "length": "max_tokens"}


def heard(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request in the names of chat completions."""
    before = [{"role": "system", "content": body["system"]}] if "system" in body else []
    return body | {"messages": before + body["messages"]}


def refusal(status: int, message: str) -> dict[str, Any]:
    kind = TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def fault_of(body: dict[str, Any]) -> str:
    """Return what the API says to a request that it does not take; "" for a good one."""
    for name in _REMOVED:
        if name in body:
            return f"{name}: Extra inputs are not permitted"
    roles = {message["role"] for message in body["messages"]} - {"user", "assistant"}
    if roles or not body["messages"]:
        return (
            'messages: Unexpected role "system". Use the top-level `system` parameter' if roles else "messages: empty"
        )
    schema = body.get("output_config", {}).get("format", {}).get("schema", {"additionalProperties": False})
    if schema.get("additionalProperties") is not False:
        return "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"
    return _fault_of_thinking(body)


def _fault_of_thinking(body: dict[str, Any]) -> str:
    thinking, adapts = body.get("thinking", {}), "-4-5" not in body["model"]
    if thinking.get("type") == "enabled" and adapts:
        return (
            '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and'
            ' "output_config.effort" to control thinking behavior.'
        )
    if thinking.get("type") == "adaptive" and not adapts:
        return "adaptive thinking is not supported on this model"
    if thinking.get("budget_tokens", 0) >= body["max_tokens"]:
        return "`max_tokens` must be greater than `thinking.budget_tokens`"
    return ""


def models(names: list[str]) -> dict[str, Any]:
    rows = [
        {"type": "model", "id": name, "display_name": name, "created_at": "2026-10-07T00:00:00Z", "lifecycle": "active"}
        for name in names
    ]
    return {"data": rows, "has_more": False, "first_id": names[0] if names else None, "last_id": None}


def whole(answer: Answer) -> dict[str, Any]:
    thoughts = [{"type": "thinking", "thinking": answer.thinking, "signature": "EqQB"}] if answer.thinking else []
    return _message(answer) | {
        "content": [*thoughts, {"type": "text", "text": answer.text}],
        "stop_reason": _STOPS.get(answer.finish_reason, answer.finish_reason),
    }


def stream(answer: Answer) -> Iterator[bytes]:
    """Yield the events of an answer, each with its name."""
    start = _message(answer) | {"content": [], "stop_reason": None}
    start["usage"] = start["usage"] | {"output_tokens": 1}
    yield event({"type": "message_start", "message": start})
    yield event({"type": "ping"})
    place = 0
    if answer.thinking:
        yield from _block(place, {"type": "thinking", "thinking": "", "signature": ""}, "thinking", answer.thinking)
        place = 1
    yield from _block(place, {"type": "text", "text": ""}, "text", answer.text)
    stop = _STOPS.get(answer.finish_reason, answer.finish_reason)
    yield event(
        {
            "type": "message_delta",
            "delta": {"stop_reason": stop, "stop_sequence": None},
            "usage": {"output_tokens": answer.completion_tokens},
        }
    )
    yield event({"type": "message_stop"})


def event(said: dict[str, Any]) -> bytes:
    return f"event: {said['type']}\ndata: {json.dumps(said)}\n\n".encode()


def _block(place: int, empty: dict[str, Any], kind: str, text: str) -> Iterator[bytes]:
    yield event({"type": "content_block_start", "index": place, "content_block": empty})
    step = max(1, len(text) // 3)
    for at in range(0, len(text), step):
        delta = {"type": f"{kind}_delta", kind: text[at : at + step]}
        yield event({"type": "content_block_delta", "index": place, "delta": delta})
    if kind == "thinking":
        signed = {"type": "signature_delta", "signature": "EqQB"}
        yield event({"type": "content_block_delta", "index": place, "delta": signed})
    yield event({"type": "content_block_stop", "index": place})


def _message(answer: Answer) -> dict[str, Any]:
    """Return a message; the vendor counts what a cache held apart from the other input."""
    cached = answer.prompt_tokens // 2
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "stop_sequence": None,
        "usage": {
            "input_tokens": answer.prompt_tokens - cached,
            "cache_read_input_tokens": cached,
            "cache_creation_input_tokens": 0,
            "output_tokens": answer.completion_tokens,
        },
    }
