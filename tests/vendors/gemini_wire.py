"""The wire of Google's Gemini API: contents of parts, chunks without an end mark, errors with details.

What it refuses is refused here, too: roles that it does not know, thoughts of models that have none.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.vendors.replies import Answer

PATH = re.compile(r"/v1beta/models/(?P<model>[^/:]+(?::[^/:]+)?):(?P<stream>streamG|g)enerateContent")
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_ENDS = {"stop": "STOP", "length": "MAX_TOKENS"}
_ROLES = {"user": "user", "model": "assistant"}


def of_path(path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """Return *body* with what its path says of it; None for a path that is none of the vendor's."""
    found = PATH.fullmatch(path)
    return None if found is None else {**body, "model": found["model"], "stream": found["stream"] == "streamG"}


def heard(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request in the names of chat completions."""
    system = body.get("systemInstruction")
    turns = [{"role": "system", **_text(system)}] if system else []
    turns += [{"role": _ROLES.get(turn.get("role"), "?"), **_text(turn)} for turn in body["contents"]]
    most = body.get("generationConfig", {}).get("maxOutputTokens")
    return {"model": body["model"], "stream": body["stream"], "messages": turns, "max_tokens": most}


def fault_of(body: dict[str, Any]) -> str:
    """Return what the API says to a request that it does not take; "" for a good one."""
    if any(turn.get("role") not in _ROLES for turn in body["contents"]):
        return "Please use a valid role: user, model."
    config = body.get("generationConfig", {})
    if "thinkingConfig" in config and "gemini-2.0" in body["model"]:
        return "Unable to submit request because thinking is not supported by this model."
    return ""


def refusal(status: int, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "status": STATUSES.get(status, "UNKNOWN")}}


def models(names: list[str]) -> dict[str, Any]:
    answers = ["generateContent", "countTokens"]
    return {"models": [{"name": f"models/{name}", "supportedGenerationMethods": answers} for name in names]}


def whole(answer: Answer) -> dict[str, Any]:
    thoughts = [{"text": answer.thinking, "thought": True}] if answer.thinking else []
    return _response(answer, [*thoughts, {"text": answer.text}], _ENDS.get(answer.finish_reason, answer.finish_reason))


def stream(answer: Answer) -> Iterator[bytes]:
    """Yield the chunks of an answer; the last one says how it ended."""
    if answer.thinking:
        yield chunk(_response(answer, [{"text": answer.thinking, "thought": True}], None))
    step = max(1, len(answer.text) // 3)
    for at in range(0, len(answer.text), step):
        yield chunk(_response(answer, [{"text": answer.text[at : at + step]}], None))
    yield chunk(_response(answer, [{"text": ""}], _ENDS.get(answer.finish_reason, answer.finish_reason)))


def chunk(said: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(said)}\r\n\r\n".encode()


def _response(answer: Answer, parts: list[dict[str, Any]], finish: str | None) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": parts}, "index": 0}
    thoughts = min(answer.completion_tokens, 20 if answer.thinking else 0)
    usage = {
        "promptTokenCount": answer.prompt_tokens,
        "candidatesTokenCount": answer.completion_tokens - thoughts,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": answer.prompt_tokens + answer.completion_tokens,
    }
    return {
        "candidates": [candidate | ({"finishReason": finish} if finish else {})],
        "usageMetadata": usage,
        "modelVersion": answer.model,
        "responseId": "r",
    }


def _text(turn: dict[str, Any]) -> dict[str, str]:
    return {"content": "\n".join(part.get("text", "") for part in turn["parts"])}
