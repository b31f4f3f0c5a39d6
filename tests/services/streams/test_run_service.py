"""Runs: numbered events that outlive their readers, cancelling, ends that are always told, tokens that are counted."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.assistant.run_store import KeptEvent
from services.llm.adapters.base import CompletionRequest
from services.llm_service import Preference, Prompt, Terms
from services.streams.run import DONE, Run
from services.streams.run_service import Reading
from tests.patience import PATIENCE_S, until
from tests.services.streams.house import MODEL, Event, RunHouse, read, words
from utils.errors import (
    ConflictError,
    DiskFullError,
    NotFoundError,
    ProviderConnectionError,
    ProviderServerError,
    UnavailableError,
)

PROMPT = Prompt(({"role": "user", "content": "What is an offer?"},), max_tokens=100, may_be_cut=True)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[RunHouse]:
    made = RunHouse(tmp_path)
    yield made
    made.close()


def saying(*pieces: str) -> Any:
    def work(run: Run) -> Mapping[str, object]:
        for piece in pieces:
            run.heard("token", piece)
        return {"response": "".join(pieces)}

    return work


def asking(house: RunHouse) -> Any:
    """Work that asks the house's model."""

    def work(run: Run) -> Mapping[str, object]:
        calls = house.service.calls(run)
        terms = calls.on(Terms(calling=run.cancel, waiting=run.cancel))
        answer = house.llm.complete(
            PROMPT, Preference("groq", MODEL, allow_failover=False), terms, 1, calls.used, run.has_words
        )
        return {"response": answer.text}

    return work


def test_events_are_numbered_from_one_and_end_with_the_answer(house: RunHouse) -> None:
    run_id = house.run(saying("An ", "offer."))

    pieces = list(house.service.read(run_id).messages())

    events = read(pieces)
    assert [number for number, _ in events] == [1, 2, 3, 4]
    assert [event["type"] for _, event in events] == ["status", "token", "token", "done"]
    assert events[0][1] == {"type": "status", "status": "started", "run_id": run_id}
    assert words(events) == events[-1][1]["response"] == "An offer."
    assert pieces[-1] == DONE


def test_run_that_has_ended_is_read_from_the_disk_as_it_was_live(house: RunHouse) -> None:
    run_id = house.run(saying("An ", "offer."))
    live = house.events(run_id)
    until(lambda: run_id not in house.service.under_way)

    assert house.events(run_id) == live
    assert house.events(run_id, after=3) == live[3:]
    assert house.events(run_id, after=99) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=6), min_size=1, max_size=20), st.integers(1, 2))
