"""Records the examples of the OpenAPI document from the running service: `python -m tests.api.record_examples`.

Writes api/edge/examples.json. Long lists and texts are cut; folders of this machine are taken out.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from api.edge.openapi import EXAMPLES
from api_server import create_app
from bootstrap import Service, build
from config import PROJECT_DIR
from models.assistant.rows import NewTurn
from services.llm.adapters.scripted import ScriptedProvider
from tests.fakes import SAMPLE, catalog_without_limits, good_answer, settings_for
from tests.patience import PATIENCE_S
from tests.services.grounding.law.services import serving

_ITEMS, _CHARS = 2, 240
_GROQ = "openai/gpt-oss-120b"
_PROVIDER = {
    "name": "My server",
    "base_url": "http://127.0.0.1:8000/v1",
    "api_key": "EXAMPLE-KEY",
    "requests_per_minute": 60,
}
_CHAT = {"messages": [{"role": "user", "content": "What is consideration?"}], "max_tokens": 500}
_REVIEW = {"decision": "accept", "reason": "sound", "reviewer": "A. Lawyer"}
_CITED = {"text": "Fisher v Bell [1961] 1 QB 394 and Theft Act 1968, s 1"}
_SAMPLE = {**SAMPLE, "id": "example-1"}


def record() -> dict[str, dict[str, Any]]:
    """Return the examples by "METHOD path"."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        platform = _service(folder)
        try:
            client = create_app(platform=platform).test_client()
            found = dict(_calls(client, platform))
        finally:
            platform.close()
    return {key: _without(value, folder) for key, value in sorted(found.items())}


def _service(folder: Path) -> Service:
    platform = build(
        settings_for(
            folder,
            catalog_dir=catalog_without_limits(folder),
            groq_api_key="EXAMPLE-KEY",
            encryption_key="A" * 43 + "=",
            allow_private_base_urls=True,
            huggingface_token="EXAMPLE-TOKEN",
        )
    )
    factory = platform.llm.factory
    info = factory.roster.provider("groq")
    assert info
    factory._made["groq"] = ScriptedProvider(factory._config(info), [good_answer], [_GROQ, "openai/gpt-oss-20b"])
    return platform.start()


def _calls(client: FlaskClient, platform: Service) -> list[tuple[str, dict[str, Any]]]:
    made: list[tuple[str, dict[str, Any]]] = []

    def call(
        name: str, body: Any = None, query: dict[str, Any] | None = None, data: bytes | None = None, **path: str
    ) -> Any:
        method, _, template = name.partition(" ")
        address = template.format(**path)
        sent: dict[str, Any] = {"json": body} if body is not None else {"data": data} if data is not None else {}
        response = client.open(address, method=method, query_string=query or {}, **sent)
        assert response.status_code in (200, 202), (name, response.text)
        example: dict[str, Any] = {"path": path, "query": query or {}}
        if body is not None:
            example["body"] = body
        if response.mimetype == "application/json" and "attachment" not in response.headers.get(
            "Content-Disposition", ""
        ):
            example["answer"] = _cut(response.get_json())
        made.append((name, example))
        return response.get_json(silent=True) or response.headers.get("X-Run-ID")

    call("POST /api/add", _SAMPLE)
    line = json.dumps({**SAMPLE, "id": "example-2"})
    call("POST /api/import", {"content": line})
    call("POST /api/import/jsonl", {"content": json.dumps({**SAMPLE, "id": "example-3"})})
    batch = call("POST /api/generate/batch/start", {"count": 2, "provider": "groq", "difficulty": "basic"})["batch_id"]
    assert platform.batches.wait(batch, PATIENCE_S)
    _watch(call, platform, batch)
    _samples(call, batch)
    _quality(call)
    _products(call)
    _releases(call, platform)
    _automation(call)
    _documents(call, platform)
    _assistant(call, platform)
    _management(call)
    _publish(call, platform)
    return made


