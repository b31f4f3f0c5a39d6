"""What every check shares: a tokenizer without a network, what a file meant, and how a result is told.

Runs in the environment of each trainer, so it imports nothing of this project.
"""

import itertools
import json
import sys
import unicodedata
from pathlib import Path

IM_START, IM_END = "<|im_start|>", "<|im_end|>"
# Around what is learnt; signs that no sample has.
BEGIN, END = "\N{LEFT WHITE SQUARE BRACKET}", "\N{RIGHT WHITE SQUARE BRACKET}"
DEFAULT_SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
# As of Qwen 2.5: a system line of its own where there is none, and only the roles that it knows.
TEMPLATE = (
    "{%- if messages[0]['role'] != 'system' %}<|im_start|>system\n" + DEFAULT_SYSTEM + "<|im_end|>\n{% endif %}"
    "{%- for message in messages %}{%- if message['role'] in ['system', 'user', 'assistant'] %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endif %}{% endfor %}"
    "{%- if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def build_tokenizer(folder):
    """Write a byte-level tokenizer with a chat template into *folder*; no text is lost in it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {char: number for number, char in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=IM_END,
        pad_token="<|endoftext|>",
        additional_special_tokens=[IM_START],
        model_max_length=8192,
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    tiny_model(fast).save_pretrained(folder)  # some look for a model's configuration beside it


def tokenizer_of(files):
    """Return the tokenizer of the run."""
    from transformers import AutoTokenizer

    folder = Path(files) / "tokenizer"
    if not folder.exists():
        build_tokenizer(folder)
    return AutoTokenizer.from_pretrained(folder)


def tiny_model(tokenizer):
    """Return a model of a few thousand random weights, always the same, since trainers want one."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(0)

    return Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
            num_key_value_heads=1,
        )
    )  # fmt: skip


def form_of(name):
    """Return the format of a file's name, such as messages-think."""
    return name.split("-")[0]


def meant(files, name):
    """Return what the rows of a file mean: system, question, answer; or chosen and rejected."""
    return json.loads((Path(files) / "meant.json").read_text())[name]


def ways(files, trainer):
    """Yield each file with each way to read it: (name, how, mapping), as it is and by the trainer's recipe."""
    recipes = json.loads((Path(files) / "recipes.json").read_text())
    mine = {recipe["format"]: recipe["mapping"] for recipe in recipes if recipe["trainer"].split()[0] == trainer}
    for name in json.loads((Path(files) / "meant.json").read_text()):
        mapping = mine.get(form_of(name))
        if mapping is None:  # the trainer was not tried with it
            continue
        yield name, "as it is", ""
        if mapping:
            yield name, "recipe", mapping


def prompt(row):
    """Return the text up to the answer, as the template writes it."""
    system = row["system"] or DEFAULT_SYSTEM
    return f"{IM_START}system\n{system}{IM_END}\n{IM_START}user\n{row['question']}{IM_END}\n{IM_START}assistant\n"


def chat(row, answer="answer"):
    """Return the text of one conversation."""
    return f"{prompt(row)}{row[answer]}{IM_END}"


def learnt(row, answer="answer"):
    """Return the text of one conversation with what is to be learnt between `BEGIN` and `END`."""
    return f"{prompt(row)}{BEGIN}{row[answer]}{IM_END}{END}"


def marked(tokenizer, ids, labels):
    """Return the text of *ids* with every run that has labels between `BEGIN` and `END`.

    The line end after the last end mark is left out, learnt or not: the template writes it, and no model needs it.
    """
    if ids and tokenizer.decode(ids[-1:]) == "\n":
        ids, labels = ids[:-1], labels[:-1]
    runs = itertools.groupby(zip(ids, labels), lambda pair: pair[1] != -100)
    texts = [(is_learnt, tokenizer.decode([one for one, _ in run])) for is_learnt, run in runs]
    return "".join(f"{BEGIN}{text}{END}" if is_learnt else text for is_learnt, text in texts)


def trained(trainer, version, file, losses):
    """Keep the losses of a training."""
    keep({"trainer": trainer, "version": version, "file": file, "how": "trained", "losses": [round(x, 4) for x in losses]})


def tell(trainer, version, file, how, found, wanted):
    """Print one result as a line of JSON; the texts only where they differ."""
    # Qwen's tokenizer composes letters and accents.
    found, wanted = ([unicodedata.normalize("NFC", text.rstrip("\n")) for text in texts] for texts in (found, wanted))
    pairs = list(zip(found, wanted))
    differing = len(wanted) - sum(one == other for one, other in pairs)
    line = {"trainer": trainer, "version": version, "file": file, "how": how, "rows": len(wanted), "different": differing}
    if differing:
        one, other = next(((one, other) for one, other in pairs if one != other), ("", wanted[0] if wanted else ""))
        line |= {"found": one, "wanted": other}
    keep(line)


def failed(trainer, version, file, how, error):
    """Print that a file could not be read at all."""
    text = f"{type(error).__name__}: {error}"[:300]
    keep({"trainer": trainer, "version": version, "file": file, "how": how, "error": text})


def keep(line):
    """Keep one result."""
    # A file, since some trainers take standard output for themselves.
    with (files_folder() / "results.jsonl").open("a") as results:
        results.write(json.dumps(line) + "\n")


def files_folder():
    """Return the folder that was given."""
    return Path(sys.argv[1])
