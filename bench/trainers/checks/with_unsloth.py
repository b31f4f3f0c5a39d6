"""What Unsloth makes of a file for TRL: its standardize functions, on a machine without a GPU."""

from importlib.metadata import version

import unsloth  # must come first  # noqa: F401
from common import chat, failed, files_folder, meant, tell, tokenizer_of, ways
from datasets import load_dataset
from unsloth_zoo.dataset_utils import standardize_data_formats

files = files_folder()
tokenizer = tokenizer_of(files)


def check(name, how, mapping):
    try:
        rows = load_dataset("json", data_files=str(files / f"{name}.jsonl"), split="train", cache_dir=str(files / "cache"))
        rows = standardize_data_formats(rows)  # standardize_sharegpt is its other name
        column = next(name for name in ("conversations", "messages") if name in rows.column_names)
        found = [tokenizer.apply_chat_template(row[column], tokenize=False) for row in rows]
        tell("Unsloth", version("unsloth"), name, how, found, [chat(row) for row in meant(files, name)])
    except Exception as error:
        failed("Unsloth", version("unsloth"), name, how, error)


for name, how, mapping in ways(files, "Unsloth"):
    if how == "as it is" and not name.startswith("preference"):  # the one call is all that there is
        check(name, how, mapping)
