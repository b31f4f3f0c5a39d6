"""What can be seen of the service: metrics, readiness, logs, traces, alerts; and the dashboard beside it."""

import json
import logging
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from api_server import create_app
from bootstrap import Service
from config import PROJECT_DIR
from services.batch.measures import AlertThresholds, BatchMeasures
from tests.api.calls import get, post
from tests.api.conformance import checked_client
from tests.databases import KIND
from tests.fakes import Start, good_answer, run
from utils.clock import ManualClock
from utils.errors import ConfigurationError, ProviderTimeoutError, RateLimitError
from utils.logs import LogSettings, bound, configure_logging
from utils.tracing import configure_tracing


def of(platform: Service) -> FlaskClient:
    return checked_client(create_app(platform=platform))


def metrics(client: FlaskClient) -> dict[str, float]:
    """Return what is counted; one of several processes says beside it which it is."""
    text = client.get("/metrics").text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    ours = [(sample, {**sample.labels}) for sample in samples]
    assert {labels.pop("process", None) for _, labels in ours} <= ({None} if KIND == "sqlite" else {None, "0"})
    return {f"{sample.name}{sorted(labels.items())}": sample.value for sample, labels in ours}


# --- metrics ---------------------------------------------------------------------------------


def test_metrics_count_what_a_batch_did(start: Start) -> None:
    platform = start({"groq": [RateLimitError("slow", provider="groq", retry_after_s=0.01), good_answer]})
    client = of(platform)
    run(platform, count=3)

    seen = metrics(client)

    def of_all_models(metric: str, label: str) -> float:  # which of them serves after the refusal is a matter of time
        return sum(value for name, value in seen.items() if name.startswith(metric) and label in name)

    assert seen["ltp_samples_total[('outcome', 'stored')]"] == 3
    assert of_all_models("ltp_model_calls_total", "('outcome', 'answered'), ('provider', 'groq')") == 3
    assert of_all_models("ltp_model_calls_total", "('outcome', 'rate_limited'), ('provider', 'groq')") == 1
    assert of_all_models("ltp_model_tokens_total[('kind', 'prompt')", "('provider', 'groq')") > 0
    assert seen["ltp_dataset_samples[]"] == 3
    assert seen["ltp_fold_duration_seconds_count[]"] >= 1
    assert seen["process_resident_memory_bytes[]"] > 0


def test_every_metric_that_the_dashboard_asks_for_is_there(start: Start) -> None:
    platform = start({"groq": [good_answer]})
    client = of(platform)
    run(platform, count=1)
    text = (PROJECT_DIR / "docs" / "grafana-dashboard.json").read_text() + (
        PROJECT_DIR / "docs/operations.md"
    ).read_text()
    get(client, "stats")
    told = client.get("/metrics").text

    asked = set(re.findall(r"\bltp_[a-z_]+", text))
    offered = set(re.findall(r"^# TYPE (\S+)", told, re.MULTILINE))
    offered |= {f"{name}{end}" for name in offered for end in ("_bucket", "_sum", "_count")}

    assert len(asked) > 15
    assert asked - offered == set()


def test_routes_are_counted_by_their_pattern_and_not_by_their_ids(start: Start) -> None:
    client = of(start({}))
    for number in range(3):
        client.get(f"/api/sample/s{number}")
        client.get(f"/nowhere/{number}")

    seen = metrics(client)

    assert (
        seen["ltp_http_requests_total[('method', 'GET'), ('route', '/api/sample/<id:sample_id>'), ('status', '404')]"]
        == 3
    )
    assert seen["ltp_http_requests_total[('method', 'GET'), ('route', 'unknown'), ('status', '404')]"] == 3


# --- readiness -------------------------------------------------------------------------------


def test_ready_says_what_each_part_is_like(start: Start) -> None:
    told = get(of(start({"groq": ["x"]})), "health/ready")

    parts = {"database", "dataset", "disk", "providers", *([] if KIND == "sqlite" else ["processes"])}
    assert (told["status"], set(told["parts"])) == ("ready", parts)
    assert "groq open" in told["parts"]["providers"]["detail"]


