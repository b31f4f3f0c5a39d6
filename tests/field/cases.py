"""The inputs from the field: `field-cases.jsonl` of the shared data, by the way each is run."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_SHARED = Path(os.environ.get("SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
_FILE = _SHARED / "field-cases.jsonl"


@dataclass(frozen=True)
class FieldCase:
    """An input from the field.

    Attributes:
        input: What is sent: a text, rows, an answer of a vendor.
        wanted: The right value, by what is looked at.
    """

    id: str
    kind: str
    input: Any
    wanted: dict[str, Any]


def field_cases(how: str) -> "pytest.MarkDecorator":
    """Return one test for each case that is run in the way that begins with *how*; one skip where there are none."""
    lines = _FILE.read_text("utf-8").splitlines() if _FILE.exists() else ()
    rows = [row for row in map(json.loads, lines) if row["how"].startswith(how)]
    cases = [FieldCase(row["id"], row["kind"], row["input"], row["wanted"]) for row in rows]
    if not cases:
        missing = pytest.param(None, marks=pytest.mark.skip("the shared data are not here"), id="none")
        return pytest.mark.parametrize("case", [missing])
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in cases])
