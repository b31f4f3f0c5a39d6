"""Proves a draft against the law: markers, quotations, and what it says of the provisions that it names.

What refuses a draft, and what only marks it, goes by how often a rule is wrong of sound claims
(docs/adr/0031-misgrounding.md).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from services.citations.extractor import Extractor
from services.grounding.claims.claims import StatedClaim, claims, sentences
from services.grounding.claims.judgement import FALSE, Label, Reason
from services.grounding.claims.law import Law
from services.grounding.claims.misgrounding import judge_any
from services.grounding.claims.question import question_of
from services.grounding.claims.quotations import Quotation, find_quotations, prove
from services.grounding.ground import Ground, Grounder, Source
from services.grounding.proof import MARKER, NO_RULINGS, Proof, Rulings, SourceColumn, with_markers, without_markers

# A marker behind the stop of its sentence belongs to that sentence.
_BEHIND = re.compile(r"([.!?][\"”’')]*)\s*(\[S\d{1,2}(?:\s?[,;]\s?S\d{1,2})*\])")
# What a reference begins with.
_UNIT = r"(?:\b(?:sections?|articles?|arts?|ss?|regulations?|rules?|paragraphs?|schedules?)\b\.?|§)"
_QUOTES_KEPT = 5


class Proving:
    """One draft being held against the law."""

    def __init__(self, grounder: Grounder, ground: Ground, extractor: Extractor, rulings: Rulings = NO_RULINGS) -> None:
        self._grounder = grounder
        self._sources = ground.sources
        self._by_marker = {source.marker: source for source in ground.sources}
        self._by_unit = {source.unit: source for source in ground.sources}
        self._extractor = extractor
        self._rulings = rulings
        self._proof = Proof()

    def of(self, fields: Mapping[str, str]) -> Proof:
        """Return what is wrong with the texts of a draft, and what they stand on."""
        for name, written in fields.items():
            text = _BEHIND.sub(r" \2\1", with_markers(written))
            if name == "question":
                self._asked(text)
            else:
                self._quotations(text, self._claims(text))
        return self._proof

    def _asked(self, text: str) -> None:
        """Prove what a question gives out as words of a provision; what else it says are facts of the case."""
        for claim in _stated(text, self._extractor):
            if any(quotation.must_be_proved and quotation.is_attributed for quotation in find_quotations(claim.text)):
                self._claims(claim.text)

    def _claims(self, text: str) -> list[tuple[int, int]]:
        """Judge the claims of *text*; return where those stand whose quotations were proved with them."""
        spans = []
        for unknown in sorted({marker for marker in _markers(text) if marker not in self._by_marker}):
            self._proof.refusals.append(f"marker: [{unknown}] names no provision that was shown")
        for claim in _stated(text, self._extractor):
            units = self._units(claim)
            for law_number in sorted({law for law, _ in units}):
                law = self._grounder.law(law_number)
                keys = [str(unit) for of_law, unit in units if of_law == law_number]
                if law is not None and self._judge(claim, keys, law):
                    spans.append((claim.start, claim.end))
        return spans

    def _units(self, claim: StatedClaim) -> list[tuple[int, int]]:
        """Return document and id of the provisions that a claim rests on."""
        marked = [self._by_marker[marker] for marker in _markers(claim.text) if marker in self._by_marker]
        units = [(source.law, source.unit) for source in marked]
        for named in claim.named:
            shown = [one for one in self._sources if one.number == named.number and _is_title(named.instrument, one)]
            if shown:
                units += [(one.law, one.unit) for one in shown]
                continue
            found, is_here = self._grounder.units_named(named.instrument, named.number)
            units += [(unit.document, unit.id) for unit in found]
            if is_here and not found and not self._refers(claim, named.number):
                self._proof.refusals.append(f"wrong_section: {named.instrument} has no provision {named.number}")
            elif not is_here and not marked:
                self._proof.outside.append(f"{named.instrument} {named.number}")
        return list(dict.fromkeys(units))

    def _refers(self, claim: StatedClaim, number: str) -> bool:
        """Tell whether a provision that *claim* names or bears refers to *number* itself, maybe of another Act.

        An amending Act speaks of "section 1A" and means that of the Act which it amends.
        """
        numbers = {named.number for named in claim.named}
        markers = set(_markers(claim.text))
        reference = re.compile(
            rf"{_UNIT}\s*(?:[\w()]+(?:\s*,\s*|\s+(?:and|or|to)\s+)){{0,6}}{re.escape(number)}\b", re.I
        )
        return any(
            (source.marker in markers or source.number in numbers) and reference.search(source.text) is not None
            for source in self._sources
        )

    def _judge(self, claim: StatedClaim, keys: list[str], law: Law) -> bool:
        """Judge one claim; True where its quotations were proved or refused with it."""
        text = without_markers(claim.text)
        judgement = judge_any(text, keys, law)
        question = question_of(text, keys, law, judgement)
        if question is not None:
            self._proof.questions.append(question)
            judgement = self._rulings.get(question.id, judgement)
        failure = judgement.failure
        if judgement.label in FALSE and failure is not None:
            told = f"{failure.reason.value}: {failure.sentence}"
            (self._proof.refusals if failure.is_sure else self._proof.doubts).append(told)
            if question is not None:
                self._proof.arguable.add(told)
            return failure.reason is Reason.QUOTATION
        if judgement.label is not Label.SUPPORTED:
            return False
        quoted = [quotation for quotation in find_quotations(text) if quotation.must_be_proved]
        for key in keys:
            source = self._by_unit.get(int(key)) or self._elsewhere(int(key))
            if source is not None:
                self._stand_on(source, quoted)
        return True

    def _quotations(self, text: str, done: list[tuple[int, int]]) -> None:
        """Prove the quotations that no claim with a provision holds."""
        for quotation in find_quotations(text):
            inside = any(start <= quotation.start < end for start, end in done)
            if inside or not quotation.must_be_proved or not self._sources:
                continue
            proofs = [(source, prove(quotation, source.text)) for source in self._sources]
            stands = next((source for source, tried in proofs if tried.is_proved), None)
            if stands is not None:
                self._stand_on(stands, [quotation])
            elif quotation.is_attributed or quotation.is_block:
                best = max(proofs, key=lambda pair: len(pair[1].nearest))[1]
                self._proof.refusals.append(f"quotation: {best.sentence}")

    def _elsewhere(self, unit: int) -> Source | None:
        """Return a provision that was not shown and is here."""
        return next(iter(self._grounder.of_units([unit]).sources), None)

    def _stand_on(self, source: Source, quoted: list[Quotation]) -> None:
        column = self._proof.sources.setdefault(source.unit, _column(source))
        for quotation in quoted:
            found = prove(quotation, source.text)
            if found.is_proved and quotation.text not in column["quotes"]:
                self._proof.quotations += 1
                if len(column["quotes"]) < _QUOTES_KEPT:
                    column["quotes"].append(quotation.text)
                    column["spans"] += [(source.start + start, source.start + end) for start, end in found.spans]


def _stated(text: str, extractor: Extractor) -> list[StatedClaim]:
    """Return the claims of *text*: those that name a provision, and those that only bear a marker."""
    # "[S3]" is no section 3.
    unmarked = MARKER.sub(lambda found: re.sub(r"S(\d+)", lambda one: f"M{'m' * len(one[1])}", found[0]), text)
    named = [replace(one, text=text[one.start : one.end]) for one in claims(unmarked, extractor)]
    marked = (
        StatedClaim(text[start:end], start, end, ())
        for start, end in sentences(text)
        if MARKER.search(text, start, end) and not any(one.start < end and start < one.end for one in named)
    )
    return sorted([*named, *marked], key=lambda claim: claim.start)


def _markers(text: str) -> Iterator[str]:
    for match in MARKER.finditer(text):
        yield from re.findall(r"S\d{1,2}", match[1])


def _is_title(instrument: str, source: Source) -> bool:
    one, other = instrument.casefold(), source.title.casefold()
    return one in other or other in one


def _column(source: Source) -> SourceColumn:
    return {
        "file_id": source.file_id,
        "unit_id": source.unit,
        "citation": source.label,
        "title": source.title,
        "number": source.number,
        "version": source.version,
        "licence": source.licence,
        "url": source.url,
        "quotes": [],
        "spans": [],
    }
