"""What is sent to a page that is watched; and that a form that is sent twice does its work once."""

import threading
from collections.abc import Iterator

import pytest

from web.parts.live import LiveParts, Seldom, message
from web.parts.once import Once


def test_part_is_sent_again_only_when_it_has_changed() -> None:
    state = {"a": "<p id=a>1</p>", "b": "<p id=b>1</p>"}
    parts = LiveParts({"a": lambda: state["a"], "b": lambda: state["b"]})

    first = list(parts.changed("a", "b"))
    state["b"] = "<p id=b>2</p>"

    assert first == [b"data: <p id=a>1</p>\ndata: <p id=b>1</p>\n\n"]
    assert list(parts.changed("a", "b")) == [b"data: <p id=b>2</p>\n\n"]
    assert list(parts.changed("a", "b")) == []


@pytest.mark.parametrize("text", ["a\n\nb", "a\r\n\r\nb", "a\r\rb"])
def test_line_breaks_of_a_text_do_not_end_the_message(text: str) -> None:
    assert message(text) == b"data: a\ndata: \ndata: b\n\n"


def test_half_a_character_does_not_end_the_stream() -> None:
    assert message("a\ud800") == b"data: a?\n\n"


def test_what_takes_long_is_done_seldom() -> None:
    now = [0.0]
    seldom = Seldom(lambda: now[0], least_s=2.0)

    def make() -> Iterator[bytes]:
        now[0] += 1.0
        yield b"x"

    assert seldom.is_due
    assert seldom.run(make) == [b"x"]
    now[0] = 40.9
    assert not seldom.is_due
    now[0] = 41.0
    assert seldom.is_due


def test_second_click_gets_what_came_of_the_first_that_is_under_way() -> None:
    once, made, begun, goes_on = Once(), [], threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert goes_on.wait(60)
        made.append(1)
        return "batch_1"

    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(once.run("k", slow))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    goes_on.set()
    for thread in threads:
        thread.join()

    assert (results, len(made)) == (["batch_1"] * 3, 1)


def test_what_failed_may_be_sent_again_and_another_form_is_another_batch() -> None:
    once = Once()

    def fail() -> str:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  # which one does not matter
        once.run("k", fail)

    assert once.run("k", lambda: "1") == "1"
    assert once.run("j", lambda: "2") == "2"
    assert [once.run("", lambda: "3"), once.run("", lambda: "4")] == ["3", "4"]
    assert Once.key() != Once.key()
