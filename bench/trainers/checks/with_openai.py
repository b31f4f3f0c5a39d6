"""What a file for OpenAI's fine-tuning holds by OpenAI's own types, and what its rules say beside them.

Its library brings no reader of such files any more (the command `openai tools fine_tunes.prepare_data` is gone), so
the keys of a line are checked here: none but these, the last turn the assistant's.
"""

import json

import openai
from common import failed, files_folder, meant, tell, ways
from openai.types.chat import ChatCompletionMessageParam
from pydantic import TypeAdapter

files = files_folder()
NAME, VERSION = "OpenAI", openai.__version__
MESSAGES = TypeAdapter(list[ChatCompletionMessageParam])


def turns_of(line):
    """Return the conversations of a line; ValueError where a key stands that OpenAI does not know."""
    if line.keys() == {"messages"}:
        return [line["messages"]]
    if line.keys() == {"input", "preferred_output", "non_preferred_output"} and line["input"].keys() == {"messages"}:
        return [[*line["input"]["messages"], *line[name]] for name in ("preferred_output", "non_preferred_output")]
    raise ValueError(f"keys {sorted(line)}")


def said(conversation):
    checked = MESSAGES.validate_python(conversation)
    if checked[-1]["role"] != "assistant":
        raise ValueError("does not end with the assistant")
    return "\n".join(f"{turn['role']}: {turn['content']}" for turn in checked)


def wanted(row, answer):
    system = f"system: {row['system']}\n" if row["system"] else ""
    return f"{system}user: {row['question']}\nassistant: {row[answer]}"


for name, how, _ in ways(files, NAME):
    try:
        lines = [json.loads(line) for line in (files / f"{name}.jsonl").read_text().splitlines()]
        found = [said(turns) for line in lines for turns in turns_of(line)]
        answers = ("chosen", "rejected") if name.startswith("preference") else ("answer",)
        tell(NAME, VERSION, name, how, found, [wanted(row, one) for row in meant(files, name) for one in answers])
    except Exception as error:
        failed(NAME, VERSION, name, how, error)
