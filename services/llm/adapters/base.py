"""What every provider adapter is: one request in, one answer or one typed error out.

An attempt is exactly one HTTP request: the clients' own retries are off, the
deadline is ours. A 200 is not yet success; `read_*` helpers turn an answer without
content into a failure.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, TypedDict, Unpack

from services.llm.adapters.deadline import CallThreads
from services.llm.adapters.pictures import Picture
from services.llm.adapters.thought import ThoughtSplitter
from utils.addresses import AddressRule, without_user
from utils.cancellation import CancelToken
from utils.error_handler import parse_error
from utils.errors import (
    BadRequestError,
    CancelledError,
    ConfigurationError,
    GenerationError,
    ProviderConnectionError,
)
from utils.redaction import redact

Piece: TypeAlias = Literal["token", "thought"]
# Called with each piece as it is written; an error from it ends the call.
Listener: TypeAlias = Callable[[Piece, str], None]


class EngineSession(Protocol):
    """Where the embedded model answers while it is held."""

    @property
    def base_url(self) -> str:
        """Address of the model, with /v1."""

    @property
    def api_key(self) -> str:
        """Key of this run of the model."""


class EmbeddedServer(Protocol):
    """The embedded model as an adapter sees it."""

    def acquire(self) -> EngineSession:
        """Start the model if need be and keep it running until `release`."""

    def release(self) -> None:
        """Let the model idle again."""


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """What an adapter is built from; the key never leaves it.

    Attributes:
        api_key: The key that is sent to `base_url`; "" for none.
        rule: Checks the address when it came over the API; None for an address of the settings.
    """

    id: str
    base_url: str
    api_key: str = field(default="", repr=False)
    requests_per_minute: int = 60
    tokens_per_minute: int = 10_000
    timeout_s: float = 90.0
    rule: AddressRule | None = None
    embedded: EmbeddedServer | None = None


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """One question to a model.

    Attributes:
        messages: Mappings with `role` and `content`.
        max_tokens: Most tokens of the answer, thinking included; always sent.
        schema: JSON Schema that the answer must follow, or None for free text.
        chars: Length of all messages, in characters.
        may_be_cut: Whether an answer that is cut off at `max_tokens` is accepted.
        listener: Called with each piece as it is written; None for the whole answer at once.
        left_out: Parameters that the model does not take, by the names of OpenAI's API.
        pictures: What the user's last message shows.
    """

    model: str
    messages: tuple[Mapping[str, str], ...]
    max_tokens: int = 4000
    temperature: float = 0.6
    top_p: float = 0.95
    timeout_s: float = 90.0
    schema: Mapping[str, object] | None = None
    seed: int | None = None
    context_tokens: int = 8192
    chars: int = 0
    may_be_cut: bool = False
    listener: Listener | None = None
    left_out: frozenset[str] = frozenset()
    pictures: tuple[Picture, ...] = ()


class RequestOptions(TypedDict, total=False):
    """What `BaseLLMProvider.generate` takes of a `CompletionRequest`."""

    max_tokens: int
    temperature: float
    top_p: float
    timeout_s: float
    schema: Mapping[str, object] | None
    seed: int | None
    context_tokens: int
    may_be_cut: bool


class Generated(TypedDict):
    """What `BaseLLMProvider.generate` returns."""

    text: str
    thinking: str
    model: str
    tokens_used: int
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer of a model.

    Attributes:
        text: The model's text, never parsed here: raw, but without its thoughts where people read it as it comes.
        thinking: The reasoning that the vendor sent apart from the text, and what was taken out of it.
        prompt_tokens: Tokens of the prompt as the vendor counted them.
        finish_reason: "stop", "length", or the vendor's own word.
        headers: Headers of the answer, lower case; they state limits.
        reasoning_tokens: Tokens of the reasoning among those of the answer; None where the vendor does not count them.
        thought_s: How long the reasoning was streamed, in seconds; None where it was not.
    """

    text: str
    thinking: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str
    headers: Mapping[str, str]
    provider: str = ""
    reasoning_tokens: int | None = None
    thought_s: float | None = None

    @property
    def tokens(self) -> int:
        """Prompt plus completion, in tokens."""
        return self.prompt_tokens + self.completion_tokens


