"""Examines samples: named checks, citations, duplicates, benchmarks; returns the columns with the results.

Generated drafts that fail are refused; samples from people are only marked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypedDict

import orjson

from models.contract.answers import quality
from services.catalogue.catalogue import Requirements, SampleType
from services.citations.checker import Checked, CitationChecker, by_field, verdict_of
from services.citations.citation import SHOWN, Verdict
from services.drafts.draft import Draft, Wanted
from services.grounding.ground import NO_GROUND, Ground
from services.grounding.proof import LEVELS, Level, Proof, Prover
from services.quality.benchmarks import Benchmarks
from services.quality.checks import examine
from services.quality.duplicates.duplicate_service import DuplicateService
from services.quality.score import score
from utils.errors import QualityError

CitationPolicy = Literal["verified_only", "no_invalid", "off"]
_SHOWN = 3
# Citations kept with a sample: some 300 kB, well below what a column may hold.
_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Task:
    """What was asked of a draft: type, requirements, jurisdiction, and its owner.

    Attributes:
        ground: The provisions that its writer was shown.
        written: The draft with the markers of provisions; None for the draft itself.
    """

    kind: SampleType
    requirements: Requirements
    jurisdiction: str
    owner: str
    ground: Ground = NO_GROUND
    written: Draft | None = None


class CitationMarks(TypedDict):
    """Columns on a sample's citations: the worst verdict, and all citations as JSON."""

    citation_verdict: quality.Verdict | None
    citations: str


class Marks(CitationMarks):
    """Columns on the quality of a sample, and on the law that it stands on."""

    grounding: quality.Grounding | None
    sources: str | None

    quality_score: float
    quality_issues: str


@dataclass(frozen=True, slots=True)
class ExaminerSettings:
    """How strict the examiner is."""

    citation_policy: CitationPolicy = "no_invalid"
    words_tolerance: float = 0.8


class Examiner:
    """Thread-safe; all state is in its collaborators."""

    def __init__(
        self,
        checker: CitationChecker,
        duplicates: DuplicateService,
        benchmarks: Benchmarks,
        prover: Prover,
        settings: ExaminerSettings,
    ) -> None:
        self.checker = checker
        self.duplicates = duplicates
        self.benchmarks = benchmarks
        self.prover = prover
        self._settings = settings

    def examine(self, draft: Draft, task: Task, sample: Mapping[str, object]) -> Marks:
        """Return the columns that say how good a draft is.

        Args:
            draft: What the model wrote.
            task: What was asked.
            sample: The fields it would have as a sample, with its id.

        Raises:
            QualityError: a check, a citation, a duplicate or a benchmark is a reason to refuse it; says which and why.
        """
        checked = self.checker.check_sample(sample)
        wanted = Wanted(task.kind, task.requirements, task.jurisdiction, tuple(checked), self._settings.words_tolerance)
        reason = examine(draft, wanted)
        if reason is not None:
            raise QualityError(reason)
        self._refuse_citations(checked)
        proof = self._proved(task.written or draft, task.ground)
        overlap = self.benchmarks.of_sample(sample)
        if overlap:
            name, count = max(overlap.items(), key=lambda item: item[1])
            raise QualityError(f"contaminated: {count} windows of 13 words stand in the benchmark {name}")
        alike = self.duplicates.admit(sample, task.owner)
        value, lost = score(draft, wanted)
        issues = [*lost, *_doubtful(checked)]
        issues += [f"alike: {other.similarity:.2f} to {other.id}" for other in alike[:_SHOWN]]
        issues += [f"grounding {doubt}" for doubt in proof.doubts[:_SHOWN]] if proof is not None else []
        return {
            **citation_columns(checked),
            "quality_score": value,
            "quality_issues": _json(issues),
            "grounding": None if proof is None else LEVELS[proof.level],
            "sources": None if proof is None else _json(list(proof.sources.values())),
        }

    def _proved(self, draft: Draft, ground: Ground) -> Proof | None:
        """Hold a draft against the law that is here; None where there is none.

        Raises:
            QualityError: what it says is not in the law that it names, or it stands on nothing that it was shown.
        """
        if not ground.sources and not self.prover.has_law:
            return None
        texts = {"answer": draft.answer, "reasoning": draft.reasoning}
        proof = self.prover.prove(texts, ground, self.checker.extractor)
        if proof.refusals:
            raise QualityError(f"grounding {'; '.join(proof.refusals[:_SHOWN])}", field="grounding")
        if ground.sources and proof.level is Level.NONE:
            raise QualityError(
                "grounding: it states nothing of the provisions that were shown; cite and quote them", field="grounding"
            )
        return proof

    def mark(self, sample: Mapping[str, object]) -> CitationMarks:
        """Return the columns on the citations of a sample that a person wrote; nothing is refused."""
        return citation_columns(self.checker.check_sample(sample))

    def _refuse_citations(self, checked: list[Checked]) -> None:
        policy = self._settings.citation_policy
        if policy == "off":
            return
        refused = (Verdict.INVALID,) if policy == "no_invalid" else (Verdict.INVALID, Verdict.UNVERIFIED)
        bad = {item.citation.text: item for item in checked if item.finding.verdict in refused}
        if bad:
            told = "; ".join(f"{text}: {item.finding.reason}" for text, item in list(bad.items())[:_SHOWN])
            verdict = max((item.finding.verdict for item in bad.values()), key=list(Verdict).index)
            raise QualityError(f"citation {verdict}: {told}", field="citation")


def citation_columns(checked: list[Checked]) -> CitationMarks:
    """Return the columns on the citations of a sample; of very many the worst are kept."""
    verdict = verdict_of(checked)
    if len(checked) > _LISTED:
        rank = {verdict: number for number, verdict in enumerate(Verdict)}
        worst = sorted(range(len(checked)), key=lambda n: -rank[checked[n].finding.verdict])[:_LISTED]
        checked = [checked[n] for n in sorted(worst)]
    return {
        "citation_verdict": SHOWN[verdict] if verdict is not None else None,
        "citations": _json(by_field(checked)),
    }


def _doubtful(checked: list[Checked]) -> list[str]:
    unknown = {item.citation.normalized for item in checked if item.finding.verdict is not Verdict.VERIFIED}
    return [f"unverified: {name}" for name in sorted(unknown)]


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
