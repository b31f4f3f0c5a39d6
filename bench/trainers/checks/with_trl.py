"""What TRL tokenises and learns: real SFTTrainer, DPOTrainer, RewardTrainer and GRPOTrainer."""

import trl
from common import (
    chat,
    failed,
    files_folder,
    form_of,
    learnt,
    marked,
    meant,
    prompt,
    tell,
    tiny_model,
    tokenizer_of,
    trained,
    ways,
)
from datasets import load_dataset

files = files_folder()
tokenizer = tokenizer_of(files)
ANSWERS = ("chosen", "rejected")
OPTIONS = {
    "output_dir": str(files / "out"), "use_cpu": True, "bf16": False, "report_to": [], "max_steps": 4, "logging_steps": 1,
    "learning_rate": 0.02, "lr_scheduler_type": "constant", "save_strategy": "no", "seed": 0, "gradient_checkpointing": False,
}  # fmt: skip
# Of each format this file is trained on.
TRAINED = {"messages-think", "prompts", "preference_messages"}


def rows_of(name, mapping):
    """Return the rows as the recipe makes them of `rows`."""
    cache = str(files / "cache")
    space = {"rows": load_dataset("json", data_files=str(files / f"{name}.jsonl"), split="train", cache_dir=cache)}
    exec(mapping, space)  # the recipe is code
    return space["rows"]


def train(trainer, label, name, how):
    """Train a few steps on all rows at once, where it is a file that is trained on."""
    if name in TRAINED and how == HOW_TRAINED.get(name, "as it is"):
        trainer.train()
        trained(label, trl.__version__, name, [log["loss"] for log in trainer.state.log_history if "loss" in log])


HOW_TRAINED = {"messages-think": "recipe"}


def sft(name, how, mapping):
    args = trl.SFTConfig(**OPTIONS, per_device_train_batch_size=3, max_length=None)
    trainer = trl.SFTTrainer(tiny_model(tokenizer), args, train_dataset=rows_of(name, mapping), processing_class=tokenizer)
    found = []
    for row in trainer.train_dataset:
        batch = trainer.data_collator([row])
        found.append(marked(tokenizer, batch["input_ids"][0].tolist(), batch["labels"][0].tolist()))
    tell("TRL SFT", trl.__version__, name, how, found, [learnt(row) for row in meant(files, name)])
    train(trainer, "TRL SFT", name, how)


def dpo(name, how, mapping):
    args = trl.DPOConfig(**OPTIONS, per_device_train_batch_size=3, max_length=None)
    trainer = trl.DPOTrainer(
        tiny_model(tokenizer), tiny_model(tokenizer), args, train_dataset=rows_of(name, mapping), processing_class=tokenizer
    )
    found = []
    for row in trainer.train_dataset:
        for answer in ANSWERS:
            asked, said = row["prompt_ids"], row[f"{answer}_ids"]
            found.append(marked(tokenizer, asked + said, [-100] * len(asked) + said))
    wanted = [learnt(row, answer) for row in meant(files, name) for answer in ANSWERS]
    tell("TRL DPO", trl.__version__, name, how, found, wanted)
    train(trainer, "TRL DPO", name, how)


def reward(name, how, mapping):
    from transformers import Qwen2ForSequenceClassification

    config = tiny_model(tokenizer).config
    config.num_labels, config.pad_token_id = 1, tokenizer.pad_token_id
    args = trl.RewardConfig(**OPTIONS, per_device_train_batch_size=3, max_length=None)
    trainer = trl.RewardTrainer(
        Qwen2ForSequenceClassification(config), args, train_dataset=rows_of(name, mapping), processing_class=tokenizer
    )
    found = [tokenizer.decode(row[f"{answer}_ids"]) for row in trainer.train_dataset for answer in ANSWERS]
    wanted = [chat(row, answer) for row in meant(files, name) for answer in ANSWERS]
    tell("TRL reward", trl.__version__, name, how, found, wanted)
    train(trainer, "TRL reward", name, how)


def grpo(name, how, mapping):
    """See what the model is asked, and that the reward function is given the answer of that very prompt."""
    seen = {}

    def starts_alike(prompts, completions, answer, **_):
        for asked, reference in zip(prompts, answer):
            seen[asked[-1]["content"]] = reference
        return [float(len(set(said[0]["content"]) & set(reference))) for said, reference in zip(completions, answer)]

    args = trl.GRPOConfig(
        **{**OPTIONS, "max_steps": 2}, per_device_train_batch_size=6, num_generations=2, max_completion_length=8
    )
    trainer = trl.GRPOTrainer(
        tiny_model(tokenizer), starts_alike, args, train_dataset=rows_of(name, mapping), processing_class=tokenizer
    )
    score, asked = trainer._generate_and_score_completions, set()

    def scored(inputs):
        made = score(inputs)
        for ids, mask in zip(made["prompt_ids"], made["prompt_mask"]):
            asked.add(tokenizer.decode(ids[mask.bool()]))
        return made

    trainer._generate_and_score_completions = scored
    trainer.train()
    rows = meant(files, name)
    wanted = sorted(f"{prompt(row)}{row['answer']}" for row in rows)
    told = {text: next((row["question"] for row in rows if row["question"] in text), "") for text in asked}
    found = sorted(f"{text}{seen.get(question, '')}" for text, question in told.items())
    tell("TRL GRPO", trl.__version__, name, how, found, wanted)


for name, how, mapping in ways(files, "TRL"):
    form = form_of(name)
    runs = {"prompts": (grpo,), "preferences": (dpo,), "preference_openai": (), "preference_messages": (dpo, reward)}
    for run in runs.get(form, (sft,)):
        try:
            run(name, how, mapping)
        except Exception as error:
            failed(f"TRL {run.__name__.upper() if run is not reward else 'reward'}", trl.__version__, name, how, error)
