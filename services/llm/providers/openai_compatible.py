"""Any server that speaks OpenAI's chat completions, by the `openai` SDK.

OpenAI, OpenRouter, Google, Mistral, vLLM, llama.cpp and others; the base URL
includes the version part (`…/v1`).
"""

from typing import TYPE_CHECKING

from services.llm.adapters.base import AdapterSpec
from services.llm.adapters.chat_completions import ChatCompletionsProvider
from services.llm.adapters.transport import http_client

if TYPE_CHECKING:
    from openai import OpenAI


class OpenAICompatibleProvider(ChatCompletionsProvider):
    """Chat completions at an OpenAI-compatible address."""

    # Many compatible servers know only the older name; OpenAI's own models want the newer one.
    max_tokens_field = "max_tokens"
    http_library = "httpx2"

    def _make_client(self) -> "OpenAI":
        from openai import OpenAI

        if self.config.base_url.startswith("https://api.openai.com"):
            self.max_tokens_field = "max_completion_tokens"
        return OpenAI(
            api_key=self.config.api_key or "none",
            base_url=self.config.base_url,
            max_retries=0,
            http_client=http_client(self.http_library, self.config),
        )


SPEC = AdapterSpec("openai_compatible", OpenAICompatibleProvider)