def test_reader_that_drops_anywhere_and_comes_back_gets_every_event_once(
    house: RunHouse, pieces: list[str], messages: int
) -> None:
    go = threading.Event()

    def work(run: Run) -> Mapping[str, object]:
        run.heard("token", pieces[0])
        assert go.wait(PATIENCE_S)
        return saying(*pieces[1:])(run) and {"response": "".join(pieces)}

    run_id = house.run(work)
    first = []
    reading = house.service.read(run_id).messages()
    for _ in range(messages):
        first += read([next(reading)])
        if len(first) >= 2:
            break
    reading.close()  # type: ignore[attr-defined]  # it is a generator
    go.set()

    rest = house.events(run_id, after=first[-1][0])

    numbers = [number for number, _ in [*first, *rest]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert words([*first, *rest]) == rest[-1][1]["response"]


def test_reader_that_leaves_ends_nothing_and_gives_its_seat_back(house: RunHouse) -> None:
    go = threading.Event()

    def work(run: Run) -> Mapping[str, object]:
        run.heard("token", "First")
        assert go.wait(PATIENCE_S)
        return {"response": "First"}

    run_id = house.run(work)
    reading = house.service.read(run_id)
    messages = reading.messages()
    next(messages)
    assert house.seats.taken == 1

    reading.close()
    reading.close()
    go.set()

    assert house.seats.taken == 0
    assert house.service.outcome(run_id) == {"response": "First"}


def test_event_is_shown_only_once_it_is_on_the_disk(house: RunHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    may_write = threading.Event()
    add = house.stores.runs.add

    def slow(events: list[KeptEvent], endings: Any = ()) -> None:
        assert may_write.wait(PATIENCE_S)
        add(events, endings)
        written.extend(event.number for event in events)

    monkeypatch.setattr(house.stores.runs, "add", slow)
    run_id = house.run(saying("An ", "offer."))
    messages = house.service.read(run_id).messages
    live = house.service.under_way[run_id]
    until(lambda: len(live.events) == 4)

    assert next(live.follow(silence_s=0.001)) == []
    may_write.set()

    assert [number for number, _ in read(list(messages()))] == written == [1, 2, 3, 4]


def test_event_is_one_line_for_every_client(house: RunHouse) -> None:
    run_id = house.run(saying("a\x85b", "c\u2028d\u2029\r\n\n"))

    pieces = b"".join(house.service.read(run_id).messages()).decode()

    assert "".join(pieces).splitlines() == pieces.split("\n")[:-1]
    assert words(read([pieces.encode()])) == "a\x85bc\u2028d\u2029\r\n\n"


def test_silence_is_filled_with_comments() -> None:
    run = Run("run_1", "query", lambda *_: None)

    assert next(Reading("run_1", run.follow(silence_s=0.001), None).messages()) == b": ping\n\n"


def test_failure_is_the_last_event_with_its_code_and_is_raised_to_who_waits(house: RunHouse) -> None:
    def work(run: Run) -> Mapping[str, object]:
        run.heard("token", "Half")
        raise ProviderServerError("the vendor is down", provider="groq")

    run_id = house.run(work)

    facts = {"code": "server_error", "retryable": True, "category": "server_error"}
    assert house.events(run_id)[-1][1] == {"type": "error", "error": "the vendor is down", **facts}
    told = house.service.facts(run_id)
    assert (told["state"], told["result"], told["error"]) == ("error", None, "the vendor is down")
    until(lambda: run_id not in house.service.under_way)
    with pytest.raises(UnavailableError, match="ended without an answer"):
        house.service.outcome(run_id)


def test_whoever_waits_for_a_run_goes_on_when_it_has_ended_however_that_was(house: RunHouse) -> None:
    def fail(run: Run) -> dict[str, object]:
        raise UnavailableError("nobody is there")

    run_id = house.run(fail)

    house.service.wait(run_id)
    house.service.wait("run_gone")

    assert house.service.facts(run_id)["state"] == "error"


def test_fault_of_ours_is_told_without_its_words(house: RunHouse) -> None:
    def work(run: Run) -> Mapping[str, object]:
        raise KeyError("secret inside")

    last = house.events(house.run(work))[-1][1]

    assert (last["type"], last["code"]) == ("error", "internal_error")
    assert "secret" not in str(last)


def test_cancelled_run_says_so_and_what_it_had_used_is_counted(tmp_path: Path) -> None:
    spoken, released = threading.Event(), threading.Event()

    def slow(request: CompletionRequest) -> str:
        assert request.listener is not None
        request.listener("token", "An offer is a promise.")
        spoken.set()
        assert released.wait(PATIENCE_S)
        return "too late"

    house = RunHouse(tmp_path, slow)
    run_id = house.run(asking(house))
    assert spoken.wait(PATIENCE_S)

    house.service.cancel(run_id)
    events = house.events(run_id)
    released.set()

    assert (events[-1][1]["type"], events[-1][1]["code"]) == ("error", "cancelled")
    assert house.service.facts(run_id)["state"] == "cancelled"
    (row,) = house.used()
    assert (row["calls"], row["failed"], row["completion_tokens"], row["in_doubt"]) == (1, 1, 6, 0)
    assert row["prompt_tokens"] > 0
    assert house.llm.daily.tokens == row["total_tokens"]
    assert house.service.cancel(run_id)["state"] == "cancelled", "cancelling twice is fine"
    house.close()


def test_call_that_was_cancelled_before_its_first_word_is_in_doubt(tmp_path: Path) -> None:
    under_way, released = threading.Event(), threading.Event()

    def silent(_request: CompletionRequest) -> str:
        under_way.set()
        assert released.wait(PATIENCE_S)
        return "too late"

    house = RunHouse(tmp_path, silent)
    run_id = house.run(asking(house))
    assert under_way.wait(PATIENCE_S)

    house.service.cancel(run_id)
    house.events(run_id)
    released.set()

    (row,) = house.used()
    assert (row["calls"], row["total_tokens"], row["in_doubt"]) == (0, 0, 1)
    house.close()


def test_stream_that_breaks_off_is_an_error_and_its_tokens_are_counted(tmp_path: Path) -> None:
    def broken(request: CompletionRequest) -> str:
        assert request.listener is not None
        request.listener("thought", "Hm, ")
        request.listener("token", "An offer")
        raise ProviderConnectionError("the stream ended before the answer did", provider="groq")

    house = RunHouse(tmp_path, broken)
    events = house.events(house.run(asking(house)))

    assert [event["type"] for _, event in events] == ["status", "status", "thought", "token", "error"]
    (row,) = house.used()
    assert (row["calls"], row["failed"], row["completion_tokens"]) == (1, 1, 3)
    house.close()


def test_run_of_a_process_that_was_killed_ends_in_an_error_and_its_tokens_are_counted(tmp_path: Path) -> None:
    spoken, over = threading.Event(), threading.Event()

    def slow(request: CompletionRequest) -> str:
        assert request.listener is not None
        request.listener("token", "An offer is a promise.")
        spoken.set()
        over.wait(PATIENCE_S)
        return "never"

    killed = RunHouse(tmp_path, slow)
    run_id = killed.run(asking(killed))
    assert spoken.wait(PATIENCE_S)
    shown = killed.service.read(run_id).messages()
    before: list[tuple[int, Event]] = []
    while not words(before):
        before += read([next(shown)])
    killed.stores.writer.close()  # nothing of it reaches the disk any more, as after kill -9
    killed.stores.close()

    house = RunHouse(tmp_path)

    events = house.events(run_id)
    assert events[: len(before)] == before
    assert [number for number, _ in events] == list(range(1, len(before) + 2))
    assert (events[-1][1]["type"], events[-1][1]["code"]) == ("error", "unavailable")
    assert house.service.facts(run_id)["state"] == "error"
    (row,) = house.used()
    assert (row["calls"], row["failed"], row["completion_tokens"], row["in_doubt"]) == (1, 1, 6, 0)
    assert house.llm.daily.tokens == row["total_tokens"]
    house.close()
    over.set()
    killed.service.close(0.0)


def test_call_that_was_counted_before_the_kill_is_not_counted_again(tmp_path: Path) -> None:
    house = RunHouse(tmp_path, "An offer.")
    ended, over = threading.Event(), threading.Event()

    def work(run: Run) -> Mapping[str, object]:
        answer = asking(house)(run)
        ended.set()
        over.wait(PATIENCE_S)
        return dict(answer)

    house.run(work)
    assert ended.wait(PATIENCE_S)
    before = house.used()
    house.stores.close()

    again = RunHouse(tmp_path)

    assert again.used() == before
    over.set()
    house.service.close(0.0)
    again.close()


def test_full_disk_cuts_the_run_off_and_its_reader_is_told(house: RunHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise DiskFullError("no space left")

    go = threading.Event()

    def work(run: Run) -> Mapping[str, object]:
        assert go.wait(PATIENCE_S)
        monkeypatch.setattr(house.stores.runs, "add", full)
        run.heard("token", "An ")
        assert run.cancel.wait(PATIENCE_S)
        run.heard("token", "offer.")
        return {}

    run_id = house.run(work)
    reading = house.service.read(run_id).messages()
    go.set()
    events = read(list(reading))
    monkeypatch.undo()

    assert (events[-1][1]["type"], events[-1][1]["code"]) == ("error", DiskFullError.code)
    until(lambda: run_id not in house.service.under_way)
    assert house.events(run_id) == events, "once there is space, what was told is kept under the same numbers"


def test_same_key_joins_the_run_that_it_began_and_another_request_under_it_is_refused(house: RunHouse) -> None:
    first = house.run(saying("Once."), key="k1")

    assert house.run(saying("Twice."), key="k1") == first
    assert words(house.events(first)) == "Once."
    with pytest.raises(ConflictError, match="another request"):
        house.service.start("query", {"query": "other"}, saying("x"), "k1")
    assert list(house.service.under_way) in ([], [first])


def test_more_runs_and_readers_than_there_is_room_for_are_refused(tmp_path: Path) -> None:
    house, go = RunHouse(tmp_path, seats=1, most=1), threading.Event()

    def work(run: Run) -> Mapping[str, object]:
        assert go.wait(PATIENCE_S)
        return {}

    run_id = house.run(work)
    reading = house.service.read(run_id)
    with pytest.raises(UnavailableError, match="1 runs are under way"):
        house.run(work)
    with pytest.raises(UnavailableError, match="1 streams are open"):
        house.service.read(run_id)
    go.set()
    list(reading.messages())

    until(lambda: not house.service.under_way)
    assert house.events(house.run(saying("Room again.")))
    house.close()


def test_stop_of_the_service_ends_every_run_with_an_event(tmp_path: Path) -> None:
    house = RunHouse(tmp_path)
    begun = threading.Event()

    def work(run: Run) -> Mapping[str, object]:
        begun.set()
        assert run.cancel.wait(PATIENCE_S)
        run.heard("token", "x")
        return {}

    run_id = house.run(work)
    assert begun.wait(PATIENCE_S)
    reading = house.service.read(run_id).messages()
    house.close()

    last = read(list(reading))[-1][1]
    assert (last["type"], last["code"]) == ("error", "unavailable")
    with pytest.raises(UnavailableError, match="stopping"):
        house.run(saying("x"))


def test_unknown_run_is_said(house: RunHouse) -> None:
    for call in (house.service.read, house.service.cancel, house.service.facts, house.service.outcome):
        with pytest.raises(NotFoundError, match="run 'run_0': is not known"):
            call("run_0")


def test_old_runs_are_forgotten_and_new_ones_and_those_under_way_are_not(house: RunHouse) -> None:
    go = threading.Event()

    def work(run: Run) -> Mapping[str, object]:
        assert go.wait(PATIENCE_S)
        return {}

    old, going = house.run(saying("old")), house.run(work)
    house.events(old)
    until(lambda: old not in house.service.under_way)
    house.clock.advance(3 * 86_400)
    new = house.run(saying("new"))
    house.events(new)

    house.service.prune(0)
    assert house.service.facts(old)
    house.service.prune(2)

    with pytest.raises(NotFoundError):
        house.service.facts(old)
    assert house.stores.runs.events(old) == []
    assert [house.service.facts(run_id)["run_id"] for run_id in (going, new)] == [going, new]
    go.set()
