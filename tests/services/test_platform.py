"""The facade: what entry points may call is known to the type checker."""

import subprocess
import sys
from pathlib import Path

import pytest

from config import PROJECT_DIR

_CALLS = {
    "services().batches.strat(body)": '"BatchService" has no attribute "strat"',
    "services().bathces.start(body)": '"Platform" has no attribute "bathces"',
    'services().batches.start(body)["batchid"]': 'TypedDict "Batch" has no key "batchid"',
    "services().batches.start(1)": 'Argument 1 to "start" of "BatchService" has incompatible type "int"',
    "services().monitor.report(body)": 'Argument 1 to "report" of "BatchMonitor" has incompatible type',
}
_RIGHT = 'services().batches.start(body)["batch_id"]'


def checked(folder: Path, statements: list[str]) -> str:
    """Return what mypy says of *statements* in a view, by the settings of `make check`."""
    module = folder / "snippet.py"
    lines = ["from api.edge.deps import services", "from models.contract.bodies import BatchRequest", ""]
    lines += ["def view(body: BatchRequest) -> None:", *(f"    {statement}" for statement in statements)]
    module.write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "mypy", "--config-file", str(PROJECT_DIR / "pyproject.toml"), str(module)]
    return subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=False).stdout


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return checked(tmp_path_factory.mktemp("snippet"), [*_CALLS, _RIGHT]).splitlines()


@pytest.mark.parametrize(("number", "says"), list(enumerate(_CALLS.values(), 5)), ids=list(_CALLS))
def test_wrong_call_of_a_service_fails_the_type_check(told: list[str], number: int, says: str) -> None:
    assert any(f"snippet.py:{number}: error" in line and says in line for line in told), told


def test_right_call_passes_it(told: list[str]) -> None:
    assert not any(f"snippet.py:{5 + len(_CALLS)}: error" in line for line in told)
    assert f"Found {len(_CALLS)} errors" in told[-1]
