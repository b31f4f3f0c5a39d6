"""Bars and samples at the terminal."""

from pathlib import Path
from typing import Any

from console.display import fetch_weights, show_batch, show_sample
from services.llm.embedded.weights import WeightStore
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