class Ear:
    """A listener that hears nothing more once its call was given up: the call's thread may still be reading.

    Without it words of a call that timed out would come among those of the next one.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener: Listener | None = listener
        self._lock = threading.Lock()

    def hear(self, kind: Piece, text: str) -> None:
        """Pass a piece on; CancelledError once nobody waits for the call."""
        with self._lock:
            if self._listener is None:
                raise CancelledError("the call was given up", in_flight=True)
            self._listener(kind, text)

    def close(self) -> None:
        """Hear nothing more."""
        with self._lock:
            self._listener = None


class BaseLLMProvider(ABC):
    """An adapter. One instance per provider, shared by all threads; construction does no I/O.

    Attributes:
        takes_pictures: Whether `_complete` sends the pictures of a request; an adapter that does not know of them must
            not answer as if there were none.
    """

    takes_pictures: ClassVar[bool] = False

    def __init__(self, config: ProviderConfig) -> None:
        self.config = config
        self._client_lock = threading.Lock()
        self._client_made: Any = None
        self._threads = CallThreads(config.id)

    def prepare(self) -> None:
        """Make the vendor's client ahead of a call: its import takes up to a second."""
        try:
            self._client()
        except ConfigurationError:
            raise
        except Exception as error:  # as in complete
            raise self._typed(error, "") from error

    def complete(self, request: CompletionRequest, cancel: CancelToken | None = None) -> Completion:
        """Ask once.

        Raises:
            GenerationError: with category, scope and retry hint, whatever the client raised.
            ConfigurationError: the installation lacks what the provider needs.
        """
        what = f"{self.config.id}/{request.model}"
        if request.pictures and not self.takes_pictures:
            raise BadRequestError(f"{what}: its wire takes no pictures", provider=self.config.id, model=request.model)
        ear = Ear(request.listener) if request.listener is not None else None
        heard = replace(request, listener=ear.hear) if ear is not None else request
        try:
            return self._threads.call(lambda: self._parted(heard), request.timeout_s, cancel or CancelToken(), what)
        except (CancelledError, ConfigurationError):
            raise
        except Exception as error:  # clients raise httpx, json and builtin errors too; all become ours
            raise self._typed(error, request.model) from error
        finally:
            if ear is not None:
                ear.close()

    def list_models(self, timeout_s: float = 10.0) -> list[str]:
        """Return the ids that the provider serves now; raises GenerationError."""
        try:
            return self._threads.call(self._list_models, timeout_s, CancelToken(), f"{self.config.id}/models")
        except Exception as error:  # as in complete
            raise self._typed(error, "") from error

    def generate(self, model: str, prompt: str, **options: Unpack[RequestOptions]) -> Generated:
        """Ask *model* one prompt."""
        request = CompletionRequest(model=model, messages=({"role": "user", "content": prompt},), **options)
        answer = self.complete(request)
        return {
            "text": answer.text,
            "thinking": answer.thinking,
            "model": answer.model,
            "tokens_used": answer.tokens,
            "finish_reason": answer.finish_reason,
        }

    def get_rate_limits(self) -> dict[str, int]:
        """Return the initial limits."""
        return {
            "requests_per_minute": self.config.requests_per_minute,
            "tokens_per_minute": self.config.tokens_per_minute,
        }

    def close(self) -> None:
        """Close the connections; the adapter may not be used afterwards."""
        with self._client_lock:
            client, self._client_made = self._client_made, None
        if client is not None:
            client.close()

    def _client(self) -> Any:  # the vendors' clients have no type in common
        """Return the vendor's client, made at first use and shared."""
        with self._client_lock:
            if self._client_made is None:
                self._client_made = self._make_client()
            return self._client_made

    def _parted(self, request: CompletionRequest) -> Completion:
        """Ask; where people read the answer as it comes, its thoughts are taken out.

        Other answers are drafts, whose raw text is kept and read by `services.drafts`.
        """
        if request.listener is None and not request.may_be_cut:
            return self._complete(request)
        splitter = ThoughtSplitter(request.listener)
        heard = request if request.listener is None else replace(request, listener=splitter.hear)
        answer = self._complete(heard)
        splitter.end()
        thought_s = splitter.thought_s
        if splitter.heard != answer.text:  # nothing was streamed, or the arguments of a call are the text
            splitter = ThoughtSplitter()
            splitter.hear("thought", answer.thinking)
            splitter.hear("token", answer.text)
            splitter.end()
        return replace(answer, text=splitter.text, thinking=splitter.thinking, thought_s=thought_s)

    def _typed(self, error: BaseException, model: str) -> GenerationError:
        # What answers at an address from the API is not shown to the caller who set it.
        typed = parse_error(error, self.config.id, model, quotes=self.config.rule is None)
        typed.provider = typed.provider or self.config.id
        typed.model = typed.model or model
        address = without_user(self.config.base_url)
        if isinstance(typed, ProviderConnectionError) and address not in str(typed):
            what = str(typed) if typed.status else f"no connection ({typed}); check address and network"
            typed.args = (redact(f"{self.config.id} ({address}): {what}"),)
        return typed

    @abstractmethod
    def _make_client(self) -> object:
        """Build the vendor's client: no retries, no I/O."""

    @abstractmethod
    def _complete(self, request: CompletionRequest) -> Completion:
        """Make exactly one request."""

    @abstractmethod
    def _list_models(self) -> list[str]:
        """Ask for the list of models."""


@dataclass(frozen=True, slots=True)
class AdapterSpec:
    """What a module of `services.llm.providers` offers."""

    id: str
    factory: Callable[[ProviderConfig], BaseLLMProvider]
