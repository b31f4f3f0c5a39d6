"""The real server with two vendors, by their own clients: one invents law and fails more, and the board says so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import RunningServer
from tests.fakes import catalog_without_limits
from tests.patience import until
from tests.vendors.inventor import INVENTED
from tests.vendors.simulator import SimulatedVendor
from tests.vendors.writer import write_sample

GROQ, CEREBRAS = "groq/openai/gpt-oss-120b", "cerebras/gpt-oss-120b"
COUNT = 24


def honest(prompt: str, number: int) -> str:
    return json.dumps(write_sample(prompt, number, is_varied=True))


def inventing(prompt: str, number: int) -> str:
    fields = write_sample(prompt, 5_000 + number, is_varied=True)
    return json.dumps(fields if number % 2 else {**fields, "case_citation": f"{fields['case_citation']}; {INVENTED}"})


@pytest.fixture
def vendors() -> Iterator[tuple[SimulatedVendor, SimulatedVendor]]:
    with (
        SimulatedVendor("groq", [GROQ.partition("/")[2]]) as good,
        SimulatedVendor("cerebras", [CEREBRAS.partition("/")[2]]) as bad,
    ):
        good.content, bad.content = honest, inventing
        bad.set(faults={"500": 0.2})
        yield good, bad


@pytest.fixture
def server(tmp_path: Path, vendors: tuple[SimulatedVendor, SimulatedVendor]) -> Iterator[RunningServer]:
    good, bad = vendors
    settings: dict[str, Any] = {
        "catalog_dir": catalog_without_limits(tmp_path),
        "groq_api_key": "gsk_test_0123456789",
        "groq_base_url": good.url,
        "cerebras_api_key": "csk-test-0123456789",
        "cerebras_base_url": bad.url,
        "max_workers": 2,
    }
    with RunningServer(tmp_path, **settings) as running:
        yield running


def test_model_that_invents_law_and_fails_more_is_told_apart_by_comparison_and_board(server: RunningServer) -> None:
    body = {"targets": [GROQ, CEREBRAS], "batch": {"count": COUNT, "difficulty": "basic", "seed": 3}}
    planned = server.post("comparisons/plan", **body)
    assert server.get("generate/batch/history")["count"] == 0
    begun = server.post("comparisons", name="law", **body)["comparison"]
    until(lambda: server.get(f"comparisons/{begun['id']}")["comparison"]["state"] == "ended")

    compared = server.get(f"comparisons/{begun['id']}")["comparison"]
    board = server.get("leaderboard?sort=invented")
    tokens = server.get("leaderboard?sort=tokens")

    assert (planned["total"], [row["samples_generated"] for row in compared["results"]]) == (COUNT, [COUNT, COUNT])
    first = next(row for row in compared["paired"] if row["measure"] == "first_draft")
    assert (first["best"], first["differences"][0]["told_apart"]) == (GROQ, True)
    assert [(row["target"], row["told_apart"]) for row in board["rows"]] == [(GROQ, None), (CEREBRAS, True)]
    worse = board["rows"][1]["measures"]
    assert worse["invented"]["low"] > 0.1
    assert worse["invalid"]["value"] == 0.0  # what was invented never got in
    assert worse["seconds"]["n"] > worse["accepted"]["n"] > COUNT  # calls that failed made no draft
    assert tokens["rows"][0]["target"] == GROQ
    assert [row["id"] for row in server.get("comparisons")["comparisons"]] == [begun["id"]]
