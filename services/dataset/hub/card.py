"""The data set card for the Hub and its readers, as YAML front matter and Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import yaml

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_TOLD = 25


@dataclass(frozen=True)
class CardFacts:
    """The facts on a data set in its card.

    Attributes:
        splits: Number of samples by split, in order.
        files: Pattern of the data files by split.
        columns: Names and types of the columns.
        counts: Number of samples by value, for each column that is broken down.
        license: Identifier of the Hub's list.
    """

    name: str
    splits: Mapping[str, int]
    files: Mapping[str, str]
    columns: Mapping[str, pl.DataType]
    counts: Mapping[str, Sequence[tuple[str, int]]]
    license: str


def write_card(facts: CardFacts) -> str:
    """Return the card."""
    head = yaml.safe_dump(_front_matter(facts), sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{head}---\n\n{_body(facts)}"


def _front_matter(facts: CardFacts) -> dict[str, object]:
    total = sum(facts.splits.values())
    return {
        "pretty_name": facts.name,
        "language": ["en"],
        "license": facts.license,
        "task_categories": ["question-answering", "text-generation"],
        "tags": ["legal", "law", "synthetic", *sorted({name for name, _ in facts.counts.get("jurisdiction", ())})],
        "size_categories": [next((name for limit, name in _SIZES if total < limit), "n>10M")],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": name, "path": pattern} for name, pattern in facts.files.items()],
            }
        ],
        "dataset_info": {
            "features": [{"name": name, **_feature(dtype)} for name, dtype in facts.columns.items()],
            "splits": [{"name": name, "num_examples": count} for name, count in facts.splits.items()],
        },
    }


def _feature(dtype: pl.DataType) -> dict[str, object]:
    if isinstance(dtype, pl.List):
        inner = _feature(dtype.inner)  # type: ignore[arg-type]  # an instance, once a column has it
        return {"list": inner.get("dtype", inner)}
    if isinstance(dtype, pl.Struct):
        return {"struct": [{"name": field.name, **_feature(field.dtype)} for field in dtype.fields]}  # type: ignore[arg-type]
    return {"dtype": _DTYPES.get(str(dtype), "string")}


_DTYPES = {
    "String": "string", "Int8": "int8", "Int16": "int16", "Int32": "int32", "Int64": "int64",
    "UInt8": "uint8", "UInt16": "uint16", "UInt32": "uint32", "UInt64": "uint64",
    "Float32": "float32", "Float64": "float64", "Boolean": "bool", "Binary": "binary", "Date": "date32",
}  # fmt: skip


def _body(facts: CardFacts) -> str:
    total = sum(facts.splits.values())
    splits = "\n".join(f"| {name} | {count} |" for name, count in facts.splits.items())
    tables = "\n".join(_table(column, rows) for column, rows in facts.counts.items())
    return f"""# {facts.name}

{total} legal questions with answers, reasoning and the authorities they cite, for training language models.

| Split | Samples |
| --- | --- |
{splits}

## How it was made

Every sample was written by a language model on a given topic, difficulty and type, by the Legal Training Platform, or
was added by the people who publish this data set. Generated samples were checked for form: all fields present,
numbered reasoning steps, length, sections and number of authorities asked of their type. The columns `provider` and
`model` say what wrote each sample.

## Known limits

- This is not legal advice. Statements of law may be wrong, outdated or incomplete.
- Cited authorities may be misquoted or may not exist; check them before you rely on them.
- The text is synthetic and has the style and bias of the models that wrote it.
- Law changes; `created_at` says when a sample was made.

## What is in it

{tables}"""


def _table(column: str, rows: Sequence[tuple[str, int]]) -> str:
    told = "\n".join(f"| {_cell(name)} | {count} |" for name, count in rows[:_TOLD])
    rest = sum(count for _, count in rows[_TOLD:])
    more = f"\n| {len(rows) - _TOLD} others | {rest} |" if rest else ""
    return f"| {column} | Samples |\n| --- | --- |\n{told}{more}\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
