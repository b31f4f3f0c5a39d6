"""Answers about managing providers and models."""

from typing import Annotated, Literal, NotRequired, TypeAlias

from pydantic import Field, JsonValue

from models.contract.answers.base import Answer, Success
from models.contract.answers.catalogue import Capabilities


class ModelView(Capabilities):
    """A model, usable or not."""

    id: str
    model_id: Annotated[str, Field(description="The same as id")]
    db_id: Annotated[int | None, Field(description="Id of its database row; null until it has one")]
    display_name: str
    provider: str
    fallback_priority: Annotated[int, Field(description="Place in the fallback order, from 0")]
    enabled: Annotated[bool, Field(description="Whether it may be chosen")]
    max_tokens: Annotated[int | None, Field(description="Longest answer in tokens; null when not known")]
    context_window: Annotated[int, Field(description="Tokens of prompt and answer together")]
    supports_json_schema: bool
    supports_json: Annotated[bool, Field(description="The same as supports_json_schema")]
    is_thinking_model: Annotated[bool, Field(description="Whether supports_cot is true")]
    guided: Annotated[bool, Field(description="Whether it is led through a sample by many short questions")]
    extra_config: dict[str, JsonValue]
    left_out: Annotated[
        list[str],
        Field(
            description="Parameters that it refused and that are not sent since; json_schema: plain JSON is asked for"
        ),
    ]
    retired: Annotated[str | None, Field(description="Since when the vendor no longer serves it; null while it does")]
    replacement: Annotated[str | None, Field(description="What to use instead of a retired one")]
    listed: Annotated[bool | None, Field(description="Whether the vendor lists it; null when it could not be asked")]
    price_input: Annotated[float | None, Field(description="US dollars per million prompt tokens; null when not known")]
    price_output: Annotated[
        float | None, Field(description="US dollars per million answer tokens; null when not known")
    ]
    created_at: str | None
    updated_at: str | None


class ProviderSummary(Answer):
    """A provider, usable or not; its key is never sent."""

    id: str
    name: str
    base_url: str
    enabled: Annotated[bool, Field(description="Whether it can be used: switched on, and set up")]
    custom: Annotated[bool, Field(description="Whether it was added over the API")]
    requests_per_minute: int
    tokens_per_minute: int
    default_model: str
    default_model_id: Annotated[str, Field(description="The same as default_model")]
    champion_model: str
    champion_model_id: Annotated[str, Field(description="The same as champion_model")]
    needs_key: bool
    api_key_configured: Annotated[bool, Field(description="Whether there is a key, stored or in the settings")]
    has_api_key: Annotated[bool, Field(description="The same as api_key_configured")]
    extra_config: dict[str, JsonValue]
    created_at: str | None
    updated_at: str | None


class ProviderView(ProviderSummary):
    """A provider with its models."""

    models: Annotated[list[ModelView], Field(description="In fallback order")]


class AllProvidersAnswer(Success):
    """Answer of `GET /api/providers/all`; without models when they were not asked for."""

    providers: list[ProviderView | ProviderSummary]


class ProviderAnswer(Success):
    """Answer of `GET /api/providers/<id>`."""

    provider: ProviderView


class ProviderChangedAnswer(ProviderAnswer):
    """Answer of requests that change a provider."""

    message: str


class KeyCheck(Answer):
    """What became of a key that was tried when it was stored."""

    result: Annotated[
        Literal["accepted", "refused", "not_reachable", "unclear"],
        Field(description="unclear: the vendor answered, but not about the key"),
    ]
    reason: str


class ProviderAddedAnswer(ProviderChangedAnswer):
    """Answer of `POST /api/providers`."""

    key_check: Annotated[KeyCheck | None, Field(description="null where no key was sent")]


class ProviderConfigView(Answer):
    """Which secrets of a provider are stored, never their values."""

    provider_id: str
    has_api_key: bool
    key_source: Literal["stored", "settings"] | None
    key_usable: Annotated[
        bool, Field(description="False when a stored key was encrypted with another ENCRYPTION_KEY, or there is none")
    ]
    has_config: bool
    created_at: str | None
    updated_at: str | None


class ProviderConfigAnswer(Success):
    """Answer of `GET /api/providers/<id>/config`."""

    message: str
    config: ProviderConfigView


class ProviderConfigChangedAnswer(ProviderConfigAnswer):
    """Answer of `PUT /api/providers/<id>/config`."""

    key_check: Annotated[KeyCheck | None, Field(description="null where no key was sent")]


class StatedLimitView(Answer):
    """A limit that the vendor stated in the headers of its answer."""

    unit: Literal["requests", "tokens"]
    window: Literal["second", "minute", "hour", "day"]
    limit: int
    remaining: int | None
    reset_s: Annotated[float | None, Field(description="Seconds until it is fully available again")]


class TestFault(Answer):
    """Why a test call gave no answer."""

    category: Annotated[str, Field(description="As in the errors of a batch, or configuration")]
    message: str


class ProviderTestResult(Answer):
    """Result of a test call."""

    provider: str
    model: Annotated[str | None, Field(description="Null when there is none to call")]
    ok: Annotated[bool, Field(description="Whether the model answered")]
    latency_ms: Annotated[int | None, Field(description="Null when no call was made")]
    limits: list[StatedLimitView]
    error: TestFault | None


