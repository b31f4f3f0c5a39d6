"""The assistant on the real server: its page's commands by curl, a WebSocket client that others wrote, a browser."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from config import PROJECT_DIR
from tests.e2e.server import BUSY_S, RunningServer
from tests.e2e.test_service import fast_catalog, groq  # noqa: F401  # fixtures
from tests.vendors.dripping import MODEL, DrippingVendor
from tests.vendors.simulator import SimulatedVendor
from utils.access_tokens import hashed

PAGE = PROJECT_DIR / "docs" / "assistant.md"
WORDS = [f"word{number} " for number in range(20)]


@pytest.fixture
def vendor() -> Iterator[DrippingVendor]:
    with DrippingVendor(WORDS) as dripping:
        yield dripping


def blocks() -> list[str]:
    """Return the commands of the page, block by block."""
    return re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_every_command_of_the_page_works_as_written(
    tmp_path: Path,
    fast_catalog: Path,  # noqa: F811  # the fixture
    groq: SimulatedVendor,  # noqa: F811  # as above
) -> None:
    settings = {"groq_base_url": groq.url, "groq_api_key": "k", "catalog_dir": fast_catalog, "embedder": "off"}
    with RunningServer(tmp_path, **settings) as server:
        script = "\n".join(blocks()).replace("127.0.0.1:5001", f"127.0.0.1:{server.port}")
        here = f"{PROJECT_DIR / '.venv' / 'bin'}" if (PROJECT_DIR / ".venv" / "bin").is_dir() else ""
        script = script.replace("python3 cli.py", f"python3 {PROJECT_DIR / 'cli.py'}")
        environment = {**os.environ, "PATH": f"{here}:{os.environ['PATH']}", "PORT": str(server.port)}
        environment["DATA_DIR"] = str(tmp_path)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=4 * BUSY_S,
        )

    assert done.returncode == 0, done.stderr[-2000:]
    assert '"success":false' not in done.stdout
    assert done.stdout.count("data: [DONE]") >= 3
    assert "A person must not keep a boat in a harbour without a licence" in done.stdout


def test_page_uses_every_route_of_the_assistant() -> None:
    written = "\n".join(blocks())

    for route in (
        "/query ", "/query/stream", "/query/history", "/generate/stream", "/runs/$RUN\n", "/runs/$RUN/events",
        "/runs/$RUN/cancel", "/sessions/start", "/sessions/$SESSION/end", "/sessions\n", "include_events=1", "/events ",
        "/events?session_id", "POST $URL/memories", "PATCH $URL/memories", "DELETE $URL/memories", "/agents/graph",
        "$URL/search/products?q=", "POST $URL/search/products", "/products/$PRODUCT", "POST $URL/products",
    ):  # fmt: skip
        assert route in written, route


# --- WebSocket -------------------------------------------------------------------------------


def received(socket: Any) -> list[dict[str, Any]]:
    """Receive until the end of a run."""
    found: list[dict[str, Any]] = []
    while not found or found[-1]["type"] not in ("end",):
        found.append(json.loads(socket.recv(timeout=BUSY_S)))
    return found


def test_websocket_has_the_same_events_resumes_and_cancels(tmp_path: Path, vendor: DrippingVendor) -> None:
    settings = {"openai_base_url": vendor.url, "openai_api_key": "k", "embedder": "off", "enable_websocket": True}
    query = {"query": "hello there", "model_provider": "openai", "model_name": MODEL}
    with RunningServer(tmp_path, **settings) as server:
        address = f"ws://127.0.0.1:{server.port}/ws/query"
        vendor.release(len(WORDS))
        with connect(address) as socket:
            socket.send(json.dumps(query))
            told = received(socket)
            run_id = told[0]["run_id"]
            socket.send(json.dumps({"type": "resume", "run_id": run_id, "last_event_id": 5}))
            again = received(socket)
            socket.send("no json")
            refused = json.loads(socket.recv(timeout=BUSY_S))
            socket.send(json.dumps({**query, "query": "hello again"}))
            vendor.release(2)
            while json.loads(socket.recv(timeout=BUSY_S))["type"] != "token":
                pass
            socket.send(json.dumps({"type": "cancel"}))
            cancelled = received(socket)
        stream = server.session.get(f"{server.url}/runs/{run_id}/events", timeout=BUSY_S).text

    same = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: {")]
    assert [{key: value for key, value in event.items() if key != "id"} for event in told[:-1]] == same
    assert [event["id"] for event in told[:-1]] == list(range(1, len(told)))
    assert again == told[5:]
    assert "".join(event["content"] for event in told if event["type"] == "token") == "".join(WORDS)
    assert (refused["type"], refused["code"]) == ("error", "input_error")
    assert (cancelled[-2]["type"], cancelled[-2]["code"]) == ("error", "cancelled")


def test_websocket_asks_for_token_role_and_origin(tmp_path: Path, vendor: DrippingVendor) -> None:
    write, reads = "a-writing-token-0123456789", "a-reading-token-0123456789"
    tokens = f"write:sha256:{hashed(write)},read:sha256:{hashed(reads)}"
    settings = {"openai_base_url": vendor.url, "openai_api_key": "k", "embedder": "off", "enable_websocket": True}
    with RunningServer(tmp_path, **settings, api_tokens=tokens) as server:
        address = f"ws://127.0.0.1:{server.port}/ws/query"
        refused = []
        for path, origin in (
            ("", None),
            (f"?access_token={reads}", None),
            (f"?access_token={write}", "http://evil.example"),
        ):
            with pytest.raises(InvalidStatus) as caught:
                connect(f"{address}{path}", origin=Origin(origin) if origin else None)
            refused.append(caught.value.response.status_code)
        with connect(f"{address}?access_token={write}", origin=Origin("http://localhost:3000")) as socket:
            socket.send(json.dumps({"query": "How many samples do we have?"}))
            done = received(socket)[-2]
        with connect(address, additional_headers={"Authorization": f"Bearer {write}"}) as socket:
            socket.send(json.dumps({"query": "How many samples do we have?"}))
            assert received(socket)[-2]["type"] == "done"

    assert refused == [401, 403, 403]
    assert done["type"] == "done"


def test_websocket_is_not_there_unless_it_was_switched_on(tmp_path: Path, vendor: DrippingVendor) -> None:
    with (
        RunningServer(tmp_path, openai_base_url=vendor.url, openai_api_key="k", embedder="off") as server,
        pytest.raises(InvalidStatus) as caught,
    ):
        connect(f"ws://127.0.0.1:{server.port}/ws/query")

    assert caught.value.response.status_code == 404
