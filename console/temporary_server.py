"""Starts the real server for the length of one command, when none is running."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import PROJECT_DIR, Settings
from console.client import Client
from utils.access_tokens import hashed_form, new_token
from utils.errors import ConfigurationError
from utils.installation import START

_START_S = 60.0
_STOP_S = 10.0
_LOOK_S = 0.1


@contextmanager
def client_for(settings: Settings, url: str | None, log_file: Path) -> Iterator[Client]:
    """Yield a client of the service at *url*, else of the one running here, else of one started for this block.

    Args:
        settings: Address and data folder.
        url: A service to use instead, or None.
        log_file: Where a started server writes its log.

    Raises:
        ConfigurationError: no service answers at *url*, or none could be started.
    """
    client = Client(url or f"http://{_loopback(settings.host)}:{settings.port}", settings.secret("API_TOKEN"))
    if client.answers():
        yield client
        return
    if url is not None:
        raise ConfigurationError(f"{url}: no service answers there; start it with `{START}` or leave --url out")
    with _started(settings, log_file) as started:
        yield started


@contextmanager
def _started(settings: Settings, log_file: Path) -> Iterator[Client]:
    port = settings.port if _is_free(settings.port) else _free_port()
    token = new_token()
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "DATA_DIR": str(settings.data_dir)}
    environment["API_TOKENS"] = f"admin:{hashed_form(token)}"
    with log_file.open("ab") as log:
        server = subprocess.Popen(  # noqa: S603  # our own interpreter and file
            [sys.executable, str(PROJECT_DIR / "api_server.py")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    client = Client(f"http://127.0.0.1:{port}", token)
    try:
        _await(server, client, log_file)
        yield client
    finally:
        _stop(server)


def _await(server: "subprocess.Popen[bytes]", client: Client, log_file: Path) -> None:
    deadline = time.monotonic() + _START_S
    while not client.answers():
        if server.poll() is not None or time.monotonic() > deadline:
            lines = log_file.read_text(errors="replace").strip().splitlines()
            reasons = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
            last = reasons or lines or ["no message"]
            raise ConfigurationError(f"the server did not start: {last[-1]}")
        time.sleep(_LOOK_S)


def _stop(server: "subprocess.Popen[bytes]") -> None:
    if server.poll() is not None:
        return
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _loopback(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104  # compared with, not bound to  # nosec B104


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
