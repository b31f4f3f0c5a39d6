"""Models side by side on the pages: figures with their intervals, and what cannot be told apart said in words."""

from typing import Any

from api_server import create_app
from models.contract.comparison_bodies import ComparisonRequest
from models.fields import validated
from tests.fakes import Start, run
from tests.patience import PATIENCE_S
from tests.vendors.inventor import scripted_model

GROQ, CEREBRAS = "groq/openai/gpt-oss-120b", "cerebras/gpt-oss-120b"
SCRIPTS: Any = {"groq": [scripted_model()], "cerebras": [scripted_model(begins=5_000)]}


def plain(page: str) -> str:
    return " ".join(page.split())


def test_each_model_has_a_row_with_intervals_and_what_they_are_of(start: Start) -> None:
    platform = start(SCRIPTS)
    for name in ("groq", "cerebras"):
        run(platform, count=3, provider=name, allow_failover=False, difficulty="basic")
    client = create_app(platform=platform).test_client()

    page = plain(client.get("/ui/leaderboard?sort=verified").text)

    assert "By citations verified" in page
    assert page.index(CEREBRAS) < page.index(GROQ)  # alike: by name
    assert '100 %<br><small class="soft">44 % to 100 %, 3 drafts</small>' in page
    assert "not told apart</span>" in page
    assert "3 samples" in page
    assert 'href="/ui/leaderboard"' in client.get("/ui/providers").text


def test_filters_stand_in_the_address_and_what_is_no_measure_is_refused(start: Start) -> None:
    platform = start(SCRIPTS)
    run(platform, count=1, allow_failover=False, difficulty="basic")
    client = create_app(platform=platform).test_client()

    assert GROQ in client.get("/ui/leaderboard?difficulty=basic").text
    assert "No model has samples here" in client.get("/ui/leaderboard?since=2999-01-01").text
    assert client.get("/ui/leaderboard?sort=charm").status_code == 400


def test_comparison_shows_each_model_and_the_differences_item_by_item(start: Start) -> None:
    platform = start(SCRIPTS)
    asked = {"name": "first look", "targets": [GROQ, CEREBRAS], "batch": {"count": 2, "difficulty": "basic"}}
    begun = platform.comparisons.start(validated(ComparisonRequest, asked))
    for row in begun["results"]:
        assert platform.batches.wait(row["batch_id"], PATIENCE_S)
    client = create_app(platform=platform).test_client()

    page = plain(client.get(f"/ui/comparisons/{begun['id']}").text)

    assert "<h1>Comparison: first look</h1>" in page
    assert "2 of 2" in page
    assert "too few pairs</span>" in page
    assert "2 pairs</small>" in page
    assert f'href="/ui/comparisons/{begun["id"]}"' in client.get("/ui/leaderboard").text
    assert client.get("/ui/comparisons/none").status_code == 404
