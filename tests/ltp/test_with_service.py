"""The clients with the real service, whose vendor is simulated."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from ltp import AsyncClient, Client, RefusedError, RunFailedError, UnreachableError
from tests.e2e.server import RunningServer, free_port
from tests.fakes import catalog_without_limits, sample
from tests.ltp.loops import run
from tests.vendors.simulator import SimulatedVendor
from utils.access_tokens import hashed_form, new_token

ACT = "Harbours Act 2021\n\nSection 1\n(1) A vessel shall not lie in the harbour for more than 28 days.\n"
ASKED: Any = {"topic": "Tort Law - Nuisance", "difficulty": "basic", "sample_type": "simple_qa", "provider": "groq"}


class Unhurried(Client):
    """A client that notes how long it would wait."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.pauses: list[float] = []
        super().__init__(*args, **options)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture(scope="module")
def groq() -> Iterator[SimulatedVendor]:
    with SimulatedVendor("groq", ["openai/gpt-oss-120b"]) as vendor:
        yield vendor


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, groq: SimulatedVendor) -> Iterator[RunningServer]:
    """A start takes seconds: the tests share one, and ask for what they made themselves."""
    folder = tmp_path_factory.mktemp("data")
    settings = {"groq_api_key": "gsk_test_0123456789", "groq_base_url": groq.url, "max_workers": 1}
    with RunningServer(
        folder, catalog_dir=catalog_without_limits(tmp_path_factory.mktemp("catalog")), **settings
    ) as running:
        yield running


def address(server: RunningServer) -> str:
    return server.url.removesuffix("/api")


def test_batch_is_followed_through_the_death_of_the_service_and_its_samples_are_taken_home(
    tmp_path: Path, server: RunningServer, groq: SimulatedVendor
) -> None:
    groq.set(latency_s=0.1)
    with Client(address(server)) as client:
        started = client.batches.start(count=6, **ASKED)
        updates = client.follow_batch(started["batch_id"])
        assert next(updates)["status"] in ("pending", "running")
        while next(updates)["progress"] < 2:
            pass
        server.kill()
        server.start()
        *_, ended = updates

        samples = list(client.samples.each(batch_id=started["batch_id"], limit=2))
        saved = client.dataset.export(tmp_path / "train.jsonl", format="messages", include="all")
        waited = client.wait_for_batch(started["batch_id"], timeout_s=0)

    assert (ended["status"], ended["progress"]) == ("completed", 6)
    assert waited == ended
    assert len({one["id"] for one in samples}) == 6
    lines = (tmp_path / "train.jsonl").read_text().splitlines()
    assert [list(json.loads(line)) for line in lines] == [["messages"]] * 6
    assert saved.headers["x-data-version"]


def test_sample_comes_word_by_word_and_documents_jobs_and_files_go_both_ways(
    tmp_path: Path, server: RunningServer, groq: SimulatedVendor
) -> None:
    rows = [sample(id="a"), sample(id="b")]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "harbours.txt").write_text(ACT)
    with Client(address(server)) as client:
        told = list(client.generation.stream(**ASKED))
        imported = client.dataset.import_samples(tmp_path / "in.jsonl", on_duplicate="skip")
        uploaded = client.documents.upload(tmp_path / "harbours.txt", licence="public-domain", wait=True)
        files = [file["file_id"] for file in client.documents.each(status="ready")]
        client.documents.content(uploaded["file_id"], tmp_path / "back.txt")
        job = client.jobs.start(kind="export", export={"format": "jsonl", "include": "all"})
        done = client.wait_for_run(job["run_id"])
        client.jobs.file(job["run_id"], tmp_path / "job.jsonl")
        with pytest.raises(RunFailedError, match="run "):
            client.wait_for_run(client.jobs.start(kind="decontamination")["run_id"])

    assert [event["type"] for event in told if event["type"] in ("done", "error")] == ["done"]
    assert "token" in {event["type"] for event in told}
    assert (imported["added"], files) == (2, [uploaded["file_id"]])
    assert (tmp_path / "back.txt").read_text() == ACT
    assert done["state"] == "done"
    assert {"a", "b"} <= {json.loads(line)["id"] for line in (tmp_path / "job.jsonl").read_text().splitlines()}


def test_bad_input_and_what_is_not_there_are_told_with_their_codes(tmp_path: Path, server: RunningServer) -> None:
    (tmp_path / "wrong.jsonl").write_text('{"question": "q"}\n')
    with Client(address(server)) as client:
        for code, status, call in (
            ("not_found", 404, lambda: client.samples.get("none")),
            ("not_found", 404, lambda: client.wait_for_batch("none")),
            ("not_found", 404, lambda: client.wait_for_run("none")),
            ("input_error", 400, lambda: client.batches.start(count=0)),
            ("import_refused", 400, lambda: client.dataset.import_samples(tmp_path / "wrong.jsonl")),
        ):
            with pytest.raises(RefusedError) as caught:
                call()
            assert (caught.value.code, caught.value.status) == (code, status)
            assert caught.value.request_id in server.log()
    assert caught.value.body["problem_count"] == 1

    nowhere = Unhurried(f"http://127.0.0.1:{free_port()}")
    with nowhere, pytest.raises(UnreachableError, match="GET /api/health: the service does not answer"):
        nowhere.service.health()
    assert nowhere.pauses == [0.5, 1, 2]


def test_token_opens_and_a_limit_at_the_door_is_waited_for_as_the_service_says(tmp_path: Path) -> None:
    token = new_token()
    with RunningServer(tmp_path, api_tokens=f"read:{hashed_form(token)}", rate_limit="2 per minute") as server:
        with Client(address(server)) as stranger, pytest.raises(RefusedError) as caught:
            stranger.catalogue.topics()
        assert (caught.value.code, caught.value.status) == ("unauthorized", 401)

        client = Unhurried(address(server), token, retries=1)
        with client:
            client.catalogue.topics()
            client.catalogue.topics()
            with pytest.raises(RefusedError) as limited:
                client.catalogue.topics()

    assert (limited.value.code, limited.value.status, limited.value.is_retryable) == ("too_many_requests", 429, True)
    assert 0.5 < client.pauses[0] <= 60  # not our own pause


def test_async_client_follows_several_batches_at_once(tmp_path: Path, server: RunningServer) -> None:
    async def use() -> tuple[list[str], list[str], int]:
        async with AsyncClient(address(server)) as client:
            started = [await client.batches.start(count=2, **ASKED) for _ in range(2)]
            ended = await asyncio.gather(*(client.wait_for_batch(one["batch_id"]) for one in started))
            ids = [one["batch_id"] for one in started]
            found = [each["id"] for one in ids async for each in client.samples.each(batch_id=one, limit=1)]
            async with aclosing(client.generation.stream(**ASKED)) as events:
                kinds = {event["type"] async for event in events}
            saved = await client.dataset.export(tmp_path / "train.jsonl", include="all")
            with pytest.raises(RefusedError, match="none"):
                await client.samples.get("none")
            assert "done" in kinds
            return [one["status"] for one in ended], found, saved.size_bytes

    states, found, size = run(use())

    assert states == ["completed", "completed"]
    assert len(set(found)) == 4
    assert (tmp_path / "train.jsonl").stat().st_size == size > 0