def _watch(call: Any, platform: Service, batch: str) -> None:
    for name in ("status", "history"):
        call(f"GET /api/generate/batch/{name}", query={"batch_id": batch} if name == "status" else {"limit": 5})
    call("POST /api/generate/batch/plan", {"count": 50, "provider": "auto", "sample_type": "balance"})
    slow: Any = platform.llm.factory.get_provider("groq")
    import threading

    hold = threading.Event()
    slow._script = [lambda request: hold.wait(PATIENCE_S) and good_answer(request)]
    running = call("POST /api/generate/batch/start", {"count": 1, "provider": "groq"})["batch_id"]
    call("POST /api/generate/batch/pause", {"batch_id": running})
    call("POST /api/generate/batch/resume", {"batch_id": running})
    call("POST /api/generate/batch/stop", {"batch_id": running})
    hold.set()
    platform.batches.wait(running, PATIENCE_S)
    slow._script = [good_answer]
    _compare(call, platform)
    for name in ("report", "events"):
        call(f"GET /api/batches/{{batch_id}}/{name}", batch_id=batch)
    call("GET /api/batches/stuck")
    call("GET /api/usage", query={"by": "provider,model"})
    call("GET /api/targets")
    generate = {"practice_area": "Tort Law", "topic": "Nuisance", "difficulty": "basic", "sample_type": "simple_qa"}
    call("POST /api/generate", generate)
    run = call("POST /api/generate/stream", generate)
    call("POST /api/query", {"query": "Is Donoghue v Stevenson [1932] AC 562 a real case?"})
    call("POST /api/query/stream", {"query": "How many samples do we have per difficulty?"})
    call("GET /api/agents/graph")
    call("GET /api/runs/{run_id}/events", query={"after": 2}, run_id=run)
    call("GET /api/runs/{run_id}", run_id=run)
    call("POST /api/runs/{run_id}/cancel", {}, run_id=run)


def _compare(call: Any, platform: Service) -> None:
    compared = {
        "name": "small or large",
        "targets": [f"groq/{_GROQ}", "groq/openai/gpt-oss-20b"],
        "batch": {"count": 2, "difficulty": "basic", "seed": 7},
    }
    call("POST /api/comparisons/plan", compared)
    begun = call("POST /api/comparisons", compared)["comparison"]
    for row in begun["results"]:
        platform.batches.wait(row["batch_id"], PATIENCE_S)
    call("GET /api/comparisons")
    call("GET /api/comparisons/{comparison_id}", comparison_id=begun["id"])


def _samples(call: Any, batch: str) -> None:
    for name in ("samples", "quality"):
        call(f"GET /api/batch/{{batch_id}}/{name}", batch_id=batch)
    call("GET /api/data", query={"limit": 2})
    for name in ("stats", "stats/detailed", "stats/tokens"):
        call(f"GET /api/{name}")
    call("GET /api/sample/{sample_id}", sample_id="example-1")
    call(
        "PUT /api/sample/{sample_id}", {"answer": "It is an invitation to treat, not an offer."}, sample_id="example-1"
    )
    call("GET /api/sample/{sample_id}/download", sample_id="example-1")
    call("POST /api/samples/download", {"sample_ids": ["example-1", "example-2"]})
    change = {"filter": {"ids": ["example-1", "example-2"]}, "set": {"difficulty": "advanced"}, "expect": 2}
    done = call("POST /api/samples/bulk", change)
    call("GET /api/samples/bulk")
    call("POST /api/samples/bulk/undo", {"undo": done["undo"]})
    call("GET /api/samples/{sample_id}/chain-of-thought", sample_id="example-1")
    call("GET /api/samples/random", query={"count": 1, "seed": 7})
    call("GET /api/samples/filter", query={"difficulty": "basic", "limit": 2})
    call("GET /api/search", query={"q": "invitation to treat", "snippets": "true"})
    call("DELETE /api/sample/{sample_id}", sample_id="example-3")
    named = {"id": "example-2"}
    call("GET /api/sample", query=named)
    call("PUT /api/sample", {"answer": "It is an invitation to treat, not an offer."}, query=named)
    call("DELETE /api/sample", query=named)


