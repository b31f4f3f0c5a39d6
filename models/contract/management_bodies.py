"""Bodies of requests that change providers and models."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from models.fields import HOLDS_SECRETS, LARGEST, Filter, Flag, Text, Whole, blank_to_none, clean_id
from utils.secret_box import clean_key

ProviderId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Key = Annotated[str, AfterValidator(clean_key), Field(max_length=1000)]
ApiKey = Annotated[Key, Field(min_length=1)]
Limit = Annotated[Whole, Field(gt=0, le=LARGEST)]
Url = Annotated[str, Field(min_length=1, max_length=2000)]
Name = Annotated[Text, AfterValidator(clean_id), Field(max_length=200)]


class NewProvider(BaseModel):
    """Body of `POST /api/providers`: an OpenAI-compatible provider."""

    model_config = ConfigDict(extra="forbid", **HOLDS_SECRETS)

    name: Name
    base_url: Url
    id: ProviderId | None = None
    api_key: ApiKey | None = None
    requests_per_minute: Limit | None = None
    tokens_per_minute: Limit | None = None
    default_model_id: Name | None = None


class ProviderChange(BaseModel):
    """Body of `PUT /api/providers/<id>`; null restores the catalogue's value."""

    model_config = HOLDS_SECRETS

    name: Name | None = None
    base_url: Url | None = None
    enabled: Flag | None = None
    requests_per_minute: Limit | None = None
    tokens_per_minute: Limit | None = None
    default_model_id: Name | None = None
    champion_model_id: Name | None = None
    extra_config: dict[str, JsonValue] | None = None

    @model_validator(mode="before")
    @classmethod
    def _a_key_is_stored_elsewhere(cls, body: object) -> object:
        if isinstance(body, dict) and body.get("api_key"):
            raise ValueError("api_key: is not stored here; send it to PUT /api/providers/<id>/config")
        return body


class ProviderConfigChange(BaseModel):
    """Body of `PUT /api/providers/<id>/config`; null or empty removes what is stored."""

    model_config = HOLDS_SECRETS

    api_key: Annotated[Key | None, BeforeValidator(blank_to_none)] = None
    config: dict[str, JsonValue] | None = None


class ProviderTest(BaseModel):
    """Body of `POST /api/providers/<id>/test`."""

    model_config = ConfigDict(extra="forbid")

    model: Filter = None


class ModelChange(BaseModel):
    """Body of `PUT /api/models/<id>`; null restores the catalogue's value."""

    model_config = HOLDS_SECRETS

    provider_id: Filter = None
    display_name: Name | None = None
    enabled: Flag | None = None
    fallback_priority: Whole | None = Field(None, ge=0, le=10_000)
    max_tokens: Limit | None = None
    context_window: Limit | None = None
    supports_json_schema: Flag | None = None
    is_thinking_model: Flag | None = Field(None, description="The same as supports_cot")
    supports_cot: Flag | None = None
    supports_streaming: Flag | None = None
    supports_vision: Flag | None = None
    guided: Flag | None = Field(
        None, description="Lead it through a sample by many short questions, as a small model needs"
    )
    extra_config: dict[str, JsonValue] | None = None


class ModelReference(BaseModel):
    """Body of `POST /api/models/<id>/toggle`."""

    provider_id: Filter = None


class ModelPriority(BaseModel):
    """Body of `PUT /api/models/<id>/priority`: one of the two names."""

    provider_id: Filter = None
    fallback_priority: Whole | None = Field(None, ge=0, le=10_000)
    priority: Whole | None = Field(None, ge=0, le=10_000)


class ModelOrder(BaseModel):
    """Body of `POST /api/models/reorder`."""

    provider_id: Annotated[str, Field(min_length=1)]
    model_order: list[str] = Field(min_length=1, max_length=10_000)