class EmbeddedModelState(Answer):
    """The model of this machine: whether its file is here, and how far its fetching is."""

    provider: Annotated[str, Field(description="The provider that serves it")]
    model: str
    licence: Annotated[str, Field(description="Under which it may be used; empty where not known")]
    size_bytes: Annotated[int | None, Field(description="Of its file; null where not known before it is fetched")]
    stage: Literal["absent", "fetching", "ready", "failed"]
    doing: Annotated[str, Field(description="What is being done; empty unless it is fetched")]
    done_bytes: int
    total_bytes: int | None
    error: Annotated[str, Field(description="Why it could not be fetched; empty otherwise")]


class ProviderTestAnswer(Success, ProviderTestResult):
    """Answer of `POST /api/providers/<id>/test`."""


class RemovedAnswer(Success):
    """Answer of `DELETE /api/providers/<id>`."""

    message: str


class ProviderCount(Answer):
    """Counts of one provider."""

    provider_id: str
    provider_name: str
    enabled: bool
    total_models: int
    enabled_models: int


class ProviderCounts(Answer):
    """Counts of all providers."""

    total_providers: int
    enabled_providers: int
    total_models: int
    enabled_models: int
    providers: list[ProviderCount]


class ProviderStatsAnswer(Success):
    """Answer of `GET /api/providers/stats`."""

    stats: ProviderCounts


class ChangeDetail(Answer):
    """What was changed."""

    provider: str
    fields: NotRequired[Annotated[list[str], Field(description="Names of a provider's fields; absent for others")]]
    models: NotRequired[Annotated[list[str], Field(description="Ids of models; absent for others")]]


class ChangeEvent(Answer):
    """A change of providers or models."""

    id: int
    at: Annotated[str, Field(description="ISO 8601")]
    type: str
    detail: ChangeDetail


class ProviderEventsAnswer(Success):
    """Answer of `GET /api/providers/events`."""

    events: list[ChangeEvent]
    count: int


class AllModelsAnswer(Success):
    """Answer of `GET /api/models/all`."""

    models: list[ModelView]
    count: int


class ModelAnswer(Success):
    """Answer of `GET /api/models/<id>`."""

    model: ModelView


class ModelChangedAnswer(ModelAnswer):
    """Answer of requests that change a model."""

    message: str


class ModelMovedAnswer(ModelChangedAnswer):
    """Answer of `PUT /api/models/<id>/priority`."""

    provider_models: Annotated[list[ModelView], Field(description="All of its provider, in their new order")]


class ModelsReorderedAnswer(Success):
    """Answer of `POST /api/models/reorder`."""

    models: list[ModelView]
    message: str


class ChatSource(Answer):
    """Which model answered, with its tokens and time."""

    provider: str
    model: str
    tokens_used: Annotated[int, Field(description="Prompt plus completion")]
    finish_reason: str
    elapsed_time: Annotated[float, Field(description="Seconds, rounded to two decimals")]


class ChatReply(ChatSource):
    """An answer as a whole."""

    response: str
    thinking: Annotated[str | None, Field(description="The model's reasoning, where the vendor sends it")]


class ChatAnswer(Success, ChatReply):
    """Answer of `POST /api/chat/completions` and `POST /api/chat/test`."""


class ChatModel(Capabilities):
    """A model to chat with."""

    id: str
    name: str
    enabled: bool
    max_tokens: int | None
    is_thinking: Annotated[bool, Field(description="Whether supports_cot is true")]


class ChatProvider(Answer):
    """A provider to chat with."""

    id: str
    name: str
    enabled: bool
    champion_model: str
    requests_per_minute: int
    models: list[ChatModel]


class ChatProvidersAnswer(Success):
    """Answer of `GET /api/chat/providers`."""

    providers: list[ChatProvider]


class SystemPrompt(Answer):
    """A system prompt to choose."""

    name: str
    prompt: str


class SystemPromptsAnswer(Success):
    """Answer of `GET /api/chat/system-prompts`."""

    prompts: dict[str, SystemPrompt]


ChatMessageType: TypeAlias = Literal["status", "token", "thought", "done", "error"]


class ChatMessage(Answer):
    """The `data:` of a message of `POST /api/chat/completions` with `stream: true`."""

    type: ChatMessageType
    status: NotRequired[Annotated[str, Field(description="started, with the run's id, or calling, with the model")]]
    run_id: NotRequired[str]
    content: NotRequired[Annotated[str, Field(description="The next piece; in messages of type token and thought")]]
    error: NotRequired[
        Annotated[str, Field(description="Why the stream ends; in error, with code, retryable and category")]
    ]
    code: NotRequired[str]
    retryable: NotRequired[bool]
    category: NotRequired[str | None]
    provider: NotRequired[Annotated[str, Field(description="Who answered; in done, as are the other fields")]]
    model: NotRequired[str]
    tokens_used: NotRequired[int]
    finish_reason: NotRequired[str]
    elapsed_time: NotRequired[float]
    response: NotRequired[Annotated[str, Field(description="The answer as a whole")]]
    thinking: NotRequired[str | None]
