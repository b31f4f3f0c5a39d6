"""A conversation's page at the moment between a turn being kept and its run being over."""

import pytest

from api_server import create_app
from models.contract.answers.runs import RunFacts
from tests.fakes import Start
from tests.web.test_site import token_in


def test_a_turn_whose_run_is_not_over_yet_is_shown_once(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    service = start({"groq": ["Good day."]})
    client = create_app(platform=service).test_client()
    token = token_in(client.get("/ui/assistant").text)
    sent = {"query": "hello", "whole": "yes", "csrf_token": token}
    page = client.post("/ui/assistant/ask", data=sent).location.partition("#")[0]
    over = client.get(page).text
    known = service.runs.facts

    def still_running(run_id: str) -> RunFacts:
        return {**known(run_id), "state": "running"}

    monkeypatch.setattr(service.runs, "facts", still_running)
    under_way = client.get(page).text

    assert over.count('class="card turn"') == under_way.count('class="card turn"') == 1
    assert ("data-stream" in over, "data-stream" in under_way) == (False, True)
