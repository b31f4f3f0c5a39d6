"""End to end over HTTP: the real server, the vendors' real clients, simulated vendors.

`BASE_URL` in the environment points the suite at a running server instead; what
needs the simulated vendors is skipped then.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from bench.engine.crash import kill_again_and_again
from tests.e2e.server import RunningServer
from tests.fakes import catalog_without_limits
from tests.patience import PATIENCE_S
from tests.vendors.process import VendorProcess

BASE_URL = os.environ.get("BASE_URL", "").rstrip("/").removesuffix("/api")
PROVIDERS = ("groq", "cerebras", "ollama")
REQUIRED = ("id", "question", "answer", "topic", "difficulty", "case_citation", "reasoning")
FINAL = ("completed", "stopped", "failed")
SHORT = {"difficulty": "basic", "sample_type": "simple_qa"}
simulated = pytest.mark.skipif(bool(BASE_URL), reason="needs the simulated vendors")


class Api:
    """The service at one address, as a client sees it."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/api"
        self._session = requests.Session()
        self._session.trust_env = False

    def get(self, path: str, **query: object) -> Any:
        return self._session.get(f"{self._url}/{path}", params=query, timeout=60).json()  # type: ignore[arg-type]  # plain values

    def post(self, path: str, **body: object) -> requests.Response:
        return self._session.post(f"{self._url}/{path}", json=body, timeout=120)

    def start(self, **wanted: object) -> str:
        reply = self.post("generate/batch/start", **{**SHORT, **wanted}).json()
        assert reply["success"], reply
        return str(reply["batch_id"])

    def status(self, batch_id: str) -> Any:
        return self.get("generate/batch/status", batch_id=batch_id)

    def until(self, batch_id: str, reached: Callable[[Any], bool], timeout_s: float = PATIENCE_S) -> Any:
        """Ask until *reached*; the answer is the batch object."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            batch = self.status(batch_id)
            if reached(batch):
                return batch
        raise AssertionError(f"not reached in {timeout_s:g} s: {batch}")

    def finished(self, batch_id: str) -> Any:
        return self.until(batch_id, lambda batch: batch["status"] in FINAL)

    def samples(self, batch_id: str) -> Any:
        return self.get(f"batch/{batch_id}/samples")["samples"]


@pytest.fixture(scope="module")
def vendors() -> Iterator[VendorProcess | None]:
    if BASE_URL:
        yield None
        return
    with VendorProcess(*PROVIDERS) as process:
        yield process


@pytest.fixture(scope="module")
def shared(vendors: VendorProcess | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One server for all tests that leave it as it is."""
    if vendors is None:
        yield Api(BASE_URL)
        return
    folder = tmp_path_factory.mktemp("service")
    settings = {**vendors.settings(), "catalog_dir": catalog_without_limits(folder), "max_workers": 8}
    with RunningServer(folder, **settings) as server:
        yield Api(server.url.removesuffix("/api"))


@pytest.fixture
def api(shared: Api, vendors: VendorProcess | None) -> Api:
    """The shared server, with vendors that behave."""
    if vendors is not None:
        for kind in PROVIDERS:
            vendors.set(kind, **PERFECT)
    return shared


PERFECT = {
    "latency_s": 0.0,
    "faults": {},
    "script": [],
    "down": "",
    "thinking": False,
    "requests_per_minute": None,
    "tokens_per_minute": None,
}
Fresh = Callable[..., AbstractContextManager[tuple[Api, VendorProcess, RunningServer]]]


@pytest.fixture
def fresh(tmp_path: Path) -> Fresh:
    """Make a server and vendors of one's own, for what breaks them."""

    @contextmanager
    def make(*kinds: str, **settings: object) -> Iterator[tuple[Api, VendorProcess, RunningServer]]:
        values = {"catalog_dir": catalog_without_limits(tmp_path), "max_workers": 4, **settings}
        with VendorProcess(*kinds) as own, RunningServer(tmp_path, **{**own.settings(), **values}) as server:
            yield Api(server.url.removesuffix("/api")), own, server

    return make


