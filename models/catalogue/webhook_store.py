"""Webhooks, and the messages to them: kept until they were taken, so that none is lost with a process."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from models.database import DeliveryRow, EventRow, WebhookRow
from models.engines.opening import reading
from models.engines.writer import Writer
from utils.errors import NotFoundError

WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"
# Messages of a webhook that are kept once they were taken or given up.
KEPT = 1_000


@dataclass(frozen=True, slots=True)
class KeptWebhook:
    """A webhook; its secret is sealed. `seen` is the last event that was looked at for it."""

    id: str
    url: str
    events: tuple[str, ...]
    sealed_secret: str
    is_on: bool
    created_at: str
    seen: int
    off_because: str | None


@dataclass(frozen=True, slots=True)
class KeptDelivery:
    """A message; `body` is JSON, as it is signed and sent."""

    id: int
    webhook_id: str
    message_id: str
    event: str
    at: str
    body: str
    state: str
    tries: int
    next_at: str | None
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A change of a batch that webhooks may be told of; `detail` is JSON."""

    id: int
    batch_id: str
    at: str
    type: str
    detail: str


_WEBHOOK = (
    WebhookRow.id, WebhookRow.url, WebhookRow.events, WebhookRow.sealed_secret, WebhookRow.is_on, WebhookRow.created_at,
    WebhookRow.seen, WebhookRow.off_because,
)  # fmt: skip
_DELIVERY = tuple(getattr(DeliveryRow, name) for name in KeptDelivery.__slots__)


