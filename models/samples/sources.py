"""Reads the column `sources`: the provisions that a sample stands on, a JSON array as text.

Files of others may have a column of that name with anything in it; what is no such array names no sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from utils.frames import pl

COLUMN = "sources"
# What a sample of elsewhere says of itself (`models.samples.claims`): its licences bind here too.
CLAIMED = "imported_sources"
# What the index holds of a sample that stands on nothing: null.
LICENCES = "licences"
# What was held against the law (`grounding`): where one is changed, nobody knows any more how well it stands.
PROVED = frozenset({"answer", "reasoning"})
_PROOF = frozenset({"quotes", "spans"})
_PARTED = ","
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class KeptSource:
    """A provision that a sample stands on.

    Attributes:
        file_id: Id of its document; "" where the column does not say.
        unit_id: Of the provision in it; 0 where the column does not say. It changes when the document is read again.
        title: Of the instrument.
        number: Of the provision.
        licence: As the document's when the sample was made; "" where nobody named one.
        quotations: How many quotations of it are kept.
    """

    file_id: str
    unit_id: int
    title: str
    number: str
    version: str
    licence: str
    url: str
    quotations: int


def sources_in(text: str | None) -> list[KeptSource]:
    """Return the provisions that the text of a cell names; none where it is not ours."""
    if not text or not text.lstrip().startswith("["):
        return []
    try:
        listed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    return [_source(item) for item in listed if isinstance(item, dict) and ("file_id" in item or "licence" in item)]


def unproved(sample: Mapping[str, object]) -> dict[str, object]:
    """Return what is known of the law of a sample whose text was changed: its sources, no quotation of them.

    The sources stay, since their licences bind what was written from them.
    """
    return {"grounding": None, COLUMN: _unquoted(sample.get(COLUMN))}


def _unquoted(column: object) -> object:
    if not isinstance(column, str) or not sources_in(column):
        return column
    before = orjson.loads(column)
    after = [
        {**item, **{name: [] for name in _PROOF & item.keys()}} if isinstance(item, dict) else item for item in before
    ]
    return column if after == before else orjson.dumps(after).decode()


def licences_of(texts: pl.Series) -> pl.Series:
    """Return the licences of the sources of each cell (text), parted by commas; null where there are none.

    "" stands for a source that no licence was named for: "" alone, or ",mit" with another.
    """
    given = texts.drop_nulls().unique()
    told = {text: _PARTED.join(sorted(found)) for text in given if (found := _licences(text))}
    if not told:
        return pl.Series(LICENCES, [None], dtype=pl.String()).new_from_index(0, len(texts))
    return texts.replace_strict(list(told), list(told.values()), default=None, return_dtype=pl.String())


def parted(licences: str) -> list[str]:
    """Return the licences that a cell of the index names."""
    return licences.split(_PARTED)


def _licences(text: str) -> set[str]:
    return {source.licence.replace(_PARTED, " ") for source in sources_in(text)}


def _source(item: dict[str, object]) -> KeptSource:
    file_id, title, number, version, licence, url = (
        _text(item.get(name)) for name in ("file_id", "title", "number", "version", "licence", "url")
    )
    unit, quotes = item.get("unit_id"), item.get("quotes")
    quotations = len(quotes) if isinstance(quotes, list) else 0
    return KeptSource(file_id, unit if isinstance(unit, int) else 0, title, number, version, licence, url, quotations)


def _text(value: object) -> str:
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""
