"""Starts the simulated vendors as a process of their own and talks to their controls."""

import json
import subprocess
import sys
from typing import Any

import requests

from config import PROJECT_DIR

SETTINGS = {
    "groq": "groq_base_url",
    "cerebras": "cerebras_base_url",
    "ollama": "ollama_host",
    "openai": "openai_base_url",
}
KEYS = {
    "groq": ("groq_api_key", "gsk_test_0123456789"),
    "cerebras": ("cerebras_api_key", "csk-test-0123456789"),
    "ollama": ("ollama_api_key", "test-0123456789"),
    "openai": ("openai_api_key", "sk-test-0123456789"),
}


class VendorProcess:
    """Vendors of some kinds in one process; a context manager."""

    def __init__(self, *kinds: str) -> None:
        self._kinds = kinds
        self.module: tuple[str, ...] = ("tests.vendors",)  # and its arguments before the kinds
        self.urls: dict[str, str] = {}
        self._session = requests.Session()
        self._session.trust_env = False

    def __enter__(self) -> "VendorProcess":
        self._process = subprocess.Popen(
            [sys.executable, "-m", *self.module, *self._kinds],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PROJECT_DIR,
        )
        assert self._process.stdout
        self.urls = json.loads(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self._process.kill()
        self._process.communicate()

    def settings(self, *kinds: str) -> dict[str, str]:
        """Return the settings that lead the service to these vendors (all by default)."""
        found: dict[str, str] = {}
        for kind in kinds or self._kinds:
            name, key = KEYS[kind]
            found |= {SETTINGS[kind]: self.urls[kind], name: key}
        return found

    def set(self, kind: str, **behaviour: Any) -> None:
        """Change how a vendor behaves."""
        self._session.post(self._control(kind, "_set"), json=behaviour, timeout=60).raise_for_status()

    def stats(self, kind: str) -> Any:
        """Return what a vendor saw."""
        return self._session.get(self._control(kind, "_stats"), timeout=60).json()

    def log(self, kind: str) -> list[tuple[float, int, str, float]]:
        """Return every call that a vendor took: monotonic time, tokens, the caller's address, silent since."""
        rows = self._session.get(self._control(kind, "_log"), timeout=60).json()["log"]
        return [(at, tokens, who, since) for at, tokens, who, since in rows]

    def _control(self, kind: str, path: str) -> str:
        return f"{self.urls[kind].removesuffix('/v1')}/{path}"
