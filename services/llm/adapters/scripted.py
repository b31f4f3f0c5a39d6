"""A provider that answers from a script: for tests of what builds on providers.

It ships with the product so that whoever extends the service can test without a
vendor. It is no adapter: it stands for the class, not for a wire format.
"""

import re
import threading
from collections.abc import Callable, Sequence

from services.llm.adapters.base import BaseLLMProvider, Completion, CompletionRequest, ProviderConfig

Step = str | BaseException | Completion | Callable[[CompletionRequest], str]


class ScriptedProvider(BaseLLMProvider):
    """Plays *script* step by step; the last step repeats. Thread-safe.

    A step is a text to answer, an exception to raise, a whole completion, or a
    function of the request.
    """

    takes_pictures = True

    def __init__(self, config: ProviderConfig, script: Sequence[Step], models: Sequence[str] = ()) -> None:
        super().__init__(config)
        self._script = list(script)
        self._models = list(models)
        self._lock = threading.Lock()
        self.requests: list[CompletionRequest] = []

    def _make_client(self) -> None:
        """There is no client."""

    def _complete(self, request: CompletionRequest) -> Completion:
        with self._lock:
            step = self._script[min(len(self.requests), len(self._script) - 1)]
            self.requests.append(request)
        if isinstance(step, BaseException):
            raise step
        if isinstance(step, Completion):
            return step
        text = step(request) if callable(step) else step
        if request.listener is not None:
            for word in re.findall(r"[^ ]+ ?| ", text):
                request.listener("token", word)
        return Completion(
            text=text,
            thinking="",
            model=request.model,
            prompt_tokens=100,
            completion_tokens=len(text) // 4,
            finish_reason="stop",
            headers={},
        )

    def _list_models(self) -> list[str]:
        return self._models
