"""What Mistral's own library makes of a file for its fine-tuning: its rules, and its newest tokenizer that it ships."""

import json
import re

import mistral_common
from common import failed, files_folder, meant, tell, ways
from mistral_common.protocol.instruct.messages import AssistantMessage, SystemMessage, UserMessage
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.protocol.instruct.validator import ValidationMode
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

files = files_folder()
NAME, VERSION = "mistral-common", mistral_common.__version__
FILE = MistralTokenizer._data_path() / "mistral_instruct_tokenizer_241114.model.v7"
tokenizer = MistralTokenizer.from_file(str(FILE), mode=ValidationMode.finetuning)
BYTES = re.compile("(?:<0x[0-9A-F]{2}>)+")  # what its vocabulary has no piece for
KINDS = {"system": SystemMessage, "user": UserMessage, "assistant": AssistantMessage}


def said(conversation):
    """Return the text of a conversation after Mistral's rules and tokenizer, with its control tokens."""
    messages = [KINDS[turn["role"]](content=turn["content"]) for turn in conversation]
    made = tokenizer.encode_chat_completion(ChatCompletionRequest(messages=messages))
    inner = tokenizer.instruct_tokenizer.tokenizer
    ids = made.tokens if hasattr(made, "tokens") else made
    text = inner.decode(ids, special_token_policy="keep").replace("\u2581", " ")
    return BYTES.sub(lambda run: bytes.fromhex(run[0].replace("<0x", "").replace(">", "")).decode(), text)


def wanted(row):
    """Return the same, as Mistral's template of that version is."""
    system = f"[SYSTEM_PROMPT] {row['system']}[/SYSTEM_PROMPT]" if row["system"] else ""
    return f"<s>{system}[INST] {row['question']}[/INST] {row['answer']}</s>"


for name, how, _ in ways(files, NAME):
    try:
        lines = [json.loads(line) for line in (files / f"{name}.jsonl").read_text().splitlines()]
        tell(NAME, VERSION, name, how, [said(line["messages"]) for line in lines], [wanted(row) for row in meant(files, name)])
    except Exception as error:
        failed(NAME, VERSION, name, how, error)
