"""Who may call: hosts, origins, tokens, roles, limits, headers; and that no secret comes out anywhere."""

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import BaseModel

from api.edge.endpoint import declaration_of
from api.edge.openapi import template_of
from api_server import create_app
from bootstrap import Service
from config import load_settings
from models.contract.management_bodies import NewProvider
from services.llm.adapters.scripted import ScriptedProvider
from tests.api.conformance import checked_client
from tests.databases import kept_bytes
from tests.fakes import SAMPLE, Start, good_answer
from tests.patience import PATIENCE_S
from utils.access_tokens import Role, find_token, hashed_form, new_token, parse_token
from utils.errors import AuthenticationError, ConfigurationError
from utils.logs import LogSettings, configure_logging

TOKENS = {role: new_token() for role in ("read", "write", "admin")}
API_TOKENS = ",".join(f"{role}:{hashed_form(token)}" for role, token in TOKENS.items())
KEY = "A" * 43 + "="


def bearer(role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[role]}"}


@pytest.fixture
def guarded(start: Start) -> FlaskClient:
    return checked_client(create_app(platform=start({"groq": [good_answer]}, api_tokens=API_TOKENS)))


# --- settings --------------------------------------------------------------------------------


def test_listening_elsewhere_needs_tokens_or_a_clear_word() -> None:
    with pytest.raises(
        ConfigurationError, match=r"HOST: 0\.0\.0\.0 can be reached from other machines; set API_TOKENS"
    ):
        load_settings(host="0.0.0.0", _env_file=None)
    assert load_settings(host="0.0.0.0", allow_unauthenticated=True, _env_file=None)
    assert load_settings(host="::", api_tokens=API_TOKENS, _env_file=None)
    assert load_settings(host="localhost", _env_file=None)


@pytest.mark.parametrize("text", ["admin", "boss:" + "x" * 40, "read:short", "read:sha256:abc", ":x"])
def test_token_that_cannot_be_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ConfigurationError, match="API_TOKENS") as caught:
        load_settings(api_tokens=text, _env_file=None)
    assert "x" * 40 not in str(caught.value)


def test_only_the_hash_of_a_token_is_kept() -> None:
    token = new_token()
    settings = load_settings(api_tokens=f"read:{token}", _env_file=None)

    assert token not in repr(settings)
    assert find_token(settings.api_tokens, token) == parse_token(f"read:{hashed_form(token)}")
    assert find_token(settings.api_tokens, token + "x") is None


# --- tokens and roles ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "needs"),
    [
        ("GET", "/api/stats", "read"),
        ("GET", "/api/v1/data", "read"),
        ("GET", "/metrics", "read"),
        ("POST", "/api/citations/check", "read"),
        ("GET", "/api/nothing/here", "read"),
        ("POST", "/api/add", "write"),
        ("DELETE", "/api/sample/s1", "write"),
        ("POST", "/api/generate/batch/stop", "write"),
        ("POST", "/api/providers", "admin"),
        ("PUT", "/api/providers/groq/config", "admin"),
        ("PUT", "/api/models/x/priority", "admin"),
    ],
)
def test_each_endpoint_asks_for_its_role(guarded: FlaskClient, method: str, path: str, needs: str) -> None:
    refused = guarded.open(path, method=method)
    unknown = guarded.open(path, method=method, headers={"Authorization": "Bearer nobody-knows-this-token"})

    assert (refused.status_code, unknown.status_code) == (401, 401)
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    for role in ("read", "write", "admin"):
        status = guarded.open(path, method=method, headers=bearer(role)).status_code
        assert (status in (401, 403)) == (Role[role.upper()] < Role[needs.upper()]), (role, status)


@pytest.mark.parametrize("path", ["/api/health/live", "/api/health/ready", "/api/docs", "/api/openapi.json"])
def test_supervisors_and_readers_of_the_documentation_need_no_token(guarded: FlaskClient, path: str) -> None:
    assert guarded.get(path).status_code == 200


def test_only_the_stream_takes_its_token_from_the_query(guarded: FlaskClient) -> None:
    query = f"?access_token={TOKENS['read']}"
    stream = guarded.get(f"/api/generate/batch/stream{query}")

    assert stream.status_code == 200
    stream.close()
    assert guarded.get(f"/api/stats{query}").status_code == 401


def test_browser_may_ask_beforehand_without_a_token(guarded: FlaskClient) -> None:
    headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "PUT"}
    response = guarded.options("/api/sample/s1", headers=headers)

    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"


# --- hosts, origins, headers, limits ---------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("localhost:5001", True),
        ("127.0.0.1", True),
        ("[::1]:5001", True),
        ("10.1.2.3", True),
        ("app.localhost", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example:5001", False),
        ("localhost.evil.example", False),
    ],
)
def test_foreign_host_names_are_refused(client: FlaskClient, host: str, served: bool) -> None:
    response = client.get("/api/stats", headers={"Host": host})

    assert response.status_code == (200 if served else 400)
    if not served:
        assert "ALLOWED_HOSTS" in response.get_json()["error"]


