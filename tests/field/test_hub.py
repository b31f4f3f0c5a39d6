"""What is pushed to the Hub, as the field asks for it; on the simulated Hub, with the real client."""

from pathlib import Path
from typing import Any

import orjson
import requests

from tests.e2e.server import RunningServer
from tests.fakes import sample
from tests.field.cases import FieldCase, field_cases
from tests.vendors.hub import TOKEN, SimulatedHub

REPO = "lawyer/law"
_COMMON = {"token": TOKEN, "repo_name": "law"}


@field_cases("POST /api/huggingface/push")
def test_push_does_what_it_was_asked_or_says_no(case: FieldCase, tmp_path: Path) -> None:
    with SimulatedHub() as hub, RunningServer(tmp_path, hf_endpoint=hub.url, hf_hub_offline="0") as server:
        server.session.post(f"{server.url}/import", data=orjson.dumps(sample()) + b"\n")
        answer = push(server, **case.input.get("body", {}))
        if case.input.get("then_edit"):
            hub.repos[REPO].update({path: text.encode() for path, text in case.input["then_edit"].items()})
            answer = push(server)

    wanted = case.wanted
    assert answer.status_code == wanted.get("status", answer.status_code), answer.text
    assert answer.status_code in (200, 400)
    assert answer.status_code == 200 or answer.json()["error"]
    for kept in wanted.get("card_keeps", ()):
        assert kept in hub.repos[REPO]["README.md"].decode()
    if "never" in wanted:
        assert hub.repos.get(REPO, {}) == {}
    if case.input.get("body", {}).get("revision"):
        assert answer.json()["revision"] == case.input["body"]["revision"]
        assert "README.md" in hub.branches[REPO, case.input["body"]["revision"]]
    if case.input.get("body", {}).get("create_pr"):
        assert answer.json()["pull_request_url"] == f"{hub.url}/datasets/{REPO}/discussions/1"
        assert "README.md" in hub.branches[REPO, "refs/pr/1"]


def push(server: RunningServer, **body: Any) -> requests.Response:
    return server.session.post(f"{server.url}/huggingface/push", json={**_COMMON, **body})
