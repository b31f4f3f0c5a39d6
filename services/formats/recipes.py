"""How each trainer takes each format: shown with the formats, in the data set card and in docs/trainers.md.

`bench/trainers/run.py` runs every recipe with the trainer itself, and tells where what it tokenises is not what was
meant.
"""

from collections.abc import Iterator
from dataclasses import dataclass

FLAT = "parquet"  # and the other formats with a column for each field
_FLAT_TOO = ("jsonl", "json", "csv")
_PREFERENCES = "preferences"
_PREFERENCE_MESSAGES = "preference_messages"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one trainer takes one format.

    Attributes:
        format: The format's name; `FLAT` stands for parquet, jsonl, json and csv.
        trainer: The trainer, with the version that it was run with.
        is_taken: False where the trainer cannot take the format; then `note` says what to use.
        language: Of `mapping`: python, json, yaml or shell; "" where nothing is to be set.
        mapping: What to set or run.
        note: What else one must know; "" for nothing.
    """

    format: str
    trainer: str
    language: str = ""
    mapping: str = ""
    note: str = ""
    is_taken: bool = True


TRL, FACTORY, AXOLOTL = "TRL 1.16.0", "LLaMA-Factory 0.9.5", "Axolotl 0.21.0"
SWIFT, UNSLOTH = "ms-swift 4.6.0", "Unsloth 2026.10.9"
# Of each of these `TRAINERS` every format for training says how it is taken.
TRAINERS = (TRL, FACTORY, AXOLOTL, SWIFT, UNSLOTH)
OPENAI, MISTRAL = "OpenAI fine-tuning", "mistral-common 1.13.1"
HARNESS, ARGILLA, LABEL_STUDIO = "lm-evaluation-harness 0.4.13", "Argilla 2.8.0", "Label Studio 1.23.2"

_TAGS = """"tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user",
          "assistant_tag": "assistant", "system_tag": "system"}"""
_UNSLOTH_THEN = "then `tokenizer.apply_chat_template` makes the text of each row"

RECIPES = (
    # One column for each field.
    Recipe(
        FLAT,
        TRL,
        "python",
        """rows = rows.map(
    lambda row: {
        "prompt": [{"role": "user", "content": row["question"]}],
        "completion": [{"role": "assistant", "content": row["answer"]}],
    },
    remove_columns=rows.column_names,
)""",
        "as it is, TRL looks for a column text and stops",
    ),
    Recipe(
        FLAT,
        FACTORY,
        "json",
        '{"law": {"file_name": "FILE", "columns": {"prompt": "question", "response": "answer"}}}',
        "as it is, LLaMA-Factory looks for a column instruction and stops",
    ),
    Recipe(
        FLAT,
        AXOLOTL,
        note="has no type for a question and an answer that applies a chat template: use messages",
        is_taken=False,
    ),
    Recipe(
        FLAT,
        SWIFT,
        "shell",
        """--columns '{"question": "query", "answer": "response"}'""",
        "taken without it too, while no other column has a name that ms-swift knows (prompt, text, system and others)",
    ),
    Recipe(FLAT, UNSLOTH, note="its standardize functions want conversations: use messages", is_taken=False),
    # A list of messages with role and content.
    Recipe(
        "messages",
        TRL,
        "python",
        """rows = rows.map(
    lambda row: {"prompt": row["messages"][:-1], "completion": row["messages"][-1:]},
    remove_columns=rows.column_names,
)""",
        "as it is, TRL learns the question too, and assistant_only_loss wants a chat template of its own making",
    ),
    Recipe(
        "messages",
        FACTORY,
        "json",
        f"""{{"law": {{"file_name": "FILE", "formatting": "sharegpt", "columns": {{"messages": "messages"}},
          {_TAGS}}}}}""",
        "the tags are needed: its own are from and value",
    ),
    Recipe("messages", AXOLOTL, "yaml", "datasets:\n  - path: FILE\n    ds_type: json\n    type: chat_template"),
    Recipe("messages", SWIFT),
    Recipe("messages", UNSLOTH, note=_UNSLOTH_THEN),
    # A list of turns with from and value.
    Recipe(
        "sharegpt",
        TRL,
        "python",
        """ROLES = {"system": "system", "human": "user", "gpt": "assistant"}
