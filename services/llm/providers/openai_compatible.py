"""Any server that speaks OpenAI's chat completions, by the `openai` SDK.

OpenAI, OpenRouter, Google, Mistral, vLLM, llama.cpp and others; the base URL
includes the version part (`…/v1`).
"""

from typing import TYPE_CHECKING

from services.llm.adapters.base import AdapterSpec
from services.llm.adapters.chat_completions import ChatCompletionsProvider

if TYPE_CHECKING:
    from openai import OpenAI


# A LiteLLM proxy would ask a limited vendor again by itself, and hold the call meanwhile.
_NO_RETRIES = {"x-litellm-num-retries": "0"}


class OpenAICompatibleProvider(ChatCompletionsProvider):
    """Chat completions at an OpenAI-compatible address."""

    # Many compatible servers know only the older name; OpenAI's own models want the newer one.
    max_tokens_field = "max_tokens"
    http_library = "httpx2"

    def _make_client(self) -> "OpenAI":
        from openai import OpenAI

        is_openai = self.config.base_url.startswith("https://api.openai.com")
        if is_openai:
            self.max_tokens_field = "max_completion_tokens"
        return OpenAI(
            api_key=self.config.api_key or "none",
            base_url=self.config.base_url,
            max_retries=0,
            default_headers={} if is_openai else _NO_RETRIES,
            http_client=self._http_client(),
        )


SPEC = AdapterSpec("openai_compatible", OpenAICompatibleProvider)
