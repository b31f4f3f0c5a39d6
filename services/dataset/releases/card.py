"""The card of a release: what every card of a data set says, and its datasheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.contract.answers.releases import ReleaseFacts
from services.dataset.hub.card import CardFacts, SplitFacts
from services.dataset.hub.card_merge import merged_card
from services.dataset.hub.features import features_of
from services.dataset.releases.datasheet import datasheet

if TYPE_CHECKING:
    import pyarrow as pa

_BROKEN_DOWN = ("jurisdiction", "difficulty", "sample_type", "topic")


def card_of(facts: ReleaseFacts, schema: pa.Schema, old: str | None = None) -> str:
    """Return the card; *schema* is that of its data files, *old* the card that is in the repository.

    Raises:
        PublishError: the old card cannot be read.
    """
    splits = {
        name: SplitFacts(
            part["samples"],
            part["memory_bytes"],
            sum(file["size_bytes"] for file in facts["files"] if file["split"] == name),
            f"data/{name}-*",
        )
        for name, part in facts["splits"].items()
    }
    told = CardFacts(
        facts["name"],
        splits,
        features_of(schema),
        {name: list(facts["counts"].get(name, {}).items()) for name in _BROKEN_DOWN},
        facts["licence"],
        {(one["title"], one["version"], one["licence"], one["url"]): one["samples"] for one in facts["sources"]},
        datasheet(facts),
    )
    return merged_card(told, old)
