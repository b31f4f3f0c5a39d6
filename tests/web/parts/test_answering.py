"""What the pages of the assistant show."""

import re
from html import unescape

import orjson
import pytest

from models.contract.answers.assistant_memory import TurnInfo
from models.contract.answers.runs import RunFacts
from utils.errors import InputError
from web.parts.answering import Growing, Telling, model_of, of_run, of_turn, pieces_of, said

_ELEMENT = re.compile(r'<span id="([^"]+)">')


def text_of(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", page))


def put(page: str, part: str) -> str:
    """Do as the browser does: the element takes the place of the one with its id, which is the innermost."""
    name = _ELEMENT.match(part)
    assert name is not None
    begin = page.index(f'<span id="{name[1]}">')
    return page[:begin] + part + "</span>" * page[:begin].count("<span")


def test_a_growing_text_is_whole_and_sends_again_only_its_end() -> None:
    growing = Growing("answer")
    page, sent, longest = '<span id="answer-0"></span>', "", 0
    for number in range(300):
        words = f"word {number} <b>\n"
        sent += words
        part = str(growing.add(words))
        longest = max(longest, len(part))
        page = put(page, part)

    assert text_of(page) == sent == growing.text
    assert longest < 800
    assert "<b>" not in page


def events(*told: dict[str, object]) -> list[str]:
    return [orjson.dumps(one).decode() for one in told]


def test_what_was_put_aside_leaves_the_page() -> None:
    telling = Telling()
    telling.take(events({"type": "token", "content": "wrong " * 200}))
    html = telling.take(
        events(
            {"type": "status", "status": "refused", "reason": "it stands on nothing <x>"},
            {"type": "thought", "content": "hm"},
            {"type": "token", "content": "right"},
        )
    )

    assert html.startswith('<span id="answer-0"></span><span id="thought-0">hm</span><span id="answer-0">right</span>')
    assert "Writing" in html
    assert telling.text == "right"


def test_a_run_is_over_with_its_last_event_and_told_in_words_before() -> None:
    telling = Telling()
    assert "Looking it up" in telling.take(events({"type": "status", "status": "agent", "agent": "researcher"}))
    assert not telling.is_over
    telling.take(events({"type": "done"}))
    assert telling.is_over
    assert said({"type": "citation"}) == ""


def test_markers_of_citations_are_parted_from_the_text_and_others_stay_in_it() -> None:
    citations = [{"marker": "S1"}, {"marker": ""}]

    assert pieces_of("A fee [S1] is due [S2].", citations) == [("A fee ", "S1"), (" is due [S2].", "")]
    assert pieces_of("", citations) == []


def test_a_run_that_broke_off_shows_what_was_told_and_why() -> None:
    run: RunFacts = {
        "run_id": "run_1",
        "kind": "query",
        "state": "cancelled",
        "request": {"query": "why?"},
        "result": None,
        "error": "cancelled",
        "events": 3,
        "started_at": "2026-11-29T12:00:00+00:00",
        "ended_at": None,
    }

    turn = of_run(run, "so far")

    assert (turn.query, turn.response, turn.error, turn.offers()) == ("why?", "so far", "cancelled", [])


def test_a_model_is_named_with_its_provider() -> None:
    assert model_of("") == {}
    assert model_of("groq/openai/gpt-oss-20b") == {"model_provider": "groq", "model_name": "openai/gpt-oss-20b"}
    with pytest.raises(InputError, match="want provider/model"):
        model_of("groq")


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        pytest.param("", "Started as b1. The page Batches tells how it goes.", id="the service"),
        pytest.param("m", "Started as b1. GET /api/batches tells how it goes.", id="a model"),
    ],
)
def test_what_the_service_says_names_pages_and_what_a_model_wrote_stays_as_it_is(model: str, shown: str) -> None:
    response = "Started as b1. GET /api/batches tells how it goes."
    turn: TurnInfo = {
        "id": 1,
        "session_id": "s",
        "user_id": "u",
        "at": "2026-01-01T00:00:00Z",
        "query": "yes",
        "response": response,
        "intent": "",
        "citations": [],
        "provider": "",
        "model": model,
        "tokens": 0,
        "run_id": None,
    }

    assert of_turn(turn, None).response == shown
