"""Bars and samples at the terminal."""

from pathlib import Path
from typing import Any

import pytest

from console.display import fetch_weights, show_batch, show_sample
from services.llm.embedded.weights import Progress, WeightStore
from tests.console.terminal import console, text_of
from tests.fakes import CATALOG, sample


def test_batch_is_drawn_with_what_it_waits_for() -> None:
    shown = console()
    state: Any = {
        "progress": 1, "total": 2, "current_provider": "groq", "current_model": "m", "current_sample": None,
        "status": "running", "rejected": 2, "waiting_until": None,
    }  # fmt: skip

    later: Any = {**state, "waiting_until": "noon"}
    last = show_batch([state, later], shown)

    assert last["waiting_until"] == "noon"
    assert "waiting until noon" in text_of(shown)


def test_long_fields_of_a_sample_are_cut() -> None:
    shown = console()

    made: Any = sample(answer="word " * 500, provider="p", model="m", sample_type="case_analysis")
    show_sample(made, shown)

    assert "…" in text_of(shown)


def test_fetching_says_what_it_does_without_a_terminal(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")
    store = WeightStore(CATALOG, tmp_path, str(own))
    shown = console()

    assert fetch_weights(store, shown) == own
    assert "model own ready" in text_of(shown)


def batch(**changes: Any) -> Any:
    """Return what is drawn of a batch."""
    return {
        "progress": 1,
        "total": 2,
        "current_provider": "groq",
        "current_model": "m",
        "current_sample": "essay",
        "status": "running",
        "rejected": 0,
        "waiting_until": None,
        **changes,
    }


@pytest.mark.parametrize(
    ("state", "says"),
    [
        pytest.param(batch(), "1/2 samples", id="progress"),
        pytest.param(batch(), "groq/m · essay", id="what-is-written"),
        pytest.param(batch(current_sample=None), "groq/m · running", id="nothing-is-written"),
        pytest.param(batch(rejected=3), "groq/m · essay · 3 rejected", id="rejected"),
        pytest.param(batch(waiting_until="12:00"), "waiting until 12:00", id="waiting"),
    ],
)
def test_batch_shows_what_it_does(state: Any, says: str) -> None:
    shown = console()

    assert show_batch([state], shown) is state
    assert says in text_of(shown)


def test_batch_without_one_update_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="updates: got none, want one at least"):
        show_batch([], console())


def test_sample_shows_every_field_and_its_author() -> None:
    shown = console()
    made: Any = sample(answer="[bold]as it is[/bold]", provider="groq", model="m", sample_type="essay")

    show_sample(made, shown)

    said = text_of(shown)
    assert all(name in said for name in ("question", "answer", "case_citation", "reasoning"))
    assert "[bold]as it is[/bold]" in said
    assert "Contract Law - Formation of Contracts · basic · essay" in said
    assert "groq · m" in said


@pytest.mark.parametrize(("chars", "cut"), [(700, False), (701, True)])
def test_field_is_cut_at_seven_hundred_characters(chars: int, cut: bool) -> None:
    shown = console()
    made: Any = sample(answer="w" * chars, provider="p", model="m", sample_type="x")

    show_sample(made, shown)

    assert ("…" in text_of(shown)) is cut
    assert text_of(shown).count("w") >= 700


def test_each_step_of_fetching_is_said_once_without_a_terminal(tmp_path: Path) -> None:
    shown = console()
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")

    class Slow(WeightStore):
        def ensure(self, progress: Progress | None = None) -> Path:
            assert progress
            for done in (0, 5 << 20, 10 << 20):
                progress("fetching model.gguf", done, 10 << 20)
            progress("verifying model.gguf", 0, 0)
            return file

    assert fetch_weights(Slow(CATALOG, tmp_path, str(file)), shown) == file

    said = text_of(shown)
    assert said.count("fetching model.gguf (") == 1
    assert "fetching model.gguf (0 of 10 MiB)" in said
    assert "verifying model.gguf (0 of 0 MiB)" in said
