"""Shared by the adapters whose vendors speak the chat-completions wire format.

The answer is read from the raw body, leniently: the clients' own models return a
string for HTML, `choices=None` for an error inside a 200, or raise for what we can
still use.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from importlib import import_module
from typing import Any

import orjson

from services.llm.adapters.base import BaseLLMProvider, Completion, CompletionRequest
from services.llm.adapters.message import called_with, check_refusal, error_in_success, parts_of
from services.llm.adapters.streamed import read_stream
from services.llm.adapters.transport import Response, connections, transports
from services.llm.adapters.wire import Wire
from utils.error_parameters import JSON_SCHEMA
from utils.errors import AnswerFormatError

# The two spellings of the most tokens of an answer.
LENGTH_FIELDS = ("max_tokens", "max_completion_tokens")


class ChatCompletionsProvider(BaseLLMProvider):
    """Base of Groq, Cerebras and everything OpenAI-compatible."""

    max_tokens_field = "max_completion_tokens"
    prefix = ""
    http_library = "httpx"
    _wire: Wire | None = None

    def _complete(self, request: CompletionRequest) -> Completion:
        if request.listener is not None:
            return self._stream(request)
        response = self._post(self._client(), request)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return read_completion(response.content, headers, self.config.id, request.model)

    def _http_client(self) -> Any:  # each vendor wants that of its own library
        """Return the HTTP client for the vendor's client, whose requests `Wire` then makes as that one does."""
        self._wire = Wire(transports(self.http_library, self.config), self.http_library)
        arguments = connections(self.http_library, self.config, transport=self._wire)
        return import_module(self.http_library).Client(**arguments)

    def _post(self, client: Any, request: CompletionRequest) -> Response:  # a client of whichever vendor
        """Post by the client's general method, at half the CPU: its typed one walks through every message."""
        content = orjson.dumps(self._body(request))

        def by_client() -> Response:
            response: Response = client.post(
                f"{self.prefix}/chat/completions",
                cast_to=import_module(self.http_library).Response,
                content=content,
                options={"timeout": request.timeout_s},
            )
            return response

        return self._wire.post(by_client, request.timeout_s, content) if self._wire is not None else by_client()

    def _stream(self, request: CompletionRequest) -> Completion:
        """Read the answer as it is written; the client's own chunks drop what some vendors send."""
        arguments = self._body(request)
        extra = {} if "stream_options" in request.left_out else {"stream_options": {"include_usage": True}}
        opened = self._client().chat.completions.with_streaming_response.create(
            **arguments, stream=True, extra_body=extra, timeout=request.timeout_s
        )
        with ExitStack() as held:
            response = held.enter_context(opened)
            headers = {name.lower(): value for name, value in response.headers.items()}
            lines = response.iter_lines()
            answer = read_stream(lines, headers, request, self.config.id)
            ended = held.pop_all()
        # A connection is used again only if its answer was read to the end, which some servers are slow to write.
        self._threads.afterwards(lambda: _read_out(lines, ended))
        return answer

    def _body(self, request: CompletionRequest) -> dict[str, object]:
        arguments: dict[str, object] = {
            "model": request.model,
            "messages": [dict(message) for message in request.messages],
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


def _read_out(lines: Iterator[str], ended: ExitStack) -> None:
    """Read what follows the last piece of an answer, and let go of its connection."""
    with ended:
        deque(lines, maxlen=0)


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
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise AnswerFormatError(f"{provider}/{model}: the body ({len(content)} bytes) is not JSON") from None
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
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")) or len(text) // 4,
        finish_reason=str(choices[0].get("finish_reason") or ""),
        headers=headers,
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def without_suffix(base_url: str, *suffixes: str) -> str:
    """Drop the version part that a client adds itself: twice, it is a 404."""
    for suffix in suffixes:
        base_url = base_url.removesuffix("/").removesuffix(suffix)
    return base_url
