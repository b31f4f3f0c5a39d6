"""Shared by the benchmarks of the engine: the real service against simulated vendors, both on this machine."""

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config import PROJECT_DIR
from tests.e2e.server import RunningServer
from tests.vendors.process import VendorProcess

_TICKS = os.sysconf("SC_CLK_TCK")
_RESIDENT = re.compile(r"VmRSS:\s+(\d+) kB")


def catalog(folder: Path, limits: dict[str, dict[str, int]] | None = None, project: Path = PROJECT_DIR) -> Path:
    """Copy the catalogue to *folder* with limits by provider; without a limit where none is given."""
    copy = Path(shutil.copytree(project / "catalog", folder / "catalog"))
    path = copy / "providers.toml"
    tables = path.read_text().split("[[provider]]")
    for number, table in enumerate(tables[1:], 1):
        found = re.search(r'^id = "(\w+)"', table, re.MULTILINE)
        assert found
        values = {"requests_per_minute": 1_000_000, "tokens_per_minute": 1_000_000_000}
        values |= (limits or {}).get(found.group(1), {})
        for name, value in values.items():
            table = re.sub(rf"^{name} = \d+\n", "", table, flags=re.MULTILINE)  # noqa: PLW2901
            table += f"{name} = {value}\n\n"  # noqa: PLW2901
        tables[number] = table
    path.write_text("[[provider]]".join(tables))
    return copy


@contextmanager
def service(
    vendors: VendorProcess,
    limits: dict[str, dict[str, int]] | None = None,
    project: Path = PROJECT_DIR,
    python: str = sys.executable,
    **settings: Any,
) -> Iterator[RunningServer]:
    """Run the service of the checkout *project* by the interpreter *python*, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-engine-") as name:
        folder = Path(name)
        values = {
            "catalog_dir": catalog(folder, limits, project),
            "log_level": "WARNING",
            **vendors.settings(),
            **settings,
        }
        server = RunningServer(folder, **values)
        server.project, server.python = project, python
        with server:
            yield server


def finish(server: RunningServer, batch_id: str, every_s: float = 0.1) -> Any:
    """Wait for the end of a batch; return its object."""
    while True:
        batch = server.get(f"generate/batch/status?batch_id={batch_id}")
        if not batch["running"]:
            return batch
        time.sleep(every_s)


def processes(server: RunningServer) -> list[int]:
    """Return the process ids of the server: parent and worker."""
    assert server.process
    parent = server.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *map(int, children)]


def cpu_s(server: RunningServer) -> float:
    """Return the CPU seconds that the server has used."""
    total = 0
    for pid in processes(server):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def resident_mib(server: RunningServer) -> float:
    """Return the resident memory of the server's processes together."""
    found = [_RESIDENT.search(Path(f"/proc/{pid}/status").read_text()) for pid in processes(server)]
    return sum(int(match.group(1)) for match in found if match is not None) / 1024
