"""ShareGPT conversations, with the roles human and gpt; `services/formats/recipes.py` says who takes them how."""

from collections.abc import Mapping

from services.formats.export_format import ExportOptions, assistant_text, chat_format


def conversation(row: Mapping[str, object], options: ExportOptions) -> dict[str, object]:
    """Return `{"conversations": [{from, value}, …]}`."""
    system = [{"from": "system", "value": options.system_prompt}] if options.system_prompt else []
    return {
        "conversations": [
            *system,
            {"from": "human", "value": row["question"]},
            {"from": "gpt", "value": assistant_text(row, options)},
        ]
    }


SPEC = chat_format("sharegpt", "ShareGPT conversations (from, value)", conversation)