class TestProviderEndpoints:
    def test_get_providers(self, api: Api) -> None:
        body = api.get("providers")

        assert {"id", "name", "enabled", "default_model", "requests_per_minute"} <= set(body["providers"][0])
        assert body["default_provider"] in {row["id"] for row in body["providers"]}

    def test_get_models(self, api: Api) -> None:
        body = api.get("models")

        assert body["default_model"] in {row["id"] for row in body["models"]}
        assert {row["provider"] for row in body["models"]} <= {row["id"] for row in api.get("providers")["providers"]}


class TestSingleGeneration:
    @pytest.mark.parametrize("provider", PROVIDERS)
    def test_sample_comes_from_the_provider_asked(self, api: Api, provider: str) -> None:
        if provider not in {row["id"] for row in api.get("providers")["providers"]}:
            pytest.skip(f"{provider} is not set up there")

        body = api.post("generate", provider=provider, **SHORT).json()

        assert body["success"], body
        assert (body["sample"]["provider"], body["sample"]["difficulty"]) == (provider, "basic")
        assert body["tokens_used"] > 0
        assert body["elapsed"] >= 0

    def test_invalid_provider(self, api: Api) -> None:
        reply = api.post("generate", provider="acme")

        assert reply.status_code == 400
        assert reply.json()["error"].startswith("Invalid provider: acme. Available: ")


class TestBatchGeneration:
    @pytest.mark.parametrize("provider", ["groq", "cerebras"])
    def test_start_batch(self, api: Api, provider: str) -> None:
        reply = api.post("generate/batch/start", count=3, provider=provider, **SHORT).json()

        assert {"success", "message", "batch_id", "provider", "model", "smart_mode", "features"} <= set(reply)
        assert reply["batch_id"].startswith("batch_")
        assert api.finished(reply["batch_id"])["progress"] == 3

    def test_batch_status_tracking(self, api: Api) -> None:
        batch_id = api.start(count=5, provider="groq")

        ended = api.finished(batch_id)

        assert (ended["status"], ended["progress"], ended["total"], ended["running"]) == ("completed", 5, 5, False)
        assert batch_id in api.get("generate/batch/status")["batches"]

    @simulated
    def test_batch_stop(self, api: Api, vendors: VendorProcess) -> None:
        vendors.set("groq", latency_s=0.2)
        batch_id = api.start(count=500, provider="groq")
        api.until(batch_id, lambda batch: batch["progress"] >= 2)

        reply = api.post("generate/batch/stop", batch_id=batch_id).json()

        ended = api.finished(batch_id)
        assert (reply["batch_id"], reply["stopped_batches"], reply["count"]) == (batch_id, [batch_id], 1)
        assert ended["status"] == "stopped"
        assert len(api.samples(batch_id)) == ended["progress"] < 500

    def test_batch_history(self, api: Api) -> None:
        batch_id = api.start(count=2, provider="groq")
        api.finished(batch_id)

        newest = api.get("generate/batch/history", limit=1)["batches"][0]

        assert (newest["id"], newest["status"], newest["target"], newest["samples_generated"]) == (
            batch_id,
            "completed",
            2,
            2,
        )


class TestDataIntegrity:
    @pytest.mark.parametrize("provider", ["groq", "cerebras"])
    def test_unique_ids_per_provider(self, api: Api, provider: str) -> None:
        batch_id = api.start(count=20, provider=provider)
        api.finished(batch_id)

        ids = [row["id"] for row in api.samples(batch_id)]

        assert len(set(ids)) == 20
        assert all(name.startswith(f"{provider}_") for name in ids)

    def test_required_fields_present(self, api: Api) -> None:
        batch_id = api.start(count=3, provider="groq", sample_type="balance")
        api.finished(batch_id)

        for row in api.samples(batch_id):
            assert all(isinstance(row[name], str) and row[name].strip() for name in REQUIRED)

    def test_metadata_tracking(self, api: Api) -> None:
        batch_id = api.start(count=2, provider="cerebras")
        api.finished(batch_id)

        for row in api.samples(batch_id):
            assert (row["provider"], row["sample_type"], row["difficulty"]) == ("cerebras", "simple_qa", "basic")
            assert row["model"]
            assert row["created_at"]
            assert row["tokens_used"] > 0

    def test_batch_id_tracking(self, api: Api) -> None:
        batch_id = api.start(count=4, provider="groq")
        api.finished(batch_id)

        assert api.get("samples/filter", batch_id=batch_id)["total"] == 4
        assert {row["batch_id"] for row in api.samples(batch_id)} == {batch_id}


