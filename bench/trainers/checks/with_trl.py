"""What TRL tokenises: the data sets of a real SFTTrainer and DPOTrainer."""

from datasets import load_dataset

import trl
from common import chat, failed, files_folder, meant, tell, tiny_model, tokenizer_of, ways

files = files_folder()
tokenizer = tokenizer_of(files)
OPTIONS = {"output_dir": str(files / "out"), "use_cpu": True, "bf16": False, "report_to": [], "max_length": None}


def rows_of(name):
    return load_dataset("json", data_files=str(files / f"{name}.jsonl"), split="train", cache_dir=str(files / "cache"))


def changed(rows, mapping):
    """Run the recipe, which makes `rows` of `rows`."""
    space = {"rows": rows}
    exec(mapping, space)  # the recipe is code
    return space["rows"]


def sft(name, how, mapping):
    try:
        rows = rows_of(name)
        rows = changed(rows, mapping)
        trainer = trl.SFTTrainer(
            model=tiny_model(tokenizer), args=trl.SFTConfig(**OPTIONS), train_dataset=rows, processing_class=tokenizer
        )
        found = [tokenizer.decode(row["input_ids"]) for row in trainer.train_dataset]
        tell("TRL SFT", trl.__version__, name, how, found, [chat(row) for row in meant(files, name)])
    except Exception as error:
        failed("TRL SFT", trl.__version__, name, how, error)


def dpo(name, how, mapping):
    try:
        rows = rows_of(name)
        rows = changed(rows, mapping)
        trainer = trl.DPOTrainer(
            model=tiny_model(tokenizer), ref_model=tiny_model(tokenizer), args=trl.DPOConfig(**OPTIONS), train_dataset=rows,
            processing_class=tokenizer,
        )
        found = []
        for row in trainer.train_dataset:
            asked = tokenizer.decode(row["prompt_ids"] if "prompt_ids" in row else row["prompt_input_ids"])
            for answer in ("chosen", "rejected"):
                ids = row.get(f"{answer}_ids") or row[f"{answer}_input_ids"]
                found.append(asked + tokenizer.decode(ids))
        wanted = [chat(row, answer) for row in meant(files, name) for answer in ("chosen", "rejected")]
        tell("TRL DPO", trl.__version__, name, how, found, wanted)
    except Exception as error:
        failed("TRL DPO", trl.__version__, name, how, error)


for name, how, mapping in ways(files, "TRL"):
    (dpo if name.startswith("preference") else sft)(name, how, mapping)
