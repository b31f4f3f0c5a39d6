"""Pages of templates, schedules and webhooks, asked of the app itself."""

import html
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api_server import create_app
from bootstrap import Service, build
from models.contract.automation_bodies import ScheduleBody, TemplateBody
from tests.fakes import Start, good_answer, sample, settings_for
from tests.patience import PATIENCE_S
from tests.services.dataset.releases.conftest import release
from tests.web.views.forms import send
from utils.access_tokens import new_token

YAML = "count: 2\r\nsample_type: simple_qa\r\ntopic: Tort Law - Nuisance\r\n"
HOOK = "http://127.0.0.1:9/hook"


@pytest.fixture
def service(start: Start) -> Service:
    made = start({"groq": [good_answer]}, allow_private_base_urls=True)
    made.webhooks.close(PATIENCE_S)  # its own thread sends nothing
    return made


@pytest.fixture
def client(service: Service) -> FlaskClient:
    return create_app(platform=service).test_client()


def text(client: FlaskClient, address: str) -> str:
    return html.unescape(client.get(address).text)


def test_a_template_is_written_changed_and_keeps_its_versions(service: Service, client: FlaskClient) -> None:
    kept = send(client, "/ui/automation/new", "/ui/automation/new", name="nightly", yaml=YAML, note="First")
    address = "/ui/automation/templates/nightly"
    changed = send(client, address, address, yaml=YAML.replace("2", "3"), note="More")
    shown = service.templates.get("nightly")["yaml"].replace("\n", "\r\n")
    same = send(client, address, address, yaml=shown)

    assert "The template nightly is kept." in kept.text
    assert "Version 2 is kept." in changed.text
    assert "Nothing is new in it." in same.text
    assert [row["batch"]["count"] for row in service.templates.versions("nightly")] == [3, 2]
    older = text(client, f"{address}?version=1")
    assert "count: 2" in older
    assert "This is an older version." in older
    assert "nightly" in text(client, "/ui/automation")


@pytest.mark.parametrize(
    ("fields", "at", "fault"),
    [
        pytest.param({"yaml": "topic: x\ncount: 0\n"}, "yaml", "Line 2, count: got 0", id="value"),
        pytest.param({"yaml": "count: 2\nfoo: 1\n"}, "yaml", "Line 2, foo: unknown", id="name"),
        pytest.param({"yaml": "a: [\n"}, "yaml", "Cannot be read", id="no YAML"),
        pytest.param({"name": "two words"}, "name", "Got 'two words'", id="its own name"),
        pytest.param({"name": "there"}, "name", "There is a template there already", id="taken"),
    ],
)
def test_what_is_wrong_with_a_template_stands_at_its_field(
    service: Service, client: FlaskClient, fields: dict[str, str], at: str, fault: str
) -> None:
    service.templates.put("there", TemplateBody(yaml="count: 1"))

    answer = send(client, "/ui/automation/new", "/ui/automation/new", **{"name": "new", "yaml": YAML, **fields})

    shown = html.unescape(answer.text)
    assert answer.status_code == 400
    assert fault in shown.split(f'id="e-{at}">')[1].split("</p>")[0]
    assert fields.get("yaml", "sample_type") in shown
    assert [row["name"] for row in service.templates.all()] == ["there"]


def test_a_template_that_is_run_twice_by_one_page_starts_one_batch(service: Service, client: FlaskClient) -> None:
    service.templates.put("small", TemplateBody(yaml=YAML))
    page = client.get("/ui/automation").text
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once is not None

    first, second = (
        send(client, "/ui/automation", "/ui/automation/templates/small/run", version="1", once=once[1])
        for _ in range(2)
    )

    (row,) = service.monitor.history(10, 0, None)
    assert first.request.path == second.request.path == f"/ui/batches/{row['id']}"
    assert "The batch was started." in first.text


def test_a_schedule_is_added_turned_off_and_deleted(service: Service, client: FlaskClient) -> None:
    service.templates.put("small", TemplateBody(yaml=YAML))
    sent = {"template": "small", "cron": "30 2 * * 1-5", "timezone": "Europe/London"}

    added = send(client, "/ui/automation", "/ui/automation/schedules", **sent)
    (row,) = service.schedules.all()
    off = send(client, "/ui/automation", f"/ui/automation/schedules/{row['id']}/turn", is_on="false")

    assert "small runs by itself from now on." in added.text
    assert row["next_at"] is not None
    assert "The schedule of small is off." in off.text
    assert service.schedules.get(row["id"])["is_on"] is False
    assert "30 2 * * 1-5" in client.get("/ui/automation/templates/small").text
    send(client, "/ui/automation", f"/ui/automation/schedules/{row['id']}/delete")
    assert service.schedules.all() == []