class TestProviderComparison:
    @simulated
    def test_thinking_quality(self, api: Api, vendors: VendorProcess) -> None:
        vendors.set("groq", thinking=True)

        sample = api.post("generate", provider="groq", save=True, **SHORT).json()["sample"]
        told = api.get(f"v1/samples/{sample['id']}/chain-of-thought")

        assert sample["thinking"] == "First the rule, then the facts."
        assert "First the rule" not in sample["answer"]
        assert (told["provider_trace"]["text"], told["provider_trace"]["provider"]) == (sample["thinking"], "groq")
        assert told["provider_trace"]["model"] == sample["model"]
        assert (bool(told["chain_of_thought"]["steps"]), told["supports_cot"]) == (True, True)
        assert "First the rule" not in str(told["chain_of_thought"])

    @pytest.mark.parametrize("provider", ["groq", "cerebras"])
    def test_response_time(self, api: Api, provider: str) -> None:
        api.post("generate", provider=provider, **SHORT)

        target = next(row for row in api.get("targets")["targets"] if row["provider"] == provider and row["p50_s"])

        assert 0 < target["p50_s"] <= target["p95_s"]


class TestErrorHandling:
    def test_invalid_difficulty(self, api: Api) -> None:
        reply = api.post("generate", difficulty="impossible")

        assert reply.status_code == 400
        assert "intermediate" in reply.json()["error"]

    @simulated
    def test_batch_already_running(self, api: Api, vendors: VendorProcess) -> None:
        vendors.set("groq", latency_s=0.2)
        running = [api.start(count=500, provider="groq") for _ in range(4)]

        reply = api.post("generate/batch/start", count=1)

        api.post("generate/batch/stop")
        for batch_id in running:
            api.finished(batch_id)
        assert reply.status_code == 400
        assert "already running" in reply.json()["error"]

    def test_target_count_validation(self, api: Api) -> None:
        api.finished(api.start(count=2, provider="groq"))
        total = api.get("stats")["total"]

        reply = api.post("generate/batch/start", target_count=1)

        assert reply.status_code == 400
        assert reply.json()["error"] == f"Target count (1) must be greater than current samples ({total})"


