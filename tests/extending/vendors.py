"""The vendor with a wire of its own that `docs/howto/add-a-wire.md` tells of, simulated on loopback."""

import json

from tests.vendors.simulator import Reply, SimulatedVendor


class ParleyVendor(SimulatedVendor):
    """Answers a prompt with a text."""

    def __init__(self) -> None:
        super().__init__("groq", ["parley-1"])  # for an address without a version

    async def answer(self, path: str, headers: dict[str, str], raw: bytes | None) -> Reply:
        self.paths.append(path)
        if path == "/models":
            return Reply(body={"models": self.models})
        asked = json.loads(raw or b"{}")
        self.requests.append(asked)
        self.headers.append(headers)
        fault = self.fault(len(self.requests), asked)
        if fault is not None:
            return fault
        text = self.content(asked["prompt"], len(self.requests))
        read, written = len(asked["prompt"]) // 4, len(text) // 4
        return Reply(body={"text": text, "read": read, "written": written, "ended": "complete"})
