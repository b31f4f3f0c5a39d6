"""Bodies and arguments of requests about templates, schedules and webhooks."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from models.contract.answers.automation import WebhookEvent
from models.fields import HOLDS_SECRETS, Flag, Text, Whole

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
TemplateName = Annotated[str, Field(max_length=90, pattern=NAME)]


class TemplateBody(BaseModel):
    """Body of `PUT /api/templates/<name>`."""

    model_config = ConfigDict(extra="forbid")

    batch: dict[str, JsonValue] | None = Field(None, description="What `POST /api/generate/batch/start` takes")
    yaml: str | None = Field(None, max_length=100_000, description="The same as YAML, in place of it")
    note: str = Field("", max_length=2_000)

    @model_validator(mode="after")
    def _has_one_of_both(self) -> "TemplateBody":
        if (self.batch is None) == (self.yaml is None):
            raise ValueError("send one of batch and yaml")
        return self


class TemplateArguments(BaseModel):
    """`GET /api/templates/<name>`."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1)] | None = Field(None, description="The newest by default")


class TemplateRunBody(BaseModel):
    """Body of `POST /api/templates/<name>/run`."""

    model_config = ConfigDict(extra="forbid")

    version: Whole | None = Field(None, ge=1, description="The newest by default")
    change: dict[str, JsonValue] = Field(default_factory=dict, description="Fields that are other this time")


class ScheduleBody(BaseModel):
    """Body of `POST /api/schedules`."""

    model_config = ConfigDict(extra="forbid")

    template: TemplateName
    version: Whole | None = Field(None, ge=1, description="The newest at each run by default")
    cron: Annotated[Text, Field(max_length=100)] = Field(
        description="Five fields: minute, hour, day of month, month, day of week"
    )
    timezone: str = Field("UTC", max_length=60, description="Such as Europe/London")
    is_on: Flag = True


class ScheduleChange(BaseModel):
    """Body of `PATCH /api/schedules/<id>`."""

    model_config = ConfigDict(extra="forbid")

    is_on: Flag


class WebhookBody(BaseModel):
    """Body of `POST /api/webhooks`."""

    model_config = ConfigDict(**HOLDS_SECRETS, extra="forbid")

    url: Annotated[Text, Field(max_length=2_000)]
    events: Annotated[list[WebhookEvent], Field(max_length=20)] = Field(
        default_factory=list, description="All events by default"
    )
    secret: str | None = Field(
        None, max_length=200, description="Your own: whsec_ and 24 to 64 bytes in base64; one is made by default"
    )


class WebhookChange(BaseModel):
    """Body of `PATCH /api/webhooks/<id>`."""

    model_config = ConfigDict(extra="forbid")

    is_on: Flag


class DeliveriesArguments(BaseModel):
    """`GET /api/webhooks/<id>/deliveries`."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
