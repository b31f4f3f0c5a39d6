"""What the background threads still do once the service has ended."""

import threading

from services.operations.upkeep import Chores, Upkeep
from tests.fakes import Start


class Slow:
    """A discovery at a vendor that answers when the test says so."""

    def __init__(self) -> None:
        self.asked, self.answer = threading.Event(), threading.Event()
        self.keeping, self.kept = threading.Event(), threading.Event()
        self.times = 0

    def ask(self) -> bool:
        self.asked.set()
        assert self.answer.wait(30)
        return True

    def know_all(self) -> None:
        self.times += 1
        self.keeping.set()
        assert self.kept.wait(30)


def _upkeep(start: Start, discovery: Slow) -> Upkeep:
    return Upkeep(Chores(start({}).dataset, [], discovery, lambda: None))


def test_list_of_models_that_comes_after_the_end_is_not_written_to_the_closed_database(start: Start) -> None:
    slow = Slow()
    upkeep = _upkeep(start, slow)
    upkeep.start()
    assert slow.asked.wait(30)
    upkeep.stop(30)  # returns though the vendor has not answered
    slow.answer.set()
    for thread in upkeep._threads:
        thread.join(30)
        assert not thread.is_alive()
    assert slow.times == 0


def test_end_waits_for_the_list_that_is_being_kept(start: Start) -> None:
    slow = Slow()
    slow.answer.set()
    upkeep = _upkeep(start, slow)
    upkeep.start()
    assert slow.keeping.wait(30)
    ending = threading.Thread(target=upkeep.stop, args=(30,))
    ending.start()
    ending.join(0.2)
    assert ending.is_alive()
    slow.kept.set()
    ending.join(30)
    assert not ending.is_alive()
    assert slow.times == 1
