"""A server for the length of one command."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config import Settings
from console import temporary_server
from console.client import Client, RequestRefusedError
from console.temporary_server import client_for
from tests.console.stub import Stub
from tests.e2e.server import free_port
from tests.fakes import settings_for
from utils.errors import ConfigurationError, UnavailableError


def test_server_that_cannot_start_says_its_own_sentence(tmp_path: Path) -> None:
    (tmp_path / "batches.db").write_bytes(b"no database at all" * 100)
    settings = settings_for(tmp_path, port=free_port())

    with (
        pytest.raises(ConfigurationError, match="file is not a database"),
        client_for(settings, None, tmp_path / "log"),
    ):
        pass


def test_service_named_by_url_must_answer(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    with (
        pytest.raises(ConfigurationError, match="no service answers there"),
        client_for(settings_for(tmp_path), url, tmp_path / "log"),
    ):
        pass
    with pytest.raises(UnavailableError, match="does not answer"):
        Client(url).get("health")


def test_running_service_is_used_and_its_refusal_passed_on(with_groq: Settings, tmp_path: Path) -> None:
    with (
        client_for(with_groq, None, tmp_path / "log") as first,
        client_for(with_groq, first.url, tmp_path / "log") as second,
    ):
        assert second.url == first.url
        with pytest.raises(RequestRefusedError, match="Invalid provider"):
            first.post("generate", {"provider": "acme"})
        with pytest.raises(RequestRefusedError, match="token: is missing"):  # the server of a command is that command's
            second.post("generate", {"provider": "acme"})


def test_taken_port_is_avoided(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        assert not temporary_server._is_free(taken.getsockname()[1])
    assert temporary_server._loopback("0.0.0.0") == "127.0.0.1"
    assert temporary_server._loopback("10.0.0.1") == "10.0.0.1"


def test_service_that_runs_where_the_settings_say_is_used_and_left_running(at: str, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, port=int(at.rpartition(":")[2]))

    with client_for(settings, None, tmp_path / "log") as client:
        assert client.url == at

    assert client.answers()
    assert not (tmp_path / "log").exists()


def test_token_of_the_settings_is_sent_to_a_service_that_runs(stub: Stub, tmp_path: Path) -> None:
    stub.says("health/live", b'{"status": "alive"}')
    token = "ltp-token-of-a-test-0123456789"

    with client_for(settings_for(tmp_path, api_token=token), stub.url, tmp_path / "log"):
        pass

    assert stub.headers[0]["Authorization"] == f"Bearer {token}"


def test_port_of_another_service_is_left_to_it(with_groq: Settings, stub: Stub, tmp_path: Path) -> None:
    stub.says("health/live", b'{"status": "something else"}')
    settings = with_groq.model_copy(update={"port": int(stub.url.rpartition(":")[2])})

    with client_for(settings, None, tmp_path / "log") as client:
        assert client.url != stub.url
        assert client.get("health/live")["status"] == "alive"

    assert not client.answers()  # it was started for this block alone


def ended(code: str) -> subprocess.Popen[bytes]:
    """Run *code* in a process of its own; return it when it has said something or ended."""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    return process


@pytest.mark.parametrize(
    ("log", "says"),
    [
        pytest.param("error: the port is taken\nerror: last word\n", "last word", id="its-own-sentence"),
        pytest.param("Traceback\nValueError: x\n", "ValueError: x", id="last-line"),
        pytest.param("error: why\nTraceback\n", "why", id="sentence-before-other-lines"),
        pytest.param("", "no message", id="nothing"),
    ],
)
def test_server_that_ends_while_it_starts_is_said_with_its_last_word(tmp_path: Path, log: str, says: str) -> None:
    (tmp_path / "log").write_text(log)
    process = ended("")
    process.wait()
    client = Client(f"http://127.0.0.1:{free_port()}")

    with process, pytest.raises(ConfigurationError, match=f"^the server did not start: {says}$"):
        temporary_server._await(process, client, tmp_path / "log")


def test_server_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.temporary_server._STOP_S", 0.01)
    stubborn = ended("import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); signal.pause()")

    with stubborn:
        temporary_server._stop(stubborn)

    assert stubborn.returncode == -signal.SIGKILL


def test_server_that_has_ended_already_is_not_stopped_again() -> None:
    process = ended("")
    process.wait()

    with process:
        temporary_server._stop(process)

    assert process.returncode == 0


@pytest.mark.parametrize(
    ("host", "called"),
    [("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("", "127.0.0.1"), ("localhost", "localhost")],
)
def test_server_on_all_addresses_is_called_on_loopback(host: str, called: str) -> None:
    assert temporary_server._loopback(host) == called