rows = rows.map(
    lambda row: {
        "messages": [{"role": ROLES[turn["from"]], "content": turn["value"]} for turn in row["conversations"]]
    },
    remove_columns=rows.column_names,
)
rows = rows.map(
    lambda row: {"prompt": row["messages"][:-1], "completion": row["messages"][-1:]},
    remove_columns=rows.column_names,
)""",
        "as it is, TRL keeps the roles human and gpt, which the templates of many models leave out: only the system "
        "line is left to train on",
    ),
    Recipe("sharegpt", FACTORY, "json", '{"law": {"file_name": "FILE", "formatting": "sharegpt"}}'),
    Recipe(
        "sharegpt",
        AXOLOTL,
        "yaml",
        """datasets:
  - path: FILE
    ds_type: json
    type: chat_template
    field_messages: conversations
    message_property_mappings:
      role: from
      content: value""",
        "the type sharegpt is refused",
    ),
    Recipe("sharegpt", SWIFT),
    Recipe("sharegpt", UNSLOTH, "python", "rows = standardize_sharegpt(rows)", _UNSLOTH_THEN),
    # Instruction, input and output; system where one is asked for.
    Recipe(
        "alpaca",
        TRL,
        "python",
        """rows = rows.map(
    lambda row: {
        "prompt": [
            *([{"role": "system", "content": row["system"]}] if row.get("system") else []),
            {"role": "user", "content": row["instruction"]},
        ],
        "completion": [{"role": "assistant", "content": row["output"]}],
    },
    remove_columns=rows.column_names,
)""",
        "as it is, TRL looks for a column text and stops",
    ),
    Recipe(
        "alpaca",
        FACTORY,
        "json",
        """{"law": {"file_name": "FILE", "columns": {"prompt": "instruction", "query": "input", "response": "output",
          "system": "system"}}}""",
        "name all four: without columns the system line is left out without a word, and with columns.system alone no "
        "row is found; leave system out where the export was made without system_prompt",
    ),
    Recipe(
        "alpaca",
        AXOLOTL,
        note="its types alpaca and alpaca_w_system write prompts of their own (### Instruction:) instead of the "
        "model's chat template, and alpaca leaves the system line out: use messages",
        is_taken=False,
    ),
    Recipe("alpaca", SWIFT),
    Recipe("alpaca", UNSLOTH, note="its standardize functions want conversations: use messages", is_taken=False),
    # Prompt, chosen and rejected as texts.
    Recipe(
        _PREFERENCES,
        TRL,
        note=f"taken as plain text: DPOTrainer applies no chat template; use {_PREFERENCE_MESSAGES}",
        is_taken=False,
    ),
    Recipe(
        _PREFERENCES,
        FACTORY,
        "json",
        """{"law": {"file_name": "FILE", "ranking": true,
          "columns": {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}}}""",
    ),
    Recipe(
        _PREFERENCES,
        AXOLOTL,
        "yaml",
        """rl: dpo
datasets:
  - path: FILE
    ds_type: json
    split: train
    type: chat_template.default
    field_messages: prompt""",
    ),
    Recipe(
        _PREFERENCES,
        SWIFT,
        "shell",
        """--columns '{"prompt": "query", "chosen": "response", "rejected": "rejected_response"}'""",
        "as it is, ms-swift keeps the question alone",
    ),
    Recipe(_PREFERENCES, UNSLOTH, note=f"trains with TRL's DPOTrainer: use {_PREFERENCE_MESSAGES}", is_taken=False),
    # The same as messages.
    Recipe(_PREFERENCE_MESSAGES, TRL),
    Recipe(
        _PREFERENCE_MESSAGES,
        FACTORY,
        note=f"wants one object, not a list, as chosen: use {_PREFERENCES}",
        is_taken=False,
    ),
    Recipe(
        _PREFERENCE_MESSAGES,
        AXOLOTL,
        "yaml",
        """rl: dpo
