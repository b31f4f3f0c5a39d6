"""All addresses under /ui: who may call them, forged forms, failures, headers."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from api_server import create_app
from tests.fakes import Start
from utils.access_tokens import hashed_form, new_token

TOKENS = {role: new_token() for role in ("read", "write", "admin")}
FREE = {"ui.sign_in", "ui.sign_out", "ui.asset", "ui.look"}
# Those that everybody may send who may read: they change nothing but what the reader sees.
READERS = {"ui.plan_batch", "ui.verify_release"}


@pytest.fixture
def app(start: Start) -> Flask:
    tokens = ",".join(f"{role}:{hashed_form(token)}" for role, token in TOKENS.items())
    return create_app(platform=start({"groq": []}, api_tokens=tokens))


def rules(app: Flask, method: str) -> Iterator[Rule]:
    """Yield the addresses of pages that take *method* and need somebody."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("ui.") and rule.endpoint not in FREE and method in (rule.methods or ()):
            yield rule


def address(app: Flask, rule: Rule, method: str) -> str:
    values = dict.fromkeys(rule.arguments, "1")
    return app.url_map.bind("localhost").build(rule.endpoint, values, method=method)


def signed_in(app: Flask, role: str) -> FlaskClient:
    client = app.test_client()
    page = client.get("/ui/sign-in").text
    sent = client.post("/ui/sign-in", data={"token": TOKENS[role], "csrf_token": token_in(page)})
    assert sent.status_code == 303
    return client


def token_in(page: str) -> str:
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


def test_whoever_is_not_signed_in_is_led_to_the_sign_in_from_everywhere(app: Flask) -> None:
    client = app.test_client()
    for method in ("GET", "POST"):
        for rule in rules(app, method):
            answer = client.open(address(app, rule, method), method=method)
            assert (answer.status_code, "/ui/sign-in" in answer.location) == (303, True), rule


def test_readers_change_nothing_and_nobody_does_without_the_token_of_a_form(app: Flask) -> None:
    reader, admin = signed_in(app, "read"), signed_in(app, "admin")
    token = token_in(reader.get("/ui/").text)
    for rule in rules(app, "POST"):
        path = address(app, rule, "POST")
        forged = admin.post(path, data={})
        assert forged.status_code == 400, rule
        assert "Load its page again" in forged.text
        if rule.endpoint not in READERS:
            refused = reader.post(path, data={"csrf_token": token})
            assert (refused.status_code, "signed in with the role read" in refused.text) == (403, True), rule


def test_failure_that_nobody_foresaw_is_told_as_a_page(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(app, "read")

    def broken(_: object) -> object:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("services.dataset.dataset_service.DatasetService.detailed_statistics", broken)
    answer = client.get("/ui/")

    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert "Its log has the details" in answer.text
    assert "secret detail" not in answer.text


def test_token_that_was_taken_away_ends_its_session(app: Flask, start: Start) -> None:
    client = signed_in(app, "write")
    kept = client.get_cookie("legal_platform", path="/ui")
    assert kept is not None
    other = create_app(platform=start({"groq": []}, api_tokens=f"read:{new_token()}"))
    other.secret_key = app.secret_key
    elsewhere = other.test_client()
    elsewhere.set_cookie("legal_platform", kept.value, path="/ui")

    assert client.get("/ui/").status_code == 200
    assert elsewhere.get("/ui/").status_code == 303


@pytest.mark.parametrize("after", ["https://evil.example/ui/", "//evil.example/ui", "/ui/\\evil", "/api/health", ""])
def test_sign_in_leads_to_no_other_place(app: Flask, after: str) -> None:
    client = app.test_client()
    page = client.get("/ui/sign-in", query_string={"next": after}).text
    sent = {"token": TOKENS["read"], "csrf_token": token_in(page), "next": after}

    assert client.post("/ui/sign-in", data=sent).location == "/ui/"


def test_pages_load_nothing_from_elsewhere_and_stand_in_no_frame(app: Flask) -> None:
    answer = signed_in(app, "read").get("/ui/")

    assert answer.headers["X-Frame-Options"] == "DENY"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; ")
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]


def test_cookie_is_for_https_where_the_page_came_by_it(app: Flask) -> None:
    client = app.test_client()

    assert "Secure" not in client.get("/ui/sign-in").headers["Set-Cookie"]
    assert "; Secure;" in app.test_client().get("/ui/sign-in", base_url="https://localhost").headers["Set-Cookie"]
