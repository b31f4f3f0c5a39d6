"""Reads in line: few at a time, the same question answered once, never with what was found out before it was asked."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask, Response
from hypothesis import given
from hypothesis import strategies as st

from api.edge.endpoint import declared_by
from api.edge.turns import CROWD, PAUSE_S, Turns
from api.resources import health, quality, samples
from tests.patience import PATIENCE_S, until
from utils.clock import ManualClock
from utils.errors import InputError

APP = Flask("turns")


def test_who_waits_with_the_same_question_gets_the_same_answer_and_the_next_one_a_new() -> None:
    turns, asked = Turns(at_a_time=1), []
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Response:
        asked.append("slow")
        begun.set()
        go_on.wait(PATIENCE_S)
        return Response("slow")

    def find_out() -> Response:
        asked.append("find out")
        return Response(str(len(asked)))

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(turns.answer, "other", slow)
        assert begun.wait(PATIENCE_S)
        waiting = [pool.submit(turns.answer, "same", find_out) for _ in range(5)]
        while len(turns._in_line) < 1:
            time.sleep(0)
        go_on.set()
        same = {future.result(PATIENCE_S).get_data(as_text=True) for future in waiting}
        first.result(PATIENCE_S)
        later = turns.answer("same", find_out).get_data(as_text=True)

    assert len(same) <= 2  # who came too late for the first answer found out anew
    assert asked.count("find out") <= 3
    assert later not in same


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_answer_is_never_older_than_its_question(questions: list[int]) -> None:
    """Each caller notes the time it asked at; what it gets was found out after that."""
    turns, lock = Turns(at_a_time=2), threading.Lock()
    clock = [0]

    def tick() -> int:
        with lock:
            clock[0] += 1
            return clock[0]

    def ask(question: int) -> tuple[int, int]:
        asked_at = tick()
        response = turns.answer(question, lambda: Response(str(tick())))
        return asked_at, int(response.get_data(as_text=True))

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, questions))

    assert all(asked_at < found_at for asked_at, found_at in answers)


def crowd(turns: Turns, question: str, size: int) -> set[bytes]:
    """Have *size* callers wait with the same question, then answer them; return what they got."""
    begun, go_on = threading.Event(), threading.Event()

    def hold_the_place() -> Response:
        begun.set()
        go_on.wait(PATIENCE_S)
        return Response("held")

    with ThreadPoolExecutor(size + 1) as pool:
        held = pool.submit(turns.answer, "other", hold_the_place)
        assert begun.wait(PATIENCE_S)
        waiting = [pool.submit(turns.answer, question, lambda: Response("answer")) for _ in range(size)]
        while question not in turns._in_line or turns._in_line[question].sharers < size:
            time.sleep(0)
        go_on.set()
        held.result(PATIENCE_S)
        return {future.result(PATIENCE_S).get_data() for future in waiting}


@pytest.mark.parametrize(
    ("busy", "size", "waited"), [(True, CROWD, [PAUSE_S]), (False, CROWD, []), (True, CROWD - 1, [])]
)
def test_crowd_is_answered_less_often_while_batches_run(
    busy: bool, size: int, waited: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.edge.turns.PATIENCE_S", 60.0)
    clock = ManualClock()
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds)

    turns = Turns(lambda: busy, at_a_time=1, clock=clock, wait=wait)
    assert crowd(turns, "same", size) == {b"answer"}
    assert waits == []

    turns.answer("another", Response)
    turns.answer("same", Response)
    assert waits == waited
    turns.answer("same", Response)  # it was no crowd any more
    assert waits == waited
    assert turns._crowds == {}


def test_error_is_each_ones_own_and_leaves_the_line() -> None:
    turns = Turns()

    def fail() -> Response:
        raise InputError("no")

    for _ in range(3):
        with pytest.raises(InputError, match="no"):
            turns.answer("x", fail)
    assert turns._in_line == {}
    assert turns.answer("x", lambda: Response("fine")).get_data() == b"fine"


def test_stream_is_not_shared() -> None:
    turns = Turns()
    with APP.test_request_context():
        made = [turns.answer("x", lambda: Response(iter([b"a"]))).get_data() for _ in range(2)]

    assert made == [b"a", b"a"]


@pytest.mark.parametrize("view", [samples.draw, samples.search, quality.check_sample, health.live, samples.download])
def test_draws_files_probes_and_what_may_take_long_do_not_wait_in_line(view: object) -> None:
    declared = declared_by(view)

    assert declared is not None
    assert not declared.takes_turns("GET")


def test_pages_wait_in_line_and_changes_do_not() -> None:
    page = declared_by(samples.find)

    assert page is not None
    assert page.takes_turns("GET")
    assert not page.takes_turns("POST")


def test_line_is_left_when_waiting_fails() -> None:
    def fail(_: float) -> None:
        raise InputError("interrupted")

    turns = Turns(lambda: True, clock=ManualClock(), wait=fail)
    turns._crowds["x"] = 0.0

    with pytest.raises(InputError, match="interrupted"):
        turns.answer("x", Response)
    assert turns._in_line == {}


class FakeLine:
    """A line that notes whether it was closed."""

    is_shared = False

    def __init__(self, joined: int) -> None:
        self.joined = [0.0] * joined
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True

    def dissolve(self) -> None:
        raise AssertionError

    def share(self) -> None:
        raise AssertionError


def test_lines_of_all_who_wait_are_closed_before_the_answer_is_found_out_and_count_as_readers() -> None:
    turns = Turns(lambda: True, at_a_time=1)
    lines = [FakeLine(1), FakeLine(CROWD)]
    closed: list[bool] = []
    begun, go_on = threading.Event(), threading.Event()

    def hold_the_place() -> Response:
        begun.set()
        go_on.wait(PATIENCE_S)
        return Response("held")

    def find_out() -> Response:
        closed.extend(line.is_closed for line in lines)
        return Response("answer")

    with ThreadPoolExecutor(3) as pool, pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.edge.turns.PATIENCE_S", 60.0)
        held = pool.submit(turns.answer, "other", hold_the_place)
        assert begun.wait(PATIENCE_S)
        waiting = [pool.submit(turns.answer, "same", find_out, line) for line in lines]
        until(lambda: "same" in turns._in_line and turns._in_line["same"].sharers == 2)
        go_on.set()
        answers = {future.result(PATIENCE_S).get_data() for future in [*waiting, held]}

    assert answers == {b"answer", b"held"}
    assert closed == [True, True]
    assert "same" in turns._crowds


def test_who_comes_while_it_is_found_out_stays_in_line_for_the_next() -> None:
    turns = Turns(at_a_time=2)
    newcomers: list[bool] = []

    def find_out() -> Response:
        with ThreadPoolExecutor(1) as pool:
            newcomer = pool.submit(turns.answer, "x", lambda: Response("new"))
            newcomers.append(newcomer.result(PATIENCE_S).get_data() == b"new")
        return Response("old")

    assert turns.answer("x", find_out).get_data() == b"old"
    assert newcomers == [True]
