"""What LLaMA-Factory tokenises: its own loader, converter, template and processor, by a dataset_info.json."""

import json

from common import failed, files_folder, form_of, learnt, marked, meant, tell, tokenizer_of, trained, ways
from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.extras.env import VERSION
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer
from llamafactory.train.tuner import run_exp

files = files_folder()
tokenizer_of(files)
ANSWERS = ("chosen", "rejected")
STEPS = {
    "max_steps": 4, "logging_steps": 1, "learning_rate": 0.02, "lr_scheduler_type": "constant", "save_strategy": "no",
    "per_device_train_batch_size": 3, "overwrite_output_dir": True, "disable_gradient_checkpointing": True,
}  # fmt: skip
TRAINED = {"messages-think", "preferences"}


def check(name, how, mapping):
    stage = "dpo" if name.startswith("preference") else "sft"
    entry = json.loads(mapping)["law"] if mapping else {}
    if mapping and form_of(name) == "alpaca" and not meant(files, name)[0]["system"]:  # as the recipe's note says of an export without system_prompt
        del entry["columns"]["system"]
    (files / "dataset_info.json").write_text(json.dumps({"law": {**entry, "file_name": f"{name}.jsonl"}}))
    options = {
        "model_name_or_path": str(files / "tokenizer"), "stage": stage, "do_train": True, "finetuning_type": "full",
        "dataset": "law", "dataset_dir": str(files), "template": "qwen", "output_dir": str(files / f"out-{name}"),
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
            found = [marked(tokenizer, row["input_ids"], row["labels"]) for row in rows]
            wanted = [learnt(row) for row in meant(files, name)]
        else:
            found = [
                marked(tokenizer, row[f"{answer}_input_ids"], row[f"{answer}_labels"]) for row in rows for answer in ANSWERS
            ]
            wanted = [learnt(row, answer) for row in meant(files, name) for answer in ANSWERS]
        tell("LLaMA-Factory", VERSION, name, how, found, wanted)
        if mapping and name in TRAINED:
            run_exp({**options, **STEPS})
            log = (files / f"out-{name}" / "trainer_log.jsonl").read_text().splitlines()
            trained("LLaMA-Factory", VERSION, name, [line["loss"] for line in map(json.loads, log) if "loss" in line])
    except Exception as error:
        failed("LLaMA-Factory", VERSION, name, how, error)


for way in ways(files, "LLaMA-Factory"):
    check(*way)
