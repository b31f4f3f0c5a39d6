"""Calls of no batch: noted before they leave, and counted or in doubt afterwards."""

import threading

import pytest

from models.domain import CallUsage
from services.catalogue.catalogue import ModelInfo
from services.llm.adapters.scripted import Step
from services.llm.caller import Terms
from services.llm.limits.gate import Need, Permit
from services.llm.limits.windows import Entry
from services.llm.routing.router import Target
from services.llm.single_calls import SingleCalls
from services.llm_service import Preference, Prompt
from tests.fakes import provider_info, scripted_llm
from tests.patience import PATIENCE_S
from utils.cancellation import CancelToken
from utils.errors import CancelledError, DiskFullError, ProviderServerError, StorageError

PROMPT = Prompt(({"role": "user", "content": "hello"},), max_tokens=100)
TARGET = "groq/openai/gpt-oss-120b"


def a_permit() -> Permit:
    """Return a place at the target that answers."""
    info = provider_info("groq")
    model = ModelInfo(provider="groq", id=TARGET.partition("/")[2], context_window=1000)
    return Permit(Target(info, model), Need(10, 5, 5, None), Entry(0.0, 10), (), "", 0.0, "")


class Notes:
    """What was written down, in order; *full* names the steps at which the disk is full."""

    def __init__(self, *full: str) -> None:
        self.full = full
        self.rows: list[tuple[object, ...]] = []
        self._count = 0

    def open_call(self, target: str) -> int:
        self._write("open", target)
        self._count += 1
        return self._count

    def used(self, usage: CallUsage, call: int) -> None:
        self._write("used", call, usage.failed, usage.tokens > 0)

    def lose_call(self, call: int, sent: bool) -> None:
        self._write("lost", call, sent)

    def _write(self, what: str, *row: object) -> None:
        if what in self.full:
            raise DiskFullError("no space left")
        self.rows.append((what, *row))


def ask(notes: Notes, *script: Step, calling: CancelToken | None = None) -> None:
    """Make one call by *script*, on terms that are noted."""
    llm, _ = scripted_llm({"groq": script})
    calls = SingleCalls(notes)
    outcome = llm.ask(PROMPT, Preference(), calls.on(Terms(max_wait_s=0.0, calling=calling or CancelToken())))
    calls.used(outcome.usage)


def cut_off(notes: Notes) -> None:
    """Make one call that is cancelled while the vendor still writes."""
    cancel, release = CancelToken(), threading.Event()

    def answer(_: object) -> str:
        cancel.cancel()
        release.wait(PATIENCE_S)
        return "too late"

    with pytest.raises(CancelledError):
        ask(notes, answer, calling=cancel)
    release.set()


def test_answered_call_is_noted_and_then_counted() -> None:
    notes = Notes()

    ask(notes, "fine")

    assert notes.rows == [("open", TARGET), ("used", 1, False, True)]


def test_failed_call_is_counted_too() -> None:
    notes = Notes()

    ask(notes, ProviderServerError("500", status=500))

    assert notes.rows == [("open", TARGET), ("used", 1, True, False)]


def test_every_call_of_a_request_is_counted_by_its_own_number() -> None:
    notes = Notes()
    llm, _ = scripted_llm({"groq": [ProviderServerError("500", status=500), "fine"]})
    calls = SingleCalls(notes)

    llm.complete(PROMPT, Preference("groq"), calls.on(Terms(max_wait_s=0.0)), used=calls.used)

    assert notes.rows == [
        ("open", TARGET),
        ("used", 1, True, False),
        ("open", "groq/openai/gpt-oss-20b"),
        ("used", 2, False, True),
    ]


def test_call_that_cannot_be_noted_is_not_sent() -> None:
    notes = Notes("open")
    llm, made = scripted_llm({"groq": ["fine"]})

    with pytest.raises(DiskFullError):
        llm.ask(PROMPT, Preference(), SingleCalls(notes).on(Terms()))

    assert (notes.rows, made["groq"].requests) == ([], [])


def test_call_that_is_cut_off_under_way_is_in_doubt() -> None:
    notes = Notes()

    cut_off(notes)

    assert notes.rows == [("open", TARGET), ("lost", 1, True)]


def test_call_that_was_stopped_before_it_left_is_none() -> None:
    notes, waiting = Notes(), CancelToken()
    notes_open = notes.open_call

    def stop(target: str) -> int:
        waiting.cancel()
        return notes_open(target)

    notes.open_call = stop  # type: ignore[method-assign]  # stopped while it is noted
    llm, made = scripted_llm({"groq": ["fine"]})

    with pytest.raises(CancelledError):
        llm.ask(PROMPT, Preference(), SingleCalls(notes).on(Terms(waiting=waiting)))

    assert notes.rows == [("open", TARGET), ("lost", 1, False)]
    assert made["groq"].requests == []


def test_cut_off_call_that_cannot_be_recorded_keeps_its_note_and_the_first_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    notes = Notes("lost")

    cut_off(notes)

    assert notes.rows == [("open", TARGET)]
    assert [record.message for record in caplog.records] == ["lost call not recorded"]


def test_usage_that_cannot_be_counted_is_an_error_of_the_disk() -> None:
    notes = Notes("used")

    with pytest.raises(StorageError, match="no space left"):
        ask(notes, "fine")

    assert notes.rows == [("open", TARGET)]  # in doubt at the next start


def test_what_was_counted_or_lost_once_is_not_a_second_time() -> None:
    notes = Notes()
    calls = SingleCalls(notes)
    usage = CallUsage("groq", "m", 5)
    calls.used(usage)
    calls.cut_off(left=True)
    calls.sending(a_permit())
    calls.used(usage)

    calls.used(usage)
    calls.cut_off(left=True)

    assert notes.rows == [("open", TARGET), ("used", 1, False, True)]


def test_lost_call_is_lost_once_and_is_not_counted_any_more() -> None:
    notes = Notes()
    calls = SingleCalls(notes)
    calls.sending(a_permit())
    calls.cut_off(left=True)

    calls.cut_off(left=True)
    calls.used(CallUsage("groq", "m", 5))

    assert notes.rows == [("open", TARGET), ("lost", 1, True)]
