"""Holds the running service against its OpenAPI document with schemathesis: `conformance.py [EXAMPLES] [SECONDS]`.

All checks, all phases (examples, coverage, fuzzing, stateful), real server, simulated
vendors without limits. EXAMPLES is how many requests are drawn for each operation, SECONDS
how long it may take. Exit status 1 on any failure or any answer of 500. What is taken back of
the checks stands with its reason in schemathesis.toml. Everything shares this machine's cores.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.engine.common import service
from tests.fakes import SAMPLE
from tests.vendors.process import VendorProcess
from utils.secret_box import new_key

SETTINGS: dict[str, Any] = {
    "rate_limit": "off",
    "encryption_key": new_key(),
    "allow_private_base_urls": "true",
    "hf_endpoint": "http://127.0.0.1:9",  # nobody there: a push is refused, weights are not fetched
    "max_workers": 4,
    "log_level": "INFO",
}
_CONFIG = Path(__file__).with_name("schemathesis.toml")


def run(examples: int, seconds: int, phases: str = "examples,coverage,fuzzing,stateful") -> tuple[int, str]:
    """Return schemathesis' exit status, and its report with the server's faults behind it."""
    with VendorProcess("groq", "cerebras") as vendors, service(vendors, **SETTINGS) as server:
        server.post("import", content="\n".join(json.dumps({**SAMPLE, "id": f"s{number}"}) for number in range(20)))
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            *("--config-file", str(_CONFIG)),
            "run",
            f"{server.url}/openapi.json",
            *("--checks", "all", "--phases", phases, "--max-examples", str(examples)),
            *("--continue-on-failure", "--workers", "1", "--max-time", str(seconds)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        faults = re.findall(r"^.*request failed.*$", server.log(), re.MULTILINE)
        return done.returncode or len(faults), "\n".join([done.stdout, done.stderr, *faults])


def failures(report: str) -> str:
    """Return what a report says of failures and the server's faults: the warnings between are long and no failures."""
    return re.sub(r"^=+ WARNINGS =+$.*?^(?==+ SUMMARY =+$)", "", report, flags=re.MULTILINE | re.DOTALL)


def main() -> int:
    """Run it from the command line."""
    examples, seconds = (int(text) for text in [*sys.argv[1:], "30", "300"][:2])
    status, report = run(examples, seconds)
    print(report)
    return min(status, 1)


if __name__ == "__main__":
    sys.exit(main())