@simulated
class TestFailover:
    def test_model_is_switched_when_it_is_gone(self, fresh: Fresh) -> None:
        with fresh("groq") as (api, vendors, _):
            vendors.set("groq", script=["404"])

            batch = api.finished(api.start(count=6, provider="groq"))

            assert (batch["status"], batch["progress"]) == ("completed", 6)
            assert batch["model_switches"][0]["reason"] == "model_unavailable"
            assert batch["failed_models_by_provider"] == {"groq": ["openai/gpt-oss-120b"]}

    @pytest.mark.parametrize("down", ["reset", "503", "401", "502", "498"])
    def test_other_vendor_takes_over_when_a_whole_vendor_is_down(self, fresh: Fresh, down: str) -> None:
        with fresh("groq", "cerebras") as (api, vendors, _):
            vendors.set("groq", down=down)

            batch = api.finished(api.start(count=10, provider="groq"))
            made = {row["provider"] for row in api.samples(batch["batch_id"])}

            assert (batch["status"], batch["progress"], made) == ("completed", 10, {"cerebras"})
            # Two models; each is closed by its third failure, when every worker may have a call under way;
            # on a slow machine each may be tried once more after its first pause.
            assert vendors.stats("groq")["calls"] <= 2 * (2 + 4 + 1)

    def test_mixed_providers_complete_together(self, fresh: Fresh) -> None:
        with fresh(*PROVIDERS) as (api, vendors, _):
            for kind in PROVIDERS:
                vendors.set(kind, latency_s=0.05)

            batch = api.finished(api.start(count=60, provider="auto"))
            made = [row["provider"] for row in api.samples(batch["batch_id"])]

            assert (batch["status"], batch["progress"]) == ("completed", 60)
            assert all(made.count(kind) > 5 for kind in PROVIDERS)

    def test_every_fault_that_passes_is_survived_without_losing_a_sample(self, fresh: Fresh) -> None:
        faults = ["500", "truncated_json", "prose", "empty", "reset", "200_error", "429_hint", "length", "502"]
        with fresh("groq", request_timeout_s=60) as (api, vendors, _):
            vendors.set("groq", script=[name for fault in faults for name in (fault, "ok", "ok")])

            batch = api.finished(api.start(count=20, provider="groq"))
            report = api.get(f"batches/{batch['batch_id']}/report")["report"]

            assert (batch["status"], batch["progress"]) == ("completed", 20)
            assert report["calls"] == vendors.stats("groq")["calls"]
            assert report["rate_limited"] == 1

    def test_daily_quota_closes_its_target_and_is_not_hammered(self, fresh: Fresh) -> None:
        with fresh("groq") as (api, vendors, _):
            vendors.set("groq", down="429_day")

            batch_id = api.start(count=5, provider="groq", model="openai/gpt-oss-120b", allow_failover=False)
            batch = api.until(batch_id, lambda batch: batch["waiting_until"] is not None)
            calls = vendors.stats("groq")["calls"]
            api.post("generate/batch/stop", batch_id=batch_id)
            api.finished(batch_id)

            assert batch["waiting_for"] == "closed"
            assert calls <= 4
            assert vendors.stats("groq")["calls"] == calls


