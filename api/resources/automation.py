"""What goes on by itself: templates of batches, schedules, webhooks."""

from flask import Blueprint

from api.edge.deps import services
from api.edge.endpoint import Endpoint
from models.contract.answers.automation import (
    DeliveriesAnswer,
    NewWebhookAnswer,
    ScheduleAnswer,
    ScheduleDeletedAnswer,
    SchedulesAnswer,
    TemplateAnswer,
    TemplateDeletedAnswer,
    TemplatesAnswer,
    TemplateVersionsAnswer,
    WebhookAnswer,
    WebhookDeletedAnswer,
    WebhooksAnswer,
)
from models.contract.answers.batches import ChangedAnswer
from models.contract.automation_bodies import (
    DeliveriesArguments,
    ScheduleBody,
    ScheduleChange,
    TemplateArguments,
    TemplateBody,
    TemplateRunBody,
    WebhookBody,
    WebhookChange,
)
from models.contract.bodies import NoFields
from utils.access_tokens import Role

_TAG = "Automation"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_automation", __name__)
    routes.get("/templates")(templates)
    routes.put("/templates/<template_name>")(put_template)
    routes.get("/templates/<template_name>")(template)
    routes.get("/templates/<template_name>/versions")(versions)
    routes.delete("/templates/<template_name>")(delete_template)
    routes.post("/templates/<template_name>/run")(run_template)
    routes.get("/schedules")(schedules)
    routes.post("/schedules")(add_schedule)
    routes.get("/schedules/<schedule_id>")(schedule)
    routes.patch("/schedules/<schedule_id>")(turn_schedule)
    routes.delete("/schedules/<schedule_id>")(delete_schedule)
    routes.get("/webhooks")(webhooks)
    routes.post("/webhooks")(add_webhook)
    routes.patch("/webhooks/<webhook_id>")(turn_webhook)
    routes.delete("/webhooks/<webhook_id>")(delete_webhook)
    routes.post("/webhooks/<webhook_id>/test")(test_webhook)
    routes.get("/webhooks/<webhook_id>/deliveries")(deliveries)
    return routes


@Endpoint(tag=_TAG)
def templates() -> TemplatesAnswer:
    """List the templates, each in its newest version."""
    found = services().templates.all()
    return {"success": True, "templates": found, "count": len(found)}


@Endpoint(role=Role.WRITE, tag=_TAG)
def put_template(template_name: str, body: TemplateBody) -> TemplateAnswer:
    """Keep the next version of a template: what a batch is started with, as JSON or YAML."""
    return {"success": True, "template": services().templates.put(template_name, body)}


@Endpoint(tag=_TAG, errors=(404,))
def template(template_name: str, query: TemplateArguments) -> TemplateAnswer:
    """Return a version of a template, the newest by default."""
    return {"success": True, "template": services().templates.get(template_name, query.version)}


@Endpoint(tag=_TAG, errors=(404,))
def versions(template_name: str) -> TemplateVersionsAnswer:
    """List all versions of a template, newest first."""
    found = services().templates.versions(template_name)
    return {"success": True, "versions": found, "count": len(found)}


@Endpoint(role=Role.WRITE, tag=_TAG, errors=(404,))
def delete_template(template_name: str) -> TemplateDeletedAnswer:
    """Delete a template with all its versions; batches and releases made by it stay."""
    services().templates.delete(template_name)
    return {"success": True, "message": f"Template {template_name} deleted"}


@Endpoint(role=Role.WRITE, tag=_TAG, errors=(404,))
def run_template(template_name: str, body: TemplateRunBody) -> ChangedAnswer:
    """Start a batch by a template."""
    batch = services().templates.run(template_name, body)
    message = f"Batch started: {batch['total']} samples wanted"
    return {"success": True, "message": message, "batch_id": batch["batch_id"], "batch": batch}


@Endpoint(tag=_TAG)
def schedules() -> SchedulesAnswer:
    """List the schedules, oldest first."""
    found = services().schedules.all()
    return {"success": True, "schedules": found, "count": len(found)}


@Endpoint(role=Role.WRITE, tag=_TAG, errors=(404,))
def add_schedule(body: ScheduleBody) -> ScheduleAnswer:
    """Have a template run at its times."""
    return {"success": True, "schedule": services().schedules.add(body)}


@Endpoint(tag=_TAG, errors=(404,))
def schedule(schedule_id: str) -> ScheduleAnswer:
    """Return a schedule: when it runs next, and what came of it last."""
    return {"success": True, "schedule": services().schedules.get(schedule_id)}


@Endpoint(role=Role.WRITE, tag=_TAG, errors=(404,))
def turn_schedule(schedule_id: str, body: ScheduleChange) -> ScheduleAnswer:
    """Turn a schedule on or off."""
    return {"success": True, "schedule": services().schedules.turn(schedule_id, body.is_on)}


@Endpoint(role=Role.WRITE, tag=_TAG, errors=(404,))
def delete_schedule(schedule_id: str) -> ScheduleDeletedAnswer:
    """Delete a schedule; its batches stay."""
    services().schedules.delete(schedule_id)
    return {"success": True, "message": f"Schedule {schedule_id} deleted"}


@Endpoint(role=Role.ADMIN, tag=_TAG)
def webhooks() -> WebhooksAnswer:
    """List the webhooks, oldest first; no secret is shown."""
    found = services().webhooks.all()
    return {"success": True, "webhooks": found, "count": len(found)}


@Endpoint(role=Role.ADMIN, tag=_TAG)
def add_webhook(body: WebhookBody) -> NewWebhookAnswer:
    """Have an address told of events, signed; its secret is shown this once."""
    return {"success": True, "webhook": services().webhooks.add(body)}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def turn_webhook(webhook_id: str, body: WebhookChange) -> WebhookAnswer:
    """Turn a webhook on or off."""
    return {"success": True, "webhook": services().webhooks.turn(webhook_id, body.is_on)}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def delete_webhook(webhook_id: str) -> WebhookDeletedAnswer:
    """Delete a webhook with its messages."""
    services().webhooks.delete(webhook_id)
    return {"success": True, "message": f"Webhook {webhook_id} deleted"}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def test_webhook(webhook_id: str, body: NoFields) -> DeliveriesAnswer:
    """Have a webhook sent a message, to try it."""
    services().webhooks.test(webhook_id)
    found = services().webhooks.deliveries(webhook_id, 1)
    return {"success": True, "deliveries": found, "count": len(found)}


@Endpoint(role=Role.ADMIN, tag=_TAG, errors=(404,))
def deliveries(webhook_id: str, query: DeliveriesArguments) -> DeliveriesAnswer:
    """List the messages of a webhook, newest first, with what came of each."""
    found = services().webhooks.deliveries(webhook_id, query.limit)
    return {"success": True, "deliveries": found, "count": len(found)}
