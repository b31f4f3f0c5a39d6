"""Items on their way from the table to a worker."""

import pytest

from models.batches.work_item import WorkItem
from models.domain import Job
from services.batch.item_queue import ItemQueue
from utils.errors import StorageError

JOB = Job("Tort Law", "Nuisance", "basic", "case_analysis", "uk", 0)


def items(*numbers: int) -> list[WorkItem]:
    return [WorkItem("b", number, JOB, 0) for number in numbers]


def test_items_come_in_order_and_what_is_put_back_comes_first_or_last() -> None:
    pages = iter([items(0, 1), items(2)])
    queue = ItemQueue(lambda _: next(pages), 2)

    first = queue.take()
    assert first is not None
    queue.put_back(first, last=True)

    assert [item.ordinal for item in iter(queue.take, None)] == [1, 0, 2]


def test_after_a_claim_that_failed_all_is_given_back_and_taken_anew_where_others_would_wait_for_it() -> None:
    answers: list[list[WorkItem] | None] = [items(0, 1), None, items(0, 1), []]
    given_back: list[str] = []

    def claim(_: int) -> list[WorkItem]:
        found = answers.pop(0)
        if found is None:
            raise StorageError("database: the connection was lost during the commit")
        return found

    queue = ItemQueue(claim, 2, lambda: given_back.append("all"))
    assert queue.take() is not None
    assert queue.take() is not None
    with pytest.raises(StorageError):
        queue.take()
    found = [item.ordinal for item in iter(queue.take, None)]

    assert (given_back, found) == (["all"], [0, 1])


def test_items_of_topics_that_are_put_aside_are_left_behind_a_claim_that_failed() -> None:
    answers: list[list[WorkItem] | None] = [items(0), None, items(1)]

    def claim(_: int) -> list[WorkItem]:
        found = answers.pop(0)
        if found is None:
            raise StorageError("database: away")
        return found

    queue = ItemQueue(claim, 1)
    with pytest.raises(StorageError):
        queue.take(frozenset({JOB.circuit}))
    queue.look_again()

    assert [queue.take().ordinal, queue.take().ordinal] == [0, 1]  # type: ignore[union-attr]  # there are two
