"""Shared by the adapters whose vendors speak the chat-completions wire format.

The answer is read from the raw body, leniently: the clients' own models return `choices=None` for an error inside a
200, or raise for what we can still use.
"""

from collections.abc import Mapping

import orjson

from services.llm.adapters.base import Completion, CompletionRequest
from services.llm.adapters.message import called_with, check_refusal, count, error_in_success, json_in, parts_of, stated
from services.llm.adapters.posting import PostingProvider, lower
from services.llm.adapters.streamed import read_stream
from services.llm.adapters.turns import Turn, turns_of
from utils.error_parameters import JSON_SCHEMA

# The two spellings of the most tokens of an answer.
LENGTH_FIELDS = ("max_tokens", "max_completion_tokens")


class ChatCompletionsProvider(PostingProvider):
    """Base of Groq, Cerebras and everything OpenAI-compatible."""

    takes_pictures = True
    max_tokens_field = "max_completion_tokens"
    prefix = ""

    @property
    def path(self) -> str:
        """Where the client posts a question."""
        return f"{self.prefix}/chat/completions"

    def _complete(self, request: CompletionRequest) -> Completion:
        if request.listener is not None:
            return self._stream(request)
        response = self._post(self._client(), self.path, self._body(request), request.timeout_s)
        return read_completion(response.content, lower(response.headers), self.config.id, request.model)

    def _stream(self, request: CompletionRequest) -> Completion:
        arguments = self._body(request)
        extra = {} if "stream_options" in request.left_out else {"stream_options": {"include_usage": True}}
        opened = self._client().chat.completions.with_streaming_response.create(
            **arguments, stream=True, extra_body=extra, timeout=request.timeout_s
        )
        return self._listen(opened, lambda lines, headers: read_stream(lines, headers, request, self.config.id))

    def _body(self, request: CompletionRequest) -> dict[str, object]:
        arguments: dict[str, object] = {
            "model": request.model,
            "messages": _messages(request),
            self._length_field(request): request.max_tokens,
            "temperature": request.temperature,
            "top_p": request.top_p,
        }
        if request.seed is not None:
            arguments["seed"] = request.seed % 2**31
        if request.schema is not None:
            arguments["response_format"] = _response_format(request.schema, JSON_SCHEMA not in request.left_out)
        return {name: value for name, value in arguments.items() if name not in request.left_out}

    def _length_field(self, request: CompletionRequest) -> str:
        """Return how the model calls the most tokens of an answer."""
        if self.max_tokens_field not in request.left_out:
            return self.max_tokens_field
        return next(name for name in LENGTH_FIELDS if name != self.max_tokens_field)

    def _list_models(self) -> list[str]:
        body = orjson.loads(self._client().models.with_raw_response.list().http_response.content)
        rows = body.get("data", []) if isinstance(body, dict) else body
        # Google writes "models/" before its ids, and takes them without.
        return [
            row["id"].removeprefix("models/")
            for row in rows
            if isinstance(row, dict) and isinstance(row.get("id"), str)
        ]


def _messages(request: CompletionRequest) -> list[dict[str, object]]:
    if not request.pictures:
        return [dict(message) for message in request.messages]
    return [{"role": turn.role, "content": _content(turn)} for turn in turns_of(request.messages, request.pictures)]


def _content(turn: Turn) -> object:
    """Return what a message says; with pictures a list, which many servers take of the user alone."""
    if not turn.pictures:
        return turn.text
    said: list[dict[str, object]] = [{"type": "text", "text": turn.text}] if turn.text.strip() else []
    return said + [{"type": "image_url", "image_url": {"url": picture.data_uri}} for picture in turn.pictures]


def _response_format(schema: Mapping[str, object], is_taken: bool) -> dict[str, object]:
    """Ask for *schema*, or for JSON where that *is_taken* not; llama.cpp and others read a schema there too."""
    if not is_taken:
        return {"type": "json_object", "schema": dict(schema)}
    return {"type": JSON_SCHEMA, "json_schema": {"name": "sample", "strict": True, "schema": dict(schema)}}


def read_completion(content: bytes, headers: Mapping[str, str], provider: str, model: str) -> Completion:
    """Read the body of a 200.

    Raises:
        GenerationError: it holds an error of the vendor, in whatever shape.
        AnswerFormatError: it is no chat completion.
    """
    body = json_in(content, provider, model)
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise error_in_success(body, provider, model, headers)
    if choices[0].get("error"):  # OpenRouter, when the vendor broke off
        raise error_in_success(choices[0], provider, model, headers)
    message = choices[0].get("message") or {}
    usage = body.get("usage") or {}
    parts = parts_of(message.get("content"))
    text = parts.text if parts.text.strip() else called_with(message)
    check_refusal(message.get("refusal"), choices[0].get("finish_reason"), text, provider, model)
    thoughts = (parts_of(message.get(name)) for name in ("reasoning", "reasoning_content", "thinking"))
    return Completion(
        text=text,
        thinking=next((said for part in thoughts if (said := part.text or part.thinking)), parts.thinking),
        model=str(body.get("model") or model),
        prompt_tokens=count(usage.get("prompt_tokens")),
        completion_tokens=count(usage.get("completion_tokens")) or len(text) // 4,
        finish_reason=str(choices[0].get("finish_reason") or ""),
        headers=headers,
        reasoning_tokens=stated(usage.get("completion_tokens_details"), "reasoning_tokens"),
    )


def without_suffix(base_url: str, *suffixes: str) -> str:
    """Drop the version part that a client adds itself: twice, it is a 404."""
    for suffix in suffixes:
        base_url = base_url.removesuffix("/").removesuffix(suffix)
    return base_url
