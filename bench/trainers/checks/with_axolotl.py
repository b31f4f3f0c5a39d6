"""What Axolotl tokenises: its own configuration, loader and prompt strategies."""

from importlib.metadata import version

import datasets
import yaml
from axolotl.cli.config import load_cfg
from axolotl.utils.data import prepare_datasets, prepare_preference_datasets
from common import BEGIN, END, failed, files_folder, form_of, learnt, marked, meant, tell, tokenizer_of, trained, ways



def in_this_process(run):
    """Return *run* without workers, since each would import all of Axolotl again."""
    return lambda self, *args, **options: run(self, *args, **{**options, "num_proc": None})


for method in ("map", "filter", "save_to_disk"):
    setattr(datasets.Dataset, method, in_this_process(getattr(datasets.Dataset, method)))

files = files_folder()
tokenizer = tokenizer_of(files)
VERSION = version("axolotl")


def configuration(name, entry, ranking):
    config = {
        "base_model": str(files / "tokenizer"), "datasets": [{"path": str(files / f"{name}.jsonl"), "ds_type": "json", **entry}],
        "sequence_len": 4096, "micro_batch_size": 1, "gradient_accumulation_steps": 1, "num_epochs": 1, "learning_rate": 1e-4,
        "output_dir": str(files / "out"), "dataset_prepared_path": str(files / "prepared" / VERSION), "optimizer": "adamw_torch",
        "lr_scheduler": "cosine", "bf16": False, "val_set_size": 0, "shuffle_merged_datasets": False, "train_on_inputs": False,
        "is_preprocess": True, "skip_prepare_dataset": False, **({"rl": "dpo"} if ranking else {}),
    }  # fmt: skip
    path = files / "axolotl.yml"
    path.write_text(yaml.safe_dump(config))
    return load_cfg(str(path))


def check(name, how, entry, ranking=False):
    try:
        cfg = configuration(name, entry, ranking)
        if ranking:
            rows, _ = prepare_preference_datasets(cfg, tokenizer)
            found = [f"{row['prompt']}{BEGIN}{row[answer]}{END}" for row in rows for answer in ("chosen", "rejected")]
            wanted = [learnt(row, answer) for row in meant(files, name) for answer in ("chosen", "rejected")]
        else:
            rows, *_ = prepare_datasets(cfg, tokenizer)
            found = [marked(tokenizer, row["input_ids"], row["labels"]) for row in rows]
            wanted = [learnt(row) for row in meant(files, name)]
        tell("Axolotl", VERSION, name, how, sorted(found), sorted(wanted))
    except BaseException as error:
        failed("Axolotl", VERSION, name, how, error)


PLAIN = {"messages": "chat_template", "sharegpt": "sharegpt", "alpaca": "alpaca", "parquet": "alpaca"}


def entry_of(name, mapping):
    if mapping:
        entry = yaml.safe_load(mapping)["datasets"][0]
        return {key: value for key, value in entry.items() if key != "path"}
    return {"type": PLAIN.get(form_of(name), "chat_template.default"), "split": "train"}


if __name__ == "__main__":  # its workers import this file again
    for name, how, mapping in ways(files, "Axolotl"):
        check(name, how, entry_of(name, mapping), name.startswith("preference"))
