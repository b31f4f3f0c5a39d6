"""Chat with any model, over the same limits, failover and accounting as everything else.

A streamed answer changes to another model only before its first words were sent; the words
come from the vendor as they are written.
"""

from collections.abc import Mapping

from models.contract.answers.management import (
    ChatModel,
    ChatProvider,
    ChatReply,
    ChatSource,
    SystemPrompt,
)
from models.contract.bodies import ChatRequest
from services.catalogue.capabilities import capabilities_of
from services.catalogue.catalogue import ModelInfo, ProviderInfo
from services.catalogue.rows import ChatPrompt
from services.llm.adapters.base import Completion
from services.llm.single_calls import CallLog, SingleCalls
from services.llm_service import LLMService, Preference, Prompt, Terms
from services.streams.run import Run
from services.streams.run_service import RunService
from utils.cancellation import CancelToken, time_limit
from utils.clock import Clock

# Each try is another model: enough to reach another provider.
_TRIES = 6
_MAX_WAIT_S = 20.0
_KIND = "chat"


class ChatService:
    """Answers conversations. Thread-safe."""

    def __init__(
        self,
        llm: LLMService,
        calls: CallLog,
        runs: RunService,
        clock: Clock,
        time_limit_s: float,
        system_prompts: Mapping[str, ChatPrompt],
    ) -> None:
        self._llm = llm
        self._calls = calls
        self._runs = runs
        self._clock = clock
        self._time_limit_s = time_limit_s
        self.system_prompts: dict[str, SystemPrompt] = {
            key: {"name": row.name, "prompt": row.prompt} for key, row in system_prompts.items()
        }

    def complete(self, wanted: ChatRequest) -> ChatReply:
        """Answer *wanted* as a whole.

        Raises:
            InputError: provider or model cannot be used.
            GenerationError: no model answered.
        """
        preference = self._preference(wanted)
        started = self._clock.monotonic()
        calls = SingleCalls(self._calls)
        with time_limit(self._time_limit_s, "the answer (setting ANSWER_TIMEOUT_S)") as cancel:
            answer = self._llm.complete(_prompt(wanted), preference, calls.on(_terms(cancel)), _TRIES, calls.used)
        return {"response": answer.text, "thinking": answer.thinking or None, **self._told(answer, started)}

    def stream(self, wanted: ChatRequest, key: str | None = None) -> str:
        """Answer *wanted* in a run; return its id. Bad input is refused before it begins."""
        preference = self._preference(wanted)
        request = wanted.model_dump(exclude_none=True)
        return self._runs.start("chat", request, lambda run: self._answer(run, wanted, preference), key)

    def providers(self) -> list[ChatProvider]:
        """Return the providers and models for chats."""
        return [self._provider(info) for info in self._llm.factory.enabled()]

    # --- inside --------------------------------------------------------------------------

    def _preference(self, wanted: ChatRequest) -> Preference:
        preference = Preference(wanted.provider or "", wanted.model, allow_failover=wanted.model is None)
        self._llm.check(preference)
        return preference

    def _provider(self, info: ProviderInfo) -> ChatProvider:
        return {
            "id": info.id,
            "name": info.name,
            "enabled": True,
            "champion_model": info.champion_model or self._llm.default_model(info),
            "requests_per_minute": info.requests_per_minute,
            "models": [_model(model) for model in self._llm.models.usable(info)],
        }

    def _answer(self, run: Run, wanted: ChatRequest, preference: Preference) -> ChatReply:
        calls = self._runs.calls(run)
        started = self._clock.monotonic()
        with time_limit(self._time_limit_s, "the answer (setting ANSWER_TIMEOUT_S)", run.cancel) as cancel:
            terms = calls.on(_terms(cancel))
            answer = self._llm.complete(_prompt(wanted), preference, terms, _TRIES, calls.used, run.has_words)
        run.settle(answer.text)
        return {**self._told(answer, started), "response": answer.text, "thinking": answer.thinking or None}

    def _told(self, answer: Completion, started: float) -> ChatSource:
        return {
            "provider": answer.provider,
            "model": answer.model,
            "tokens_used": answer.tokens,
            "finish_reason": answer.finish_reason or "stop",
            "elapsed_time": round(self._clock.monotonic() - started, 2),
        }


def _model(model: ModelInfo) -> ChatModel:
    return {
        "id": model.id,
        "name": model.display_name or model.id,
        "enabled": True,
        "max_tokens": model.max_output,
        "is_thinking": model.thinks,
        **capabilities_of(model),
    }


def _terms(cancel: CancelToken) -> Terms:
    return Terms("chat", calling=cancel, waiting=cancel, max_wait_s=_MAX_WAIT_S)


def _prompt(wanted: ChatRequest) -> Prompt:
    messages = tuple(message.model_dump() for message in wanted.messages)
    return Prompt(
        messages,
        max_tokens=wanted.max_tokens,
        temperature=wanted.temperature,
        kind=_KIND,
        may_be_cut=True,
    )