datasets:
  - path: FILE
    ds_type: json
    split: train
    type: chat_template.default
    field_messages: prompt""",
    ),
    Recipe(_PREFERENCE_MESSAGES, SWIFT, note=f"cannot take a prompt of messages: use {_PREFERENCES}", is_taken=False),
    Recipe(_PREFERENCE_MESSAGES, UNSLOTH, note="trains with TRL's DPOTrainer, which takes it as it is"),
    # For the vendors' own fine-tuning.
    Recipe(
        "messages",
        OPENAI,
        note="10 lines or more; export without fields, since a line with a key that OpenAI does not know is refused",
    ),
    Recipe("messages", MISTRAL, note="valid for Mistral's fine-tuning"),
    Recipe("preference_openai", OPENAI),
    # Prompts with a reference answer.
    Recipe("prompts", TRL, note="GRPOTrainer gives its reward functions the column answer"),
    # Held-out samples.
    Recipe(
        FLAT,
        HARNESS,
        "yaml",
        """task: legal
dataset_path: json
dataset_kwargs:
  data_files: {test: FILE}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: [], max_gen_toks: 512}
metric_list:
  - metric: chrf""",
        "for JSON Lines; write parquet as dataset_path for Parquet",
    ),
    # For people.
    Recipe(
        "argilla",
        ARGILLA,
        "python",
        """settings = rg.Settings(
    fields=[
        rg.TextField("question"),
        rg.TextField("answer", use_markdown=True),
        rg.TextField("case_citation", required=False),
        rg.TextField("reasoning", required=False),
    ],
    questions=[
        rg.LabelQuestion("decision", labels=["accept", "reject", "edit"]),
        rg.TextQuestion("corrected_answer", required=False, use_markdown=True),
        rg.TextQuestion("reason", required=False),
    ],
    allow_extra_metadata=True,
)
dataset = rg.Dataset(name="law", settings=settings).create()
with open("FILE") as lines:
    dataset.records.log([rg.Record.from_dict(json.loads(line), dataset) for line in lines])""",
    ),
    Recipe(
        "label_studio",
        LABEL_STUDIO,
        "xml",
        """<View>
  <Header value="$question"/>
  <Text name="answer" value="$answer"/>
  <Text name="case_citation" value="$case_citation"/>
  <Text name="reasoning" value="$reasoning"/>
  <Choices name="decision" toName="answer" required="true">
    <Choice value="accept"/><Choice value="reject"/><Choice value="edit"/>
  </Choices>
  <TextArea name="corrected_answer" toName="answer" value="$answer" maxSubmissions="1" rows="8"/>
  <TextArea name="reason" toName="answer" maxSubmissions="1"/>
</View>""",
        "the labelling interface of a project; the tasks are imported as they are",
    ),
)


def recipes_of(name: str) -> list[Recipe]:
    """Return the recipes of a format; none for one that was tried with no trainer."""
    known = FLAT if name in _FLAT_TOO else name
    return [recipe for recipe in RECIPES if recipe.format == known]


def as_markdown(name: str, file: str = "FILE") -> str:
    """Return the recipes of a format for people; *file* stands for the path of the data."""
    return "\n".join(_told(recipe, file) for recipe in recipes_of(name))


def _told(recipe: Recipe, file: str) -> str:
    return "\n".join(_lines(recipe, file))


def _lines(recipe: Recipe, file: str) -> Iterator[str]:
    how = "is not for it" if not recipe.is_taken else "as it is" if not recipe.mapping else "set"
    yield f"**{recipe.trainer}**: {how}{'; ' * bool(recipe.note)}{recipe.note}.\n"
    if recipe.mapping:
        yield f"```{recipe.language}\n{recipe.mapping.replace('FILE', file)}\n```\n"
