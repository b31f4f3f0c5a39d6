"""Work that is followed: progress in order, the outcome last, an end where nobody follows."""

import threading
from collections.abc import Iterator

import pytest

from utils.errors import CancelledError, InputError
from utils.side.ahead import ahead, cores
from utils.side.followed import Told, followed, of, outcome


def test_progress_comes_before_the_outcome_and_the_last_of_each_step_is_told() -> None:
    heard: list[tuple[str, int, int]] = []

    def work(told: Told) -> str:
        for done in range(1, 101):
            told("read", done, 100)
        told("written", 1, 1)
        return "done"

    assert outcome(followed(work), lambda *step: heard.append(step)) == "done"
    assert heard[-2:] == [("read", 100, 100), ("written", 1, 1)]
    assert heard == sorted(heard)


def test_errors_of_the_work_are_raised_where_it_is_followed() -> None:
    def work(_told: Told) -> str:
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        outcome(followed(work))


def test_work_ends_where_who_follows_has_enough() -> None:
    ended, heard = threading.Event(), threading.Event()

    def work(told: Told) -> None:
        try:
            told("read", 1, 0)
            assert heard.wait(30)
            while True:
                told("read", 2, 0)
        finally:
            ended.set()

    def enough(_step: str, _done: int, _total: int) -> None:
        heard.set()
        raise CancelledError("enough")

    with pytest.raises(CancelledError, match="enough"):
        outcome(followed(work), enough)
    assert ended.is_set()


def test_a_whole_that_is_not_known_is_put_in() -> None:
    heard: list[tuple[str, int, int]] = []
    told = of(7, lambda *step: heard.append(step))

    told("read", 1, 0)
    told("read", 2, 3)

    assert heard == [("read", 1, 7), ("read", 2, 3)]


def test_results_come_in_the_order_of_what_was_given_and_few_are_under_way() -> None:
    taken: list[int] = []

    def given() -> Iterator[int]:
        for n in range(20):
            taken.append(n)
            yield n

    results = ahead(lambda n: n * n, given(), 3)

    assert next(results) == 0
    assert len(taken) == 3
    assert list(results) == [n * n for n in range(1, 20)]
    assert cores() >= 1
