"""Two services on one PostgreSQL and one Redis behind a real nginx: one dies, and its users notice a reconnect."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from config import PROJECT_DIR
from tests.databases import needs_postgresql, postgres
from tests.e2e.server import BUSY_S, RunningServer, free_port
from tests.patience import until
from tests.redis_server import RedisServer, redis_server, redis_session
from tests.vendors.process import VendorProcess

__all__ = ["redis_server", "redis_session"]
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
pytestmark = [
    needs_postgresql,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    pytest.mark.timeout(300),
]


class Nginx:
    """nginx with the configuration of deploy/, its services those of a test."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.port = free_port()
        text = (
            (PROJECT_DIR / "deploy" / "nginx.conf").read_text().replace("listen 8080", f"listen 127.0.0.1:{self.port}")
        )
        for number, port in enumerate(ports, 1):
            text = text.replace(f"app-{number}:5001", f"127.0.0.1:{port}")
        paths = "".join(
            f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        file = folder / "nginx.conf"
        file.write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/error.log; user root;\n"
            f"events {{}}\nhttp {{ access_log off; {paths}\n{text}\n}}\n"
        )
        assert NGINX is not None
        self._process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(file)])
        until(self._answers)

    def _answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/api/health/live", timeout=BUSY_S).ok
        except requests.RequestException:
            assert self._process.poll() is None, "nginx did not start"
            return False

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(BUSY_S)


@pytest.fixture
def vendor() -> Iterator[VendorProcess]:
    with VendorProcess("openai") as made:
        yield made


@pytest.fixture
def servers(tmp_path: Path, redis_server: RedisServer, vendor: VendorProcess) -> Iterator[list[RunningServer]]:
    url = postgres().database(str(tmp_path))
    settings = {"database_uri": url, "redis_url": redis_server.url, "embedder": "off", **vendor.settings()}
    with RunningServer(tmp_path, **settings) as one, RunningServer(tmp_path, **settings) as other:
        yield [one, other]


@pytest.fixture
def address(tmp_path: Path, servers: list[RunningServer]) -> Iterator[str]:
    nginx = Nginx(tmp_path, [server.port for server in servers])
    yield f"http://127.0.0.1:{nginx.port}/api"
    nginx.end()


def followed(address: str, batch_id: str, last: str) -> tuple[dict[str, Any], str]:
    """Follow a batch until it has ended or the stream breaks; return what was seen last, and the last event's id."""
    headers = {"Last-Event-ID": last} if last else {}
    seen: dict[str, Any] = {}
    try:
        url = f"{address}/generate/batch/stream"
        with requests.get(url, stream=True, headers=headers, timeout=BUSY_S) as response:
            for line in response.iter_lines():
                if line.startswith(b"id: "):
                    last = line[4:].decode()
                elif line.startswith(b"data: "):
                    message = json.loads(line[6:])
                    seen = message.get("batches", {}).get(batch_id) or message.get("batch") or seen
                    if seen and not seen["running"]:
                        break
    except requests.RequestException:
        pass
    return seen, last


def test_a_service_that_is_killed_is_missed_by_nobody(
    address: str, servers: list[RunningServer], vendor: VendorProcess
) -> None:
    vendor.set("openai", latency_s=0.05)
    started = requests.post(f"{address}/generate/batch/start", json={"count": 40, "provider": "openai"}, timeout=BUSY_S)
    batch_id = started.json()["batch_id"]
    until(lambda: servers[1].get(f"batches/{batch_id}/report")["report"]["items"]["done"] >= 4)

    servers[0].kill()
    seen: dict[str, Any] = {}
    last, reconnects = "", 0
    while not seen or seen["running"]:
        seen, last = followed(address, batch_id, last)
        reconnects += 1
        assert reconnects < 200

    assert (seen["status"], seen["progress"]) == ("completed", 40)
    report = servers[1].get(f"batches/{batch_id}/report")["report"]
    assert report["items"]["done"] == 40
    # Nothing was asked of the vendor that the tables do not know; what was under way at the kill is in doubt.
    assert seen["attempts"] - seen["in_doubt"] <= vendor.stats("openai")["calls"] <= seen["attempts"]
    assert servers[1].get("samples/random")["success"]
    assert servers[1].get("health")["total_samples"] == 40
