"""Alpaca instructions."""

from collections.abc import Mapping
from typing import Any

from services.export_format import ExportOptions, assistant_text, chat_format


def conversation(row: Mapping[str, Any], options: ExportOptions) -> dict[str, Any]:
    """Return `{instruction, input, output}`, and `system` where one is given."""
    system = {"system": options.system_prompt} if options.system_prompt else {}
    return {**system, "instruction": row["question"], "input": "", "output": assistant_text(row, options)}


SPEC = chat_format("alpaca", "Alpaca instructions", conversation)
