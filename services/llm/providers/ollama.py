"""Ollama, local or cloud, by its official SDK (docs.ollama.com/api)."""

import threading
from typing import TYPE_CHECKING

from services.llm.adapters.base import AdapterSpec, BaseLLMProvider, Completion, CompletionRequest, Piece
from services.llm.adapters.message import called_with, error_in_success
from services.llm.adapters.transport import connections
from services.llm.adapters.turns import turns_of
from utils.errors import AnswerFormatError

if TYPE_CHECKING:
    from httpx import Response
    from ollama import ChatResponse, Client

CLOUD_HOST = "https://ollama.com"
# The SDK sends OLLAMA_API_KEY from the environment to any host unless that header is set;
# an empty one counts as not set.
_NO_KEY = "none"


class OllamaProvider(BaseLLMProvider):
    """Native chat API of an Ollama server."""

    takes_pictures = True

    def _make_client(self) -> "Client":
        from ollama import Client

        self._seen = threading.local()
        return Client(
            host=self.config.base_url,
            headers={"Authorization": f"Bearer {self.config.api_key}" if self.config.api_key else _NO_KEY},
            # The SDK has no timeout of its own, and follows redirects.
            **connections("httpx", self.config),
            # The SDK drops response headers, and retry-after with them.
            event_hooks={"response": [self._remember]},
        )

    def _complete(self, request: CompletionRequest) -> Completion:
        client = self._client()  # which makes `_seen`
        self._seen.response = None
        try:
            answer = self._streamed(request) if request.listener else client.chat(**self._arguments(request))
        except Exception as error:
            self._explain(error, request.model)
            raise
        if answer.prompt_eval_count is not None and answer.prompt_eval_count >= request.context_tokens:
            raise AnswerFormatError(
                f"{self.config.id}/{request.model}: the prompt was cut to {request.context_tokens} tokens of context"
            )
        response = self._seen.response
        return Completion(
            text=answer.message.content or called_with(answer.message.model_dump()),
            thinking=answer.message.thinking or "",
            model=request.model,
            prompt_tokens=answer.prompt_eval_count or 0,
            completion_tokens=answer.eval_count or 0,
            finish_reason=answer.done_reason or "",
            headers={name.lower(): value for name, value in response.headers.items()} if response is not None else {},
        )

    def _arguments(self, request: CompletionRequest) -> dict[str, object]:
        return {
            "model": self._bare(request.model),
            "messages": _messages(request),
            "format": dict(request.schema) if request.schema is not None else None,
            "options": {
                "num_predict": request.max_tokens,
                "temperature": request.temperature,
                "top_p": request.top_p,
                "num_ctx": request.context_tokens,
                **({"seed": request.seed % 2**31} if request.seed is not None else {}),
            },
        }

    def _streamed(self, request: CompletionRequest) -> "ChatResponse":
        """Pass each piece on as it comes; return the last part with the whole text in it."""
        texts: dict[Piece, list[str]] = {"token": [], "thought": []}
        part: ChatResponse | None = None
        for part in self._client().chat(**self._arguments(request), stream=True):
            news: tuple[tuple[Piece, str | None], ...] = (
                ("thought", part.message.thinking),
                ("token", part.message.content),
            )
            for kind, text in news:
                if text:
                    texts[kind].append(text)
                    assert request.listener is not None  # noqa: S101  # for the type checker
                    request.listener(kind, text)
        if part is None or not part.done:
            raise AnswerFormatError(f"{self.config.id}/{request.model}: the stream ended before the answer did")
        part.message.content, part.message.thinking = "".join(texts["token"]), "".join(texts["thought"])
        return part

    def _explain(self, error: Exception, model: str) -> None:
        """Add what the SDK dropped: headers and body, or the error inside a 200."""
        from httpx import StreamError
        from ollama import ResponseError

        response = self._seen.response
        if response is None:
            return
        if response.status_code < 400 and isinstance(error, ResponseError):  # it came within a stream
            error.body = {"error": error.error}  # type: ignore[attr-defined]  # where parse_error looks
            return
        try:
            body = response.json()
        except (ValueError, StreamError):
            body = None
        if response.status_code >= 400:
            error.response, error.body = response, body  # type: ignore[attr-defined]  # as above
        elif body is not None:
            raise error_in_success(body, self.config.id, model) from error

    def _list_models(self) -> list[str]:
        client = self._client()
        self._seen.response = None
        try:
            return [model.model for model in client.list().models if model.model]
        except Exception as error:
            self._explain(error, "")
            raise

    def _bare(self, model: str) -> str:
        """Drop the cloud suffix, which only a local daemon wants."""
        if self.config.base_url != CLOUD_HOST:
            return model
        return model.removesuffix("-cloud").removesuffix(":cloud")

    def _remember(self, response: "Response") -> None:
        self._seen.response = response


def _messages(request: CompletionRequest) -> list[dict[str, object]]:
    """Return the messages; of a text the SDK would read the file that has its name, so pictures go as bytes."""
    turns = turns_of(request.messages, request.pictures)
    return [
        {"role": turn.role, "content": turn.text}
        | ({"images": [picture.data for picture in turn.pictures]} if turn.pictures else {})
        for turn in turns
    ]


SPEC = AdapterSpec("ollama", OllamaProvider)