def _quality(call: Any) -> None:
    call("POST /api/citations/check", _CITED)
    for name in ("citations", "duplicates"):
        call(f"GET /api/sample/{{sample_id}}/{name}", sample_id="example-1")
    call("POST /api/sample/{sample_id}/review", _REVIEW, sample_id="example-1")
    call("GET /api/sample/{sample_id}/reviews", sample_id="example-1")
    call("GET /api/review/queue", query={"limit": 1})
    call("GET /api/quality/duplicates")
    call("GET /api/quality/report")
    call("GET /api/leaderboard", query={"sort": "quality"})


def _releases(call: Any, platform: Service) -> None:
    """Record what is done with releases; what goes to the Hub stands in `_SHARED`."""

    def done(answer: Any) -> Any:
        return platform.runs.outcome(answer["run_id"])

    wanted = {"name": "uk-law", "filters": {"jurisdiction": "uk"}, "splits": "0.9,0.05,0.05", "license": "cc-by-4.0"}
    made: Any = done(call("POST /api/releases", wanted))["release"]
    one = {"release_id": made["id"]}
    done(call("POST /api/releases/{release_id}/again", {}, **one))
    call("GET /api/releases")
    call("GET /api/releases/{release_id}", **one)
    call("GET /api/releases/{release_id}/diff", **one)
    call("GET /api/releases/{release_id}/export", query={"format": "messages"}, **one)
    call("GET /api/releases/{release_id}/files/{path}", path="release.json", **one)
    call("GET /api/releases/{release_id}/card", **one)
    call("GET /api/releases/{release_id}/croissant", **one)
    call("POST /api/releases/{release_id}/verify", {}, **one)
    call("POST /api/releases/{release_id}/yank", {"reason": "Half of it is wrong."}, **one)
    call("DELETE /api/releases/{release_id}/yank", **one)


def _automation(call: Any) -> None:
    batch = {"count": 500, "jurisdiction": "uk", "smart_mode": True, "max_cost_usd": 2.5, "seed": 7}
    call("PUT /api/templates/{template_name}", {"batch": batch, "note": "Every night."}, template_name="nightly")
    call("GET /api/templates")
    call("GET /api/templates/{template_name}", template_name="nightly")
    call("GET /api/templates/{template_name}/versions", template_name="nightly")
    change = {"count": 1, "smart_mode": False, "max_cost_usd": None, "provider": "groq"}
    call("POST /api/templates/{template_name}/run", {"change": change}, template_name="nightly")
    times = {"template": "nightly", "cron": "30 2 * * 1-5", "timezone": "Europe/London"}
    made = call("POST /api/schedules", times)["schedule"]["id"]
    call("GET /api/schedules")
    call("GET /api/schedules/{schedule_id}", schedule_id=made)
    call("PATCH /api/schedules/{schedule_id}", {"is_on": False}, schedule_id=made)
    call("DELETE /api/schedules/{schedule_id}", schedule_id=made)
    call("DELETE /api/templates/{template_name}", template_name="nightly")
    hook = call("POST /api/webhooks", {"url": "http://127.0.0.1:9/hook", "events": ["batch.ended"]})["webhook"]["id"]
    call("GET /api/webhooks")
    call("PATCH /api/webhooks/{webhook_id}", {"is_on": False}, webhook_id=hook)
    call("POST /api/webhooks/{webhook_id}/test", {}, webhook_id=hook)
    call("GET /api/webhooks/{webhook_id}/deliveries", webhook_id=hook)
    call("DELETE /api/webhooks/{webhook_id}", webhook_id=hook)


