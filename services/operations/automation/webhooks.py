"""Webhooks: addresses that are told of events, signed, and again until they take it.

Messages follow the Standard Webhooks specification: `webhook-id`, `webhook-timestamp`, and `webhook-signature`, an
HMAC-SHA256 over id, timestamp and body. What happens to batches is read from the durable list of events, so that
nothing is missed while a process is down; a message waits in the database until it was taken or given up.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import cast, get_args

import orjson

from models.catalogue.webhook_store import DELIVERED, FAILED, WAITING, KeptDelivery, KeptWebhook, NewEvent, WebhookStore
from models.contract.answers.automation import Delivery, NewWebhook, Webhook, WebhookEvent
from models.contract.automation_bodies import WebhookBody
from services.llm.adapters.base import ProviderConfig
from services.llm.adapters.transport import http_client
from utils.addresses import AddressRule
from utils.clock import Clock, iso
from utils.errors import AppError, InputError, NotFoundError, StorageError
from utils.redaction import remember_secret
from utils.secret_box import SecretBox

log = logging.getLogger(__name__)
EVENTS: tuple[WebhookEvent, ...] = get_args(WebhookEvent)
Facts = Callable[[str], Mapping[str, object]]
_KINDS = ("ended", "alert")
_LOOK_S = 1.0
_TIMEOUT_S = 10.0
# Between the tries, in seconds: a day in all.
AGAIN_S = (5, 30, 120, 600, 1_800, 7_200, 21_600, 54_000)
# So long nobody else sends a message that is being sent.
_LEASE = timedelta(seconds=60)
_AT_ONCE, _THREADS = 50, 4
_PREFIX = "whsec_"
_SECRET_BYTES = range(24, 65)
_GONE = 410
_WHOLE = (
    "batch_id",
    "status",
    "samples_generated",
    "total",
    "reason",
    "cost_usd",
    "total_tokens",
    "rejected",
    "in_doubt",
)


class Webhooks:
    """Thread-safe. Owns the thread that sends."""

    def __init__(self, store: WebhookStore, facts: Facts, box: SecretBox, rule: AddressRule, clock: Clock) -> None:
        """Send what is in *store*; *facts* tells a batch, *box* keeps secrets, *rule* says what may be called."""
        self._store = store
        self._facts = facts
        self._box = box
        self._rule = rule
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="webhooks", daemon=True)

    # --- what callers do -------------------------------------------------------------------

    def add(self, body: WebhookBody) -> NewWebhook:
        """Keep a new webhook, which is told of what happens from now on.

        Raises:
            InputError: the address must not be called, or the secret is none.
        """
        url = _address(self._rule, body.url)
        secret = _secret(body.secret) if body.secret else _PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()
        remember_secret(secret)
        events = tuple(dict.fromkeys(body.events)) or EVENTS
        webhook_id = f"wh_{secrets.token_hex(8)}"
        kept = self._store.add(webhook_id, url, events, self._box.seal(secret), iso(self._clock.now()))
        return {**_shown(kept), "secret": secret}

    def all(self) -> list[Webhook]:
        """Return all webhooks, oldest first."""
        return [_shown(kept) for kept in self._store.all()]

    def turn(self, webhook_id: str, is_on: bool) -> Webhook:
        """Turn a webhook on or off; what waits for it waits on. NotFoundError when there is none."""
        self._store.turn(webhook_id, is_on)
        return _shown(self._store.get(webhook_id))

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook with its messages; NotFoundError when there is none."""
        self._store.delete(webhook_id)

    def test(self, webhook_id: str) -> None:
        """Have a webhook sent a message; NotFoundError when there is none."""
        kept = self._store.get(webhook_id)
        at = iso(self._clock.now())
        self._store.tell([kept.id], ("webhook.test", at, _body("webhook.test", at, {"webhook_id": kept.id})))

    def deliveries(self, webhook_id: str, limit: int) -> list[Delivery]:
        """Return the messages of a webhook, newest first; NotFoundError when there is none."""
        return [_delivery(kept) for kept in self._store.deliveries(webhook_id, limit)]

    def tell(self, event: WebhookEvent, data: Mapping[str, object]) -> None:
        """Tell of an event that stands in no list."""
        wanted = [kept.id for kept in self._store.all() if kept.is_on and event in kept.events]
        if wanted:
            at = iso(self._clock.now())
            self._store.tell(wanted, (event, at, _body(event, at, data)))

    # --- what goes on by itself ------------------------------------------------------------

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self, timeout_s: float) -> None:
        """End the thread; what waits is sent after the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def collect(self) -> None:
        """Make messages of what happened to batches."""
        for kept in self._store.all():
            events, last = self._store.unseen(kept, _KINDS)
            if last > kept.seen:
                told = [self._told(event) for event in events] if kept.is_on else []
                self._store.take(kept, last, [message for message in told if message[0] in kept.events])

    def deliver(self) -> int:
        """Send what is due; return how many messages that were."""
        due = self._store.due(iso(self._clock.now()), _AT_ONCE)
        if due:
            with ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook") as threads:
                list(threads.map(self._deliver, due))
        return len(due)

    def _loop(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            try:
                self.collect()
                self.deliver()
            except StorageError as error:
                log.warning("webhooks wait", extra={"reason": str(error)})
            except Exception:  # top of a thread: it must live on, the messages are in the database
                log.exception("webhooks failed")

    def _told(self, event: NewEvent) -> tuple[str, str, str]:
        detail = orjson.loads(event.detail)
        kind: WebhookEvent = "batch.alert" if event.type == "alert" else "batch.ended"
        if kind == "batch.ended" and "budget" in str(detail.get("reason") or ""):
            kind = "batch.budget"
        try:
            batch = self._facts(event.batch_id)
        except NotFoundError:
            batch = {}
        facts = {name: batch[name] for name in _WHOLE if name in batch}
        data = {**facts, "batch_id": event.batch_id, **({"alert": detail} if kind == "batch.alert" else detail)}
        return kind, event.at, _body(kind, event.at, data)

    def _deliver(self, delivery: KeptDelivery) -> None:
        if self._stopping.is_set() or not self._store.claim(delivery, iso(self._clock.now() + _LEASE)):
            return
        try:
            webhook = self._store.get(delivery.webhook_id)
            status, error = self._sent(webhook, delivery)
        except NotFoundError:
            return  # deleted meanwhile, with its messages
        except AppError as refused:
            status, error = None, str(refused)[:300]
        if not error:
            self._store.settle(delivery.id, DELIVERED, None, status, None)
            return
        if status == _GONE:
            self._store.turn(delivery.webhook_id, False, "its address said 410 Gone")
        tries = delivery.tries
        again = iso(self._clock.now() + timedelta(seconds=AGAIN_S[tries])) if tries < len(AGAIN_S) else None
        self._store.settle(delivery.id, WAITING if again else FAILED, again, status, error)

    def _sent(self, webhook: KeptWebhook, delivery: KeptDelivery) -> tuple[int | None, str]:
        """Send a message once; return the status, None for no answer, and why it was not taken, "" if it was."""
        import httpx2

        # By this process's own clock, as receivers compare it with theirs.
        stamp = str(int(self._clock.now().timestamp()))
        headers = {
            "content-type": "application/json",
            "user-agent": "legal-training-platform",
            "webhook-id": delivery.message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(
                self._box.open(webhook.sealed_secret), delivery.message_id, stamp, delivery.body
            ),
        }
        config = ProviderConfig("webhook", webhook.url, timeout_s=_TIMEOUT_S, rule=self._rule)
        try:
            with (
                http_client("httpx2", config, {}) as client,
                client.stream("POST", webhook.url, content=delivery.body.encode(), headers=headers) as answer,
            ):
                status = int(answer.status_code)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return None, f"{type(error).__name__}: {str(error)[:200]}"
        return status, "" if 200 <= status < 300 else f"answered {status}"


def signature(secret: str, message_id: str, stamp: str, body: str) -> str:
    """Return what stands in `webhook-signature`.

    Args:
        secret: `whsec_` and base64.
        message_id: Of the message.
        stamp: Seconds since 1970.
        body: As it is sent.
    """
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    digest = hmac.digest(key, f"{message_id}.{stamp}.{body}".encode(), hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def _address(rule: AddressRule, url: str) -> str:
    try:
        rule.base_url(url)
    except InputError as error:
        raise InputError(str(error).replace("base_url", "url", 1)) from None
    return url.strip()


def _secret(text: str) -> str:
    try:
        size = len(base64.b64decode(text.removeprefix(_PREFIX), validate=True)) if text.startswith(_PREFIX) else 0
    except (binascii.Error, ValueError):
        size = 0
    if size not in _SECRET_BYTES:
        raise InputError("secret: want whsec_ and 24 to 64 bytes in base64; leave it out to have one made")
    return text


def _body(event: WebhookEvent, at: str, data: Mapping[str, object]) -> str:
    return orjson.dumps({"type": event, "timestamp": at, "data": dict(data)}).decode()


def _shown(kept: KeptWebhook) -> Webhook:
    return {
        "id": kept.id,
        "url": kept.url,
        "events": _events(kept.events),
        "is_on": kept.is_on,
        "created_at": kept.created_at,
        "off_because": kept.off_because,
    }


def _events(names: Sequence[str]) -> list[WebhookEvent]:
    return [event for event in EVENTS if event in names]


def _delivery(kept: KeptDelivery) -> Delivery:
    shown = {
        "message_id": kept.message_id,
        "event": kept.event,
        "at": kept.at,
        "state": kept.state,
        "tries": kept.tries,
        "next_at": kept.next_at,
        "status": kept.status,
        "error": kept.error,
    }
    return cast("Delivery", shown)  # kept as it was made here
