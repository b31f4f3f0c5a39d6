"""The HTTP contract: every path, key and shape that existing clients rely on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api_server import create_app
from bootstrap import Service, build
from services.llm.adapters.base import CompletionRequest
from services.llm.adapters.scripted import ScriptedProvider
from tests.fakes import catalog_without_limits, good_answer, sample, settings_for
from tests.patience import PATIENCE_S
from utils.errors import AuthenticationError, ConfigurationError, DiskFullError

BATCH_KEYS = {
    "batch_id", "running", "status", "progress", "total", "samples_generated", "current_sample", "current_provider",
    "current_model", "errors", "started_at", "completed_at", "total_tokens", "model_switches", "provider_switches",
    "failed_models_by_provider", "consecutive_failures", "skipped_topics", "circuit_breaker_summary", "topic_filter",
    "difficulty_filter", "sample_type_filter", "jurisdiction_filter", "reasoning_instruction", "smart_mode",
    "last_provider", "last_model", "samples_per_minute", "eta_seconds", "attempts", "rejected", "cost_usd", "metrics",
}  # fmt: skip
HISTORY_KEYS = {
    "id", "started_at", "completed_at", "model", "provider", "topic_filter", "difficulty_filter", "sample_type_filter",
    "reasoning_instruction", "target", "samples_generated", "tokens_used", "status", "errors", "model_switches",
    "provider_switches",
}  # fmt: skip


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    platform = build(
        settings_for(
            tmp_path, catalog_dir=catalog_without_limits(tmp_path), groq_api_key="gsk_test_0123456789", threads=68
        )
    )
    factory = platform.llm.factory
    info = factory.roster.provider("groq")
    assert info
    factory._made["groq"] = ScriptedProvider(factory._config(info), [good_answer])
    platform.start()
    yield platform
    platform.close()


def get(client: FlaskClient, path: str) -> Any:
    response = client.get(f"/api/{path}")
    assert response.status_code == 200, response.text
    return response.get_json()


def post(client: FlaskClient, path: str, body: object = None, status: int = 200) -> Any:
    response = client.post(f"/api/{path}", json=body) if body is not None else client.post(f"/api/{path}")
    assert response.status_code == status, response.text
    return response.get_json()


def refused(response: Any, status: int) -> str:
    assert response.status_code == status, response.text
    body = response.get_json()
    assert set(body) == {"success", "error", "type", "code", "retryable", "category", "request_id"}
    assert body["success"] is False
    assert response.headers["X-Request-ID"] == body["request_id"]
    return str(body["error"])


def test_health_says_what_is_set_up(client: FlaskClient) -> None:
    body = get(client, "health")

    assert set(body) >= {
        "status", "dataset_exists", "total_samples", "groq_configured", "cerebras_configured", "ollama_configured",
        "active_batches", "running_batches", "batch_generation_running", "database",
    }  # fmt: skip
    assert (body["status"], body["groq_configured"], body["cerebras_configured"]) == ("healthy", True, False)
    assert get(client, "health/live")["status"] == "alive"
    assert get(client, "health/ready")["status"] == "ready"


def test_info_lists_the_endpoints_and_v1_answers_the_same(client: FlaskClient) -> None:
    body = get(client, "info")

    assert set(body) == {"success", "name", "version", "database", "architecture", "endpoints"}
    assert "POST /api/generate/batch/start" in body["endpoints"]
    assert get(client, "v1/topics") == get(client, "topics")


def test_topics_come_by_jurisdiction(client: FlaskClient) -> None:
    by_default, of_us = get(client, "topics")["topics"], get(client, "topics?jurisdiction=us")["topics"]
    rows = get(client, "topics?jurisdiction=all")["topics"]

    assert {row["jurisdiction"] for row in by_default} == {"uk"}
    assert {row["jurisdiction"] for row in of_us} == {"us"}
    assert len(rows) > len(by_default) + len(of_us)
    assert set(rows[0]) == {"practice_area", "topic", "difficulty", "jurisdiction"}
    assert "want one of uk, us, eu, international" in refused(client.get("/api/topics?jurisdiction=moon"), 400)


def test_catalogue_endpoints_have_their_shapes(client: FlaskClient) -> None:
    places = get(client, "jurisdictions")
    types = get(client, "sample-types")
    levels = get(client, "difficulties")

    assert (places["default"], types["default"]) == ("uk", "case_analysis")
    assert set(places["jurisdictions"][0]) == {
        "id",
        "name",
        "legal_system",
        "citation_format",
        "enabled",
        "topic_count",
    }
    assert set(types["sample_types"][0]) == {"id", "name", "description", "focus", "example"}
    assert types["sample_types"][-1]["id"] == "balance"
    assert set(levels["difficulties"][0]) == {
        "id", "min_words", "min_citations", "min_reasoning_steps", "max_reasoning_steps", "min_reasoning_chars", "description",
    }  # fmt: skip


def test_providers_and_models_come_without_asking_a_vendor_and_without_keys(client: FlaskClient) -> None:
    providers = get(client, "providers")
    models = get(client, "models")

    assert providers["default_provider"] in {row["id"] for row in providers["providers"]}
    assert set(providers["providers"][0]) == {
        "id", "name", "enabled", "default_model", "champion_model", "base_url", "requests_per_minute", "tokens_per_minute",
    }  # fmt: skip
    assert set(models["models"][0]) == {
        "id", "name", "provider", "provider_name", "context_window", "owned_by", "fallback_priority",
        "supports_json_schema", "is_thinking_model", "supports_cot", "supports_streaming", "supports_vision", "evidence",
    }  # fmt: skip
    assert (models["default_provider"], models["default_model"]) == ("groq", "openai/gpt-oss-120b")
    assert "gsk_" not in json.dumps([providers, models])


def test_sample_lives_from_add_to_delete(client: FlaskClient) -> None:
    added = post(client, "add", sample(id="a/b c"))
    assert added["sample"]["jurisdiction"] == "uk"
    assert added["total_samples"] == 1

    changed = client.put("/api/sample/a/b c", json={"answer": "new"}).get_json()
    assert changed["sample"]["answer"] == "new"
    assert get(client, "sample/a/b%20c")["sample"]["answer"] == "new"

    thought = get(client, "v1/samples/a/b%20c/chain-of-thought")
    assert (thought["sample_id"], thought["provider_trace"], thought["supports_cot"]) == ("a/b c", None, None)
    assert thought["chain_of_thought"]["source"] == "sample"
    assert "not found" in refused(client.get("/api/samples/nope/chain-of-thought"), 404)

    deleted = client.delete("/api/sample/a/b c").get_json()
    assert (deleted["success"], deleted["total_samples"]) == (True, 0)
    assert "not found" in refused(client.get("/api/sample/a/b c"), 404)


def test_data_is_a_bare_array_newest_first_with_its_count(client: FlaskClient) -> None:
    assert get(client, "data") == []
    for number in range(4):
        post(
            client,
            "add",
            sample(
                id=f"s{number}",
                created_at=f"2026-01-0{number + 1}T00:00:00+00:00",
                jurisdiction="us" if number else "uk",
            ),
        )

    response = client.get("/api/data?limit=2&jurisdiction=us")

    assert [row["id"] for row in response.get_json()] == ["s3", "s2"]
    assert response.headers["X-Total-Count"] == "3"
    assert [row["id"] for row in get(client, "data?offset=3")] == ["s0"]


@pytest.mark.parametrize("query", ["limit=x", "limit=-1", "offset=1.5", "limit=99999999999999999999"])
def test_page_that_cannot_be_is_refused(client: FlaskClient, query: str) -> None:
    assert refused(client.get(f"/api/data?{query}"), 400).startswith(query.split("=", maxsplit=1)[0])


def test_stats_have_their_keys_and_count_once(client: FlaskClient) -> None:
    post(client, "add", sample())

    body = get(client, "stats")

    assert set(body) == {
        "total", "columns", "difficulty_distribution", "top_topics", "sample_type_distribution", "jurisdiction_distribution",
        "avg_lengths", "unique_topics", "unique_practice_areas", "total_topics", "total_difficulties", "file_size_kb",
    }  # fmt: skip
    assert body["top_topics"] == [{"topic": "Contract Law - Formation of Contracts", "len": 1, "count": 1}]
    assert get(client, "stats") == body


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"{", "body: is not valid JSON", id="broken"),
        pytest.param(b"[1]", "body: got a list, want a JSON object", id="list"),
        pytest.param(b'{"id": "x"}', "Missing required fields: question, answer", id="missing"),
        pytest.param(b'{"id": "\\ud800"}', "body: is not valid JSON", id="surrogate"),
        pytest.param(b"\xff\xfe", "body: is not valid JSON", id="not-utf8"),
    ],
)
def test_bad_body_is_refused_with_its_reason(client: FlaskClient, body: bytes, says: str) -> None:
    assert says in refused(client.post("/api/add", data=body, content_type="application/json"), 400)
    assert "application/json" in refused(client.post("/api/add", data=body), 415)


def test_id_that_exists_is_refused(client: FlaskClient) -> None:
    post(client, "add", sample())

    assert "'s1' exists" in refused(client.post("/api/add", json=sample()), 400)


def test_generate_returns_a_checked_sample_and_stores_it_only_on_request(client: FlaskClient) -> None:
    made = post(client, "generate")
    assert set(made) == {"success", "sample", "tokens_used", "elapsed", "waited"}
    assert made["sample"]["topic"] == "Contract Law - Formation of Contracts"
    assert get(client, "data") == []

    saved = post(
        client,
        "generate",
        {"save": True, "sample_type": "balance", "difficulty": "basic", "provider": "groq", "unknown": 1},
    )
    assert [row["id"] for row in get(client, "data")] == [saved["sample"]["id"]]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"provider": "acme"}, "Invalid provider: acme. Available: groq, local"),
        ({"difficulty": "hard"}, "want one of foundational, basic, intermediate, advanced, expert"),
        ({"sample_type": "poem"}, "sample_type: got 'poem'"),
        ({"jurisdiction": "moon"}, "jurisdiction: got 'moon'"),
        ({"save": "maybe"}, "save: got 'maybe', want true or false"),
        ({"practice_area": ""}, "practice_area: "),
        ({"topic": " "}, "topic: "),
    ],
)
def test_generate_refuses_unknown_names(client: FlaskClient, body: dict[str, str], says: str) -> None:
    assert says in refused(client.post("/api/generate", json=body), 400)


def test_failed_generation_carries_its_category(client: FlaskClient, service: Service) -> None:
    service.llm.factory._made["groq"]._script[:] = [AuthenticationError("key refused: gsk_0123456789abc", status=401)]  # type: ignore[attr-defined]

    error = refused(client.post("/api/generate"), 400)

    assert error == "[authentication] key refused: [redacted]"


def test_unknown_model_by_name_is_the_vendors_to_refuse(client: FlaskClient, service: Service) -> None:
    def vendor(request: CompletionRequest) -> str:
        assert request.model == "no-such-model"
        raise RuntimeError("The model `no-such-model` does not exist")

    provider = service.llm.factory._made["groq"]
    provider._script[:] = [vendor]  # type: ignore[attr-defined]

    error = refused(client.post("/api/generate", json={"model": "no-such-model", "provider": "groq"}), 400)

    assert error == "[model_unavailable] The model `no-such-model` does not exist"
    assert len(provider.requests) == 1  # type: ignore[attr-defined]


def test_batch_runs_from_start_to_history(client: FlaskClient, service: Service) -> None:
    before = get(client, "generate/batch/status")
    assert (before["running"], before["progress"], before["batches"], before["count"]) == (False, 0, {}, 0)

    started = post(client, "generate/batch/start", {"count": 3, "smart_mode": True})
    assert set(started) == {"success", "message", "batch_id", "provider", "model", "smart_mode", "features"}
    assert started["batch_id"].startswith("batch_")
    assert service.batches.wait(started["batch_id"], PATIENCE_S)

    one = get(client, f"generate/batch/status?batch_id={started['batch_id']}")
    assert set(one) >= BATCH_KEYS
    assert (one["status"], one["progress"], one["smart_mode"]) == ("completed", 3, True)
    primary = get(client, "generate/batch/status")
    assert primary["batches"][started["batch_id"]] == one
    history = get(client, "generate/batch/history?limit=5&status=completed")
    assert set(history["batches"][0]) >= HISTORY_KEYS
    assert history["count"] == 1
    assert len(get(client, f"data?batch_id={started['batch_id']}")) == 3


def test_batch_is_refused_where_the_contract_says_so(client: FlaskClient) -> None:
    post(client, "add", sample())

    assert "must be greater than current samples (1)" in refused(
        client.post("/api/generate/batch/start", json={"target_count": 1}), 400
    )
    assert "Invalid provider" in refused(client.post("/api/generate/batch/start", json={"provider": "x"}), 400)
    assert "count" in refused(client.post("/api/generate/batch/start", json={"count": 0}), 400)
    assert "No batch generation running" in refused(client.post("/api/generate/batch/stop"), 400)
    assert "not found" in refused(client.post("/api/generate/batch/stop", json={"batch_id": "batch_1_x"}), 404)
    assert "not found" in refused(client.get("/api/generate/batch/status?batch_id=batch_1_x"), 404)


def test_stop_names_what_it_stops(client: FlaskClient, service: Service) -> None:
    service.llm.factory._made["groq"]._script[:] = ["no json"]  # type: ignore[attr-defined]
    started = post(client, "generate/batch/start", {"count": 50, "topic": "Tort Law - Nuisance"})
    stopped = post(client, "generate/batch/stop", {"batch_id": started["batch_id"]})
    assert (stopped["stopped_batches"], stopped["count"], stopped["batch_id"]) == (
        [started["batch_id"]],
        1,
        started["batch_id"],
    )
    assert service.batches.wait(started["batch_id"], PATIENCE_S)

    again = post(client, "generate/batch/start", {"count": 50, "topic": "Tort Law - Nuisance"})
    every = post(client, "generate/batch/stop")
    assert every["stopped_batch_ids"] == [again["batch_id"]]
    assert service.batches.wait(again["batch_id"], PATIENCE_S)


def test_stream_is_server_sent_events_that_begin_with_all_batches(client: FlaskClient, service: Service) -> None:
    response = client.get("/api/generate/batch/stream")
    messages = iter(response.response)

    assert response.mimetype == "text/event-stream"
    assert (response.headers["Cache-Control"], response.headers["X-Accel-Buffering"]) == ("no-cache", "no")
    assert next(messages) == b"retry: 2000\n\n"
    first = next(messages)
    assert isinstance(first, bytes)
    assert json.loads(first.split(b"data: ")[1]) == {"type": "all_batches", "batches": {}}
    assert b"event:" not in first
    response.close()
    assert service.events.subscriber_count == 0


def test_too_many_streams_are_sent_away_with_a_hint(client: FlaskClient) -> None:
    open_streams = [client.get("/api/generate/batch/stream") for _ in range(4)]

    response = client.get("/api/generate/batch/stream")

    assert "streams are open already" in refused(response, 503)
    assert response.headers["Retry-After"] == "5"
    for stream in open_streams:
        stream.close()


def test_unknown_paths_and_methods_give_json_under_api(client: FlaskClient) -> None:
    assert "there is no such address" in refused(client.get("/api/nope"), 404)
    response = client.delete("/api/data")
    assert "not allowed" in refused(response, 405)
    assert "GET" in response.headers["Allow"]


def test_request_id_is_taken_when_it_is_sane_and_made_otherwise(client: FlaskClient) -> None:
    assert client.get("/api/health", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    assert client.get("/api/health", headers={"X-Request-ID": "<script>"}).headers["X-Request-ID"] != "<script>"


def test_browsers_on_this_machine_are_let_in_and_others_are_not(client: FlaskClient) -> None:
    local = client.get("/api/health", headers={"Origin": "http://localhost:3000"})
    other = client.get("/api/health", headers={"Origin": "https://localhost.evil.test"})

    assert local.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert "Access-Control-Allow-Origin" not in other.headers


def test_page_of_another_site_cannot_start_anything(client: FlaskClient) -> None:
    foreign = client.post("/api/generate/batch/start", headers={"Origin": "https://evil.test"})

    assert "not allowed to change anything" in refused(foreign, 403)
    assert client.post("/api/generate/batch/stop", headers={"Origin": "http://localhost:3000"}).status_code == 400


def test_fault_of_ours_is_a_500_without_a_traceback(
    client: FlaskClient, service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service.dataset, "statistics", lambda: 1 / 0)

    error = refused(client.get("/api/stats"), 500)

    assert "division" not in error
    assert "ZeroDivisionError" in caplog.text


def test_full_disk_is_a_507_with_its_sentence(
    client: FlaskClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise DiskFullError("database: no space left on the disk; free some and try again, nothing was lost")

    monkeypatch.setattr(service.dataset, "add", full)

    assert "no space left" in refused(client.post("/api/add", json=sample()), 507)


def test_app_is_built_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    app = create_app()

    assert app.test_client().get("/api/health").get_json()["total_samples"] == 0
    app.extensions["platform"].close()


def test_batch_can_be_planned_watched_and_accounted_for(client: FlaskClient, service: Service) -> None:
    wanted = {"count": 4, "provider": "groq", "sample_type": "simple_qa", "difficulty": "basic"}

    plan = post(client, "generate/batch/plan", wanted)
    batch_id = post(client, "generate/batch/start", {**wanted, "unknown": 1})["batch_id"]
    service.batches.wait(batch_id, PATIENCE_S)
    report = get(client, f"batches/{batch_id}/report")["report"]
    events = get(client, f"batches/{batch_id}/events")["events"]
    rest = get(client, f"batches/{batch_id}/events?after={events[-2]['id']}&limit=5")["events"]
    usage = get(client, "usage?by=model,batch&since=2000-01-01")
    targets = get(client, "targets")["targets"]
    stuck = get(client, "batches/stuck")

    assert set(plan) >= {"total", "counts", "targets", "expected_tokens", "expected_cost_usd", "expected_minutes"}
    assert plan["total"] == 4
    assert set(report) >= {
        "items", "attempts", "calls", "rate_limited", "waited_s", "total_tokens", "cost_usd", "latency",
        "model_switches", "provider_switches", "rejections", "in_doubt",
    }  # fmt: skip
    assert [event["type"] for event in events] == ["started", *["sample"] * 4, "ended"]
    assert [event["type"] for event in rest] == ["ended"]
    assert (usage["usage"][0]["batch"], usage["total"]["calls"]) == (batch_id, 4)
    assert targets[0]["minute"]["requests"] == 4
    assert set(stuck) >= {
        "stuck_batches", "stopped_batches", "count", "stopped_count", "zombie_count", "time_stuck_count",
        "threshold_minutes", "message",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("usage?by=colour", "want some of day, provider, model, batch"),
        ("usage?since=yesterday", "want a day like"),
        ("usage?days=3", "days: unknown"),
        ("batches/no/report", "not found"),
        ("batches/no/events", "not found"),
    ],
)
def test_questions_about_the_engine_are_refused_with_what_is_wanted(client: FlaskClient, path: str, says: str) -> None:
    response = client.get(f"/api/{path}")

    assert says in refused(response, 404 if "not found" in says else 400)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"count": 1, "colour": 1}, "colour"),
        ({"count": 1, "max_cost_usd": 0}, "max_cost_usd"),
        ({"count": 1, "weights": {"groq": -1}}, "weights"),
        ({"count": 1, "mix": {"colours": {"a": 1}}}, "mix.colours"),
        (
            {"count": 1, "provider": "groq", "model": "unknown", "allow_failover": False, "max_cost_usd": 1},
            "known price",
        ),
        ({"count": 1, "providers": ["acme"]}, "Invalid provider: acme"),
    ],
)
def test_plan_refuses_what_it_does_not_know(client: FlaskClient, body: dict[str, object], says: str) -> None:
    assert says in refused(client.post("/api/generate/batch/plan", json=body), 400)


def test_pause_and_resume_need_a_batch_that_can(client: FlaskClient, service: Service) -> None:
    batch_id = post(client, "generate/batch/start", {"count": 1, "difficulty": "basic"})["batch_id"]
    service.batches.wait(batch_id, PATIENCE_S)

    for command in ("pause", "resume"):
        assert "batch_id" in refused(client.post(f"/api/generate/batch/{command}", json={}), 400)
        assert "not found" in refused(client.post(f"/api/generate/batch/{command}", json={"batch_id": "x"}), 404)
        assert "is completed" in refused(
            client.post(f"/api/generate/batch/{command}", json={"batch_id": batch_id}), 400
        )


def test_price_without_a_source_stops_the_start(tmp_path: Path) -> None:
    catalog = catalog_without_limits(tmp_path)
    models = catalog / "models.toml"
    models.write_text(models.read_text().replace('price_date = "2026-11-21"', "", 1))

    with pytest.raises(ConfigurationError, match="where and when the price was read"):
        build(settings_for(tmp_path, catalog_dir=catalog))