def test_what_is_wrong_with_a_schedule_stands_at_its_field(service: Service, client: FlaskClient) -> None:
    service.templates.put("small", TemplateBody(yaml=YAML))

    for field, value, fault in (("cron", "daily", "Got 'daily'"), ("timezone", "Nowhere", "Got 'Nowhere'")):
        sent = {"template": "small", "cron": "0 6 * * 1", "timezone": "UTC", field: value}
        answer = send(client, "/ui/automation", "/ui/automation/schedules", **sent)
        shown = html.unescape(answer.text)
        assert answer.status_code == 400
        assert fault in shown.split(f'id="e-{field}">')[1]
        assert f'value="{value}"' in shown


def test_what_came_of_a_schedule_last_is_shown(service: Service, client: FlaskClient) -> None:
    service.templates.put("gone", TemplateBody(yaml=YAML))
    row = service.schedules.add(ScheduleBody(template="gone", cron="0 6 * * 1"))
    service.templates._store.delete("gone")  # of before a template that is used was kept
    kept = service.schedules._store.get(row["id"])
    service.schedules._begin(kept, str(kept.next_at))

    shown = text(client, "/ui/automation")

    assert "Not started" in shown
    assert "/api/" not in shown.split("<main")[1]


def test_the_secret_of_a_webhook_is_shown_once_and_in_no_cookie(service: Service, client: FlaskClient) -> None:
    page = "/ui/automation/webhooks"
    added = send(client, page, page, url=HOOK, events=["batch.ended", "release.made"])
    (row,) = service.webhooks.all()
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", html.unescape(added.text).split('id="secret">')[1])

    assert secret is not None
    assert row["events"] == ["batch.ended", "release.made"]
    assert "whsec_" not in str(added.headers)
    assert secret[0] not in client.get(page).text
    assert secret[0] not in client.get(f"{page}/{row['id']}").text


def test_what_came_of_each_message_is_shown(service: Service, client: FlaskClient) -> None:
    send(client, "/ui/automation/webhooks", "/ui/automation/webhooks", url=HOOK)
    (row,) = service.webhooks.all()
    address = f"/ui/automation/webhooks/{row['id']}"
    service.dataset.add(sample())
    release(service)

    tested = send(client, address, f"{address}/test")
    waiting = tested.text.count(">Waiting<")
    service.webhooks._stopping.clear()
    service.webhooks.deliver()
    service.webhooks._stopping.set()
    shown = text(client, address)

    assert waiting == 2
    assert "A release was made" in shown
    assert "A test" in shown
    assert shown.count("ConnectError") == 2
    assert shown.count("again ") >= 2
    assert "The webhook is off." in send(client, address, f"{address}/turn", is_on="false").text
    assert "was deleted" in send(client, address, f"{address}/delete").text
    assert client.get(address).status_code == 404


def test_what_is_wrong_with_a_webhook_stands_at_its_field(client: FlaskClient) -> None:
    page = "/ui/automation/webhooks"
    for field, value in (("url", "ftp://127.0.0.1/hook"), ("secret", "short")):
        answer = send(client, page, page, **{"url": HOOK, "events": ["batch.ended"], field: value})
        assert answer.status_code == 400
        assert f'id="e-{field}"' in answer.text
        assert answer.text.count(" checked>") == 1


@pytest.mark.parametrize(("role", "may_write"), [("read", False), ("write", True)])
def test_roles_see_what_they_may_do_and_webhooks_are_for_administrators(
    tmp_path: Path, role: str, may_write: bool
) -> None:
    token = new_token()
    service = build(settings_for(tmp_path, api_tokens=f"{role}:{token}")).start()
    try:
        service.templates.put("small", TemplateBody(yaml=YAML))
        client = create_app(platform=service).test_client()
        send(client, "/ui/sign-in", "/ui/sign-in", token=token)
        shown, one = client.get("/ui/automation").text, client.get("/ui/automation/templates/small").text

        assert ("/ui/automation/templates/small/run" in shown) is may_write
        assert ("/ui/automation/schedules" in shown) is may_write
        assert ("<textarea" in one) is may_write
        assert "/ui/automation/webhooks" not in shown
        assert client.get("/ui/automation/webhooks").status_code == 403
        refused = send(client, "/ui/automation", "/ui/automation/webhooks", url=HOOK)
        assert refused.status_code == 403
        answer = send(client, "/ui/automation", "/ui/automation/templates/small/delete")
        assert answer.status_code == (200 if may_write else 403)
    finally:
        service.close()
