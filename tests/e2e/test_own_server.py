"""The real server with a server of the user's own, which answers any name: only models that it lists are called."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import BUSY_S, RunningServer
from tests.fakes import catalog_without_limits
from tests.patience import until
from tests.vendors.simulator import Reply, SimulatedVendor, error

LISTED = "stub-large"
STARTING = error(503, "Loading model")


@pytest.fixture
def own() -> Iterator[SimulatedVendor]:
    with SimulatedVendor("openai", [LISTED]) as vendor:
        yield vendor


@pytest.fixture
def settings(tmp_path: Path, own: SimulatedVendor) -> dict[str, Any]:
    return {"catalog_dir": catalog_without_limits(tmp_path), "openai_base_url": own.url, "max_workers": 4}


def models(own: SimulatedVendor) -> set[str]:
    return set(own.stats()["models"])


@pytest.mark.parametrize("listing", [None, STARTING], ids=["it-answers", "it-still-starts"])
def test_resumed_batch_calls_only_what_the_server_lists(
    tmp_path: Path, settings: dict[str, Any], own: SimulatedVendor, listing: Reply | None
) -> None:
    served = threading.Event()

    def hang(number: int, body: dict[str, Any]) -> Reply | None:
        if number > 6:
            served.set()
            return Reply(hang=True)
        return None

    own.fault = hang
    with RunningServer(tmp_path, **settings) as server:
        started = server.post("generate/batch/start", count=12, provider="openai", difficulty="basic")
        assert served.wait(BUSY_S)
        server.kill()
        own.fault = lambda number, body: None
        before, asked = own.calls, len(own.paths)
        own.listing = listing
        server.start()
        if listing is not None:  # it waits as for a dead vendor
            until(lambda: server.get(f"generate/batch/status?batch_id={started['batch_id']}").get("waiting_for"))
            until(lambda: "/v1/models" in own.paths[asked:])
            assert own.calls == before
            own.listing = None

        batch = server.wait_for_end(started["batch_id"])
        samples = server.get(f"data?batch_id={started['batch_id']}")

    assert (batch["status"], batch["progress"]) == ("completed", 12)
    assert {row["model"] for row in samples} == {LISTED} == models(own)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("generate", {"provider": "openai"}),
        ("generate", {}),
        ("generate/batch/start", {"provider": "openai", "count": 2, "difficulty": "basic"}),
        ("generate/batch/start", {"provider": "auto", "count": 2, "difficulty": "basic"}),
        ("chat/completions", {"provider": "openai", "messages": [{"role": "user", "content": "What is an offer?"}]}),
        ("providers/openai/test", {}),
    ],
)
def test_first_call_after_a_start_is_for_a_model_that_the_server_lists(
    tmp_path: Path, settings: dict[str, Any], own: SimulatedVendor, path: str, body: dict[str, Any]
) -> None:
    with RunningServer(tmp_path, **settings) as server:
        answer = server.post(path, **body)
        if "batch_id" in answer:
            server.wait_for_end(answer["batch_id"])

    assert models(own) == {LISTED}, answer


def test_judge_is_a_model_that_the_server_lists(tmp_path: Path, settings: dict[str, Any], own: SimulatedVendor) -> None:
    with SimulatedVendor("groq", ["openai/gpt-oss-120b"]) as groq:
        reached = {"groq_base_url": groq.url, "groq_api_key": "gsk_test_0123456789"}
        with RunningServer(tmp_path, **settings, **reached) as server:
            server.post("generate", provider="groq", judge={"provider": "openai"})

    assert models(own) == {LISTED}


def test_server_that_does_not_list_is_called_by_the_name_that_the_caller_gives_and_by_no_other(
    tmp_path: Path, settings: dict[str, Any], own: SimulatedVendor
) -> None:
    own.listing = STARTING
    with RunningServer(tmp_path, **settings) as server:
        unnamed = server.post("generate", provider="openai")
        tested = server.post("providers/openai/test")
        assert own.calls == 0
        named = server.post("generate", provider="openai", model="house-model")

    assert (unnamed["success"], named["success"]) == (False, True)
    assert "no provider is open" in unnamed["error"]
    assert "Loading model" in str(tested)
    assert models(own) == {"house-model"}
