"""Cerebras, by its official SDK (inference-docs.cerebras.ai)."""

from typing import TYPE_CHECKING

from services.llm.adapters.base import AdapterSpec
from services.llm.adapters.chat_completions import ChatCompletionsProvider, without_suffix

if TYPE_CHECKING:
    from cerebras.cloud.sdk import Cerebras


class CerebrasProvider(ChatCompletionsProvider):
    """Chat completions at Cerebras."""

    prefix = "/v1"

    def _make_client(self) -> "Cerebras":
        from cerebras.cloud.sdk import Cerebras

        return Cerebras(
            api_key=self.config.api_key,
            base_url=without_suffix(self.config.base_url, "/v1"),
            max_retries=0,
            http_client=self._http_client(),
            # Without this the constructor does network I/O, up to 4 s on a dead host.
            warm_tcp_connection=False,
        )


SPEC = AdapterSpec("cerebras", CerebrasProvider)
