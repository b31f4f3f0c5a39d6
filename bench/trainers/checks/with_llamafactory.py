"""What LLaMA-Factory tokenises: its own loader, converter, template and processor, by a dataset_info.json."""

import json

from common import chat, failed, files_folder, meant, tell, tokenizer_of, ways
from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.extras.env import VERSION
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer

files = files_folder()
tokenizer_of(files)


def check(name, how, mapping):
    stage = "dpo" if name.startswith("preference") else "sft"
    entry = json.loads(mapping)["law"] if mapping else {}
    if name == "alpaca" and mapping:  # as the recipe's note says of an export without system_prompt
        del entry["columns"]["system"]
    (files / "dataset_info.json").write_text(json.dumps({"law": {**entry, "file_name": f"{name}.jsonl"}}))
    options = {
        "model_name_or_path": str(files / "tokenizer"), "stage": stage, "do_train": True, "finetuning_type": "full",
        "dataset": "law", "dataset_dir": str(files), "template": "qwen", "output_dir": str(files / "out"),
        "overwrite_cache": True, "preprocessing_num_workers": 1, "cutoff_len": 4096, "report_to": "none", "use_cpu": True,
        "cache_dir": str(files / "cache"), "remove_unused_columns": False,
    }  # fmt: skip
    try:
        model_args, data_args, training_args, _, _ = get_train_args(options)
        loaded = load_tokenizer(model_args)
        tokenizer = loaded["tokenizer"]
        template = get_template_and_fix_tokenizer(tokenizer, data_args)
        made = get_dataset(template, model_args, data_args, training_args, "rm" if stage == "dpo" else stage, **loaded)
        rows = made["train_dataset"]
        if stage == "sft":
            found = [tokenizer.decode(row["input_ids"]) for row in rows]
            wanted = [chat(row) for row in meant(files, name)]
        else:
            found = [tokenizer.decode(row[f"{answer}_input_ids"]) for row in rows for answer in ("chosen", "rejected")]
            wanted = [chat(row, answer) for row in meant(files, name) for answer in ("chosen", "rejected")]
        tell("LLaMA-Factory", VERSION, name, how, found, wanted)
    except Exception as error:
        failed("LLaMA-Factory", VERSION, name, how, error)


for way in ways(files, "LLaMA-Factory"):
    check(*way)
