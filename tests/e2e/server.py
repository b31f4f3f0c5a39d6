"""Starts the real server as a process of its own, for tests that need one."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from config import PROJECT_DIR, Settings
from tests.databases import KIND, database_url, engine_for

# What a machine may take that runs much else beside the tests.
BUSY_S = 120
START_S = 200
# What a stop may take there: less than calls to a vendor, or clients, are waited for.
STOP_S = 60


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, port: int, **settings: object) -> dict[str, str]:
    """Return an environment with these settings and nobody else's."""
    inherited = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    values = {"DATA_DIR": folder, "MODEL_DIR": folder / "models", "PORT": port, "LOG_LEVEL": "INFO", **settings}
    if KIND != "sqlite":
        values.setdefault("database_uri", database_url(folder))
    values.setdefault("batch_engine", engine_for(str(values.get("database_uri", ""))))
    return {**inherited, **{name.upper(): str(value) for name, value in values.items()}}


class RunningServer:
    """`python api_server.py` on a port of its own; a context manager that ends it."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.project, self.python = PROJECT_DIR, sys.executable
        self.before: tuple[str, ...] = ()  # what runs the interpreter
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self._settings = settings
        self.log_file = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.session = requests.Session()
        self.session.trust_env = False

    def __enter__(self) -> "RunningServer":
        try:
            return self.start()
        except BaseException:  # nobody will leave what was not entered
            self.kill()
            self.session.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.end()
        self.session.close()

    @property
    def command(self) -> list[str]:
        """What starts it."""
        return [*self.before, self.python, str(self.project / "api_server.py")]

    def start(self) -> "RunningServer":
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=environment(self.folder, self.port, **self._settings),
                cwd=self.folder,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                if self.get("health/live")["status"] == "alive":
                    return self
            except (requests.RequestException, KeyError):
                assert self.process.poll() is None, self.log()
                time.sleep(0.05)  # a busy machine needs its cores for the start
        raise AssertionError(f"the server did not start: {self.log()}")

    def kill(self) -> None:
        """Kill parent and worker as a power cut would."""
        assert self.process
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> float:
        """Ask it to stop; return the seconds that took."""
        assert self.process
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(BUSY_S)
        return time.monotonic() - started

    def log(self) -> str:
        return self.log_file.read_text()

    def get(self, path: str) -> Any:
        return self.session.get(f"{self.url}/{path}", timeout=BUSY_S).json()

    def post(self, path: str, **body: object) -> Any:
        return self.session.post(f"{self.url}/{path}", json=body, timeout=BUSY_S).json()

    def wait_for_end(self, batch_id: str) -> Any:
        """Follow the stream until the batch has ended; return its last object."""
        import json

        with self.session.get(f"{self.url}/generate/batch/stream", stream=True, timeout=BUSY_S) as response:
            for line in response.iter_lines():
                if line.startswith(b"data: "):
                    message = json.loads(line[6:])
                    batch = message["batches"].get(batch_id) if "batches" in message else message["batch"]
                    if batch and batch["batch_id"] == batch_id and not batch["running"]:
                        return batch
        raise AssertionError("the stream ended before the batch")
