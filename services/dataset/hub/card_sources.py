"""What the card says of the documents that samples stand on: instrument, version, licence, the lines to keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from models.samples.snapshot import POSITION, Snapshot
from models.samples.sources import CLAIMED, COLUMN, LICENCES, sources_in
from services.grounding.licences import LICENCES as KNOWN
from services.grounding.licences import attribution
from utils.frames import pl

# Title, version, licence and address of an instrument.
Instrument: TypeAlias = tuple[str, str, str, str]
_TOLD = 50


def instruments_of(snapshot: Snapshot, chosen: pl.Series) -> Counter[Instrument]:
    """Count the samples of *chosen* that stand on each instrument; one that stands on two counts for both."""
    counted: Counter[Instrument] = Counter()
    if not snapshot.has_any(LICENCES):
        return counted
    named = snapshot.index().filter(pl.col(LICENCES).is_not_null()).select(POSITION).collect()[POSITION]
    wanted = named.filter(named.is_in(chosen.cast(named.dtype).implode()))
    if not len(wanted):
        return counted
    start = 0
    for piece in snapshot.narrow([name for name in (COLUMN, CLAIMED) if name in snapshot.columns]):
        here = wanted.filter((wanted >= start) & (wanted < start + piece.height)) - start
        for text in piece[here].select(pl.coalesce(pl.col(piece.columns).cast(pl.String()))).to_series():
            counted.update({(one.title, one.version, one.licence, one.url) for one in sources_in(text)})
        start += piece.height
    return counted


def told_of(instruments: Mapping[Instrument, int]) -> str:
    """Return the section of the card, as Markdown; "" where no sample stands on a document."""
    if not instruments:
        return ""
    ordered = sorted(instruments.items(), key=lambda item: (-item[1], item[0]))
    rows = "".join(_row(instrument, count) for instrument, count in ordered[:_TOLD])
    more = f"\n{len(ordered) - _TOLD} others are named in the column `sources`.\n" if len(ordered) > _TOLD else ""
    lines = sorted({line for _, _, licence, _ in instruments if (line := attribution(licence))})
    kept = "".join(f"\n- {line}" for line in lines)
    keep = f"\nLines that their licences ask to keep:\n{kept}\n" if kept else ""
    return f"""## Sources

Samples with the column `sources` stand on provisions of these documents, and quote them; `grounding` says how well.

| Instrument | Version | Licence | Samples |
| --- | --- | --- | --- |
{rows}{more}{keep}
"""


def _row(instrument: Instrument, count: int) -> str:
    title, version, licence = (_cell(text) for text in instrument[:3])
    url = instrument[3]
    known = KNOWN.get(instrument[2])
    name = known.name if known is not None else licence or "not named"
    is_address = url.startswith(("https://", "http://")) and not set(url) & set('()<>[]|\\" \n')
    linked = f"[{title or 'untitled'}]({url})" if is_address else title or "untitled"
    return f"| {linked} | {version} | {name} | {count} |\n"


def _cell(text: str) -> str:
    """Return *text* as it may stand in a cell: it opens no cell, link, comment or tag of its own."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{sign}" if sign in "|[]`\\" else sign for sign in plain)
