"""Alpaca instructions."""

from collections.abc import Mapping

from services.formats.export_format import ExportOptions, assistant_text, chat_format


def conversation(row: Mapping[str, object], options: ExportOptions) -> dict[str, object]:
    """Return `{instruction, input, output}`, and `system` where one is given."""
    system = {"system": options.system_prompt} if options.system_prompt else {}
    return {**system, "instruction": row["question"], "input": "", "output": assistant_text(row, options)}


SPEC = chat_format("alpaca", "Alpaca instructions", conversation)
