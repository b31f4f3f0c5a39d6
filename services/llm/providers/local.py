"""The embedded model: a server of our own on loopback, called like any OpenAI-compatible server."""

from dataclasses import replace
from typing import TYPE_CHECKING

from services.llm.adapters.base import AdapterSpec, Completion, CompletionRequest
from services.llm.adapters.chat_completions import ChatCompletionsProvider, read_completion
from services.llm.adapters.transport import http_client
from utils.errors import ConfigurationError
from utils.installation import COMMAND

if TYPE_CHECKING:
    from openai import OpenAI


class LocalProvider(ChatCompletionsProvider):
    """Chat completions by the embedded model, started at first use."""

    # The server is started without what would read them.
    takes_pictures = False
    max_tokens_field = "max_tokens"
    http_library = "httpx2"

    def _complete(self, request: CompletionRequest) -> Completion:
        embedded = self.config.embedded
        if embedded is None:
            raise ConfigurationError(f"local: no embedded model was set up; run `{COMMAND} doctor`")
        session = embedded.acquire()
        try:
            # Asked each time: a restart moves it to another port.
            client = self._client().with_options(base_url=session.base_url, api_key=session.api_key)
            response = self._post(client, self.path, self._body(request), request.timeout_s)
            return read_completion(response.content, {}, self.config.id, request.model)
        finally:
            embedded.release()

    def _make_client(self) -> "OpenAI":
        from openai import OpenAI

        # The server is ours and on this machine, whatever address was set for it.
        own = http_client(self.http_library, replace(self.config, rule=None))
        return OpenAI(api_key="none", base_url=self.config.base_url, max_retries=0, http_client=own)

    def _list_models(self) -> list[str]:
        # Nothing to ask: the server serves what it was given, and must not start for a list.
        return []


SPEC = AdapterSpec("local", LocalProvider)
