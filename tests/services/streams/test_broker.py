"""The broker: one order for everybody, nobody waited for."""

import json

import pytest

from services.batch.publisher import _pause_s
from services.streams.broker import QUEUE_SIZE, EventBroker, Subscription, encode
from utils.errors import UnavailableError
from utils.seats import Seats


def data(message: bytes) -> object:
    return json.loads(message.split(b"data: ")[1])


def test_everybody_gets_the_first_message_and_then_every_event() -> None:
    broker = EventBroker(Seats(10))
    one, two = broker.subscribe(lambda: [encode("first", 0)]), broker.subscribe(lambda: [encode("first", 0)])

    broker.publish(lambda: {"n": 1}, 1)
    broker.close()

    for subscription in (one, two):
        assert [data(message) for message in subscription.messages()] == ["first", {"n": 1}]
    assert broker.subscriber_count == 0


def test_each_message_carries_the_id_of_its_event() -> None:
    broker = EventBroker(Seats(10))
    subscription = broker.subscribe(lambda: [encode(0, 1)])
    broker.publish(lambda: 1, 7)
    broker.close()

    assert [int(message.split()[1]) for message in subscription.messages()] == [1, 7]


def test_slow_listener_is_dropped_and_its_stream_ends() -> None:
    broker = EventBroker(Seats(10))
    slow = broker.subscribe(lambda: [encode(0, 0)])

    for number in range(QUEUE_SIZE + 5):
        broker.publish(lambda: 0, number)

    messages = list(slow.messages())

    assert broker.subscriber_count == 0
    assert len(messages) < QUEUE_SIZE + 5
    assert b"dropped" in messages[-1]


def test_first_messages_are_built_once_until_something_is_sent() -> None:
    broker, built = EventBroker(Seats(10)), []

    def first() -> list[bytes]:
        built.append(1)
        return [encode(len(built), 0)]

    heads = [broker.subscribe(first).head for _ in range(2)]
    broker.publish(lambda: "news", 1)
    after = broker.subscribe(first).head
    own = broker.subscribe(first, shared=False).head

    assert heads[0] is heads[1]
    assert [data(head[0]) for head in (heads[0], after, own)] == [1, 2, 3]


def test_listener_whose_first_messages_fail_does_not_stay() -> None:
    broker = EventBroker(Seats(10))

    with pytest.raises(ZeroDivisionError):
        broker.subscribe(lambda: [b""] * (1 // 0))

    assert broker.subscriber_count == 0


def test_silence_is_filled_with_heartbeats() -> None:
    messages = Subscription().messages(heartbeat_s=0.001)

    assert next(messages) == b": heartbeat\n\n"


def test_too_many_listeners_and_a_closed_broker_are_refused() -> None:
    broker = EventBroker(Seats(1))
    first = broker.subscribe(lambda: [encode(0, 0)])
    with pytest.raises(UnavailableError, match="1 streams are open already"):
        broker.subscribe(lambda: [encode(0, 0)])

    broker.unsubscribe(first)
    broker.unsubscribe(first)
    broker.subscribe(lambda: [encode(0, 0)])
    broker.close()

    with pytest.raises(UnavailableError, match="stopping"):
        broker.subscribe(lambda: [encode(0, 0)])


def test_what_happens_while_nobody_listens_is_not_missed_by_the_next_listener() -> None:
    broker, state = EventBroker(Seats(10)), ["running"]

    def first() -> list[bytes]:
        return [encode(state[0], 0)]

    broker.unsubscribe(broker.subscribe(first))
    state[0] = "completed"
    broker.publish(lambda: 1 / 0, 1)  # nobody listens: nothing is built

    assert data(broker.subscribe(first).head[0]) == "completed"


def test_message_without_an_event_leaves_the_last_id_as_it_is() -> None:
    assert encode(1, 0) == b"data: 1\n\n"


@pytest.mark.parametrize(("listeners", "pause_s"), [(1, 0.1), (40, 0.1), (100, 0.25), (200, 0.5), (1000, 0.5)])
def test_many_listeners_are_told_less_often(listeners: int, pause_s: float) -> None:
    assert _pause_s(listeners) == pause_s
