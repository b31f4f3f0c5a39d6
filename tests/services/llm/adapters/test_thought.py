"""Thoughts are taken out of an answer while it is written, however it is cut."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.llm.adapters.base import Piece
from services.llm.adapters.thought import ThoughtSplitter
from tests.services.drafts.planted_thoughts import ANSWER, KEPT, ORPHANED, TEXTS, THOUGHT, Planted

_MARKS = (
    "<think>", "</think>", "<THINKING>", "</thought>", "[THINK]", "[/THINK]", "◁think▷", "◁/think▷", "<|channel|>",
    "analysis", "final", "<|message|>", "<|end|>", "<|start|>", "assistant", "<|START_THINKING|>",
    "<|END_RESPONSE|>", "```", "`", "~~~", "\n", " ", "{", "}", '{"a": "', '"', "\\", "A", "word", "<", "|",
)  # fmt: skip
ANSWERS = st.lists(st.sampled_from(_MARKS), max_size=14).map("".join)


class Heard:
    """What a listener is told of a text that comes in pieces."""

    def __init__(self, pieces: list[str], ticks: tuple[float, ...] = ()) -> None:
        self.told: list[tuple[Piece, str]] = []
        clock = iter(ticks)
        self.splitter = ThoughtSplitter(lambda kind, piece: self.told.append((kind, piece)), lambda: next(clock, 0.0))
        for piece in pieces:
            self.splitter.hear("token", piece)
        self.splitter.end()

    def of(self, kind: Piece) -> str:
        return "".join(piece for told, piece in self.told if told == kind)


def cut(text: str, places: list[int]) -> list[str]:
    ends = sorted({place % (len(text) + 1) for place in places})
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


@pytest.mark.parametrize("planted", [*TEXTS, *ORPHANED, *KEPT], ids=lambda planted: planted.name)
def test_thought_and_text_are_apart_in_the_whole_answer(planted: Planted) -> None:
    heard = Heard([planted.text]).splitter

    assert heard.thinking == planted.thought
    assert heard.text == (planted.text if planted in KEPT else planted.answer)


@pytest.mark.parametrize("planted", [*TEXTS, *KEPT], ids=lambda planted: planted.name)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_listener_is_told_each_piece_as_what_it_is(planted: Planted, size: int) -> None:
    text = planted.text
    heard = Heard([text[at : at + size] for at in range(0, len(text), size)])

    assert heard.of("thought") == planted.thought
    assert heard.of("token") == (text if planted in KEPT else planted.answer)
    assert heard.splitter.is_as_told


@pytest.mark.parametrize("planted", [*TEXTS, *ORPHANED, *KEPT], ids=lambda planted: planted.name)
@given(places=st.lists(st.integers(0, 400), max_size=30))
def test_any_cutting_of_a_planted_answer_gives_what_the_whole_gives(planted: Planted, places: list[int]) -> None:
    whole, pieces = Heard([planted.text]).splitter, Heard(cut(planted.text, places)).splitter

    assert (pieces.text, pieces.thinking) == (whole.text, whole.thinking)


@given(text=ANSWERS, places=st.lists(st.integers(0, 200), max_size=20))
@example(text="\nanalysisA", places=[1])
@example(text='{"a": "<think>', places=[3, 9])
@example(text="```\n<think>", places=[2])
def test_any_cutting_of_any_answer_gives_what_the_whole_gives(text: str, places: list[int]) -> None:
    whole, pieces = Heard([text]), Heard(cut(text, places))

    assert (pieces.splitter.text, pieces.splitter.thinking) == (whole.splitter.text, whole.splitter.thinking)
    assert (pieces.of("token"), pieces.of("thought")) == (whole.of("token"), whole.of("thought"))


@given(text=ANSWERS)
def test_what_is_told_is_what_is_stored_unless_it_says_otherwise(text: str) -> None:
    heard = Heard(list(text))

    if heard.splitter.is_as_told:
        assert (heard.of("token"), heard.of("thought")) == (heard.splitter.text, heard.splitter.thinking)


def test_end_without_a_beginning_was_told_as_text_and_is_stored_as_thought() -> None:
    heard = Heard([f"{THOUGHT}\n</th", f"ink>\n\n{ANSWER}"])

    assert heard.of("token") == f"{THOUGHT}\n{ANSWER}"
    assert (heard.splitter.text, heard.splitter.thinking) == (ANSWER, THOUGHT)
    assert not heard.splitter.is_as_told


def test_words_are_told_at_once_unless_they_may_begin_a_mark() -> None:
    heard = Heard([])

    told = []
    for piece in ("Yes", ", s 1 <", "thin", "g> is", " plain"):
        heard.splitter.hear("token", piece)
        told.append(heard.of("token"))

    assert told == ["Yes", "Yes, s 1 ", "Yes, s 1 ", "Yes, s 1 <thing> is", "Yes, s 1 <thing> is plain"]


def test_thoughts_are_timed_from_their_first_word_to_the_first_word_of_the_answer() -> None:
    heard = Heard(["<think>a", "b</think>", "c", "<think>d"], ticks=(1.0, 3.5, 10.0, 10.5))

    assert heard.splitter.thought_s == 3.0
    assert Heard(["c"]).splitter.thought_s is None
