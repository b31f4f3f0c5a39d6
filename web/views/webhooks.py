"""Webhooks: who is told of events, and what came of each message. For administrators."""

from collections.abc import Mapping

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from api.edge.deps import services
from models.contract.answers.automation import NewWebhook, WebhookEvent
from models.contract.automation_bodies import WebhookBody, WebhookChange
from models.fields import validated
from utils.access_tokens import Role
from utils.errors import InputError, NotFoundError
from web.page_spec import PageSpec
from web.parts.field_faults import by_field
from web.rendering import done, page, sent
from web.session import needs

_SECTION = "ui.automation"
_DELIVERIES = 100
# What one can be told of, in words; a test message goes to whom it is sent.
_EVENTS: Mapping[WebhookEvent, str] = {
    "batch.ended": "A batch ended",
    "batch.budget": "A batch ended at its budget",
    "batch.alert": "A batch needs a look",
    "release.made": "A release was made",
    "schedule.started": "A schedule started a batch",
    "schedule.failed": "A schedule could not start its batch",
}
_WORDS: Mapping[WebhookEvent, str] = {**_EVENTS, "webhook.test": "A test"}


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/automation/webhooks", "webhooks", _list)
    ui.add_url_rule("/automation/webhooks", "add_webhook", _add, methods=["POST"])
    ui.add_url_rule("/automation/webhooks/<webhook_id>", "webhook", _one)
    for name, change in (("turn", _turn), ("test", _test), ("delete", _delete)):
        ui.add_url_rule(f"/automation/webhooks/<webhook_id>/{name}", f"{name}_webhook", change, methods=["POST"])


@needs(Role.ADMIN)
def _list() -> ResponseReturnValue:
    return _page({}, {}, 200)


def _page(
    given: Mapping[str, str], faults: Mapping[str, str], status: int, made: NewWebhook | None = None
) -> ResponseReturnValue:
    return page(
        "automation/webhooks.html",
        status,
        section=_SECTION,
        rows=services().webhooks.all(),
        events=_EVENTS,
        words=_WORDS,
        chosen=given,
        ticked=request.form.getlist("events") if faults else list(_EVENTS),
        faults=faults,
        made=made,
    )


@needs(Role.ADMIN)
def _add() -> ResponseReturnValue:
    """Keep a webhook; its secret is shown with this answer, and nowhere again: a cookie must not hold it."""
    given = sent()
    values = {**given, "events": request.form.getlist("events")}
    try:
        made = services().webhooks.add(validated(WebhookBody, values))
    except InputError as error:
        return _page(given, by_field(str(error), WebhookBody.model_fields), 400)
    return _page({}, {}, 200, made)


@needs(Role.ADMIN)
def _one(webhook_id: str) -> ResponseReturnValue:
    row = next((one for one in services().webhooks.all() if one["id"] == webhook_id), None)
    if row is None:
        raise NotFoundError(f"webhook {webhook_id[:80]!r}: is not here; GET /api/webhooks lists those that are")
    sent_so_far = services().webhooks.deliveries(webhook_id, _DELIVERIES)
    return page("automation/webhook.html", section=_SECTION, row=row, deliveries=sent_so_far, words=_WORDS)


@needs(Role.ADMIN)
def _turn(webhook_id: str) -> ResponseReturnValue:
    row = services().webhooks.turn(webhook_id, validated(WebhookChange, sent()).is_on)
    return done(f"The webhook is {'on' if row['is_on'] else 'off'}.", _address(webhook_id))


@needs(Role.ADMIN)
def _test(webhook_id: str) -> ResponseReturnValue:
    services().webhooks.test(webhook_id)
    return done("A test is on its way. Its line tells what came of it.", _address(webhook_id))


@needs(Role.ADMIN)
def _delete(webhook_id: str) -> ResponseReturnValue:
    services().webhooks.delete(webhook_id)
    return done("The webhook was deleted with its messages.", url_for("ui.webhooks"))


def _address(webhook_id: str) -> str:
    return url_for("ui.webhook", webhook_id=webhook_id)


SPEC = PageSpec(_add_to)
