"""The file of the embedded model, fetched in the background."""

import threading
from pathlib import Path

import orjson
import pytest

from services.llm.embedded.weights import Progress
from services.operations.embedded_service import EmbeddedService
from services.streams.broker import EventBroker
from tests.patience import PATIENCE_S, until
from utils.errors import ConfigurationError, UnavailableError
from utils.seats import Seats


class Weights:
    """A file that comes when it is let go."""

    model_name, size_bytes, licence = "small-model", 100, "Apache-2.0"

    def __init__(self, error: Exception | None = None) -> None:
        self.here, self.fetches, self.error = False, 0, error
        self.go_on = threading.Event()

    def is_present(self) -> bool:
        return self.here

    def ensure(self, progress: Progress | None = None) -> Path:
        self.fetches += 1
        assert progress is not None
        progress("fetching small-model.gguf", 40, 100)
        assert self.go_on.wait(PATIENCE_S)
        progress("fetching small-model.gguf", 80, 100)
        if self.error is not None:
            raise self.error
        self.here = True
        return Path("small-model.gguf")


def service(weights: Weights) -> EmbeddedService:
    return EmbeddedService(weights, EventBroker(Seats(4)))


def test_a_file_is_fetched_once_however_often_it_is_asked_for_and_whoever_listens_sees_how_far_it_is() -> None:
    weights = Weights()
    room = service(weights)
    heard = room.events.subscribe(lambda: (), shared=False)
    assert room.state()["stage"] == "absent"

    room.fetch()
    room.fetch()
    until(lambda: room.state()["done_bytes"] == 40)
    assert (room.state()["stage"], room.state()["total_bytes"]) == ("fetching", 100)
    weights.go_on.set()
    until(lambda: room.state()["stage"] == "ready")
    room.fetch()
    room.stop(PATIENCE_S)

    told = [orjson.loads(message[6:]) for message in heard.messages()]
    assert weights.fetches == 1
    assert [row["done_bytes"] for row in told][-2:] == [80, 0]
    assert told[-1]["stage"] == "ready"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(ConfigurationError("the registry did not deliver it"), "the registry did not", id="foreseen"),
        pytest.param(RuntimeError("x"), "RuntimeError", id="unforeseen"),
    ],
)
def test_why_a_fetch_failed_is_told_until_it_is_tried_again(error: Exception, said: str) -> None:
    weights = Weights(error)
    weights.go_on.set()
    room = service(weights)

    room.fetch()
    until(lambda: room.state()["stage"] == "failed")
    assert said in room.state()["error"]
    weights.error = None
    room.fetch()
    until(lambda: room.state()["stage"] == "ready")
    assert not room.state()["error"]


def test_a_fetch_ends_at_its_next_part_when_the_service_stops_and_is_no_failure() -> None:
    weights = Weights()
    room = service(weights)
    room.fetch()
    until(lambda: room.state()["done_bytes"] == 40)

    room.tell()
    weights.go_on.set()
    room.stop(PATIENCE_S)

    assert (weights.here, room.state()["stage"]) == (False, "absent")
    with pytest.raises(UnavailableError):
        room.fetch()
