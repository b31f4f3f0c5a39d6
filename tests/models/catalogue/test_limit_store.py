"""What was learned of limits: kept over a restart, forgotten after some days."""

import pytest

from models.catalogue.limit_store import LimitStore
from models.engines.writer import Writer
from utils.clock import ManualClock

LEARNED = {"requests": {"rate": 10.0, "minute": 600, "is_coarse": True}}


@pytest.fixture
def kept(writer: Writer, clock: ManualClock) -> LimitStore:
    return LimitStore(writer.engine, writer, clock)


def test_nothing_was_learned_of_an_account_that_was_never_refused(kept: LimitStore) -> None:
    assert kept.recall("groq/m") == {}


def test_newest_lesson_of_each_account_is_kept(kept: LimitStore) -> None:
    kept.keep("groq/m", {"tokens": {"rate": 1.0, "minute": None, "is_coarse": False}})
    kept.keep("groq/m", LEARNED)
    kept.keep("groq/other", {})

    assert (kept.recall("groq/m"), kept.recall("groq/other")) == (LEARNED, {})


def test_lesson_of_last_week_is_forgotten(kept: LimitStore, clock: ManualClock) -> None:
    kept.keep("groq/m", LEARNED)
    clock.advance(6.9 * 86_400)
    assert kept.recall("groq/m") == LEARNED

    clock.advance(0.2 * 86_400)

    assert kept.recall("groq/m") == {}
