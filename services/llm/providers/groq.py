"""Groq, by its official SDK (console.groq.com/docs)."""

from typing import TYPE_CHECKING

from services.llm.adapters.base import AdapterSpec
from services.llm.adapters.chat_completions import ChatCompletionsProvider, without_suffix

if TYPE_CHECKING:
    from groq import Groq


class GroqProvider(ChatCompletionsProvider):
    """Chat completions at Groq."""

    prefix = "/openai/v1"

    def _make_client(self) -> "Groq":
        from groq import Groq

        return Groq(
            api_key=self.config.api_key,
            base_url=without_suffix(self.config.base_url, "/v1", "/openai"),
            max_retries=0,
            http_client=self._http_client(),
        )

    def _list_models(self) -> list[str]:
        # Speech and moderation models share the list.
        return [name for name in super()._list_models() if not any(part in name for part in ("whisper", "guard"))]


SPEC = AdapterSpec("groq", GroqProvider)
