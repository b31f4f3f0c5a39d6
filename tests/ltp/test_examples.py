"""The notebooks: each is run from top to bottom against a service whose vendor is simulated."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config import PROJECT_DIR
from tests.e2e.server import BUSY_S, RunningServer
from tests.fakes import catalog_without_limits
from tests.vendors.simulator import SimulatedVendor

EXAMPLES = sorted((PROJECT_DIR / "examples").glob("*.ipynb"))


def cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    catalog = catalog_without_limits(tmp_path_factory.mktemp("catalog"))
    with SimulatedVendor("groq", ["openai/gpt-oss-120b"]) as groq:
        settings = {"groq_api_key": "gsk_test_0123456789", "groq_base_url": groq.url, "catalog_dir": catalog}
        with RunningServer(tmp_path_factory.mktemp("data"), **settings) as running:
            yield running.url.removesuffix("/api")


def run(name: str, service: str, folder: Path, shown: str) -> Any:
    """Run the notebook *name* in *folder*; return what the expression *shown* is at its end."""
    program = "\n".join("".join(cell["source"]) for cell in cells(PROJECT_DIR / "examples" / f"{name}.ipynb"))
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport json, sys\njson.dump({shown}, sys.stdout)"],
        env={**os.environ, "LTP_URL": service, "PYTHONPATH": str(PROJECT_DIR), "HOME": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=BUSY_S * 2,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_notebook_holds_no_output(path: Path) -> None:
    assert [cell for cell in cells(path) if cell["outputs"] or cell["execution_count"] is not None] == []


def test_quickstart_makes_a_sample_and_a_batch(service: str, tmp_path: Path) -> None:
    shown = "[state, len(questions), refusal.code, bool(text), sample['question'] != '']"

    assert run("quickstart", service, tmp_path, shown) == ["completed: 4 of 4", 4, "not_found", True, True]


def test_data_set_is_generated_reviewed_exported_and_loaded(service: str, tmp_path: Path) -> None:
    shown = "[batch['status'], product['samples'], len(data['train']), len(data['validation']), data['train'][0]]"

    status, samples, train, validation, first = run("data_set", service, tmp_path, shown)

    assert (status, samples, train + validation) == ("completed", 6, 6)
    assert train > 0 < validation
    assert [message["role"] for message in first["messages"]][-2:] == ["user", "assistant"]
