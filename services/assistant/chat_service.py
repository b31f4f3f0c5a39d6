"""Chat with any model, over the same limits, failover and accounting as everything else.

A streamed answer changes to another model only before its first words were sent; the words
come from the vendor as they are written.
"""

import queue
import threading
from collections.abc import Iterator, Mapping

from models.contract.answers.management import (
    ChatMessage,
    ChatModel,
    ChatProvider,
    ChatReply,
    ChatSource,
    SystemPrompt,
)
from models.contract.bodies import ChatRequest
from services.catalogue.catalogue import ModelInfo, ProviderInfo
from services.catalogue.rows import ChatPrompt
from services.llm.adapters.base import Completion, Listener, Piece
from services.llm.single_calls import CallLog, SingleCalls
from services.llm_service import LLMService, Preference, Prompt, Terms
from utils.cancellation import CancelToken, time_limit
from utils.clock import Clock
from utils.errors import AppError, CancelledError

# Each try is another model: enough to reach another provider.
_TRIES = 6
_MAX_WAIT_S = 20.0
_KIND = "chat"
_END = None
# A comment keeps proxies from closing a stream while a model thinks.
HEARTBEAT_S = 15.0


class ChatService:
    """Answers conversations. Thread-safe."""

    def __init__(
        self,
        llm: LLMService,
        calls: CallLog,
        clock: Clock,
        time_limit_s: float,
        system_prompts: Mapping[str, ChatPrompt],
    ) -> None:
        self._llm = llm
        self._calls = calls
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

    def stream(self, wanted: ChatRequest) -> Iterator[ChatMessage | None]:
        """Answer *wanted* piece by piece; None after each silence. Bad input is refused before the first piece.

        A reader that stops ends the call.
        """
        return self._messages(wanted, self._preference(wanted))

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

    def _messages(self, wanted: ChatRequest, preference: Preference) -> Iterator[ChatMessage | None]:
        pieces: queue.SimpleQueue[ChatMessage | None] = queue.SimpleQueue()
        gone = CancelToken()
        work = threading.Thread(target=self._work, args=(wanted, preference, pieces, gone), name="chat", daemon=True)
        work.start()
        try:
            while True:
                try:
                    piece = pieces.get(timeout=HEARTBEAT_S)
                except queue.Empty:
                    yield None
                    continue
                if piece is _END:
                    return
                yield piece
        finally:
            gone.cancel()

    def _work(
        self,
        wanted: ChatRequest,
        preference: Preference,
        pieces: "queue.SimpleQueue[ChatMessage | None]",
        gone: CancelToken,
    ) -> None:
        begun = threading.Event()

        def heard(kind: Piece, text: str) -> None:
            if gone.is_cancelled:
                raise CancelledError("the reader of the stream has left", in_flight=True)
            begun.set()
            pieces.put({"type": kind, "content": text})

        started = self._clock.monotonic()
        calls = SingleCalls(self._calls)
        try:
            with time_limit(self._time_limit_s, "the answer (setting ANSWER_TIMEOUT_S)", gone) as cancel:
                terms = calls.on(_terms(cancel))
                answer = self._llm.complete(_prompt(wanted, heard), preference, terms, _TRIES, calls.used, begun.is_set)
            pieces.put(_done(self._told(answer, started)))
        except AppError as error:
            pieces.put(_fault(error))
        finally:
            pieces.put(_END)

    def _told(self, answer: Completion, started: float) -> ChatSource:
        return {
            "provider": answer.provider,
            "model": answer.model,
            "tokens_used": answer.tokens,
            "finish_reason": answer.finish_reason or "stop",
            "elapsed_time": round(self._clock.monotonic() - started, 2),
        }


def _done(source: ChatSource) -> ChatMessage:
    return {
        "type": "done",
        "provider": source["provider"],
        "model": source["model"],
        "tokens_used": source["tokens_used"],
        "finish_reason": source["finish_reason"],
        "elapsed_time": source["elapsed_time"],
    }


def _fault(error: AppError) -> ChatMessage:
    facts = error.facts
    return {
        "type": "error",
        "error": str(error),
        "code": facts["code"],
        "retryable": facts["retryable"],
        "category": facts["category"],
    }


def _model(model: ModelInfo) -> ChatModel:
    return {
        "id": model.id,
        "name": model.display_name or model.id,
        "enabled": True,
        "max_tokens": model.max_output,
        "is_thinking": model.thinking,
    }


def _terms(cancel: CancelToken) -> Terms:
    return Terms("chat", calling=cancel, waiting=cancel, max_wait_s=_MAX_WAIT_S)


def _prompt(wanted: ChatRequest, heard: Listener | None = None) -> Prompt:
    messages = tuple(message.model_dump() for message in wanted.messages)
    return Prompt(
        messages,
        max_tokens=wanted.max_tokens,
        temperature=wanted.temperature,
        kind=_KIND,
        may_be_cut=True,
        listener=heard,
    )