class WebhookStore:
    """Reads and writes the tables. Thread-safe."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def add(self, webhook_id: str, url: str, events: Sequence[str], sealed_secret: str, at: str) -> KeptWebhook:
        """Keep a new webhook; it is told of what happens from now on."""

        def change(connection: Connection) -> KeptWebhook:
            seen = int(connection.execute(select(func.coalesce(func.max(EventRow.id), 0))).scalar_one())
            made = KeptWebhook(webhook_id, url, tuple(events), sealed_secret, True, at, seen, None)
            values = {name: getattr(made, name) for name in KeptWebhook.__slots__ if name != "events"}
            connection.execute(insert(WebhookRow).values(**values, events=orjson.dumps(list(events)).decode()))
            return made

        return self._writer.run(change)

    def all(self) -> list[KeptWebhook]:
        """Return all webhooks, oldest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(*_WEBHOOK).order_by(WebhookRow.created_at, WebhookRow.id))
            return [_webhook(row) for row in rows]

    def get(self, webhook_id: str) -> KeptWebhook:
        """Return one; NotFoundError when there is none."""
        with reading(self._engine) as connection:
            row = connection.execute(select(*_WEBHOOK).where(WebhookRow.id == webhook_id)).first()
        if row is None:
            raise _unknown(webhook_id)
        return _webhook(row)

    def turn(self, webhook_id: str, is_on: bool, because: str | None = None) -> None:
        """Turn a webhook on or off, and say why; NotFoundError when there is none."""

        def change(connection: Connection) -> int:
            mine = update(WebhookRow).where(WebhookRow.id == webhook_id)
            return connection.execute(mine.values(is_on=is_on, off_because=because)).rowcount

        if not self._writer.run(change):
            raise _unknown(webhook_id)

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook with its messages; NotFoundError when there is none."""

        def change(connection: Connection) -> int:
            connection.execute(delete(DeliveryRow).where(DeliveryRow.webhook_id == webhook_id))
            return connection.execute(delete(WebhookRow).where(WebhookRow.id == webhook_id)).rowcount

        if not self._writer.run(change):
            raise _unknown(webhook_id)

    # --- messages --------------------------------------------------------------------------

    def unseen(self, webhook: KeptWebhook, kinds: Sequence[str]) -> tuple[list[NewEvent], int]:
        """Return the changes of batches, of *kinds*, that came since, and the last one of all."""
        columns = (EventRow.id, EventRow.batch_id, EventRow.at, EventRow.type, EventRow.detail)
        with reading(self._engine) as connection:
            last = int(connection.execute(select(func.coalesce(func.max(EventRow.id), 0))).scalar_one())
            wanted = select(*columns).where(EventRow.id > webhook.seen, EventRow.id <= last, EventRow.type.in_(kinds))
            return [NewEvent(*row) for row in connection.execute(wanted.order_by(EventRow.id))], last

    def take(self, webhook: KeptWebhook, last: int, messages: Iterable[tuple[str, str, str]]) -> None:
        """Keep *messages* (event, moment, body) for a webhook that has now seen all up to *last*; once for all."""

        def change(connection: Connection) -> None:
            still = (WebhookRow.id == webhook.id, WebhookRow.seen == webhook.seen)
            if connection.execute(update(WebhookRow).where(*still).values(seen=last)).rowcount:
                _keep(connection, webhook.id, messages)

        self._writer.run(change)

    def tell(self, webhook_ids: Iterable[str], message: tuple[str, str, str]) -> None:
        """Keep a message (event, moment, body) for each of these webhooks."""

        def change(connection: Connection) -> None:
            for webhook_id in webhook_ids:
                _keep(connection, webhook_id, [message])

        self._writer.run(change)

    def due(self, now: str, limit: int) -> list[KeptDelivery]:
        """Return messages that should be sent now, oldest first."""
        on = select(WebhookRow.id).where(WebhookRow.is_on)
        query = select(*_DELIVERY).where(DeliveryRow.next_at <= now, DeliveryRow.webhook_id.in_(on))
        with reading(self._engine) as connection:
            return [KeptDelivery(*row) for row in connection.execute(query.order_by(DeliveryRow.id).limit(limit))]

    def claim(self, delivery: KeptDelivery, until: str) -> bool:
        """Take a message to send it, until a moment when others may; False where another process has it."""

        def change(connection: Connection) -> int:
            still = (DeliveryRow.id == delivery.id, DeliveryRow.next_at == delivery.next_at)
            values = {"next_at": until, "tries": delivery.tries + 1}
            return connection.execute(update(DeliveryRow).where(*still).values(**values)).rowcount

        return bool(self._writer.run(change))

    def settle(self, delivery_id: int, state: str, next_at: str | None, status: int | None, error: str | None) -> None:
        """Say what came of a try."""

        def change(connection: Connection) -> None:
            values = {"state": state, "next_at": next_at, "status": status, "error": error}
            connection.execute(update(DeliveryRow).where(DeliveryRow.id == delivery_id).values(**values))

        self._writer.run(change)

    def deliveries(self, webhook_id: str, limit: int) -> list[KeptDelivery]:
        """Return the messages of a webhook, newest first; NotFoundError when there is no such webhook."""
        self.get(webhook_id)
        query = select(*_DELIVERY).where(DeliveryRow.webhook_id == webhook_id).order_by(DeliveryRow.id.desc())
        with reading(self._engine) as connection:
            return [KeptDelivery(*row) for row in connection.execute(query.limit(limit))]


def _keep(connection: Connection, webhook_id: str, messages: Iterable[tuple[str, str, str]]) -> None:
    for event, at, body in messages:
        values = {"event": event, "at": at, "body": body, "state": WAITING, "tries": 0, "next_at": at}
        message_id = f"msg_{secrets.token_hex(12)}"
        connection.execute(insert(DeliveryRow).values(webhook_id=webhook_id, message_id=message_id, **values))
    ended = select(DeliveryRow.id).where(DeliveryRow.webhook_id == webhook_id, DeliveryRow.next_at.is_(None))
    old = ended.order_by(DeliveryRow.id.desc()).offset(KEPT).limit(KEPT)
    connection.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(old)))


def _webhook(row: Row[str, str, str, str, bool, str, int, str | None]) -> KeptWebhook:
    values = dict(row._mapping)  # its public name
    return KeptWebhook(**{**values, "events": tuple(orjson.loads(values["events"]))})


def _unknown(webhook_id: str) -> NotFoundError:
    return NotFoundError(f"webhook {webhook_id[:100]!r}: is not there; list them with GET /api/webhooks")