@simulated
class TestLimits:
    def test_batches_together_keep_a_vendors_limit_and_share_it(self, fresh: Fresh, tmp_path: Path) -> None:
        catalog = catalog_without_limits(tmp_path / "limited")
        path = catalog / "providers.toml"
        path.write_text(path.read_text().replace("requests_per_minute = 100000", "requests_per_minute = 40"))
        with fresh("groq", catalog_dir=catalog) as (api, vendors, _):
            vendors.set("groq", requests_per_minute=40, latency_s=0.02)
            ids = [api.start(count=100, provider="groq", allow_failover=False) for _ in range(2)]
            for batch_id in ids:
                api.until(batch_id, lambda batch: batch["progress"] >= 3)
            made = [api.status(batch_id)["progress"] for batch_id in ids]
            api.until(ids[0], lambda batch: batch["waiting_for"] == "limit")
            api.post("generate/batch/stop")
            stats = vendors.stats("groq")

            assert abs(made[0] - made[1]) <= 2
            assert "over_limit" not in stats["outcomes"]
            gaps = sorted(later - earlier for earlier, later in pairwise(stats["arrivals"]))
            assert gaps[len(gaps) // 2] > 1.0  # 40 a minute are one every 1.5 s, not all at once

    def test_budget_stops_a_batch_before_it_is_exceeded(self, fresh: Fresh) -> None:
        with fresh("groq") as (api, _, _):
            batch = api.finished(api.start(count=50, provider="groq", max_tokens_total=30_000))

            assert batch["status"] == "stopped"
            assert "budget of the batch reached" in batch["reason"]
            assert 0 < batch["total_tokens"] <= 30_000
            assert batch["progress"] == len(api.samples(batch["batch_id"])) > 0
            usage = api.get("usage", by="batch")["usage"]
            assert [(row["batch"], row["total_tokens"]) for row in usage] == [
                (batch["batch_id"], batch["total_tokens"])
            ]
            assert usage[0]["cost_usd"] == pytest.approx(batch["cost_usd"])


@simulated
class TestConcurrency:
    def test_concurrent_batches_each_get_exactly_their_target(self, fresh: Fresh) -> None:
        with fresh("groq", "cerebras") as (api, _, _):
            ids = [api.start(count=25, provider=kind) for kind in ("groq", "cerebras", "auto")]

            ended = [api.finished(batch_id) for batch_id in ids]

            assert [(batch["status"], batch["progress"]) for batch in ended] == [("completed", 25)] * 3
            assert api.get("stats")["total"] == 75

    def test_breaker_puts_a_failing_topic_aside_and_waits_for_it(self, fresh: Fresh) -> None:
        with fresh("groq", max_workers=1) as (api, vendors, _):
            vendors.set("groq", faults={"empty": 1.0})

            batch_id = api.start(count=9, provider="groq", topic="Tort Law - Nuisance")
            batch = api.until(batch_id, lambda batch: batch["waiting_for"] == "topic")
            api.post("generate/batch/stop", batch_id=batch_id)

            assert batch["skipped_topics"] == ["uk: Tort Law - Nuisance"]
            assert (batch["progress"], batch["rejected"]) == (0, 3)
            assert api.finished(batch_id)["status"] == "stopped"


@simulated
class TestRestart:
    def test_killed_server_goes_on_and_nothing_is_lost_or_made_twice(self, fresh: Fresh) -> None:
        with fresh("groq") as (api, vendors, server):
            vendors.set("groq", latency_s=0.02)
            batch_id = api.start(count=60, provider="groq")
            api.until(batch_id, lambda batch: batch["progress"] >= 20)

            server.kill()
            server.start()
            batch = api.finished(batch_id)

            ids = [row["id"] for row in api.samples(batch_id)]
            assert (batch["status"], batch["progress"], len(set(ids))) == ("completed", 60, 60)
            assert vendors.stats("groq")["calls"] <= 60 + batch["in_doubt"] <= 64

    def test_nothing_is_lost_or_made_twice_however_often_the_server_ends(self) -> None:
        kills = int(os.environ.get("CRASH_KILLS", "10"))

        seen = kill_again_and_again(kills)

        assert seen.kills >= kills
        assert seen.made <= seen.calls <= seen.made + seen.doubts

    def test_paused_batch_makes_no_call_until_it_is_resumed_also_over_a_restart(self, fresh: Fresh) -> None:
        with fresh("groq") as (api, vendors, server):
            vendors.set("groq", latency_s=0.05)
            batch_id = api.start(count=40, provider="groq")
            api.until(batch_id, lambda batch: batch["progress"] >= 4)

            paused = api.post("generate/batch/pause", batch_id=batch_id).json()["batch"]
            server.end()
            server.start()
            calls = vendors.stats("groq")["calls"]
            again = api.status(batch_id)
            refused = api.post("generate/batch/pause", batch_id=batch_id)
            resumed = api.post("generate/batch/resume", batch_id=batch_id).json()["batch"]
            ended = api.finished(batch_id)

            assert (paused["status"], paused["running"]) == ("paused", False)
            assert (again["status"], again["running"]) == ("paused", False)
            assert calls < 40
            assert refused.status_code == 400
            assert resumed["status"] == "running"
            assert (ended["status"], ended["progress"]) == ("completed", 40)
            assert vendors.stats("groq")["calls"] == 40

    def test_stream_goes_on_where_it_broke_off(self, fresh: Fresh) -> None:
        with fresh("groq") as (api, _, server):
            first = api.start(count=3, provider="groq")
            api.finished(first)
            seen = api.get(f"batches/{first}/events")["events"][-1]["id"]
            second = api.start(count=3, provider="groq")
            api.finished(second)
            server.kill()
            server.start()

            headers = {"Last-Event-ID": str(seen)}
            url = f"{server.url}/generate/batch/stream"
            with requests.get(url, headers=headers, stream=True, timeout=30) as stream:
                lines = stream.iter_lines()
                messages = [next(line for line in lines if line.startswith(b"data: ")) for _ in range(2)]
            server.end()

            assert b'"all_batches"' in messages[0]
            assert f'"batch_id":"{second}"'.encode() in messages[1]
            assert b'"status":"completed"' in messages[1]
