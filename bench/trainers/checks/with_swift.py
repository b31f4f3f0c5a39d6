"""What ms-swift tokenises: its own loader, preprocessor and template."""

import json
import shlex

import swift
from common import failed, files_folder, learnt, marked, meant, tell, tokenizer_of, trained, ways
from swift.dataset import load_dataset
from swift.model import get_model_processor
from swift.template import get_template

files = files_folder()
tokenizer_of(files)
_, tokenizer = get_model_processor(str(files / "tokenizer"), load_model=False, model_type="qwen2")


def texts_of(row, ranking):
    template = get_template(tokenizer, template_type="qwen2_5")
    template.set_mode("rlhf" if ranking else "train")
    made = template.encode(row)
    if not ranking:
        return [marked(tokenizer, made["input_ids"], made["labels"])]
    return [marked(tokenizer, made[f"{answer}_input_ids"], made[f"{answer}_labels"]) for answer in ("chosen", "rejected")]


def check(name, how, mapping):
    ranking = name.startswith("preference")
    columns = json.loads(shlex.split(mapping)[1]) if mapping else None
    try:
        rows, _ = load_dataset([str(files / f"{name}.jsonl")], columns=columns, strict=False, load_from_cache_file=False)
        found = [text for row in rows for text in texts_of(row, ranking)]
        answers = ("chosen", "rejected") if ranking else ("answer",)
        tell("ms-swift", swift.__version__, name, how, found, [learnt(row, one) for row in meant(files, name) for one in answers])
    except Exception as error:
        failed("ms-swift", swift.__version__, name, how, error)


for way in ways(files, "ms-swift"):
    check(*way)
