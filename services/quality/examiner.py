"""Examines samples: named checks, citations, duplicates, benchmarks; returns the columns with the results.

Generated drafts that fail are refused; samples from people are only marked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypedDict

import orjson

from models.contract.answers import quality
from services.catalogue.catalogue import Requirements, SampleType
from services.citations.checker import Checked, CitationChecker, by_field, verdict_of
from services.citations.citation import SHOWN, Verdict
from services.drafts.draft import Draft, Wanted
from services.grounding.ground import NO_GROUND, Ground
from services.grounding.proof import LEVELS, NO_RULINGS, Level, Proof, Prover, Rulings, with_markers
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
        is_judged: Whether a judge rules on what it says of the law: then only facts refuse it before.
    """

    kind: SampleType
    requirements: Requirements
    jurisdiction: str
    owner: str
    ground: Ground = NO_GROUND
    written: Draft | None = None
    is_judged: bool = False


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
class Examined:
    """What was found of a draft that may become a sample.

    Attributes:
        issues: What the checks found at fault, without what it says of the law.
        proof: How it stands on the law; None where there is none.
    """

    citations: CitationMarks
    score: float
    issues: tuple[str, ...]
    proof: Proof | None

    @property
    def marks(self) -> Marks:
        """Its columns."""
        proof = self.proof
        doubts = [f"grounding {doubt}" for doubt in proof.doubts[:_SHOWN]] if proof is not None else []
        return {
            **self.citations,
            "quality_score": self.score,
            "quality_issues": _json([*self.issues, *doubts]),
            "grounding": None if proof is None else LEVELS[proof.level],
            "sources": None if proof is None else _json(list(proof.sources.values())),
        }


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

    def examine(self, draft: Draft, task: Task, sample: Mapping[str, object]) -> Examined:
        """Return what is found of a draft.

        Args:
            draft: What the model wrote.
            task: What was asked.
            sample: The fields it would have as a sample, with its id.

        Raises:
            QualityError: a check, a citation, a duplicate or a benchmark is a reason to refuse it; says which and why.
        """
        checked = self.checker.check_sample(sample)
        wanted = Wanted(task.kind, _required(task), task.jurisdiction, tuple(checked), self._settings.words_tolerance)
        reason = examine(draft, wanted)
        if reason is not None:
            raise QualityError(reason)
        self._refuse_citations(checked)
        proof = self._proved(draft, task)
        if proof is not None:
            _refuse_law(proof, task, is_open=task.is_judged and bool(proof.questions))
        overlap = self.benchmarks.of_sample(sample)
        if overlap:
            name, count = max(overlap.items(), key=lambda item: item[1])
            raise QualityError(f"contaminated: {count} windows of 13 words stand in the benchmark {name}")
        alike = self.duplicates.admit(sample, task.owner)
        value, lost = score(draft, wanted)
        issues = [*lost, *_doubtful(checked)]
        issues += [f"alike: {other.similarity:.2f} to {other.id}" for other in alike[:_SHOWN]]
        return Examined(citation_columns(checked), value, tuple(issues), proof)

    def ruled(self, examined: Examined, draft: Draft, task: Task, rulings: Rulings = NO_RULINGS) -> Examined:
        """Return *examined* once its judge has ruled on what `examine` left open.

        Args:
            examined: What `examine` found.
            draft: As for `examine`.
            task: As for `examine`.
            rulings: What the judge decided; where it did not, the rules do.

        Raises:
            QualityError: what it says is not in the law that it names.
        """
        proof = self._proved(draft, task, rulings) if rulings else examined.proof
        if proof is not None:
            _refuse_law(proof, task, is_open=False)
        return replace(examined, proof=proof)

    def _proved(self, draft: Draft, task: Task, rulings: Rulings = NO_RULINGS) -> Proof | None:
        """Hold a draft against the law that is here; None where there is none."""
        if not task.ground.sources and not self.prover.has_law:
            return None
        written = task.written or draft
        texts = {"question": written.question, "answer": written.answer, "reasoning": written.reasoning}
        return self.prover.prove(texts, task.ground, self.checker.extractor, rulings)

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


def _required(task: Task) -> Requirements:
    """Return what is asked of a draft: a provision that it bears the marker of is an authority, whatever its name."""
    if task.written is None or not task.ground.sources:
        return task.requirements
    text = with_markers(f"{task.written.answer} {task.written.case_citation} {task.written.reasoning}")
    borne = sum(f"[{source.marker}]" in text for source in task.ground.sources)
    return replace(task.requirements, min_citations=max(0, task.requirements.min_citations - borne))


def _refuse_law(proof: Proof, task: Task, *, is_open: bool) -> None:
    """Refuse a draft for what it says of the law; while a judge's rulings are to come, *is_open*, for facts alone."""
    refusals = proof.facts if is_open else proof.refusals
    if refusals:
        raise QualityError(f"grounding {'; '.join(refusals[:_SHOWN])}", field="grounding")
    if task.ground.sources and proof.level is Level.NONE and not is_open:
        raise QualityError(
            "grounding: it states nothing of the provisions that were shown; cite and quote them", field="grounding"
        )


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
