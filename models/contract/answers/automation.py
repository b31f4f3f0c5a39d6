"""Answers about templates of batches, their schedules, and webhooks."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from models.contract.answers.base import Answer, Success

WebhookEvent = Literal[
    "batch.ended", "batch.budget", "batch.alert", "release.made", "schedule.started", "schedule.failed", "webhook.test"
]


class Template(Answer):
    """One version of a named recipe for batches."""

    name: str
    version: int
    created_at: str
    note: str
    batch: Annotated[dict[str, JsonValue], Field(description="What `POST /api/generate/batch/start` takes")]
    yaml: Annotated[str, Field(description="The same as YAML")]


class TemplateAnswer(Success):
    """Answer of what shows or changes a template."""

    template: Template


class TemplatesAnswer(Success):
    """Answer of `GET /api/templates`."""

    templates: Annotated[list[Template], Field(description="The newest version of each, by name")]
    count: int


class TemplateVersionsAnswer(Success):
    """Answer of `GET /api/templates/<name>/versions`."""

    versions: Annotated[list[Template], Field(description="Newest first")]
    count: int


class TemplateDeletedAnswer(Success):
    """Answer of `DELETE /api/templates/<name>`."""

    message: str


class Schedule(Answer):
    """When a template is run."""

    id: str
    template: str
    version: Annotated[int | None, Field(description="Of the template; null for the newest at that moment")]
    cron: str
    timezone: str
    is_on: bool
    created_at: str
    next_at: Annotated[str | None, Field(description="UTC; null while it is off")]
    last_at: Annotated[str | None, Field(description="The moment that was last due")]
    last_batch: str | None
    last_error: Annotated[str | None, Field(description="Why no batch was started then")]
    missed: Annotated[int, Field(description="Moments that passed while no service ran; one batch made up for all")]


class ScheduleAnswer(Success):
    """Answer of what shows or changes a schedule."""

    schedule: Schedule


class SchedulesAnswer(Success):
    """Answer of `GET /api/schedules`."""

    schedules: list[Schedule]
    count: int


class ScheduleDeletedAnswer(Success):
    """Answer of `DELETE /api/schedules/<id>`."""

    message: str


class Webhook(Answer):
    """Who is told of events."""

    id: str
    url: str
    events: list[WebhookEvent]
    is_on: bool
    created_at: str
    off_because: Annotated[str | None, Field(description="Why the service turned it off: its address said 410 Gone")]


class NewWebhook(Webhook):
    """A webhook with its secret, which is shown once."""

    secret: Annotated[str, Field(description="Messages are signed with it: `whsec_` and 24 bytes in base64")]


class NewWebhookAnswer(Success):
    """Answer of `POST /api/webhooks`."""

    webhook: NewWebhook


class WebhookAnswer(Success):
    """Answer of what changes a webhook."""

    webhook: Webhook


class WebhooksAnswer(Success):
    """Answer of `GET /api/webhooks`."""

    webhooks: list[Webhook]
    count: int


class WebhookDeletedAnswer(Success):
    """Answer of `DELETE /api/webhooks/<id>`."""

    message: str


class Delivery(Answer):
    """One message to a webhook."""

    message_id: Annotated[str, Field(description="The same at each try: whoever saw it may drop it")]
    event: WebhookEvent
    at: str
    state: Literal["waiting", "delivered", "failed"]
    tries: int
    next_at: str | None
    status: Annotated[int | None, Field(description="HTTP status of the last try; null where there was no answer")]
    error: str | None


class DeliveriesAnswer(Success):
    """Answer of `GET /api/webhooks/<id>/deliveries`."""

    deliveries: Annotated[list[Delivery], Field(description="Newest first")]
    count: int