def test_service_without_disk_is_alive_and_not_ready(start: Start) -> None:
    client = of(start({}, min_free_mb=10**9))

    told = get(client, "health/ready", 503)

    assert (told["status"], told["parts"]["disk"]["ok"], "disk: " in told["error"]) == ("not ready", False, True)
    assert get(client, "health/live") == {"status": "alive"}


# --- logs ------------------------------------------------------------------------------------


@pytest.fixture
def clean_logging() -> Iterator[None]:
    yield
    for handler in logging.getLogger().handlers:
        handler.close()
    logging.getLogger().handlers.clear()
    logging.getLogger().setLevel(logging.WARNING)


@pytest.mark.usefixtures("clean_logging")
def test_log_of_a_request_and_a_batch_carries_their_ids_and_never_a_prompt(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(LogSettings("INFO", "json"))
    platform = start({"groq": [ProviderTimeoutError("late", provider="groq"), good_answer]})
    client = of(platform)
    client.get("/api/nothing", headers={"X-Request-ID": "find-me"})
    run(platform, count=1, reasoning_instruction="canary-in-the-prompt")

    written = capsys.readouterr().err
    lines = [json.loads(line) for line in written.splitlines()]
    refused = next(line for line in lines if line["event"] == "request refused")
    failed = next(line for line in lines if line["event"] == "call failed")
    assert (refused["request_id"], refused["status"], refused["level"]) == ("find-me", 404, "info")
    assert {"batch_id", "item", "provider", "model", "category", "timestamp"} <= set(failed)
    assert (failed["provider"], failed["category"]) == ("groq", "timeout")
    assert "canary-in-the-prompt" not in written


@pytest.mark.usefixtures("clean_logging")
def test_log_file_is_turned_over_and_old_ones_go(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "service.log"
    configure_logging(LogSettings("INFO", "json", path, max_mb=1, keep=2))
    log = logging.getLogger("x")
    with bound(request_id="r1"):
        for _ in range(5000):
            log.info("filled", extra={"text": "y" * 1000})

    assert sorted(file.name for file in path.parent.iterdir()) == ["service.log", "service.log.1", "service.log.2"]
    assert json.loads(path.read_text().splitlines()[-1])["request_id"] == "r1"


def test_log_file_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="LOG_FILE"):
        configure_logging(LogSettings(file=tmp_path / "file" / "service.log"))


# --- traces ----------------------------------------------------------------------------------


class _Collector(BaseHTTPRequestHandler):
    received: list[bytes] = []  # noqa: RUF012  # one collector a test

    def do_POST(self) -> None:
        self.received.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


def test_requests_and_calls_are_traced_to_a_collector_without_their_words(start: Start) -> None:
    _Collector.received.clear()
    collector = HTTPServer(("127.0.0.1", 0), _Collector)
    thread = threading.Thread(target=collector.serve_forever, daemon=True)
    thread.start()
    end = configure_tracing(f"http://127.0.0.1:{collector.server_port}")
    try:
        client = of(start({"groq": ["An answer."]}))
        post(client, "chat/completions", {"messages": [{"role": "user", "content": "canary-question"}]})
    finally:
        end()
        collector.shutdown()
        collector.server_close()
        thread.join()

    sent = b"".join(_Collector.received)
    assert b"model call" in sent
    assert b"/api/chat/completions" in sent
    assert b"openai/gpt-oss-120b" in sent
    assert b"canary-question" not in sent


# --- alerts ----------------------------------------------------------------------------------


def test_each_kind_of_alert_is_raised_once_and_survives_a_restart() -> None:
    watch = BatchMeasures({}, AlertThresholds(2, 3, 0.5), ManualClock())
    for _ in range(4):
        watch.failed("timeout")
        watch.switched()
        watch.failed("quality_error")

    first = [row["kind"] for row in watch.raised(samples=10)]
    again = BatchMeasures(watch.to_dict(), AlertThresholds(2, 3, 0.5), ManualClock())
    for _ in range(20):
        again.failed("json_error")
        again.failed("timeout")

    assert first == ["model_switches", "timeouts"]
    assert [row["kind"] for row in again.raised(samples=10)] == ["rejection_rate"]
    assert again.raised(samples=10) == []
    assert [row["message"] for row in again.alerts()] == [
        "4 changes of model, more than 2",
        "4 timeouts, more than 3",
        "71% of the drafts refused, more than 50%",
    ]


def test_limit_of_zero_never_alerts_and_few_drafts_say_nothing() -> None:
    quiet = BatchMeasures({}, AlertThresholds(0, 0, 0), ManualClock())
    young = BatchMeasures({}, AlertThresholds(rejection_rate=0.5), ManualClock())
    for _ in range(9):
        quiet.failed("timeout")
        young.failed("quality_error")

    assert (quiet.raised(0), young.raised(0)) == ([], [])


def test_batch_with_many_timeouts_says_so_in_its_object_its_events_its_metrics_and_the_log(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    late = [ProviderTimeoutError("late", provider="groq")] * 4
    platform = start({"groq": [*late, good_answer]}, alert_timeouts=2, cerebras_api_key="")
    with caplog.at_level(logging.WARNING):
        batch = run(platform, count=4, allow_failover=True)
    client = of(platform)

    assert [alert["kind"] for alert in batch["alerts"]] == ["timeouts"]
    told = get(client, f"batches/{batch['batch_id']}/events")["events"]
    assert [row["detail"]["kind"] for row in told if row["type"] == "alert"] == ["timeouts"]
    assert metrics(client)["ltp_alerts_total[('kind', 'timeouts')]"] == 1
    assert "batch alert" in caplog.messages
    assert get(client, f"generate/batch/status?batch_id={batch['batch_id']}")["alerts"] == batch["alerts"]


# --- dashboard -------------------------------------------------------------------------------


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text('<script>window.x = 1</script><script src="/assets/app-3fK9aB2c.js"></script>')
    (folder / "assets" / "app-3fK9aB2c.js").write_text("console.log(1)")
    (folder / "robots.txt").write_text("User-agent: *")
    (folder / ".env").write_text("SECRET=1")
    (tmp_path / "outside.txt").write_text("not yours")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    return folder


@pytest.mark.parametrize("path", ["/", "/index.html", "/batches/42", "/deep/er/route", "/settings.html"])
def test_dashboard_answers_with_its_index_for_its_own_routes(start: Start, built: Path, path: str) -> None:
    response = of(start({}, dashboard_dir=built)).get(path, buffered=True)

    assert (response.status_code, "window.x" in response.text) == (200, True)
    assert response.headers["Cache-Control"] == "no-cache"
    assert "'sha256-" in response.headers["Content-Security-Policy"]


def test_dashboard_files_that_carry_a_hash_are_cached_for_ever(start: Start, built: Path) -> None:
    client = of(start({}, dashboard_dir=built))
    script, robots = client.get("/assets/app-3fK9aB2c.js", buffered=True), client.get("/robots.txt", buffered=True)

    assert script.mimetype == "text/javascript"
    assert "immutable" in script.headers["Cache-Control"]
    assert robots.headers["Cache-Control"] == "no-cache"
    again = client.get("/robots.txt", headers={"If-None-Match": robots.headers["ETag"]}, buffered=True)
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.txt", "/%2e%2e/outside.txt", "/assets/../../outside.txt", "/..%2foutside.txt", "//outside.txt",
        "/link.txt", "/.env", "/assets/%00", "/..\\outside.txt", "/assets/missing.js", "/etc/passwd.txt",
    ],
)  # fmt: skip
def test_dashboard_lets_nobody_out_of_its_folder(start: Start, built: Path, path: str) -> None:
    response = of(start({}, dashboard_dir=built)).get(path, buffered=True)

    assert "not yours" not in response.text
    assert "SECRET" not in response.text
    assert response.status_code in (200, 308, 400, 404)


def test_api_is_not_hidden_by_the_dashboard(start: Start, built: Path) -> None:
    client = of(start({}, dashboard_dir=built))

    assert client.get("/api/stats").status_code == 200
    missing = client.get("/api/nothing")
    assert (missing.status_code, missing.get_json()["type"]) == (404, "NotFound")
    assert client.post("/api/stats").status_code == 405
    assert client.get("/metrics").status_code == 200


def test_folder_without_an_index_stops_the_start(start: Start, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"DASHBOARD_DIR: .* has no index\.html"):
        create_app(platform=start({}, dashboard_dir=tmp_path))
