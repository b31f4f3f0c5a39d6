"""Simulated vendors in a process of their own: `python -m tests.vendors [--host ADDRESS] groq cerebras …`.

Prints one line of JSON, {kind: base URL}, and serves until its standard input closes.
Each vendor takes `POST /_set` and `GET /_stats` (`tests.vendors.process` speaks both).
"""

import argparse
import asyncio
import contextlib
import json
import sys

from tests.vendors.simulator import SimulatedVendor

MODELS = {
    "groq": ["openai/gpt-oss-120b", "openai/gpt-oss-20b"],
    "cerebras": ["gpt-oss-120b"],
    "ollama": ["gpt-oss:120b", "gpt-oss:20b"],
    "openai": ["gpt-4.1-mini"],
    "google": ["gemini-3.8-flash", "gemini-3.5-flash-lite"],
    "anthropic": ["claude-sonnet-5-5", "claude-haiku-5-5"],
}


async def main(kinds: list[str], host: str = "127.0.0.1") -> None:
    """Serve one vendor of each kind at *host* until standard input ends."""
    vendors = [SimulatedVendor(kind, MODELS[kind]) for kind in kinds]
    for vendor in vendors:
        vendor.host = host
    servers = [await vendor.serve(0) for vendor in vendors]
    sys.stdout.write(json.dumps({vendor.kind: vendor.url for vendor in vendors}) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for server in servers:
        server.close()


if __name__ == "__main__":
    given = argparse.ArgumentParser()
    given.add_argument("--host", default="127.0.0.1")
    given.add_argument("kinds", nargs="*", default=list(MODELS))
    asked = given.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(asked.kinds, asked.host))
