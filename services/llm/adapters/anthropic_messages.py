"""Anthropic's Messages API: what is asked, and how answers are read, whole or as they are written.

Of API version 2026-10-21 (platform.claude.com/docs): temperature, top_p and a seed are refused whatever their value, so
they are never sent. The vendor bills the thinking among `output_tokens`, and counts what a cache held apart from
`input_tokens`. Signatures and redacted thoughts serve only to send thoughts back within a turn. A thought is never sent
back here, so both are read past.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from services.llm.adapters.base import Completion, CompletionRequest, Piece
from services.llm.adapters.blocks import Blocks
from services.llm.adapters.message import check_refusal, count, error_in_success, json_in, object_in, stated
from services.llm.adapters.streamed import object_of
from services.llm.adapters.turns import Turn, parted
from utils.error_parameters import JSON_SCHEMA
from utils.errors import AnswerFormatError, ProviderConnectionError

# Models before adaptive thinking take a budget, of at least so many tokens and less than the whole answer.
_BY_BUDGET = re.compile(r"claude-(?:3-7|(?:opus|sonnet|haiku)-4(?!-[6-9](?!\d)))")
_LEAST_BUDGET, _MOST_BUDGET = 1024, 8192
# These never think.
_WITHOUT_THOUGHT = re.compile(r"claude-(?:3-(?!7)|2|instant)")
_ENDS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
}
_PIECES: dict[object, Piece] = {"text": "token", "thinking": "thought"}
_INPUT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
Strict = Callable[[dict[str, object]], dict[str, object]]


def body_of(request: CompletionRequest, strict: Strict) -> dict[str, object]:
    """Return the body of *request*; *strict* makes of a schema what the vendor takes."""
    system, said = parted(request.messages, request.pictures)
    turns = [{"role": "assistant" if turn.role == "assistant" else "user", "content": _content(turn)} for turn in said]
    body: dict[str, object] = {"model": request.model, "max_tokens": request.max_tokens, "messages": turns}
    if not turns:
        body["messages"] = [{"role": "user", "content": system}]
    elif system:
        body["system"] = system
    thinking = _thinking(request)
    if thinking and "thinking" not in request.left_out:
        body["thinking"] = thinking
    if request.schema is not None and not request.left_out & {JSON_SCHEMA, "response_format"}:
        body["output_config"] = {"format": {"type": "json_schema", "schema": strict(dict(request.schema))}}
    return body


def read_message(content: bytes, headers: Mapping[str, str], provider: str, model: str) -> Completion:
    """Read the body of a 200.

    Raises:
        GenerationError: it holds an error of the vendor, or a refusal.
        AnswerFormatError: it is no message, or one that is not whole.
    """
    body = json_in(content, provider, model)
    if not isinstance(body, dict) or not isinstance(body.get("content"), list):
        raise error_in_success(body, provider, model, headers)
    heard = _Heard(Blocks(None))
    heard.take_message(body)
    heard.take_end(body)
    return heard.completion(headers, provider, model)


def read_events(
    lines: Iterator[str], headers: Mapping[str, str], request: CompletionRequest, provider: str
) -> Completion:
    """Read an answer from the *lines* of its server-sent events.

    Raises:
        GenerationError: the vendor sent an error or refused, or the stream ended early.
    """
    heard = _Heard(Blocks(request.listener))
    for line in lines:
        event = object_of(line)
        if event.get("type") == "error" or event.get("error"):
            raise error_in_success(event, provider, request.model, headers)
        if event.get("type") == "message_stop":
            return heard.completion(headers, provider, request.model)
        heard.take(event)
    raise ProviderConnectionError(f"{provider}/{request.model}: the stream ended before the answer did")


@dataclass(slots=True)
class _Heard:
    blocks: Blocks
    stop_reason: str = ""
    explanation: str = ""
    model: str = ""
    usage: dict[str, object] = field(default_factory=dict)

    def take(self, event: Mapping[str, object]) -> None:
        """Take one event of a stream; those of kinds to come say nothing yet."""
        match event.get("type"):
            case "message_start":
                self.take_message(object_in(event.get("message")))
            case "content_block_start":
                self.take_block(event.get("content_block"))
            case "content_block_delta":
                delta = object_in(event.get("delta"))
                kind = _PIECES.get(str(delta.get("type")).removesuffix("_delta"))
                if kind is not None:
                    self.blocks.add(kind, _piece(delta))
            case "message_delta":
                self.take_end(object_in(event.get("delta")))
                self.take_usage(event.get("usage"))

    def take_message(self, message: Mapping[str, object]) -> None:
        self.model = str(message.get("model") or self.model)
        self.take_usage(message.get("usage"))
        blocks = message.get("content")
        for block in blocks if isinstance(blocks, list) else ():
            self.take_block(block)

    def take_block(self, block: object) -> None:
        held = object_in(block)
        kind = _PIECES.get(held.get("type"))
        self.blocks.begin(kind)
        if kind is not None:
            self.blocks.add(kind, _piece(held))

    def take_usage(self, usage: object) -> None:
        """Take counts, which are those of the whole answer so far."""
        self.usage |= {name: value for name, value in object_in(usage).items() if value is not None}

    def take_end(self, end: Mapping[str, object]) -> None:
        self.stop_reason = str(end.get("stop_reason") or self.stop_reason)
        details = object_in(end.get("stop_details"))
        self.explanation = str(details.get("explanation") or details.get("category") or self.explanation)

    def completion(self, headers: Mapping[str, str], provider: str, model: str) -> Completion:
        """Return the whole answer; an error where it is none."""
        text = self.blocks.text
        refusal = self.explanation if self.stop_reason == "refusal" else None
        check_refusal(refusal, self.stop_reason, text, provider, model)
        if self.stop_reason == "pause_turn":
            raise AnswerFormatError(f"{provider}/{model}: the vendor paused before the answer was whole")
        return Completion(
            text=text,
            thinking=self.blocks.thinking,
            model=self.model or model,
            prompt_tokens=sum(count(self.usage.get(name)) for name in _INPUT),
            completion_tokens=count(self.usage.get("output_tokens")) or len(text) // 4,
            finish_reason=_ENDS.get(self.stop_reason, self.stop_reason),
            headers=headers,
            reasoning_tokens=stated(self.usage.get("output_tokens_details"), "thinking_tokens"),
        )


def _thinking(request: CompletionRequest) -> dict[str, object]:
    """Ask for thoughts as the model wants it: without `display` newer ones think and show nothing."""
    if _WITHOUT_THOUGHT.match(request.model):
        return {}
    if not _BY_BUDGET.match(request.model):
        return {"type": "adaptive", "display": "summarized"}
    budget = min(request.max_tokens // 2, _MOST_BUDGET)
    return {"type": "enabled", "budget_tokens": budget} if budget >= _LEAST_BUDGET else {}


def _content(turn: Turn) -> object:
    """Return what a message says; pictures stand before the text, as the vendor recommends."""
    if not turn.pictures:
        return turn.text
    shown: list[dict[str, object]] = [
        {"type": "image", "source": {"type": "base64", "media_type": picture.media_type, "data": picture.base64}}
        for picture in turn.pictures
    ]
    return shown + ([{"type": "text", "text": turn.text}] if turn.text.strip() else [])


def _piece(held: Mapping[str, object]) -> str:
    piece = held.get("text") or held.get("thinking")
    return piece if isinstance(piece, str) else ""
