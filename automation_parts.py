"""Wires what goes on by itself: templates, schedules, webhooks."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from config import Settings
from models.batches.schedule_store import ScheduleStore
from models.batches.template_store import TemplateStore
from models.catalogue.webhook_store import WebhookStore
from models.contract.answers.releases import ReleaseFacts
from models.stores import Stores
from services.batch_service import BatchService
from services.operations.automation.schedules import Schedules
from services.operations.automation.templates import Templates
from services.operations.automation.webhooks import Webhooks
from utils.addresses import AddressRule
from utils.errors import StorageError
from utils.key_file import encryption_keys
from utils.secret_box import SecretBox

log = logging.getLogger(__name__)
# What webhooks are told of a release; the rest is in its manifest.
_OF_RELEASE = ("id", "name", "version", "description", "samples", "content_hash")


@dataclass(frozen=True)
class Automation:
    """Templates, schedules and webhooks."""

    templates: Templates
    schedules: Schedules
    webhooks: Webhooks

    def tell_of_release(self, facts: ReleaseFacts) -> None:
        """Tell the webhooks of a release that was made."""
        every: Mapping[str, object] = {**facts}
        try:
            self.webhooks.tell("release.made", {name: every[name] for name in _OF_RELEASE})
        except StorageError as error:  # the release is made all the same
            log.warning("webhooks not told of a release", extra={"release": facts["id"], "reason": str(error)})


def build_automation(settings: Settings, stores: Stores, batches: BatchService) -> Automation:
    """Wire them over *batches*."""
    parts = stores.engine, stores.writer
    box = SecretBox(encryption_keys(settings.data_dir.expanduser(), settings.encryption_keys, make=True))
    rule = AddressRule(settings.allow_private_base_urls)
    webhooks = Webhooks(WebhookStore(*parts), lambda batch: {**batches.monitor.one(batch)}, box, rule, stores.clock)
    times = ScheduleStore(*parts)

    def used_by(template: str) -> list[str]:
        return [kept.id for kept in times.all() if kept.template == template]

    templates = Templates(TemplateStore(*parts), batches, used_by, stores.clock)
    schedules = Schedules(times, templates, stores.tables.batches, webhooks.tell, stores.clock)
    return Automation(templates, schedules, webhooks)
