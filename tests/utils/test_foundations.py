"""Clocks, cancellation, durations, breaker, logs, lock and registry."""

import logging
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import services.llm.providers
from config import PROJECT_DIR
from services.llm.adapters.base import AdapterSpec
from tests.patience import PATIENCE_S
from utils.addresses import without_user
from utils.cancellation import CancelToken
from utils.circuit_breaker import CircuitBreaker
from utils.clock import ManualClock, SystemClock, iso
from utils.durations import parse_duration_s
from utils.errors import DataFolderBusyError, StorageError
from utils.filelock import FolderLock
from utils.logs import LogSettings, configure_logging, redact
from utils.plugins import find_specs


def test_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock()
    before = clock.now()

    clock.advance(90)

    assert (clock.now() - before).total_seconds() == clock.monotonic() == 90
    with pytest.raises(ValueError, match="got -1"):
        clock.advance(-1)


def test_system_clock_gives_utc_with_offset() -> None:
    clock = SystemClock()

    assert iso(clock.now()).endswith("+00:00")
    assert clock.monotonic() <= clock.monotonic()


def test_cancelling_wakes_who_waits_and_who_comes_late() -> None:
    token, woken = CancelToken(), []

    with token.waking(lambda: woken.append("early")):
        token.cancel()
        token.cancel()
    with token.waking(lambda: woken.append("late")):
        pass

    assert woken == ["early", "late"]
    assert token.is_cancelled
    assert token.wait(0)


def test_waker_that_left_is_not_called() -> None:
    token, woken = CancelToken(), []
    with token.waking(lambda: woken.append("x")):
        pass

    token.cancel()

    assert woken == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2m59.56s", 179.56),
        ("172ms", 0.172),
        ("1h2m3s", 3723),
        ("12", 12),
        ("33011.382867", 33011.382867),
        ("1.5 s", 1.5),
    ],
)
def test_durations_of_all_vendors_are_read(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", None, "soon", "5 apples", "-3", "nan", "inf", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_what_is_no_duration_is_none(text: str | None) -> None:
    assert parse_duration_s(text) is None


@given(st.text(max_size=40))
def test_any_text_is_a_finite_duration_or_none(text: str) -> None:
    seconds = parse_duration_s(text)

    assert seconds is None or 0 <= seconds < float("inf")


def test_breaker_opens_after_three_failures_and_closes_after_two_successes() -> None:
    clock = ManualClock()
    breaker = CircuitBreaker(clock=clock)
    for _ in range(2):
        breaker.record_failure("t")
    assert not breaker.is_open("t")

    breaker.record_failure("t")
    assert breaker.is_open("t")
    assert breaker.reopens_in_s("t") == 300

    clock.advance(300)
    assert not breaker.is_open("t")
    assert breaker.get_summary()["half_open_circuits"] == [{"topic": "t", "successes": 0}]
    breaker.record_success("t")
    breaker.record_success("t")
    assert breaker.get_summary() == {"open_circuits": [], "half_open_circuits": [], "closed_with_failures": []}


def test_breaker_opens_again_on_a_failure_while_half_open() -> None:
    clock = ManualClock()
    breaker = CircuitBreaker(clock=clock)
    for _ in range(3):
        breaker.record_failure("t")
    clock.advance(301)

    breaker.record_failure("t")

    assert breaker.is_open("t")
    assert breaker.get_summary()["open_circuits"] == [{"topic": "t", "failures": 4, "opened_for_seconds": 0.0}]


def test_success_forgives_earlier_failures() -> None:
    breaker = CircuitBreaker(clock=ManualClock())
    breaker.record_failure("t")
    assert breaker.get_summary()["closed_with_failures"] == [{"topic": "t", "failures": 1}]

    breaker.record_success("t")
    breaker.record_success("never failed")

    assert breaker.get_summary()["closed_with_failures"] == []
    assert breaker.reopens_in_s("t") == 0.0


@given(st.lists(st.sampled_from(["success", "failure", "wait"]), max_size=40))
def test_breaker_is_open_only_within_its_time_after_a_failure(steps: list[str]) -> None:
    clock = ManualClock()
    breaker = CircuitBreaker(clock=clock)
    since_failure = float("inf")
    for step in steps:
        if step == "wait":
            clock.advance(120)
            since_failure += 120
        elif step == "failure":
            breaker.record_failure("t")
            since_failure = 0
        else:
            breaker.record_success("t")
        if breaker.is_open("t"):
            assert since_failure < 300


def test_log_line_carries_its_fields_and_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings())
    log = logging.getLogger("test.logs")

    log.info("called", extra={"target": "groq/x", "key": "gsk_0123456789abcdef"})
    try:
        raise ValueError("api_key=abcdefgh")
    except ValueError:
        log.exception("failed", extra={"n": 1})

    err = capsys.readouterr().err
    assert re.search(r"\[info +\] called +\[test\.logs\] key=\[redacted\] target=groq/x", err)
    assert re.search(r"\[error +\] failed +\[test\.logs\] n=1", err)
    assert "ValueError: api_key=[redacted]" in err
    logging.getLogger().handlers.clear()


