"""What the data set card says: YAML for the Hub and its readers, Markdown for people.

`card_merge` puts it into the card that is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.dataset.hub.card_sources import Instrument, told_of
from services.dataset.hub.licenses import UNKNOWN
from services.formats.recipes import FLAT, as_markdown

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_TOLD = 25
DEFAULT = "default"


@dataclass(frozen=True)
class SplitFacts:
    """One split.

    Attributes:
        samples: Number of samples.
        memory_bytes: Size of the samples in memory.
        file_bytes: Size of the files.
        files: Pattern of the data files.
    """

    samples: int
    memory_bytes: int
    file_bytes: int
    files: str


@dataclass(frozen=True)
class CardFacts:
    """The facts on a data set in its card.

    Attributes:
        splits: The splits by name, in order.
        features: The columns, as `features.features_of` tells them; None to leave them to the reader.
        counts: Number of samples by value, for each column that is broken down.
        license: What was asked for, as `licenses.license_fields` returns it; empty for nothing.
        sources: Number of samples by the instrument that they stand on.
        more: Sections of its own, as Markdown.
    """

    name: str
    splits: Mapping[str, SplitFacts]
    features: Sequence[Mapping[str, object]] | None
    counts: Mapping[str, Sequence[tuple[str, int]]]
    license: Mapping[str, str]
    sources: Mapping[Instrument, int] = field(default_factory=dict)
    more: str = ""

    @property
    def samples(self) -> int:
        """Number of samples of all splits."""
        return sum(split.samples for split in self.splits.values())


def suggested(facts: CardFacts) -> dict[str, object]:
    """Return what a new card says beside the data; a person may change it."""
    return {
        "pretty_name": facts.name,
        "language": ["en"],
        "license": UNKNOWN,
        "task_categories": ["question-answering", "text-generation"],
        "tags": ["legal", "law", "synthetic", *sorted({name for name, _ in facts.counts.get("jurisdiction", ())})],
    }


def about_files(facts: CardFacts) -> dict[str, object]:
    """Return what a card says of the data files, so that readers find and open them."""
    splits = [
        {"name": name, "num_bytes": split.memory_bytes, "num_examples": split.samples}
        for name, split in facts.splits.items()
    ]
    return {
        "size_categories": [next((name for limit, name in _SIZES if facts.samples < limit), "n>10M")],
        "configs": [
            {
                "config_name": DEFAULT,
                "data_files": [{"split": name, "path": split.files} for name, split in facts.splits.items()],
            }
        ],
        "dataset_info": {
            **({} if facts.features is None else {"features": list(facts.features)}),
            "splits": splits,
            "download_size": sum(split.file_bytes for split in facts.splits.values()),
            "dataset_size": sum(split.memory_bytes for split in facts.splits.values()),
        },
    }


def body(facts: CardFacts) -> str:
    """Return what people read of the data, as Markdown."""
    splits = "\n".join(f"| {name} | {split.samples} |" for name, split in facts.splits.items())
    tables = "\n".join(_table(column, rows) for column, rows in facts.counts.items())
    return f"""{facts.samples} legal questions with answers, reasoning and the authorities they cite, for training
language models.

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

## How to train on it

Columns `question` and `answer`, and `reasoning` where it is wanted. Run with these trainers:

{as_markdown(FLAT, next(iter(facts.splits.values())).files)}
{told_of(facts.sources)}{facts.more and facts.more + chr(10)}## What is in it

{tables}"""


def _table(column: str, rows: Sequence[tuple[str, int]]) -> str:
    told = "\n".join(f"| {_cell(name)} | {count} |" for name, count in rows[:_TOLD])
    rest = sum(count for _, count in rows[_TOLD:])
    more = f"\n| {len(rows) - _TOLD} others | {rest} |" if rest else ""
    return f"| {column} | Samples |\n| --- | --- |\n{told}{more}\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
