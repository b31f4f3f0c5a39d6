"""Summaries form after every four turns, without thoughts, and say who made them and why."""

import threading
from typing import Any

import pytest

from models.assistant.rows import Summary
from models.assistant.stores import AssistantStores
from services.assistant.summariser import Summariser, SummaryModel
from services.assistant.summary_rules import LONGEST, summarise
from services.assistant.turn_embedding import TurnEmbedding
from services.assistant.turn_upkeep import TurnUpkeep
from services.llm.adapters.base import CompletionRequest
from services.llm.adapters.scripted import ScriptedProvider, Step
from tests.fakes import scripted_llm
from tests.patience import PATIENCE_S, until
from tests.services.assistant.talk import begun, say
from tests.services.llm.test_single_calls import Notes
from utils.cancellation import CancelToken
from utils.errors import ProviderServerError

MODEL = "groq/openai/gpt-oss-20b"
THOUGHTS = (
    "<think>SECRET plan</think>The landlord repairs the roof.",
    "<|channel|>analysis<|message|>SECRET plan<|end|><|channel|>final<|message|>The landlord repairs the roof.<|end|>",
    "[THINK]SECRET plan[/THINK]The landlord repairs the roof.",
    "SECRET plan</think>The landlord repairs the roof.",
)


def summariser(stores: AssistantStores, name: str = "", *script: Step) -> tuple[Summariser, ScriptedProvider, Notes]:
    llm, made = scripted_llm({"groq": script or ("unused",)})
    notes = Notes()
    return Summariser(stores, SummaryModel(name, llm, notes)), made["groq"], notes


def newest(stores: AssistantStores, session: str) -> Summary:
    found = stores.summaries.newest(session)
    assert found is not None
    return found


def test_summary_forms_at_the_fourth_turn_and_again_at_the_eighth(stores: AssistantStores) -> None:
    made, _, _ = summariser(stores)
    session = begun(stores)
    counts = []
    for number in range(1, 9):
        say(stores, f"Question {number} on the roof?", f"Answer {number} on the roof.", session_id=session)
        made.run(CancelToken())
        found = stores.summaries.newest(session)
        counts.append(found.turns if found else 0)

    last = newest(stores, session)
    assert counts == [0, 0, 0, 4, 4, 4, 4, 8]
    assert (last.made_by, last.model, last.reason) == ("rules", "", "")
    assert all(f"Question {number}" in last.text and f"Answer {number}" in last.text for number in range(1, 9))


def test_session_that_grew_while_nobody_looked_is_summarised_to_its_end(stores: AssistantStores) -> None:
    made, _, _ = summariser(stores)
    session = begun(stores)
    for number in range(13):
        say(stores, f"Question {number}?", session_id=session)

    assert made.run(CancelToken()) == 3
    assert newest(stores, session).turns == 12
    assert made.run(CancelToken()) == 0


def test_summary_by_rules_takes_the_sentence_that_answers_and_leaves_references_whole(
    stores: AssistantStores,
) -> None:
    answer = (
        "That is a good question. Under s. 11 of the Act the landlord repairs the roof, cf. Smith v. Jones. Ask again!"
    )
    say(stores, "Who repairs the roof?", answer)

    text = summarise("", stores.turns.some("ada", 1))

    assert text == (
        "Asked: Who repairs the roof? "
        "Answered: Under s. 11 of the Act the landlord repairs the roof, cf. Smith v. Jones."
    )


def test_summary_of_a_long_session_stays_short_and_keeps_the_newest(stores: AssistantStores) -> None:
    made, _, _ = summariser(stores)
    session = begun(stores)
    for number in range(40):
        say(stores, f"Question {number}: {'why ' * 100}", "because " * 300, session_id=session)
    made.run(CancelToken())

    text = newest(stores, session).text
    assert len(text) <= LONGEST
    assert "Question 39" in text
    assert "Question 3:" not in text


@pytest.mark.parametrize("answer", THOUGHTS)
@pytest.mark.parametrize("name", ["", MODEL])
def test_thoughts_reach_no_summary_title_or_history(stores: AssistantStores, answer: str, name: str) -> None:
    made, groq, _ = summariser(stores, name, f"<think>SECRET</think>{answer}")
    session = begun(stores)
    for _ in range(4):
        say(stores, "Who repairs the roof?", answer, session_id=session)
    made.run(CancelToken())

    found = newest(stores, session)
    asked = str([request.messages for request in groq.requests])
    kept = [turn.response for turn in stores.turns.some("ada", 10)]
    assert found.made_by == ("model" if name else "rules")
    assert "The landlord repairs the roof." in found.text
    assert kept == ["The landlord repairs the roof."] * 4
    for text in (found.text, stores.sessions.get(session).title, asked, *kept):
        assert "SECRET" not in text


