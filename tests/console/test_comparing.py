"""Models side by side at the terminal."""

from typing import Any

from console.client import Client
from console.comparing import show_board
from models.contract.answers.leaderboard import Board
from tests.console.terminal import console, invoked, text_of

NOTHING = {"value": None, "low": None, "high": None, "n": 0}
NAMES = ("accepted", "invented", "verified", "invalid", "grounded", "reviewed", "quality", "judge")
COUNTS = ("cost_usd", "tokens", "answer_tokens", "seconds")


def row(target: str, told_apart: bool | None, **measures: Any) -> Any:
    known = dict.fromkeys((*NAMES, *COUNTS), NOTHING) | measures
    provider, _, model = target.partition("/")
    told = {"target": target, "provider": provider, "model": model, "samples": 140, "batches": 2, "judges": []}
    return {**told, "measures": known, "told_apart": told_apart}


def test_figures_stand_above_their_intervals_and_what_they_are_of() -> None:
    share = {"value": 0.874, "low": 0.81, "high": 0.914, "n": 1400}
    cost = {"value": 0.00123, "low": None, "high": None, "n": 140}
    rows = [row("a/one", None, accepted=share, cost_usd=cost), row("b/two", False), row("c/three", True)]
    board: Board = {
        "sort": "accepted",
        "better": "higher",
        "filters": {},
        "batches": [],
        "since": None,
        "rows": rows,
        "count": 3,
        "without_model": 2,
    }
    shown = console()

    show_board(board, shown)

    text = text_of(shown)
    for words in ("87 %", "81 % –", "91 %", "of 1,400", "$0.0012", "of 140", "first", "not told apart", "told apart"):
        assert words in text
    assert "2 samples of people" in text


def test_command_asks_the_service_and_says_what_is_no_measure(at: str) -> None:
    body = {"count": 2, "difficulty": "basic", "sample_type": "simple_qa", "provider": "groq", "allow_failover": False}
    client = Client(at)
    batch = client.post("generate/batch/start", body)["batch_id"]
    *_, last = client.follow(batch)
    assert last["status"] == "completed"

    told = invoked("leaderboard", "--url", at, "--sort", "tokens", "--batches", batch)
    refused = invoked("leaderboard", "--url", at, "--sort", "charm", code=1)

    assert "tokens" in told
    assert "2 samples" in told
    assert "sort: got 'charm'" in refused
