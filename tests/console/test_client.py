"""The client of the REST API."""

from typing import Any

import pytest
import requests

from console.client import Client


def test_broken_stream_is_followed_by_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client("http://127.0.0.1:9")
    states = iter([{"running": True, "status": "running"}, {"running": False, "status": "completed"}])

    def broken(_: str) -> Any:
        raise requests.ConnectionError
        yield

    monkeypatch.setattr(client, "_stream", broken)
    monkeypatch.setattr(client, "get", lambda *_, **__: next(states))

    assert [batch["running"] for batch in client.follow("b")] == [True, False]
