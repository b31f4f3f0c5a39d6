"""Trains a small model on the answers of one file and tells what it makes of the questions of another.

Runs in an environment of a trainer (torch, transformers, gguf): `python value_model.py JOB.json`; called by
bench/trainers/value.py, which says what the job holds.
"""

import json
import random
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

job = json.loads(Path(sys.argv[1]).read_text())
weights = Path(job["model"])
torch.set_num_threads(1)
tokenizer = AutoTokenizer.from_pretrained(weights.parent, gguf_file=weights.name)
END = "<|im_end|>"


def asked(messages):
    """Return a conversation up to the assistant's last turn, as ChatML."""
    turns = "".join(f"<|im_start|>{turn['role']}\n{turn['content']}{END}\n" for turn in messages[:-1])
    return f"{turns}<|im_start|>assistant\n"


def encoded(row):
    """Return the tokens of a row, cut to what is affordable, and which of them are learnt: the answer and its end."""
    prompt = tokenizer(asked(row["messages"]), add_special_tokens=False).input_ids[: job["tokens"] // 2]
    answer = tokenizer(row["messages"][-1]["content"] + END, add_special_tokens=False).input_ids
    ids = (prompt + answer)[: job["tokens"]]
    return torch.tensor([ids]), torch.tensor([[-100] * len(prompt) + ids[len(prompt) :]])


def trained(rows, seed):
    """Return the model after `epochs` passes over *rows*, each in an order of its own; None for *seed*: as it came."""
    model = AutoModelForCausalLM.from_pretrained(weights.parent, gguf_file=weights.name, dtype=torch.float32)
    if seed is None:
        return model.eval()
    model.train()
    order = random.Random(seed)
    torch.manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=job["rate"], weight_decay=0.0)
    for _ in range(job["epochs"]):
        for row in order.sample(rows, len(rows)):
            ids, labels = encoded(row)
            loss = model(input_ids=ids, labels=labels).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            print(f"seed {seed}: loss {loss.item():.3f}", file=sys.stderr, flush=True)
    return model.eval()


@torch.no_grad()
def tried(model, row, writes):
    """Return the loss of the reference answer, its number of tokens, and what the model answers, greedily."""
    ids, labels = encoded(row)
    loss = model(input_ids=ids, labels=labels).loss.item()
    told = {"loss": loss, "learnt": int((labels != -100).sum())}
    if writes:
        prompt = ids[:, : int((labels == -100).sum())]
        made = model.generate(
            prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=job["written"], do_sample=False,
            eos_token_id=tokenizer.convert_tokens_to_ids(END), pad_token_id=0,
        )  # fmt: skip
        told["text"] = tokenizer.decode(made[0, prompt.shape[1] :], skip_special_tokens=True)
    return told


def lines(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


train, test = lines(job["train"]), lines(job["test"])
with Path(job["out"]).open("w") as out:
    for seed in (None, *job["seeds"]):
        model = trained(train, seed)
        for number, row in enumerate(test):
            # Writing costs most; the first seed stands for all.
            told = tried(model, row, seed in (None, job["seeds"][0]))
            out.write(json.dumps({"seed": seed, "row": number, **told}) + "\n")
            out.flush()
        del model
