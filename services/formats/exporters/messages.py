"""Chat messages, as OpenAI's fine-tuning and most trainers take them."""

from collections.abc import Mapping

from services.formats.export_format import ExportOptions, assistant_text, chat_format


def conversation(row: Mapping[str, object], options: ExportOptions) -> dict[str, object]:
    """Return `{"messages": [{role, content}, …]}`."""
    system = [{"role": "system", "content": options.system_prompt}] if options.system_prompt else []
    return {
        "messages": [
            *system,
            {"role": "user", "content": row["question"]},
            {"role": "assistant", "content": assistant_text(row, options)},
        ]
    }


SPEC = chat_format("messages", "Chat messages (role, content), which most trainers take as they are", conversation)
