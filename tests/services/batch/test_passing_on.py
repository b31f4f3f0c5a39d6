"""What happened elsewhere, on its way to the streams of this process: nothing is skipped, whatever comes in between."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from models.batches.event_store import EventStore
from services.batch.publisher import BatchPublisher
from services.streams.broker import EventBroker
from tests.databases import only_on_sqlite
from tests.fakes import Start
from tests.patience import PATIENCE_S
from utils.errors import StorageError
from utils.seats import Seats


@only_on_sqlite  # elsewhere the fleet looks by itself
def test_a_change_that_comes_between_two_reads_is_passed_on_with_the_next(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = start({})
    fleet, ledger, passed = service.batches.fleet, service.stores.ledger, []
    monkeypatch.setattr(fleet.publisher, "changed", lambda batch_id, _event, _now: passed.append(batch_id))
    read: Callable[..., dict[str, int]] = EventStore.changed_since

    def interrupted(store: EventStore, after: int) -> dict[str, int]:
        found = read(store, after)
        if "late" not in passed:
            ledger.change("late", "started", {})
        return found

    ledger.change("early", "started", {})
    monkeypatch.setattr(EventStore, "changed_since", interrupted)
    fleet._pass_on()
    assert passed == ["early"]
    fleet._pass_on()

    assert "late" in passed


def test_a_change_whose_batch_cannot_be_read_is_sent_when_it_can() -> None:
    tries: list[str] = []
    broker = EventBroker(Seats(4))
    is_sent = threading.Event()

    def batch_object(batch_id: str) -> Any:
        tries.append(batch_id)
        if len(tries) < 3:
            raise StorageError("database: away")
        is_sent.set()
        return {"batch_id": batch_id}

    publisher = BatchPublisher(broker, batch_object)
    subscription = broker.subscribe(list)
    publisher.start()
    publisher.changed("b", 7, False)
    assert is_sent.wait(PATIENCE_S)
    publisher.close()
    broker.close()

    assert [message for message in subscription.messages() if message.startswith(b"id: 7\n")]
    assert tries == ["b", "b", "b"]
