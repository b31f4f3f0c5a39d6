"""What a running batch tells of itself."""

from models.contract.bodies import BatchRequest
from services.batch.live import LiveBatch
from services.batch.objects import new_row
from utils.clock import ManualClock


def test_remaining_time_is_no_less_than_what_it_waits_for() -> None:
    clock = ManualClock()
    live = LiveBatch(new_row("b", "", BatchRequest(), 10, None), clock)
    live.run()
    for _ in range(6):
        clock.advance(1)
        live.finished()
    at_pace = live.snapshot()["eta_seconds"]
    live.wait("limit", 30.0)
    waiting = live.snapshot()["eta_seconds"]
    clock.advance(10)
    later = live.snapshot()["eta_seconds"]
    live.begin("A - B")
    working = live.snapshot()["eta_seconds"]

    assert (at_pace, waiting, later) == (4, 30, 20)
    assert working == 12  # five samples in the last fifteen seconds
