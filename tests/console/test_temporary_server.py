"""A server for the length of one command."""

from pathlib import Path

import pytest

from config import Settings
from console import temporary_server
from console.client import Client, RequestRefusedError
from console.temporary_server import client_for
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
