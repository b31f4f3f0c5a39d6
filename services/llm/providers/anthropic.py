"""Anthropic, by its official SDK (platform.claude.com/docs)."""

from typing import TYPE_CHECKING

import orjson

from services.llm.adapters.anthropic_messages import body_of, read_events, read_message
from services.llm.adapters.base import AdapterSpec, Completion, CompletionRequest
from services.llm.adapters.chat_completions import without_suffix
from services.llm.adapters.posting import PostingProvider, lower

if TYPE_CHECKING:
    from anthropic import Anthropic

_PATH = "/v1/messages"
# All at once: the vendor's pages have 20.
_MOST_MODELS = 1000


class AnthropicProvider(PostingProvider):
    """Messages at Anthropic."""

    takes_pictures = True
    http_library = "httpx2"

    def _make_client(self) -> "Anthropic":
        from anthropic import Anthropic

        return Anthropic(
            # The SDK looks for keys, profiles and tokens of its own where none is given.
            api_key=self.config.api_key or "none",
            base_url=without_suffix(self.config.base_url, "/v1"),
            max_retries=0,
            # Prompts are for nobody's traces, whatever the environment says.
            open_telemetry=False,
            http_client=self._http_client(),
        )

    def _complete(self, request: CompletionRequest) -> Completion:
        client, body = self._client(), self._body(request)
        if request.listener is None:
            response = self._post(client, _PATH, body, request.timeout_s)
            return read_message(response.content, lower(response.headers), self.config.id, request.model)
        opened = client.messages.with_streaming_response.create(**body, stream=True, timeout=request.timeout_s)
        return self._listen(opened, lambda lines, headers: read_events(lines, headers, request, self.config.id))

    def _body(self, request: CompletionRequest) -> dict[str, object]:
        from anthropic import transform_schema

        return body_of(request, transform_schema)

    def _list_models(self) -> list[str]:
        listed = self._client().models.with_raw_response.list(limit=_MOST_MODELS).http_response.content
        body = orjson.loads(listed)
        rows = body.get("data") if isinstance(body, dict) else None
        return [
            row["id"]
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, dict) and isinstance(row.get("id"), str)
        ]


SPEC = AdapterSpec("anthropic", AnthropicProvider)
