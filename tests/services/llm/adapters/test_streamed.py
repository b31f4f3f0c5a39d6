"""A streamed answer, line by line: pieces as they come, the whole at the end, and both ends demanded."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm.adapters.base import Completion, CompletionRequest, Piece
from services.llm.adapters.streamed import read_stream
from utils.errors import GenerationError, ProviderConnectionError

DONE = "data: [DONE]"


def data(**chunk: object) -> str:
    return f"data: {json.dumps(chunk)}"


def piece(content: object = None, finish: str | None = None, **delta: object) -> str:
    made = {**({} if content is None else {"content": content}), **delta}
    return data(choices=[{"delta": made, "finish_reason": finish}])


class Reader:
    """Reads a stream, and keeps what was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Piece, str]] = []

    def read(self, lines: Sequence[str]) -> Completion:
        request = CompletionRequest("m", (), listener=lambda kind, text: self.told.append((kind, text)))
        return read_stream(lines, {"x": "y"}, request, "groq")


def test_pieces_are_told_as_they_come_and_returned_as_a_whole() -> None:
    reader = Reader()

    made = reader.read([piece("one ", role="assistant"), "", piece("two"), piece(finish="stop"), DONE])

    assert reader.told == [("token", "one "), ("token", "two")]
    assert (made.text, made.thinking, made.finish_reason, made.model) == ("one two", "", "stop", "m")
    assert made.headers == {"x": "y"}


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_thoughts_are_told_apart_from_the_text(name: str) -> None:
    reader = Reader()

    made = reader.read([piece(**{name: "I think"}), piece("fine", finish="stop"), DONE])

    assert reader.told == [("thought", "I think"), ("token", "fine")]
    assert (made.text, made.thinking) == ("fine", "I think")


@pytest.mark.parametrize(
    ("chunk", "prompt", "answer"),
    [
        pytest.param(data(choices=[], usage={"prompt_tokens": 7, "completion_tokens": 3}), 7, 3, id="openai"),
        pytest.param(data(x_groq={"usage": {"prompt_tokens": 7, "completion_tokens": 3}}), 7, 3, id="groq"),
        pytest.param(data(usage=None, x_groq="odd"), 0, 2, id="none"),
        pytest.param(data(usage={"prompt_tokens": -1, "completion_tokens": "3"}), 0, 2, id="odd"),
    ],
)
def test_usage_is_read_wherever_the_vendor_puts_it(chunk: str, prompt: int, answer: int) -> None:
    made = Reader().read([piece("eight ch", finish="stop"), chunk, DONE])

    assert (made.prompt_tokens, made.completion_tokens) == (prompt, answer)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([piece("half")], id="nothing-more"),
        pytest.param([], id="nothing-at-all"),
        pytest.param([": heartbeat", "event: x", "half a line"], id="no-data"),
        pytest.param([piece("half"), 'data: {"choices": [{"delta": {"cont'], id="cut-line"),
    ],
)
def test_stream_that_stops_without_saying_why_is_a_failure(lines: list[str]) -> None:
    with pytest.raises(ProviderConnectionError, match=r"^groq/m: the stream ended before the answer did$"):
        Reader().read(lines)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([piece("fine"), DONE], id="end-mark"),
        pytest.param([piece("fine", finish="length")], id="reason"),
        pytest.param(["data:" + piece("fine", finish="stop").removeprefix("data: ")], id="no-space"),
        pytest.param([piece("fine"), "data: not JSON", "data: 7", DONE, piece("too late")], id="odd-lines"),
        pytest.param([piece("fine"), data(choices="odd"), data(choices=[{"delta": 7}]), DONE], id="odd-chunks"),
        pytest.param([piece("fine"), piece(7), piece([]), DONE], id="odd-content"),
    ],
)
def test_one_end_is_enough_and_what_cannot_be_read_is_passed_over(lines: list[str]) -> None:
    assert Reader().read(lines).text == "fine"


@pytest.mark.parametrize(
    ("chunk", "category", "says"),
    [
        pytest.param(
            data(error={"message": "Rate limit reached", "code": "rate_limit_exceeded"}),
            "rate_limit",
            "Rate limit reached",
            id="envelope",
        ),
        pytest.param(data(error="overloaded", status_code=503), "server_error", "overloaded", id="text"),
        pytest.param(data(error={"code": 1}), "general", "an error without a message", id="no-message"),
    ],
)
def test_error_in_the_middle_of_a_stream_ends_it(chunk: str, category: str, says: str) -> None:
    reader = Reader()

    with pytest.raises(GenerationError, match=says) as caught:
        reader.read([piece("half"), chunk, piece("more", finish="stop"), DONE])

    assert (caught.value.category, caught.value.provider, caught.value.model) == (category, "groq", "m")
    assert reader.told == [("token", "half")]


def test_error_of_the_listener_ends_the_call() -> None:
    def refuse(kind: Piece, text: str) -> None:
        raise BrokenPipeError("nobody listens")

    with pytest.raises(BrokenPipeError):
        read_stream([piece("a"), DONE], {}, CompletionRequest("m", (), listener=refuse), "groq")


@given(st.lists(st.text(), max_size=20))
def test_text_is_the_pieces_joined_whatever_is_in_them(pieces: list[str]) -> None:
    reader = Reader()

    made = reader.read([*(piece(text) for text in pieces), DONE])

    assert made.text == "".join(pieces) == "".join(text for _, text in reader.told)


@given(st.lists(st.text()))
def test_any_lines_are_an_answer_or_one_typed_failure(lines: list[str]) -> None:
    try:
        Reader().read([f"data: {line}" for line in lines])
    except GenerationError as error:
        assert error.category  # noqa: PT017  # either is right