def _products(call: Any) -> None:
    call("GET /api/dataset/query", query={"q": "how many basic samples on contract law do we have?"})
    told = {"name": "Contract, basic", "description": "For a first run", "filters": {"difficulty": "basic"}}
    made = call("POST /api/products", told)["product"]["id"]
    call("GET /api/products")
    call("GET /api/products/{product_id}", product_id=made)
    call("GET /api/search/products", query={"q": "contract", "jurisdiction": "uk"})
    call("POST /api/search/products", {"q": "contract", "filters": {"difficulty": "basic"}})
    call("DELETE /api/products/{product_id}", product_id=made)


def _documents(call: Any, platform: Service) -> None:
    lease = (
        b"1. Rent\nThe tenant pays on the first day.\n2. Repairs\nThe landlord repairs the roof.\n3. Pets\nNo dog.\n"
    )
    told = {"wait": "true", "name": "lease.txt", "licence": "own", "jurisdiction": "uk"}
    named = {"file_id": call("POST /api/files/upload", query=told, data=lease)["file_id"]}
    call("GET /api/files", query={"limit": 1})
    call("GET /api/files/{file_id}", **named)
    for name in ("pages", "chunks"):
        call(f"GET /api/files/{{file_id}}/{name}", query={"limit": 2}, **named)
    with serving() as law:
        law.answers["/ukpga/2011/7/data.xml"] = law.answers["/ukpga/2011/7/data.xml"][1:]
        platform.law._bases = law.bases
        call("POST /api/law", {"reference": "legislation.gov.uk/ukpga/2011/7"})
    call("POST /api/retrieve", {"query": "Who repairs the roof?", "top_k": 1, "explain": True})
    call("POST /api/files/{file_id}/reindex", {}, **named)
    call("DELETE /api/files/{file_id}", **named)


def _assistant(call: Any, platform: Service) -> None:
    started = {"user_id": "ada", "metadata": {"matter": "lease"}}
    deleted = call("POST /api/session/start", started)["session_id"]
    named = {"session_id": call("POST /api/sessions/start", started)["session_id"]}
    asked = NewTurn(
        user_id="ada",
        query="Who repairs the roof under the lease?",
        response="The landlord repairs the roof (clause 2).",
        intent="document_question",
        citations=({"document": "lease.txt", "page": 1, "quote": "The landlord repairs the roof."},),
        provider="groq",
        model=_GROQ,
        tokens=120,
        **named,
    )
    platform.assistant.history.add(asked)
    event = {"user_id": "ada", "event_id": "ui-1", "type": "feedback", "text": "Just what I needed", **named}
    for name in ("events", "log_event"):
        call(f"POST /api/{name}", event)
    call("GET /api/events", query={"user_id": "ada", "type": "feedback"})
    call("GET /api/query/history", query={"user_id": "ada", "limit": 1})
    call("GET /api/sessions", query={"user_id": "ada", "limit": 1})
    for word in ("sessions", "session"):
        call(f"GET /api/{word}/{{session_id}}", query={"include_events": "1"}, **named)
        call(f"POST /api/{word}/{{session_id}}/end", {}, **named)
    call("DELETE /api/session/{session_id}", session_id=deleted)
    call("DELETE /api/sessions/{session_id}", **named)
    memory = {"user_id": "ada", "key": "jurisdiction", "value": "England and Wales"}
    call("POST /api/memories", memory)
    call("GET /api/memories", query={"user_id": "ada"})
    call("PATCH /api/memories/{key}", {"user_id": "ada", "value": "Scotland"}, key="jurisdiction")
    call("DELETE /api/memories/{key}", query={"user_id": "ada"}, key="jurisdiction")


