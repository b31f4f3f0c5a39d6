"""Tokens are counted in texts of any length."""

import pytest

from utils.tokens import TokenCounter


@pytest.mark.parametrize("text", ["the quick brown fox " * 20_000, "x" * 400_000])
def test_long_text_has_the_tokens_that_it_has_at_once(text: str) -> None:
    counter = TokenCounter()

    assert counter.count([text]) == [len(counter._encoding.encode_ordinary(text))]


def test_text_beyond_what_the_encoder_takes_is_counted() -> None:
    assert TokenCounter().count(["word " * 210_000, None, ""]) == [210_001, 0, 0]
