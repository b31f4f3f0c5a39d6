"""A sample as a page shows it: its texts with all that was found in them marked, and the entries that explain it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from models.contract.answers.base import StoredSample
from models.contract.answers.quality import SampleCitation
from web.parts.marked import Segment, Span, quoted, segments
from web.parts.sources import Claim, Judged, Source, judged, sources_of

# What is marked, in the order of reading.
_MARKED = ("case_citation", "answer", "reasoning")
_JUDGED: Mapping[str, str] = {
    "supported": "verified",
    **dict.fromkeys(("wrong_provision", "contradicted", "not_in_law", "misquote"), "invalid"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """An explanation beside the texts; *is_marked* when a mark leads to it."""

    key: str
    verdict: str
    text: str
    reason: str
    is_marked: bool


@dataclass(frozen=True, slots=True)
class SampleTexts:
    """What a page shows of a sample."""

    fields: Mapping[str, Sequence[Segment]]
    citations: Sequence[Entry]
    claims: Sequence[Entry]
    sources: Sequence[tuple[str, Source]]
    judged: Judged


def texts_of(sample: StoredSample, citations: Sequence[SampleCitation]) -> SampleTexts:
    """Return the texts of *sample* with its *citations*, quotations and judged claims marked."""
    texts = {"case_citation": sample["case_citation"], "answer": sample["answer"], "reasoning": sample["reasoning"]}
    sources = [(f"s{number}", source) for number, source in enumerate(sources_of(sample["sources"]), 1)]
    said = judged(sample["judgement"])
    spans: dict[str, list[Span]] = {name: [] for name in _MARKED}
    entries = []
    for number, cited in enumerate(citations, 1):
        key, reason = f"c{number}", f"{cited['verdict']}: {cited['reason']}"
        fits = 0 <= cited["start"] < cited["end"] <= len(texts[cited["field"]])
        if fits:
            spans[cited["field"]].append(Span(cited["start"], cited["end"], cited["verdict"], key, reason))
        entries.append(Entry(key, cited["verdict"], cited["text"], cited["reason"], fits))
    claims = [_claimed(f"j{number}", claim, texts, spans) for number, claim in enumerate(said.claims, 1)]
    for key, source in sources:
        for name, text in texts.items():
            spans[name] += quoted(text, source.quotes, key, f"quoted from {source.citation or source.title}")
    fields = _begun_once({name: segments(text, spans[name]) for name, text in texts.items()})
    shown = {piece.span.key for pieces in fields.values() for piece in pieces if piece.span is not None}
    seen = [Entry(one.key, one.verdict, one.text, one.reason, one.key in shown) for one in entries]
    held = [Entry(one.key, one.verdict, one.text, one.reason, one.key in shown) for one in claims]
    return SampleTexts(fields, seen, held, sources, said)


def passage_pieces(text: str, start: int, spans: Sequence[tuple[int, int]], key: str) -> list[Segment]:
    """Return a passage of a document that begins at *start* there, with the places of quotations marked."""
    within = [(max(0, first - start), min(len(text), last - start)) for first, last in spans]
    marks = [Span(first, last, "quoted", key, "quoted in this sample") for first, last in within if first < last]
    return segments(text, marks)


def _begun_once(fields: Mapping[str, Sequence[Segment]]) -> Mapping[str, Sequence[Segment]]:
    """Let the mark of each entry begin in one place of the page only: an entry leads there."""
    seen: set[str] = set()
    kept: dict[str, list[Segment]] = {}
    for name, pieces in fields.items():
        kept[name] = []
        for piece in pieces:
            key = piece.span.key if piece.span is not None else ""
            kept[name].append(replace(piece, is_first=bool(key) and key not in seen))
            seen.add(key)
    return kept


def _claimed(key: str, claim: Claim, texts: Mapping[str, str], spans: Mapping[str, list[Span]]) -> Entry:
    verdict = _JUDGED.get(claim.verdict, "unverified")
    for name, text in texts.items():
        spans[name].extend(
            Span(one.start, one.end, verdict, key, f"{claim.verdict}: {claim.reason}")
            for one in quoted(text, [claim.text], key, "")
        )
    return Entry(key, verdict, claim.text, f"{claim.verdict}. {claim.reason}", True)