def _management(call: Any) -> None:
    for name in ("topics", "jurisdictions", "sample-types", "difficulties", "providers", "models"):
        call(f"GET /api/{name}")
    for name in ("health", "health/live", "health/ready", "info"):
        call(f"GET /api/{name}")
    own = call("POST /api/providers", _PROVIDER)["provider"]["id"]
    call("GET /api/providers/{provider_id}", provider_id=own)
    call("PUT /api/providers/{provider_id}", {"requests_per_minute": 30}, provider_id=own)
    call("POST /api/providers/{provider_id}/toggle", {}, provider_id=own)
    call("GET /api/providers/{provider_id}/config", provider_id=own)
    call("PUT /api/providers/{provider_id}/config", {"api_key": "EXAMPLE-KEY"}, provider_id=own)
    call("DELETE /api/providers/{provider_id}", provider_id=own)
    call("POST /api/providers/{provider_id}/test", {"model": _GROQ}, provider_id="groq")
    for name in ("all", "stats", "events"):
        call(f"GET /api/providers/{name}")
    call("GET /api/models/all", query={"provider": "groq"})
    call("GET /api/models/{model_id}", query={"provider_id": "groq"}, model_id=_GROQ)
    call("PUT /api/models/{model_id}", {"max_tokens": 9000, "provider_id": "groq"}, model_id=_GROQ)
    call("POST /api/models/{model_id}/toggle", {"provider_id": "groq"}, model_id="openai/gpt-oss-20b")
    call("PUT /api/models/{model_id}/priority", {"fallback_priority": 0, "provider_id": "groq"}, model_id=_GROQ)
    call("POST /api/models/reorder", {"provider_id": "groq", "model_order": [_GROQ, "openai/gpt-oss-20b"]})
    call("GET /api/chat/providers")
    call("GET /api/chat/system-prompts")


def _publish(call: Any, platform: Service) -> None:
    groq: Any = platform.llm.factory.get_provider("groq")
    groq._script = ["Consideration is what each side gives for the other's promise."]
    call("POST /api/chat/completions", _CHAT)
    call("POST /api/chat/test", {"prompt": "What is consideration?"})
    call("GET /api/export/formats")
    call("GET /api/export", query={"format": "messages", "split": "train"})
    call("GET /api/dataset/report")
    call("POST /api/dataset/fold", {})
    call("POST /api/dataset/backup", {})
    call("GET /api/dataset/backups")
    job = call("POST /api/jobs", {"kind": "export", "export": {"format": "jsonl"}})["run_id"]
    platform.runs.wait(job)
    call("GET /api/jobs", query={"kind": "export"})
    call("GET /api/jobs/{run_id}/file", run_id=job)


def _cut(value: Any) -> Any:
    if isinstance(value, list):
        return [_cut(item) for item in value[:_ITEMS]]
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    return value if not isinstance(value, str) or len(value) <= _CHARS else f"{value[:_CHARS]}…"


def _without(value: Any, folder: Path) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    loaded: Any = json.loads(text.replace(str(folder), "/data").replace(str(PROJECT_DIR), "/app"))
    return loaded


_PUSH = {
    "path": {},
    "query": {},
    "body": {"token": "EXAMPLE-TOKEN", "repo_name": "legal-training-dataset", "private": True},
    "answer": {
        "success": True,
        "message": "Pushed to https://huggingface.co/datasets/me/legal-training-dataset",
        "repo_url": "https://huggingface.co/datasets/me/legal-training-dataset",
    },
}

_STARTED = {"success": True, "run_id": "run_0123456789abcdef01234567"}
_SHARED = {
    "POST /api/releases/{release_id}/push": {
        "path": {"release_id": "rel_0123456789abcdef"},
        "query": {},
        "body": {"token": "EXAMPLE-TOKEN", "repo_name": "uk-law"},
        "answer": _STARTED,
    },
    "POST /api/releases/pull": {
        "path": {},
        "query": {},
        "body": {"token": "EXAMPLE-TOKEN", "repo_name": "me/uk-law", "revision": "v1.0.0"},
        "answer": _STARTED,
    },
}

if __name__ == "__main__":
    made = {**record(), **_SHARED, "POST /api/huggingface/push": _PUSH}
    EXAMPLES.write_text(json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    print(f"{len(made)} examples written to {EXAMPLES.relative_to(PROJECT_DIR)}")  # noqa: T201  # a command
