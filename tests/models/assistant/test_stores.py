"""What the assistant keeps: sessions, turns, events, memories and summaries in a real database."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.assistant.audit_store import RepeatedEventError
from models.assistant.memory_store import MOST
from models.assistant.rows import AuditEvent, NewEvent, NewSummary, NewTurn
from models.assistant.stores import AssistantStores, assistant_stores
from models.database import open_engine
from models.engines.writer import Writer
from utils.clock import ManualClock
from utils.errors import ConflictError, InputError, NotFoundError


@pytest.fixture
def stores(writer: Writer, clock: ManualClock) -> AssistantStores:
    return assistant_stores(writer.engine, writer, clock)


def begun(stores: AssistantStores, user: str = "ada") -> str:
    return stores.sessions.start(user, "", {}).id


def turn(
    session: str | None = None, user: str = "ada", query: str = "Who repairs the roof?", **more: object
) -> NewTurn:
    values = {"response": "The landlord.", **more}
    return NewTurn(session_id=session, user_id=user, query=query, **values)  # type: ignore[arg-type]  # as a test says


def test_turn_comes_back_as_it_was_kept(stores: AssistantStores) -> None:
    session = begun(stores)
    cited = ({"document": "lease.txt", "page": 2, "quote": "“repairs” – ünï"},)

    made = stores.turns.add(
        turn(session, citations=cited, intent="document_question", model="m", tokens=7, run_id="r1")
    )

    (found,) = stores.turns.some("ada", 10)
    assert (found.id, found.citations, found.intent, found.tokens) == (made, cited, "document_question", 7)
    assert (found.query, found.response, found.session_id, found.run_id) == (
        "Who repairs the roof?",
        "The landlord.",
        session,
        "r1",
    )


def test_turns_of_one_run_are_kept_once_and_count_once(stores: AssistantStores) -> None:
    session = begun(stores)

    ids = {stores.turns.add(turn(session, run_id="r1")) for _ in range(3)}

    assert len(ids) == 1
    assert stores.sessions.get(session).turns == 1


def test_turn_of_an_unknown_session_is_refused_and_nothing_of_it_is_kept(stores: AssistantStores) -> None:
    with pytest.raises(NotFoundError, match="sess_x"):
        stores.turns.add(turn("sess_x"))

    assert stores.turns.some("ada", 10) == []


def test_turn_in_the_session_of_another_user_is_refused(stores: AssistantStores) -> None:
    session = begun(stores, "bob")

    with pytest.raises(InputError, match="is of the user 'bob', got 'ada'"):
        stores.turns.add(turn(session))


def test_session_is_called_by_its_first_turn_unless_it_has_a_title(stores: AssistantStores) -> None:
    plain, titled = begun(stores), stores.sessions.start("ada", "Mine", {}).id

    for session in (plain, titled):
        for title in ("First", "Second"):
            stores.turns.add(turn(session, title=title))

    assert [stores.sessions.get(one).title for one in (plain, titled)] == ["First", "Mine"]


def test_session_ends_once_and_a_new_turn_goes_on_with_it(stores: AssistantStores, clock: ManualClock) -> None:
    session = begun(stores)
    clock.advance(5)
    first = stores.sessions.end(session)
    clock.advance(5)
    second = stores.sessions.end(session)
    stores.turns.add(turn(session))
    again = stores.sessions.get(session)

    assert first == second
    assert first.status == "ended"
    assert (again.status, again.ended_at) == ("active", None)


def test_sessions_of_a_user_are_listed_by_their_last_use(stores: AssistantStores, clock: ManualClock) -> None:
    first, second = begun(stores), begun(stores)
    begun(stores, "bob")
    clock.advance(1)
    stores.turns.add(turn(first))
    stores.sessions.end(second)
    clock.advance(1)
    stores.turns.add(turn(first))

    found, total = stores.sessions.some("ada", 10)
    ended, _ = stores.sessions.some("ada", 10, status="ended")
    page, of = stores.sessions.some("ada", 1, 1)

    assert ([one.id for one in found], total) == ([first, second], 2)
    assert [one.id for one in ended] == [second]
    assert ([one.id for one in page], of) == ([second], 2)


def test_deleted_session_takes_what_was_said_and_leaves_what_was_done(stores: AssistantStores) -> None:
    session, other = begun(stores), begun(stores)
    for one in (session, other):
        last = stores.turns.add(turn(one, run_id=f"run of {one}"))
        stores.summaries.add(
            NewSummary(session_id=one, user_id="ada", upto=last, turns=1, text="The roof", made_by="rules")
        )
        told = NewEvent(user_id="ada", type="feedback", session_id=one, text="about the roof", detail={"of": "roof"})
        stores.events.add(told)

    gone = stores.sessions.delete(session)

    assert (gone.turns, gone.run_ids, gone.kept_events) == (1, (f"run of {session}",), 1)
    assert [one.session_id for one in stores.turns.some("ada", 10)] == [other]
    assert stores.summaries.newest(session) is None
    assert stores.summaries.newest(other) is not None
    assert [(one.text, dict(one.detail), one.session_id) for one in stores.events.some("ada", 10)] == [
        ("", {}, session),
        ("about the roof", {"of": "roof"}, other),
    ]
    for late in (
        lambda: stores.sessions.get(session),
        lambda: stores.sessions.delete(session),
        lambda: stores.turns.add(turn(session)),
        lambda: stores.summaries.add(
            NewSummary(session_id=session, user_id="ada", upto=1, turns=1, text="x", made_by="rules")
        ),
    ):
        with pytest.raises(NotFoundError):
            late()


def test_history_is_walked_back_without_a_gap_or_a_repetition(stores: AssistantStores) -> None:
    ids = [stores.turns.add(turn(query=f"q{number}")) for number in range(7)]
    walked: list[int] = []
    before = None
    while page := stores.turns.some("ada", 3, before=before):
        walked += [one.id for one in page]
        before = walked[-1]

    assert walked == ids[::-1]


def test_failed_vector_is_null_and_the_turn_comes_again_behind_those_that_failed_less(stores: AssistantStores) -> None:
    first, second = stores.turns.add(turn()), stores.turns.add(turn())
    stores.turns.set_vector(second, "m@1", None)

    (brief,) = stores.turns.briefs("ada", 10, "m@1", [first])
    waiting = [one.id for one in stores.turns.without_vectors("m@1", 10)]
    stores.turns.set_vector(second, "m@1", b"\0\1\2")

    assert brief.vector is None
    assert waiting == [first, second]
    assert [one.id for one in stores.turns.without_vectors("m@1", 10)] == [first]
    assert {one.id: one.vector for one in stores.turns.briefs("ada", 10, "m@1")} == {first: None, second: b"\0\1\2"}


def test_vector_of_another_model_counts_as_none(stores: AssistantStores) -> None:
    made = stores.turns.add(turn())
    stores.turns.set_vector(made, "m@1", b"\1")

    assert [one.vector for one in stores.turns.briefs("ada", 10, "m@2")] == [None]
    assert [one.id for one in stores.turns.without_vectors("m@2", 10)] == [made]


def test_event_with_the_same_id_of_the_client_is_kept_once(stores: AssistantStores) -> None:
    told = NewEvent(user_id="ada", type="prompt", event_id="e1", text="hello")
    first = stores.events.add(told)

    with pytest.raises(RepeatedEventError) as repeated:
        stores.events.add(told)
    with pytest.raises(ConflictError, match="given to another event"):
        stores.events.add(NewEvent(user_id="ada", type="feedback", event_id="e1"))
    others = stores.events.add(NewEvent(user_id="bob", type="prompt", event_id="e1"))

    assert repeated.value.event == first == stores.events.known(told)
    assert others.id != first.id
    assert stores.events.some("ada", 10) == [first]


def test_event_sent_by_many_threads_at_once_is_kept_once(stores: AssistantStores) -> None:
    told = NewEvent(user_id="ada", type="prompt", event_id="e1")
    kept: list[AuditEvent] = []

    def send() -> None:
        try:
            kept.append(stores.events.add(told))
        except RepeatedEventError as repeated:
            kept.append(repeated.event)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(kept) == 8
    assert len({one.id for one in kept}) == len(stores.events.some("ada", 10)) == 1


def test_events_are_filtered_and_walked_in_their_order(stores: AssistantStores, clock: ManualClock) -> None:
    session = begun(stores)
    made = []
    for kind in ("prompt", "model_response", "prompt"):
        made.append(stores.events.add(NewEvent(user_id="ada", type=kind, session_id=session)))
        clock.advance(10)
    stores.events.add(NewEvent(user_id="ada", type="prompt"))
    stores.events.add(NewEvent(user_id="bob", type="prompt", session_id=session))

    assert stores.events.some("ada", 10, session_id=session) == made
    assert stores.events.some("ada", 10, kind="prompt", session_id=session) == [made[0], made[2]]
    assert stores.events.some("ada", 10, session_id=session, since=made[1].at) == made[1:]
    assert stores.events.some("ada", 1, session_id=session, after=made[0].id) == [made[1]]


def test_memory_over_the_limit_is_refused_and_one_that_is_there_can_be_changed(stores: AssistantStores) -> None:
    for number in range(MOST):
        stores.memories.put("ada", f"k{number}", "v")

    with pytest.raises(InputError, match=f"'ada' has {MOST}, which is the most"):
        stores.memories.put("ada", "one more", "v")
    stores.memories.put("ada", "k0", "changed")
    stores.memories.put("bob", "one more", "v")

    assert len(stores.memories.all("ada")) == MOST
    assert {one.key: one.value for one in stores.memories.all("ada")}["k0"] == "changed"


def test_memory_keeps_its_beginning_and_tells_its_last_change(stores: AssistantStores, clock: ManualClock) -> None:
    first = stores.memories.put("ada", "town", "York")
    clock.advance(60)
    second = stores.memories.change("ada", "town", "Leeds")

    assert (second.value, second.created_at) == ("Leeds", first.created_at)
    assert second.updated_at > first.updated_at
    assert stores.memories.all("ada") == [second]
    for absent in (
        lambda: stores.memories.change("bob", "town", "x"),
        lambda: stores.memories.delete("bob", "town"),
        lambda: stores.memories.delete("ada", "city"),
    ):
        with pytest.raises(NotFoundError):
            absent()


def test_session_is_due_for_a_summary_after_every_so_many_turns(stores: AssistantStores) -> None:
    session, other = begun(stores), begun(stores)
    due = []
    for number in range(1, 10):
        last = stores.turns.add(turn(session))
        stores.turns.add(turn(other)) if number < 4 else None
        due.append(stores.summaries.due(4, 10) == [session])
        if due[-1]:
            stores.summaries.add(
                NewSummary(session_id=session, user_id="ada", upto=last, turns=number, text="s", made_by="rules")
            )

    assert [number for number, is_due in enumerate(due, 1) if is_due] == [4, 8]


@given(st.lists(st.tuples(st.sampled_from(["put", "delete"]), st.sampled_from(["a", "b", "ü"]), st.text(max_size=5))))
def test_memories_are_what_a_dictionary_would_be(actions: list[tuple[str, str, str]]) -> None:
    engine = open_engine("sqlite://")
    writer = Writer(engine)
    memories = assistant_stores(engine, writer, ManualClock()).memories
    model: dict[str, str] = {}
    with engine.begin() as connection:  # an in-memory database is one thread's
        writer.run = lambda change: change(connection)  # type: ignore[method-assign]
        for action, key, value in actions:
            if action == "put":
                memories.put("ada", key, value)
                model[key] = value
            elif model.pop(key, None) is not None:
                memories.delete("ada", key)
            else:
                with pytest.raises(NotFoundError):
                    memories.delete("ada", key)
    found = {one.key: one.value for one in memories.all("ada")}
    engine.dispose()

    assert found == model
