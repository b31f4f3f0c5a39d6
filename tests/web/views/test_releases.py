"""Pages of releases, asked of the app itself: the form, its run, one release, what differs, what is withdrawn."""

import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api_server import create_app
from bootstrap import Service, build
from models.contract.answers.releases import ReleaseFacts
from tests.fakes import sample, settings_for
from tests.services.dataset.releases.conftest import release, texts_of
from tests.web.views.forms import send
from utils.access_tokens import new_token

SPLITS = "0.8,0.1,0.1"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = build(settings_for(tmp_path)).start()
    for number in range(12):
        made.dataset.add(sample(**{**texts_of(number), "id": f"s{number:02}", "difficulty": "basic"}))
    yield made
    made.close()


@pytest.fixture
def client(service: Service) -> FlaskClient:
    return create_app(platform=service).test_client()


def text(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


def made_by_form(service: Service, client: FlaskClient, **fields: str) -> tuple[ReleaseFacts, str]:
    """Send the form; return the release that came of it, and the page of its run."""
    answer = send(client, "/ui/releases/new", "/ui/releases/new", **{"name": "law", "key": "k", **fields})
    address = answer.request.path
    service.runs.wait(address.rpartition("/")[2])
    facts: Any = service.runs.facts(address.rpartition("/")[2])["result"]
    assert facts is not None, answer.text
    return facts["release"], text(client, address)


def test_the_form_makes_the_release_that_it_shows(service: Service, client: FlaskClient) -> None:
    service.dataset.add(sample(**{**texts_of(99), "id": "other", "difficulty": "expert"}))

    shown = text(client, f"/ui/releases/new?difficulty=basic&splits={SPLITS}")
    made, told = made_by_form(
        service, client, difficulty="basic", splits=SPLITS, seed="3", license="cc-by-4.0", description="For tests"
    )

    assert "<dt>Samples</dt><dd>12</dd>" in shown
    assert (made["samples"], made["recipe"]["filters"]) == (12, {"difficulty": "basic"})
    assert (made["recipe"]["splits"], made["recipe"]["seed"], made["licence"]) == (SPLITS, 3, {"license": "cc-by-4.0"})
    assert "law 1.0.0 is made: 12 samples." in told
    assert "Rows written: 12 of 12" in told
    listed = text(client, "/ui/releases")
    assert made["content_hash"][:12] in listed
    assert "For tests" in listed


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("name", "two words", "Got 'two words', want it in the form told below"),
        ("version", "1.0", "Got 1.0, want it"),
        ("license", "cc-by-9.9", "want an identifier of the Hub's list"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_the_form_keeps_what_was_filled_in(
    client: FlaskClient, field: str, value: str, fault: str
) -> None:
    sent = {"name": "law", "description": "Mine", "difficulty": "expert", field: value}

    answer = send(client, "/ui/releases/new", "/ui/releases/new", **sent)

    shown = html.unescape(answer.text)
    assert answer.status_code == 400
    assert fault in shown.split(f'id="e-{field}">')[1].split("</p>")[0]
    assert ">Mine</textarea>" in shown
    assert '<option value="expert" selected>' in shown


def test_a_choice_without_samples_fails_where_its_run_is_shown(service: Service, client: FlaskClient) -> None:
    assert "nothing to release" in text(client, "/ui/releases/new?difficulty=expert")

    answer = send(client, "/ui/releases/new", "/ui/releases/new", name="law", difficulty="expert")
    service.runs.wait(answer.request.path.rpartition("/")[2])

    told = text(client, answer.request.path)
    assert "no sample is left to release" in told
    assert "/api/" not in told


def test_the_page_of_a_release_tells_all_that_is_known_of_it_and_gives_its_files(
    service: Service, client: FlaskClient
) -> None:
    made = release(service, splits=SPLITS, license="mit", description="For <b>tests</b>")
    address = f"/ui/releases/{made['id']}"

    shown = client.get(address).text

    assert "For &lt;b&gt;tests&lt;/b&gt;" in shown
    for told in (made["content_hash"], "by hand or imported", "never reviewed", "mit", SPLITS):
        assert told in shown
    for file in made["files"]:
        assert file["path"] in shown
        assert len(client.get(f"{address}/files/{file['path']}").data) == file["size_bytes"]
    train = client.get(f"{address}/export?format=jsonl&split=train&reasoning=").data.splitlines()
    assert len(train) == made["splits"]["train"]["samples"]
    assert json.loads(client.get(f"{address}/croissant").data)["version"] == "1.0.0"
    assert "# " in text(client, f"{address}/card")
    assert "rel_none" in text(client, "/ui/releases/rel_none", 404)


def test_what_is_not_as_it_was_is_named(service: Service, client: FlaskClient) -> None:
    made = release(service)
    address = f"/ui/releases/{made['id']}"
    assert "and every one of the 12 rows" in send(client, address, f"{address}/verify").text

    path = Path(service.releases.folder(made["id"]).path(made["files"][0]["path"]))
    path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    shown = send(client, address, f"{address}/verify").text

    assert "It is not as it was released." in shown
    assert "Changed file" in shown
    assert made["files"][0]["path"] in shown


def test_versions_are_compared_with_links_to_the_rows_that_are_still_here(
    service: Service, client: FlaskClient
) -> None:
    first = release(service)
    service.dataset.update("s03", {"answer": "Quite another answer."})
    service.dataset.delete("s04")
    service.dataset.add(sample(**{**texts_of(50), "id": "s50"}))

    now = text(client, f"/ui/releases/{first['id']}/compare")
    second, _ = made_again(service, client, first)
    beside = text(client, f"/ui/releases/{first['id']}/compare?to={second['id']}")

    assert second["version"] == "1.1.0"
    for shown, other in ((now, "the data set now"), (beside, "law 1.1.0")):
        assert f"Only in {other}" in shown
        assert '<a href="/ui/sample?id=s03">s03</a>' in shown
        assert '<a href="/ui/sample?id=s50">s50</a>' in shown
        assert "s04" in shown
        assert "id=s04" not in shown
        assert '<span class="badge ">Answer</span>' in shown
        assert "<dt>Changed</dt><dd>1</dd>" in shown


def made_again(service: Service, client: FlaskClient, first: ReleaseFacts) -> tuple[ReleaseFacts, str]:
    address = f"/ui/releases/{first['id']}"
    answer = send(client, address, f"{address}/again")
    run_id = answer.request.path.rpartition("/")[2]
    service.runs.wait(run_id)
    facts: Any = service.runs.facts(run_id)["result"]
    return facts["release"], text(client, answer.request.path)


def test_a_release_is_yanked_taken_back_and_erased_only_when_that_is_confirmed(
    service: Service, client: FlaskClient
) -> None:
    made = release(service)
    address = f"/ui/releases/{made['id']}"

    assert "reason: is empty" in send(client, address, f"{address}/yank", reason=" ").text
    yanked = send(client, address, f"{address}/yank", reason="Wrong <law>").text
    assert "Do not use it any more." in yanked
    assert "Wrong &lt;law&gt;" in client.get("/ui/releases").text
    assert 'id="push"' not in yanked
    assert "Do not use it" not in send(client, address, f"{address}/restore").text

    assert "Nothing was erased" in send(client, address, f"{address}/erase", reason="asked to").text
    assert service.releases.get(made["id"])["yanked"] is None
    erased = send(client, address, f"{address}/erase", reason="asked to", sure="yes").text
    assert "Its files were erased" in erased
    assert f"{address}/export" not in erased
    assert f"{address}/restore" not in erased
    assert "its files were erased (asked to);" in text(client, f"{address}/compare", 400)


def test_who_may_only_read_sees_releases_verifies_them_and_changes_nothing(tmp_path: Path) -> None:
    token = new_token()
    service = build(settings_for(tmp_path, api_tokens=f"read:{token}")).start()
    try:
        service.dataset.add(sample(**texts_of(1)))
        made = release(service)
        client = create_app(platform=service).test_client()
        send(client, "/ui/sign-in", "/ui/sign-in", token=token)
        address = f"/ui/releases/{made['id']}"
        shown = text(client, address)

        for change in ("again", "yank", "erase", "push"):
            assert f"{address}/{change}" not in shown
            assert send(client, address, f"{address}/{change}", reason="x", sure="yes").status_code == 403
        assert client.get("/ui/releases/new").status_code == 403
        assert "every one of the 1 rows" in send(client, address, f"{address}/verify").text
    finally:
        service.close()


def test_a_run_of_another_kind_is_not_shown_as_one_of_a_release(service: Service, client: FlaskClient) -> None:
    run_id = service.runs.start("report", {}, lambda _: {})
    service.runs.wait(run_id)

    assert "is not about a release" in text(client, f"/ui/releases/runs/{run_id}", 404)


def test_a_run_is_streamed_to_its_end_and_one_that_has_ended_is_not_cancelled(
    service: Service, client: FlaskClient
) -> None:
    made_by_form(service, client)
    (run,) = service.sharing.recent(5)
    address = f"/ui/releases/runs/{run['run_id']}"

    stream = client.get(f"{address}/events")
    cancelled = send(client, "/ui/releases", f"{address}/cancel")

    assert stream.mimetype == "text/event-stream"
    assert "law 1.0.0 is made: 12 samples." in stream.text
    assert stream.text.endswith("event: end\ndata: end\n\n")
    assert "law 1.0.0 is made" in cancelled.text
    assert service.sharing.run(run["run_id"])["state"] == "done"


def test_what_was_done_last_names_the_release(service: Service, client: FlaskClient) -> None:
    first, _ = made_by_form(service, client)
    made_again(service, client, first)

    assert client.get("/ui/releases").text.count("Making a release: law") == 2
