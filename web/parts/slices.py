"""The choice of samples that the forms of exports, pushes and releases share: what is offered, and what is in it."""

from collections.abc import Mapping, Sequence

from api.edge.deps import services
from models.contract.arguments import ExportArguments
from models.fields import validated
from services.platform import Export, Platform
from web.formats import number, words

# Why samples stay out of a file.
LEFT_OUT = {
    "invalid_citation": "cite what cannot exist",
    "rejected_by_review": "rejected by a reviewer",
    "not_reviewed": "nobody reviewed",
    "licence": "stand on a document whose licence does not allow it, or is not known",
}
# As short as a select is wide; others by their description.
_FORMATS = {
    "messages": "Chat messages (JSONL)",
    "sharegpt": "ShareGPT chats (JSONL)",
    "alpaca": "Alpaca (JSONL)",
    "parquet": "Parquet",
    "jsonl": "JSON Lines",
    "json": "One JSON array",
    "csv": "CSV",
    "preferences": "Preference pairs (JSONL)",
    "preference_messages": "Preference chats (JSONL)",
    "preference_openai": "Preferences, OpenAI (JSONL)",
    "prompts": "Prompts for GRPO (JSONL)",
    "argilla": "Review in Argilla (JSONL)",
    "label_studio": "Review in Label Studio",
}
# Of a filter with more values those that most samples have are offered.
_OFFERED = 300


def formats(names: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """Return the formats of files with their words; only those of *names*, if any are given."""
    listed = [(row["id"], _FORMATS.get(row["id"], row["description"])) for row in services().publish.formats()]
    return [one for one in listed if names is None or one[0] in names]


def choices(platform: Platform, chosen: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Return what each filter offers; what is *chosen* is among it."""
    catalogue, counts = platform.catalogue, platform.browsing.choices()
    topics = sorted({name for _, name in platform.dataset.present({}).topics})
    return {
        "difficulty_choices": [(row["id"], words(row["id"])) for row in catalogue.difficulties()],
        "jurisdiction_choices": [(row["id"], row["name"]) for row in catalogue.jurisdictions()["jurisdictions"]],
        "type_choices": [(row["id"], row["name"]) for row in catalogue.sample_types()["sample_types"]],
        "batch_choices": _counted(counts["batch_id"], chosen.get("batch_id", "")),
        "model_choices": _counted(counts["model"], chosen.get("model", "")),
        "topic_choices": [(topic, topic) for topic in topics],
    }


def known(chosen: Mapping[str, str]) -> dict[str, str]:
    """Return those of *chosen* that an export takes."""
    return {name: value for name, value in chosen.items() if name in ExportArguments.model_fields}


def preview(platform: Platform, chosen: Mapping[str, str]) -> Export:
    """Return what an export of *chosen* would hold, with its first rows; InputError for what there is not."""
    # Split counts are those of one split's export.
    wanted = {**known(chosen), **({"split": "train"} if chosen.get("splits") else {})}
    return platform.publish.preview(validated(ExportArguments, wanted))


def _counted(values: Sequence[tuple[str, int]], chosen: str) -> list[tuple[str, str]]:
    """Return choices with how many samples have them; the one that is *chosen* is among them."""
    listed = [(value, f"{value} ({number(count)})") for value, count in values[:_OFFERED]]
    return listed if not chosen or chosen in dict(listed) else [(chosen, chosen), *listed]
