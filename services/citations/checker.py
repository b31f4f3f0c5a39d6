"""Checks the citations of texts and samples. The entry point of this package."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from models.contract.answers.quality import CheckedCitation, CitingField, SampleCitation, VerdictCounts
from services.citations.citation import SHOWN, Citation, Finding, Verdict, worst

if TYPE_CHECKING:  # patterns and tables are loaded with the first text
    from services.citations.extractor import Extractor
    from services.citations.reference import Known, Reference

# Fields read for citations; a number in the question is a fact of the case.
FIELDS: tuple[CitingField, ...] = ("case_citation", "answer", "reasoning")


@dataclass(frozen=True, slots=True)
class Checked:
    """A citation with its verdict; `field` is the sample's field that holds it, None for plain text."""

    citation: Citation
    finding: Finding
    field: CitingField | None = None

    def to_dict(self) -> CheckedCitation:
        """Return it as the API shows it, without its field."""
        citation, finding = self.citation, self.finding
        return {
            "text": citation.text,
            "start": citation.start,
            "end": citation.end,
            "kind": citation.kind,
            "jurisdiction": citation.jurisdiction,
            "normalized": citation.normalized,
            "verdict": SHOWN[finding.verdict],
            "reason_code": finding.code,
            "reason": finding.reason,
            "matched": finding.matched,
        }


class Online(Protocol):
    """A lookup service that may know what the reference data do not."""

    def find(self, citation: Citation) -> "list[Known]":
        """Return the authorities it knows by the references of *citation*."""


class CitationChecker:
    """Finds and verifies citations. Thread-safe: the reference data do not change."""

    def __init__(self, reference: "Reference | Callable[[], Reference]", online: Online | None = None) -> None:
        """Check against *reference*, which may be loaded later, then, if given, look up *online* what it lacks."""
        self._given = reference
        self._online = online

    @cached_property
    def reference(self) -> "Reference":
        """The reference data, loaded with the first text."""
        return self._given() if callable(self._given) else self._given

    @cached_property
    def extractor(self) -> "Extractor":
        """What finds the citations."""
        from services.citations.extractor import Extractor

        return Extractor(self.reference)

    def check(self, text: str, jurisdiction: str = "", field: CitingField | None = None) -> list[Checked]:
        """Return the citations of *text* with their verdicts; only those of *jurisdiction* when one is given."""
        return [
            Checked(citation, self._verify(citation), field)
            for citation in self.extractor.extract(text)
            if jurisdiction in ("", citation.jurisdiction)
        ]

    def _verify(self, citation: Citation) -> Finding:
        from services.citations.verifier import compare_known, verify

        finding = verify(citation, self.reference)
        if self._online is None or finding.code not in ("not_in_index", "provision_unknown"):
            return finding
        known = self._online.find(citation)
        return compare_known(citation, known, self.reference) if known else finding

    def check_sample(self, sample: Mapping[str, object]) -> list[Checked]:
        """Return the citations of a sample, field by field."""
        texts = ((name, sample.get(name)) for name in FIELDS)
        return [checked for name, text in texts if isinstance(text, str) for checked in self.check(text, field=name)]


def verdict_of(checked: Sequence[Checked]) -> Verdict | None:
    """Return the worst verdict; None without citations."""
    return worst([item.finding.verdict for item in checked])


def by_field(checked: Sequence[Checked]) -> list[SampleCitation]:
    """Return the citations of a sample as the API shows them."""
    return [{"field": item.field, **item.to_dict()} for item in checked if item.field is not None]


def counts_of(checked: Sequence[Checked]) -> VerdictCounts:
    """Return how many citations have each verdict."""
    counted = Counter(item.finding.verdict for item in checked)
    return {
        "total": len(checked),
        "verified": counted[Verdict.VERIFIED],
        "unverified": counted[Verdict.UNVERIFIED],
        "invalid": counted[Verdict.INVALID],
    }
