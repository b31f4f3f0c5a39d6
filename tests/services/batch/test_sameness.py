"""What fails in one and the same way is noticed; what differs, or passes now and then, is not."""

import pytest

from services.batch.sameness import Sameness
from utils.errors import AnswerFormatError, BadRequestError, GenerationError, QualityError, RefusedError


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        pytest.param([BadRequestError(f"parameter 'x{n}' of request {n}") for n in range(5)], 5, id="alike"),
        pytest.param([BadRequestError(f"fault {'abcde'[n]}") for n in range(5)], 0, id="different"),
        pytest.param([AnswerFormatError("empty")] * 9, 0, id="answers-vary"),
        pytest.param([AnswerFormatError("empty")] * 10, 10, id="answers"),
        pytest.param([RefusedError(f"no {'abcdefghij'[n]}") for n in range(10)], 10, id="refusals"),
        pytest.param([QualityError("too short")] * 40, 0, id="drafts"),
    ],
)
def test_failures_in_a_row_are_told_once_they_are_too_many(errors: list[GenerationError], told: int) -> None:
    same = Sameness()

    assert [same.add(error) for error in errors][-1] == told


def test_sample_that_was_made_breaks_the_row() -> None:
    same = Sameness()
    for _ in range(4):
        same.add(BadRequestError("x"))
    same.broken()

    assert same.add(BadRequestError("x")) == 0