@pytest.mark.parametrize(
    "secret",
    ["gsk_abcdefgh12345", "csk-abcdefgh12345", "sk-proj-abcdefgh12345", "hf_abcdefgh12345", "Bearer abcdefgh.12345"],
)
def test_keys_of_all_vendors_are_redacted(secret: str) -> None:
    hidden = redact(f"error with {secret} inside")

    assert secret not in hidden
    assert "[redacted]" in hidden


@pytest.mark.parametrize("user", ["me:pw-0123", "token-0123", "me:", "a:b:c"])
def test_user_and_password_of_an_address_are_redacted_and_left_out(user: str) -> None:
    assert (
        redact(f"cannot reach https://{user}@host.test/v1?x=a@b")
        == "cannot reach https://[redacted]@host.test/v1?x=a@b"
    )
    assert without_user(f"https://{user}@host.test/v1") == "https://host.test/v1"
    assert without_user("https://host.test/v1@2") == "https://host.test/v1@2"


def test_second_owner_of_a_folder_is_told_who_has_it(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from utils.filelock import FolderLock\n"
        "lock = FolderLock(Path(sys.argv[1])); lock.acquire(); print('ready', flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT_DIR
    )
    assert owner.stdout
    assert owner.stdout.readline() == b"ready\n"
    lock = FolderLock(tmp_path)

    with pytest.raises(DataFolderBusyError, match=f"process {owner.pid} is using it"):
        lock.acquire()
    owner.kill()
    owner.communicate()
    lock.acquire()
    lock.release()
    lock.release()

    assert lock._read_owner() == "?"


def test_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(StorageError, match="set DATA_DIR to another folder"):
        FolderLock(tmp_path / "file" / "sub").acquire()


def test_every_adapter_is_found_and_a_module_without_spec_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {spec.id for spec in find_specs(services.llm.providers, AdapterSpec)}
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "__init__.py").touch()
    (tmp_path / "plugins" / "broken.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    package = ModuleType("plugins")
    package.__path__ = [str(tmp_path / "plugins")]
    monkeypatch.setitem(sys.modules, "plugins", package)

    assert found == {"groq", "cerebras", "ollama", "openai_compatible", "anthropic", "google", "local"}
    with pytest.raises(TypeError, match="want AdapterSpec"):
        find_specs(package, AdapterSpec)


def test_waiting_thread_is_woken_by_a_cancel() -> None:
    token, seen = CancelToken(), []
    thread = threading.Thread(target=lambda: seen.append(token.wait(PATIENCE_S)))
    thread.start()

    token.cancel()
    thread.join(PATIENCE_S)

    assert seen == [True]
