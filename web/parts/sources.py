"""The columns of a sample that hold JSON as text: read here, whatever a foreign file has in them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Source:
    """A provision that a sample stands on, as it was kept with the sample."""

    file_id: str = ""
    unit_id: int = 0
    citation: str = ""
    title: str = ""
    number: str = ""
    version: str = ""
    licence: str = ""
    url: str = ""
    quotes: Sequence[str] = ()
    spans: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What a sample says of the law, and what the judge held of it: supported, or what else."""

    text: str
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What the judge said: who it was, each point as words, and its verdicts on claims."""

    judge: str = ""
    points: Mapping[str, str] = field(default_factory=dict)
    claims: Sequence[Claim] = ()


def sources_of(text: object) -> list[Source]:
    """Return the provisions of the column `sources`."""
    return [_source(item) for item in _listed(text) if isinstance(item, dict) and item.get("file_id")]


def sentences_of(text: object) -> list[str]:
    """Return the texts of a JSON array; none for anything else."""
    return [item for item in _listed(text) if isinstance(item, str)]


def judged(text: object) -> Judged:
    """Return what is in the column `judgement`."""
    held = _read(text)
    if not isinstance(held, dict):
        return Judged()
    points = {str(name): _words(value) for name, value in held.items() if name not in ("judge", "token", "claims")}
    listed = held.get("claims")
    claims = [_claim(item) for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return Judged(
        str(held.get("judge") or ""),
        {name: value for name, value in points.items() if value},
        list(filter(_says, claims)),
    )


def _claim(item: Mapping[str, object]) -> Claim:
    named, why = _words(item.get("provisions")), _words(item.get("why")) or _words(item.get("reason"))
    return Claim(_words(item.get("claim")), _words(item.get("verdict")), ": ".join(filter(None, (named, why))))


def _says(claim: Claim) -> bool:
    return bool(claim.text.strip())


def _words(value: object) -> str:
    if isinstance(value, dict) and value.keys() == {"score", "reason"}:
        return f"{value['score']} of 5: {_words(value['reason'])}"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {told}" for name, inner in value.items() if (told := _words(inner)))
    if isinstance(value, list):
        return "; ".join(filter(None, map(_words, value)))
    return "" if value is None else str(value)


def _source(item: Mapping[str, object]) -> Source:
    names = ("file_id", "citation", "title", "number", "version", "licence", "url")
    texts = {name: value if isinstance(value := item.get(name), str) else "" for name in names}
    unit, quotes, spans = item.get("unit_id"), item.get("quotes"), item.get("spans")
    return Source(
        unit_id=unit if isinstance(unit, int) else 0,
        quotes=[one for one in quotes if isinstance(one, str)] if isinstance(quotes, list) else [],
        spans=[found for one in spans if (found := _span(one)) is not None] if isinstance(spans, list) else [],
        **texts,
    )


def _span(value: object) -> tuple[int, int] | None:
    if isinstance(value, list) and len(value) == 2:
        start, end = value
        if isinstance(start, int) and isinstance(end, int) and 0 <= start < end:
            return start, end
    return None


def _listed(text: object) -> list[object]:
    held = _read(text)
    return held if isinstance(held, list) else []


def _read(text: object) -> object:
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