def test_model_that_is_set_makes_the_summary_and_its_call_is_counted(stores: AssistantStores) -> None:
    made, groq, notes = summariser(stores, MODEL, "They spoke of roofs.", "They spoke of rent.")
    session = begun(stores)
    for number in range(8):
        say(stores, f"Question {number}?", session_id=session)
    made.run(CancelToken())

    last = newest(stores, session)
    assert (last.text, last.made_by, last.model, last.reason) == ("They spoke of rent.", "model", MODEL, "")
    assert [request.model for request in groq.requests] == ["openai/gpt-oss-20b"] * 2
    assert "They spoke of roofs." in groq.requests[1].messages[1]["content"]
    assert notes.rows == [("open", MODEL), ("used", 1, False, True), ("open", MODEL), ("used", 2, False, True)]


@pytest.mark.parametrize(
    ("name", "step", "reason"),
    [
        pytest.param(
            MODEL, ProviderServerError("the vendor is down", provider="groq"), "the vendor is down", id="down"
        ),
        pytest.param(MODEL, "<think>SECRET</think>", "only its thinking", id="thoughts alone"),
        pytest.param("nobody/some-model", "unused", "nobody", id="unknown provider"),
    ],
)
def test_model_that_fails_is_named_in_the_summary_that_the_rules_made(
    stores: AssistantStores, name: str, step: Step, reason: str
) -> None:
    made, groq, _ = summariser(stores, name, step)
    session = begun(stores)
    for _ in range(4):
        say(stores, "Who repairs the roof?", "The landlord.", session_id=session)
    made.run(CancelToken())

    found = newest(stores, session)
    assert (found.made_by, found.model) == ("rules", "")
    assert found.reason.startswith(f"{name}: ")
    assert reason in found.reason
    assert "The landlord." in found.text
    assert len(groq.requests) == (0 if step == "unused" else 1)


def test_thread_makes_summaries_when_turns_come_and_holds_up_no_turn(stores: AssistantStores) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(_request: CompletionRequest) -> str:
        asked.set()
        assert go_on.wait(PATIENCE_S)
        return "They spoke of roofs."

    made, _, _ = summariser(stores, MODEL, slow)
    upkeep = TurnUpkeep(TurnEmbedding(stores.turns, lambda: None), made)
    session = begun(stores)
    upkeep.start()
    for number in range(4):
        say(stores, f"Question {number}?", session_id=session)
    upkeep.wake()
    assert asked.wait(PATIENCE_S)
    say(stores, "One more?", session_id=session)  # while the model thinks
    during = stores.summaries.newest(session)
    go_on.set()
    until(lambda: stores.summaries.newest(session))
    upkeep.stop(PATIENCE_S)

    assert during is None
    assert newest(stores, session).turns == 4


def test_thread_ends_while_a_model_is_asked_and_the_summary_is_due_again(stores: AssistantStores) -> None:
    asked = threading.Event()
    session = begun(stores)
    for number in range(4):
        say(stores, f"Question {number}?", session_id=session)
    upkeep: Any = None

    def stopped(_request: CompletionRequest) -> str:
        asked.set()
        upkeep.tell()
        return "too late"

    made, _, _ = summariser(stores, MODEL, stopped)
    upkeep = TurnUpkeep(TurnEmbedding(stores.turns, lambda: None), made)
    upkeep.start()
    assert asked.wait(PATIENCE_S)
    upkeep.stop(PATIENCE_S)

    assert not upkeep._thread.is_alive()
    found = stores.summaries.newest(session)
    assert found is None or found.made_by == "model"  # it was cut off, or its answer was there already


def test_thread_lives_on_after_a_failure_of_its_work(stores: AssistantStores) -> None:
    class Broken(TurnEmbedding):
        rounds = 0

        def run(self, cancel: CancelToken) -> int:
            Broken.rounds += 1
            raise RuntimeError("broken")

    made, _, _ = summariser(stores)
    upkeep = TurnUpkeep(Broken(stores.turns, lambda: None), made)
    upkeep.start()
    session = begun(stores)
    for number in range(4):
        say(stores, f"Question {number}?", session_id=session)
    upkeep.wake()
    until(lambda: stores.summaries.newest(session))
    upkeep.stop(PATIENCE_S)

    assert Broken.rounds >= 1