def test_host_that_is_allowed_is_served(start: Start) -> None:
    client = checked_client(create_app(platform=start({}, allowed_hosts="legal.example")))

    assert client.get("/api/stats", headers={"Host": "legal.example"}).status_code == 200


def test_every_answer_carries_the_security_headers(client: FlaskClient) -> None:
    for path in ("/api/stats", "/api/nothing", "/nothing"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-ID"])


@pytest.mark.parametrize("given", ["ok-1.2_3", "bad id", "x" * 65, "a\tb", "ok\n"])
def test_request_id_is_taken_when_it_is_plain_and_made_otherwise(client: FlaskClient, given: str) -> None:
    environ = {"HTTP_X_REQUEST_ID": given}
    response = client.get("/api/nothing", environ_overrides=environ)

    assert (response.headers["X-Request-ID"] == given) == (given == "ok-1.2_3")
    assert response.get_json()["request_id"] == response.headers["X-Request-ID"]


def test_client_that_asks_too_often_is_told_when_to_come_back(start: Start) -> None:
    platform = start({}, rate_limit="3 per minute", api_tokens=API_TOKENS)
    client = checked_client(create_app(platform=platform))

    answers = [client.get("/api/stats", headers=bearer("read")) for _ in range(5)]
    other = client.get("/api/stats", headers=bearer("write"))
    alive = client.get("/api/health/live")

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].get_json()["type"] == "RateLimitExceeded"
    assert (other.status_code, alive.status_code) == (200, 200)


def test_somebody_at_this_machine_has_no_limit_and_others_have(start: Start) -> None:
    client = checked_client(create_app(platform=start({}, rate_limit="2 per minute")))

    here = [client.get("/api/stats").status_code for _ in range(4)]
    there = [client.get("/api/stats", environ_overrides={"REMOTE_ADDR": "10.0.0.9"}).status_code for _ in range(4)]

    assert (here, there) == ([200] * 4, [200, 200, 429, 429])


def test_limit_that_cannot_be_read_stops_the_start(start: Start) -> None:
    platform = start({}, rate_limit="often")

    with pytest.raises(ConfigurationError, match="RATE_LIMIT: got 'often'"):
        create_app(platform=platform)


def test_body_that_is_too_large_is_refused(start: Start) -> None:
    client = checked_client(create_app(platform=start({}, max_body_mb=1)))
    body = json.dumps({**SAMPLE, "answer": "x" * (2 << 20)})

    response = client.post("/api/add", data=body, content_type="application/json")

    assert (response.status_code, "MAX_BODY_MB" in response.get_json()["error"]) == (413, True)


def test_forwarded_address_is_believed_only_behind_proxies(start: Start) -> None:
    forwarded = {"X-Forwarded-For": "10.0.0.9"}
    direct = checked_client(create_app(platform=start({}, rate_limit="1 per minute")))
    assert [direct.get("/api/stats", headers=forwarded).status_code for _ in range(3)] == [200] * 3


# --- secrets ---------------------------------------------------------------------------------

