"""One listener of one batch: hears of its changes, not of those of others, several at once as one."""

from services.batch.following import Following
from services.streams.broker import EventBroker
from utils.seats import Seats


def following(broker: EventBroker, batch_id: str) -> Following:
    return Following(broker.subscribe(list, shared=False), broker.unsubscribe, batch_id)


def publish(broker: EventBroker, batch_id: str, event_id: int = 1) -> None:
    batch = {"batch_id": batch_id, "topic": "x" * 500}
    broker.publish(lambda: {"type": "batch_update", "batch_id": batch_id, "batch": batch}, event_id)


def test_changes_that_came_together_are_told_once() -> None:
    broker = EventBroker(Seats(2))
    one = following(broker, "batch_1")
    for number in range(5):
        publish(broker, "batch_1", number)

    assert next(one.changes(60)) is True
    publish(broker, "batch_1", 6)
    changes = one.changes(60)
    assert next(changes) is True
    broker.close()
    assert list(changes) == []


def test_changes_of_other_batches_are_not_told() -> None:
    broker = EventBroker(Seats(2))
    one = following(broker, "batch_1")
    for name in ("batch_2", "batch_11"):
        publish(broker, name)

    assert next(one.changes(0.001)) is False


def test_change_before_that_of_another_batch_is_not_lost() -> None:
    broker = EventBroker(Seats(2))
    one = following(broker, "batch_1")
    publish(broker, "batch_1")
    publish(broker, "batch_2")

    assert next(one.changes(60)) is True


def test_who_leaves_gives_the_seat_back_and_hears_the_end() -> None:
    broker = EventBroker(Seats(1))
    one = following(broker, "batch_1")

    one.close()
    one.close()

    assert list(one.changes(60)) == []
    assert broker.subscriber_count == 0
    following(broker, "batch_1").close()
