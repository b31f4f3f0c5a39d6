"""Answers for all who wait with the same request in the server: counted one by one, limited; no error, no stream."""

import time
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from api_server import create_app
from tests.api.edge.test_observability import metrics
from tests.fakes import SAMPLE, Start
from utils.access_tokens import new_token
from utils.wsgi import LINE

TOKEN = new_token()
Create = Callable[..., FlaskClient]


class FakeLine:
    """A line that *count* others joined."""

    def __init__(self, count: int = 3) -> None:
        self.joined = [time.perf_counter() for _ in range(count)]
        self.is_shared = False
        self.told: list[str] = []

    def close(self) -> None:
        self.told.append("close")

    def dissolve(self) -> None:
        self.told.append("dissolve")

    def share(self) -> None:
        self.told.append("share")
        self.is_shared = True


@pytest.fixture
def create(start: Start) -> Create:
    return lambda **settings: create_app(platform=start({"groq": []}, **settings)).test_client()


def test_line_is_closed_before_the_answer_is_found_out_and_each_who_joined_is_counted(create: Create) -> None:
    client, line = create(), FakeLine()

    answer = client.get("/api/stats", environ_overrides={LINE: line})
    seen = metrics(client)

    assert answer.status_code == 200
    assert line.told == ["close", "share"]
    labels = "[('method', 'GET'), ('route', '/api/stats')"
    assert seen[f"ltp_http_requests_total{labels}, ('status', '200')]"] == 4
    assert seen[f"ltp_http_request_duration_seconds_count{labels}]"] == 4


def test_shared_answer_is_the_one_that_a_single_request_gets(create: Create) -> None:
    client = create()
    client.post("/api/add", json=SAMPLE)
    path = "/api/samples/filter?limit=5"

    alone = client.get(path)
    shared = client.get(path, environ_overrides={LINE: FakeLine()})

    assert shared.get_data() == alone.get_data()
    assert set(shared.headers.keys()) == set(alone.headers.keys())


@pytest.mark.parametrize(
    ("path", "told"),
    [
        pytest.param("/api/sample/none", ["close"], id="error"),
        pytest.param("/api/data", ["close"], id="stream"),
        pytest.param("/api/samples/filter?limit=many", [], id="refused"),
        pytest.param("/api/samples/random", ["dissolve"], id="drawn-for-each"),
        pytest.param("/api/search?q=duty", ["dissolve"], id="takes-long"),
        pytest.param("/api/export", ["dissolve"], id="file"),
        pytest.param("/api/generate/batch/stream", ["dissolve"], id="events"),
        pytest.param("/nowhere", [], id="no-such-address"),
    ],
)
def test_errors_streams_and_what_is_not_in_line_are_each_ones_own(create: Create, path: str, told: list[str]) -> None:
    line = FakeLine()

    create().get(path, environ_overrides={LINE: line})

    assert line.told == told


def test_who_may_not_call_joins_nobody(create: Create) -> None:
    line = FakeLine()

    answer = create(api_tokens=f"read:{TOKEN}").get("/api/stats", environ_overrides={LINE: line})

    assert answer.status_code == 401
    assert line.told == []  # so that it ends with the request


def test_each_who_joined_counts_towards_the_limit_and_beyond_it_each_asks_alone(create: Create) -> None:
    client = create(api_tokens=f"read:{TOKEN}", rate_limit="10 per hour")
    headers = {"Authorization": f"Bearer {TOKEN}"}

    lines = [FakeLine(3), FakeLine(3), FakeLine(3)]
    answers = [client.get("/api/stats", headers=headers, environ_overrides={LINE: line}) for line in lines]

    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["6", "2", "1"]
    assert [line.is_shared for line in lines] == [True, True, False]  # of 10: 4, 4, then one, and three are too many
    assert [client.get("/api/stats", headers=headers).status_code for _ in range(2)] == [200, 429]


def test_traced_requests_are_each_ones_own(create: Create, monkeypatch: pytest.MonkeyPatch) -> None:
    client, line = create(), FakeLine()
    monkeypatch.setattr("api.edge.sharing.is_tracing", lambda: True)

    client.get("/api/stats", environ_overrides={LINE: line})

    assert line.told == ["dissolve"]