SECRETS = [
    "gsk_Ab3dEfGh1jKlMnOpQrSt",
    "csk-a1b2c3d4e5f6g7h8i9j0",
    "sk-proj-Zx9Yw8Vu7Ts6Rq5P",
    "hf_QwErTyUiOpAsDfGhJkLz",
    "xai-0a1b2c3d4e5f6g7h8i9j",
    "AIzaSyA1b2C3d4E5f6G7h8I9j0KlMnOpQrStUvW",
    "0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOpQrStUvWx",
    "mistralKeyWithoutAnyShape00112233",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_no_key_of_any_vendor_comes_out_anywhere(
    secret: str, start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key is put in by every way there is, vendors echo it, and everything that leaves is read."""
    configure_logging(LogSettings("DEBUG", "json"))
    platform = start({"groq": [good_answer]}, encryption_key=KEY, allow_private_base_urls=True)
    client = checked_client(create_app(platform=platform))
    seen = _everywhere(client, platform, secret)
    written = kept_bytes(platform.stores.engine, tmp_path)
    logged = capsys.readouterr()
    logging.getLogger().handlers.clear()

    assert secret not in "\n".join(seen)
    assert secret.encode() not in written
    assert secret not in logged.err + logged.out


GROQ_MODEL = {"provider": "groq", "model": "openai/gpt-oss-120b"}


def _everywhere(client: FlaskClient, platform: Service, secret: str) -> list[str]:
    answers = [
        client.put("/api/providers/mistral/config", json={"api_key": secret, "config": {"password": secret}}),
        client.post("/api/providers", json={"name": "Own", "base_url": "http://127.0.0.1:9/v1", "api_key": secret}),
        client.post("/api/huggingface/push", json={"token": secret}),
        client.get("/api/providers/all"),
        client.get("/api/providers/mistral"),
        client.get("/api/providers/own/config"),
        client.post("/api/providers/own/test", json={}),
    ]
    groq: Any = platform.llm.factory.get_provider("groq")
    assert isinstance(groq, ScriptedProvider)
    groq._script = [AuthenticationError(f"Incorrect API key provided: {secret}", provider="groq", status=401)]
    answers += [
        client.post("/api/providers/groq/test", json={}),
        client.post("/api/generate", json=GROQ_MODEL),
        # With a model that is named nobody else is asked, and what this vendor said is what comes out.
        client.post("/api/chat/completions", json={**GROQ_MODEL, "messages": [{"role": "user", "content": "x"}]}),
        client.get("/api/stats", headers={"Authorization": f"Bearer {secret}"}),
        client.post("/api/generate/batch/start", json={"count": 1, "provider": "groq", "allow_failover": False}),
    ]
    batch_id = answers[-1].get_json()["batch_id"]
    platform.batches.wait(batch_id, PATIENCE_S)
    answers += [
        client.get(f"/api/generate/batch/status?batch_id={batch_id}"),
        client.get("/api/generate/batch/history"),
        client.get(f"/api/batches/{batch_id}/events"),
        client.get(f"/api/batches/{batch_id}/report"),
        client.get("/api/providers/events"),
        client.get("/api/targets"),
        client.get("/metrics"),
    ]
    subscription = platform.monitor.subscribe(None)
    return [answer.text for answer in answers] + [row.decode() for row in subscription.head]


# --- values of secret-bearing bodies ---------------------------------------------------------

SECRET_FIELD = re.compile(r"key|token$|secret|password|config|base_url")
MARK = "Hidden-0123456789"
NUMBER = 8_246_913_570
WRONG: list[Any] = [
    MARK,
    [MARK],
    {MARK: MARK},
    [[{"x": MARK}]],
    NUMBER,
    -NUMBER,
    f"{MARK}\n",
    f"ftp://{MARK}",
    MARK * 200,
]
WRONG += [f"http://{MARK}@x.test", f"http://{MARK}.invalid/v1", {"a": {MARK: [MARK]}}]


def secret_bearing(app: Flask) -> list[tuple[str, str, type[BaseModel]]]:
    """Return method, path and body of every endpoint whose body has a field for secrets."""
    with app.app_context():
        found = [
            (method, template_of(rule), declaration.body)
            for rule in app.url_map.iter_rules()
            for method in sorted((rule.methods or set()) & {"POST", "PUT", "DELETE"})
            if (declaration := declaration_of(rule.endpoint)) is not None and declaration.body is not None
        ]
    return [row for row in found if any(SECRET_FIELD.search(name) for name in row[2].model_fields)]


def test_every_body_and_query_with_a_field_for_secrets_is_declared_to_hold_them(platform: Service) -> None:
    app = create_app(platform=platform)
    with app.app_context():
        declarations = [declaration_of(rule.endpoint) for rule in app.url_map.iter_rules()]
    models = {model for row in declarations if row is not None for model in (row.body, row.query) if model is not None}
    with_secrets = {model for model in models if any(SECRET_FIELD.search(name) for name in model.model_fields)}

    assert {model.__name__ for model in with_secrets} >= {
        "NewProvider",
        "ProviderChange",
        "ProviderConfigChange",
        "PushBody",
        "StreamArguments",
    }
    assert [model for model in with_secrets if not model.model_config.get("hide_input_in_errors")] == []


def test_value_of_a_secret_bearing_body_is_in_no_answer_and_no_log(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(LogSettings("DEBUG", "json"))
    platform = start({"groq": [good_answer]}, encryption_key=KEY, hf_endpoint="http://127.0.0.1:9")
    app = create_app(platform=platform)
    client = app.test_client()
    told = []
    for method, path, body in secret_bearing(app):
        address = path.replace("{provider_id}", "groq").replace("{model_id}", "openai/gpt-oss-120b")
        needed = {"name": "Own", "base_url": "http://x.test", "api_key": "k"} if body is NewProvider else {}
        for name in body.model_fields:
            # A text may be right where no secret is meant to stand, and for a token any is.
            takes_text = name == "token" or not SECRET_FIELD.search(name)
            for value in (value for value in WRONG if not (takes_text and isinstance(value, str))):
                answer = client.open(address, method=method, json={**needed, name: value})
                told.append((address, name, answer.status_code, answer.get_json().get("error", "")))
        refused = client.open(address, method=method, json={**needed, MARK: 1, "api_key": 5, "config": MARK})
        told.append((address, "", refused.status_code, refused.get_json().get("error", "")))
    logged = capsys.readouterr()
    logging.getLogger().handlers.clear()

    assert {row[0] for row in told} >= {"/api/providers", "/api/providers/groq/config", "/api/huggingface/push"}
    assert sum(row[2] == 400 for row in told) > 200
    assert [row for row in told if "Hidden" in row[3] or str(NUMBER) in row[3]] == []
    assert "Hidden" not in logged.err + logged.out
    assert str(NUMBER) not in logged.err + logged.out
    assert ("/api/providers/groq/config", "config", 400, "config: want an object") in told


def test_values_of_other_bodies_are_told(client: FlaskClient) -> None:
    answer = client.post("/api/generate/batch/start", json={"count": "many"})

    assert "got 'many'" in answer.get_json()["error"]
