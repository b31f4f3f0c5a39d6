"""The broker: one order for everybody, nobody waited for."""

import json

import pytest

from services.events import QUEUE_SIZE, EventBroker, Subscription
from utils.errors import UnavailableError


def data(message: bytes) -> object:
    return json.loads(message.split(b"data: ")[1])


def test_everybody_gets_the_first_message_and_then_every_event() -> None:
    broker = EventBroker(10)
    one, two = broker.subscribe(lambda: "first"), broker.subscribe(lambda: "first")

    broker.publish({"n": 1})
    broker.close()

    for subscription in (one, two):
        assert [data(message) for message in subscription.messages()] == ["first", {"n": 1}]
    assert broker.subscriber_count == 0


def test_ids_grow() -> None:
    broker = EventBroker(10)
    subscription = broker.subscribe(lambda: 0)
    broker.publish(1)
    broker.close()

    assert [int(message.split()[1]) for message in subscription.messages()] == [1, 2]


def test_slow_listener_is_dropped_and_its_stream_ends() -> None:
    broker = EventBroker(10)
    slow = broker.subscribe(lambda: 0)

    for number in range(QUEUE_SIZE + 5):
        broker.publish(number)

    assert slow.dropped
    assert broker.subscriber_count == 0
    assert len(list(slow.messages())) < QUEUE_SIZE


def test_silence_is_filled_with_heartbeats() -> None:
    messages = Subscription().messages(heartbeat_s=0.001)

    assert next(messages) == b": heartbeat\n\n"


def test_too_many_listeners_and_a_closed_broker_are_refused() -> None:
    broker = EventBroker(1)
    first = broker.subscribe(lambda: 0)
    with pytest.raises(UnavailableError, match="1 streams are open already"):
        broker.subscribe(lambda: 0)

    broker.unsubscribe(first)
    broker.unsubscribe(first)
    broker.subscribe(lambda: 0)
    broker.close()

    with pytest.raises(UnavailableError, match="stopping"):
        broker.subscribe(lambda: 0)
