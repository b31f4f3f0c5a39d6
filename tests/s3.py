"""S3 of the tests' own: moto as a process, on a free port of loopback."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from tests.patience import until

BUCKET = "bucket"


class S3Server:
    """An S3 that keeps its objects in memory, with one bucket."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers)
        requests.put(f"{self.endpoint}/{BUCKET}", timeout=10).raise_for_status()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def address(self, prefix: str) -> str:
        """Return how a folder of the bucket is named."""
        return f"s3://{BUCKET}/{prefix}?endpoint={self.endpoint}&region=us-east-1"

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.endpoint}/moto-api/", timeout=1).ok
        except requests.RequestException:
            return False


@pytest.fixture(scope="session")
def s3_session() -> Iterator[S3Server]:
    server = S3Server()
    server.start()
    yield server
    server.kill()


@pytest.fixture
def s3(s3_session: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The session's server; whoever tests with it takes a prefix of its own."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return s3_session


# Any will do: moto checks none.
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "of-the-tests"}
