#!/usr/bin/env bash
# TRL and ShareGPT conversations: converted to messages, but for their roles.
#
# Expected: `maybe_convert_to_chatml`, which SFTTrainer runs on each row, makes messages that a chat template can render of
# {"conversations": [{"from": "human", "value": …}, {"from": "gpt", "value": …}]}, or leaves the row alone, so that it is refused.
# Seen with TRL 1.16.0: it renames the keys (role, content) and keeps the values human and gpt. A template of the kind of Qwen 2.5's,
# which renders the roles it knows and puts a system line where there is none, leaves the whole conversation out: the text that
# is trained on is the default system line, the same for every row. No error, no warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install transformers==5.24.0 datasets==5.2.0 jinja2==3.1.6
tools/bin/python -m pip --quiet --disable-pip-version-check install --no-deps trl==1.16.0 accelerate==1.12.0 # its data code needs no torch
cat > seen.py <<'PY'
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from trl.data_utils import apply_chat_template, is_conversational, maybe_convert_to_chatml

letters = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE(letters, [])))
tokenizer.chat_template = (
    "{%- if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "{%- for m in messages %}{%- if m['role'] in ['system', 'user', 'assistant'] %}"
    "<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endif %}{% endfor %}"
)
row = {"conversations": [{"from": "human", "value": "What is duty?"}, {"from": "gpt", "value": "A burden."}]}
converted = maybe_convert_to_chatml(row)
print("converted:", converted)
text = apply_chat_template(converted, tokenizer)["text"]
print("trained on:", repr(text))
assert [message["role"] for message in converted["messages"]] == ["human", "gpt"]
assert is_conversational(converted)
assert text == "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
PY
tools/bin/python seen.py 2> log || { cat log; exit 1; }
