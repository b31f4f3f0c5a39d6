"""Marks in texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.parts.marked import Span, quoted, segments

VERDICTS = ("verified", "unverified", "invalid", "quoted")


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, list[Span]]:
    text = draw(st.text(min_size=1, max_size=60))
    places = st.integers(0, len(text))
    spans = []
    for number in range(draw(st.integers(0, 6))):
        start, end = sorted((draw(places), draw(places)))
        if start < end:
            spans.append(Span(start, end, draw(st.sampled_from(VERDICTS)), f"k{number}"))
    return text, spans


@given(marked_texts())
def test_pieces_joined_are_the_text(case: tuple[str, list[Span]]) -> None:
    text, spans = case

    assert "".join(piece.text for piece in segments(text, spans)) == text
    assert all(piece.text for piece in segments(text, spans))


@given(marked_texts())
def test_every_character_has_the_weightiest_mark_over_it(case: tuple[str, list[Span]]) -> None:
    text, spans = case
    weights = {"invalid": 3, "unverified": 2, "verified": 1, "quoted": 0}

    place = 0
    for piece in segments(text, spans):
        for at in range(place, place + len(piece.text)):
            over = [weights[span.verdict] for span in spans if span.start <= at < span.end]
            assert (piece.span is None) == (not over)
            assert piece.span is None or weights[piece.span.verdict] == max(over)
        place += len(piece.text)


@given(marked_texts())
def test_a_mark_begins_once(case: tuple[str, list[Span]]) -> None:
    firsts = [piece.span.key for piece in segments(*case) if piece.span is not None and piece.is_first]

    assert len(firsts) == len(set(firsts))


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (3, 2), (0, 5), (4, 9)])
def test_a_span_out_of_the_text_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="is not within 4 characters"):
        segments("text", [Span(start, end, "verified", "k")])


def test_a_quotation_is_found_though_its_line_breaks_differ() -> None:
    text = "He said: “the  seller\nmust deliver” and left."

    (span,) = quoted(text, ["the seller must deliver", "not there", " "], "s1", "Sale Act")

    assert text[span.start : span.end] == "the  seller\nmust deliver"


@given(st.text(max_size=80), st.text(max_size=10))
def test_what_is_quoted_lies_within_the_text(text: str, quote: str) -> None:
    segments(text, quoted(text, [quote, text[3:9]], "k", ""))
