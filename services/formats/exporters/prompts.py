"""Prompts with a reference answer, for GRPO and other training by rewards: the model writes the answers itself."""

from collections.abc import Mapping

from services.formats.export_format import ExportOptions, assistant_text, chat_format


def conversation(row: Mapping[str, object], options: ExportOptions) -> dict[str, object]:
    """Return `{"prompt": [{role, content}, …], "answer": text}`; the reward function is given the answer."""
    system = [{"role": "system", "content": options.system_prompt}] if options.system_prompt else []
    return {
        "prompt": [*system, {"role": "user", "content": row["question"]}],
        "answer": assistant_text(row, options),
    }


SPEC = chat_format("prompts", "Prompts as messages with a reference answer, for GRPO", conversation)
