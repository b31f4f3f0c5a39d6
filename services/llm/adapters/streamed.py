"""Reads a streamed chat completion line by line: passes each piece on, returns the whole.

A stream that stops without a finish reason or `[DONE]` is a failure, which none of
the vendors' clients notices.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from services.llm.adapters.base import Completion, CompletionRequest, Piece
from services.llm.adapters.message import check_refusal, count, error_in_success, parts_of, stated
from utils.errors import ProviderConnectionError

_THOUGHTS = ("reasoning", "reasoning_content", "thinking")


@dataclass(slots=True)
class _Heard:
    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    calls: dict[int, list[str]] = field(default_factory=dict)
    refusal: list[str] = field(default_factory=list)
    finish_reason: str = ""
    model: str = ""
    usage: Mapping[str, object] = field(default_factory=dict)
    ended: bool = False


def read_stream(
    lines: Iterable[str], headers: Mapping[str, str], request: CompletionRequest, provider: str
) -> Completion:
    """Read *lines* of server-sent events.

    Raises:
        GenerationError: the vendor sent an error, or the stream ended early.
    """
    heard = _Heard()
    for chunk in _chunks(lines, heard):
        if chunk.get("error"):
            raise error_in_success(chunk, provider, request.model, headers)
        _take(chunk, heard, request)
    if not (heard.ended or heard.finish_reason):
        raise ProviderConnectionError(f"{provider}/{request.model}: the stream ended before the answer did")
    text = "".join(heard.texts)
    if heard.calls and not text.strip():  # the pieces of calls are no words for a listener
        text = "\n".join("".join(pieces) for pieces in heard.calls.values())
    check_refusal("".join(heard.refusal), heard.finish_reason, text, provider, request.model)
    return Completion(
        text=text,
        thinking="".join(heard.thoughts),
        model=heard.model or request.model,
        prompt_tokens=count(heard.usage.get("prompt_tokens")),
        completion_tokens=count(heard.usage.get("completion_tokens")) or len(text) // 4,
        finish_reason=heard.finish_reason,
        headers=headers,
        reasoning_tokens=stated(heard.usage.get("completion_tokens_details"), "reasoning_tokens"),
    )


def object_of(line: str) -> dict[str, object]:
    """Return the JSON object of a data line of server-sent events; {} where there is none."""
    if not line.startswith("data:"):
        return {}
    try:
        chunk = orjson.loads(line.removeprefix("data:"))
    except orjson.JSONDecodeError:
        return {}
    return chunk if isinstance(chunk, dict) else {}


def _chunks(lines: Iterable[str], heard: _Heard) -> Iterator[dict[str, object]]:
    """Yield the JSON objects of the data lines; what cannot be read is skipped."""
    for line in lines:
        if line.startswith("data:") and line.removeprefix("data:").strip() == "[DONE]":
            heard.ended = True
            return
        chunk = object_of(line)
        if chunk:
            yield chunk


def _take(chunk: Mapping[str, object], heard: _Heard, request: CompletionRequest) -> None:
    heard.model = str(chunk.get("model") or heard.model)
    # Groq puts the usage of a stream under x_groq.
    of_groq = chunk.get("x_groq")
    usage = chunk.get("usage") or (of_groq.get("usage") if isinstance(of_groq, dict) else None)
    heard.usage = usage if isinstance(usage, dict) else heard.usage
    choices = chunk.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    heard.finish_reason = str(choice.get("finish_reason") or heard.finish_reason)
    delta = choice.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    parts = parts_of(delta.get("content"))
    thought = next((said for name in _THOUGHTS if (said := parts_of(delta.get(name)).text)), "") or parts.thinking
    _take_calls(delta, heard)
    news: tuple[tuple[Piece, str, list[str]], ...] = (
        ("thought", thought, heard.thoughts),
        ("token", parts.text, heard.texts),
    )
    for kind, piece, kept in news:
        if piece:
            kept.append(piece)
            if request.listener is not None:
                request.listener(kind, piece)


def _take_calls(delta: Mapping[str, object], heard: _Heard) -> None:
    calls = delta.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        piece = function.get("arguments") if isinstance(function, dict) else None
        if isinstance(piece, str):
            place = call.get("index")
            heard.calls.setdefault(place if isinstance(place, int) else 0, []).append(piece)
    refusal = delta.get("refusal")
    if isinstance(refusal, str):
        heard.refusal.append(refusal)
