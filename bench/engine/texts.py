"""Simulated vendors that write texts of one kind: `python -m bench.engine.texts alike|varied groq …`."""

import asyncio
import sys

from tests.vendors import __main__ as vendors
from tests.vendors.process import VendorProcess
from tests.vendors.simulator import SimulatedVendor
from tests.vendors.writer import write_json

KINDS = ("alike", "varied")


class _VariedVendor(SimulatedVendor):
    def __init__(self, kind: str, models: list[str]) -> None:
        super().__init__(kind, models)
        self.content = lambda prompt, number: write_json(prompt, number, is_varied=True)


class TextVendors(VendorProcess):
    """Vendors in one process whose samples are alike (a quarter of any two is the same) or varied."""

    def __init__(self, texts: str, *kinds: str) -> None:
        super().__init__(*kinds)
        self.module = ("bench.engine.texts", texts)


if __name__ == "__main__":
    texts, *kinds = sys.argv[1:]
    if texts == "varied":
        vendors.SimulatedVendor = _VariedVendor  # type: ignore[attr-defined,assignment]
    asyncio.run(vendors.main(kinds))
