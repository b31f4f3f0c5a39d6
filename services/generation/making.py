"""Makes one sample: draft, keep the answer, read it, examine it, have it judged, write it again.

`Making` is one sample under way, the only place of its state. `Maker` takes it through: a refused draft is
written again with the reason in the prompt; a failed call goes on to another target (`services/llm/attempts.py`).
Both within one budget of calls. An answer that was paid for is handed to the recorder before anything is read out
of it.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from models.domain import Job, RawAnswer
from models.schemas import Sample
from services.catalogue.catalogue import Catalogue, Requirements, Topic
from services.generation.examination import Candidate, Examination, read_draft
from services.generation.guided import Guide, guided_draft
from services.generation.judge import Case, Judge, JudgeSpec, judgement_columns, read_judgement, said_by
from services.generation.prompts import SAMPLE_SCHEMA, PromptRenderer
from services.generation.provision.choosing import has_provision, one_provision
from services.grounding.claims.judge_model import rulings
from services.grounding.ground import NO_GROUND, Ground, Wish
from services.grounding.proof import NO_RULINGS, Rulings
from services.llm.attempts import Attempts
from services.llm_service import LLMService, Outcome, Permit, Preference, Prompt, Terms
from services.quality.examiner import Examiner
from utils.clock import Clock
from utils.errors import AnswerFormatError, CancelledError, GenerationError, InputError, QualityError, RefusedError


class Recorder(Protocol):
    """Keeps what happens to a sample under way; each method returns once it is kept."""

    def sending(self, permit: Permit) -> None:
        """A request is about to leave."""

    def answered(self, answer: RawAnswer, outcome: Outcome) -> None:
        """An answer came; it is paid for and not read yet."""

    def failed(self, error: GenerationError, outcome: Outcome) -> None:
        """The call gave no usable answer."""

    def spent(self, outcome: Outcome) -> None:
        """A call beside the draft was made and failed; the draft stays as it is."""

    def refused(self, answer: RawAnswer, error: GenerationError) -> None:
        """The answer was read and is not good enough."""


@dataclass(slots=True)
class Making:
    """One sample under way: what is wanted, on which terms, and what it took so far, also when it fails.

    Attributes:
        job: What is wanted.
        preference: Who may write it.
        judge: Who judges it; None for nobody.
        terms: Whose turn it is, what may be spent, what ends it.
        recorder: Told of every step before the next one.
        attempts: The calls for its drafts.
        answer: What was paid for, is kept and not refused; None when there is nothing such.
        feedback: Why the last draft was refused, for the next one; "" at first.
        is_bound: Whether a part of the draft under way was shown, so that no other model may go on with it.
    """

    job: Job
    preference: Preference
    judge: JudgeSpec | None
    terms: Terms
    recorder: Recorder
    attempts: Attempts
    answer: RawAnswer | None = None
    feedback: str = field(default="", init=False)
    is_bound: Callable[[], bool] = lambda: False

    def took(self, outcome: Outcome, prompt_hash: str, ground: Ground = NO_GROUND) -> None:
        """Keep what came of a call for a draft."""
        error = outcome.error
        if error is None:
            self.answer = _raw(outcome, self.attempts.chain, prompt_hash, ground)
            self.recorder.answered(self.answer, outcome)
            return
        if isinstance(error, AnswerFormatError):
            self.feedback = str(error)
        self.recorder.failed(error, outcome)

    def took_judgement(self, outcome: Outcome) -> None:
        """Keep what came of a call to the judge; its answer is kept with the draft: neither is asked for twice."""
        self.attempts.tokens += outcome.usage.tokens
        if outcome.error is not None:
            self.recorder.spent(outcome)
            return
        self.answer = replace(self.paid(), judgement=said_by(outcome.answer()))
        self.recorder.answered(self.answer, outcome)

    def refuse(self, error: GenerationError) -> None:
        """Put the answer aside; the next draft is told why."""
        answer = self.paid()
        self.recorder.refused(answer, error)
        self.feedback = _feedback(error, answer)
        self.answer = None
        self.attempts.failures.append(error)
        if isinstance(error, RefusedError):  # it would decline again
            self.attempts.excluded.append(f"{answer.provider}/{answer.model}")

    def paid(self) -> RawAnswer:
        """Return the answer in hand."""
        if self.answer is None:
            raise AnswerFormatError("there is no answer")
        return self.answer


class Maker:
    """Makes samples. Thread-safe: all state of a sample is in its `Making`."""

    def __init__(  # the parts of a sample
        self,
        catalogue: Catalogue,
        llm: LLMService,
        guide: Guide,
        examiner: Examiner,
        judge: Judge,
        clock: Clock,
    ) -> None:
        self._catalogue = catalogue
        self._llm = llm
        self._guide = guide
        self._examiner = examiner
        self._examination = Examination(catalogue, examiner, clock)
        self.judge = judge
        self._renderer = PromptRenderer(catalogue)
        self._grounder = examiner.prover.grounder

    def make(self, making: Making) -> Sample:
        """Return a sample of the job that passed every check.

        Raises:
            QualityError, AnswerFormatError: the last draft was refused, the budget of calls is spent.
            RefusedError: every model that may be asked declined.
            GenerationError: the last call failed.
            NoTargetError: no provider is open.
            BudgetSpentError: what may be spent is spent.
            CancelledError: a token of the terms was set.
        """
        if making.answer is not None:
            making.attempts.tokens += making.answer.tokens
        while True:
            if making.answer is None:
                self._obtain(making)
            try:
                if making.judge is None:
                    return self.examine(making.job, making.paid())
                return self._put_before(making, making.judge)
            except (AnswerFormatError, QualityError, RefusedError) as error:
                making.refuse(error)
                if making.attempts.are_spent:
                    raise

    def examine(self, job: Job, answer: RawAnswer) -> Sample:
        """Read and check an answer that nobody judges.

        Raises:
            AnswerFormatError: no sample can be read out of it.
            QualityError: a check refuses it; says which and why.
        """
        return self._examination.candidate(job, answer).sample()

    def conclude(self, job: Job, answer: RawAnswer, spec: JudgeSpec | None, why: str) -> Sample:
        """Return the sample of an answer that was paid for, without another call.

        Args:
            job: What was wanted.
            answer: The answer; a judgement of it counts.
            spec: Who was to judge it, if anybody.
            why: Why nobody is asked any more.

        Raises:
            GenerationError: a check or the judge refuses it.
        """
        if spec is None:
            return self.examine(job, answer)
        candidate = self._examination.candidate(job, answer, is_judged=True)
        return self._judged(candidate, spec, answer.judgement) if answer.judgement else self._unjudged(candidate, why)

    def forget(self, sample_id: str) -> None:
        """Say that a sample which was examined will not be stored."""
        self._examiner.duplicates.forget(sample_id)

    def check_ground(self, job: Job) -> None:
        """Refuse a job that shall stand on documents where none can be; InputError says why."""
        if job.use_rag:
            self._grounder.check(job.file_ids, job.jurisdiction)

    def check_model(self, kinds: Iterable[str], on_documents: bool, preference: Preference) -> None:
        """Refuse types of samples that the model cannot write as they are wanted; InputError says which it can.

        Args:
            kinds: Ids of the types.
            on_documents: Whether the samples shall stand on documents.
            preference: Who may write them.
        """
        if self._llm.guided(preference) is not None:
            for kind in kinds:
                self._check_guided(kind, on_documents)

    def answers(self, topic: Topic, file_ids: tuple[str, ...], is_small: bool) -> float:
        """Return how likely the documents answer *topic*, 0 to 1; a small model needs a rule that can be quoted."""
        wish = _wish(topic, file_ids)
        likeness = self._grounder.likeness(wish)
        return 0.0 if is_small and likeness and not has_provision(self._grounder, wish) else likeness

    def fitted(self, job: Job, preference: Preference) -> Job:
        """Return *job*, whose type nobody asked for, as its model does it best.

        A small model is right more often about a provision that it is shown; so it gets one where the law that is here
        answers the topic.
        """
        kind = self._catalogue.law_type
        if kind is None or self._llm.guided(preference) is None:
            return job
        if not job.use_rag and not self._has_law_for(job):
            return job
        return replace(job, sample_type=kind.id, use_rag=True)

    def _has_law_for(self, job: Job) -> bool:
        wish = _wish(job, job.file_ids)
        return self._grounder.answers(wish) and has_provision(self._grounder, wish)

    def prompt(self, job: Job, feedback: str = "", variant: int = 0, ground: Ground = NO_GROUND) -> tuple[Prompt, str]:
        """Return the one prompt of *job* and its hash; *variant* makes another draw of it."""
        rendered = self._renderer.render(job, feedback, ground)
        messages = ({"role": "user", "content": rendered.text},)
        kind = f"{job.sample_type}/{job.difficulty}"
        expected, seed = rendered.expected_tokens, job.seed + variant
        return Prompt(messages, SAMPLE_SCHEMA, seed=seed, kind=kind, expected_tokens=expected), rendered.sha256

    def requirements_of(self, job: Job) -> Requirements:
        """Return what the checks ask of a sample of *job*."""
        kind = self._catalogue.sample_type(job.sample_type)
        return self._catalogue.requirements(kind, self._catalogue.difficulty(job.difficulty))

    def _obtain(self, making: Making) -> None:
        """Get one answer, from target to target."""
        attempts, prompt_hash = making.attempts, ""
        ground = self._ground(making.job)
        terms = attempts.on(replace(making.terms, sending=making.recorder.sending))

        def call() -> Outcome:
            nonlocal prompt_hash
            small = self._llm.guided(making.preference)
            if small is not None:
                self._check_guided(making.job.sample_type, making.job.use_rag)
                prompt_hash = self._renderer.render(making.job).sha256
                return guided_draft(making.job, ground, small, terms, attempts.calls, self._guide)
            prompt, prompt_hash = self.prompt(making.job, making.feedback, attempts.calls, ground)
            return self._llm.ask(prompt, making.preference, terms, attempts.excluded, attempts.avoided)

        attempts.run(call, lambda outcome: making.took(outcome, prompt_hash, ground), making.is_bound)

    def _ground(self, job: Job) -> Ground:
        """Return what a sample of *job* may stand on; NoGroundError where nothing answers its topic."""
        if not job.use_rag:
            return NO_GROUND
        wish = _wish(job, job.file_ids, job.seed)
        if not self._catalogue.sample_type(job.sample_type).needs_law:
            return self._grounder.ground(wish)
        return one_provision(self._grounder, wish)

    def _check_guided(self, kind: str, on_documents: bool) -> None:
        if on_documents and not self._catalogue.sample_type(kind).needs_law:
            raise InputError(
                f"use_rag: the embedded model stands on documents in samples about one provision only, and "
                f"{kind!r} is none; ask for sample_type 'provision', or for a larger model"
            )

    def _put_before(self, making: Making, spec: JudgeSpec) -> Sample:
        """Return the sample of the answer in hand with its judgement; QualityError when the judge refuses it.

        A sample that could not be judged is kept and says so, since its draft is paid for.
        """
        candidate = self._examination.candidate(making.job, making.paid(), is_judged=True)
        if self.judge.is_author(spec, making.paid()):
            return self._unjudged(candidate, "the judge wrote it itself")
        if not _is_judgement(making.paid().judgement):
            try:
                self._ask_judge(making, spec, candidate)
            except CancelledError:
                raise
            except GenerationError as error:
                return self._unjudged(candidate, error.labelled())
        return self._judged(candidate, spec, making.paid().judgement)

    def _ask_judge(self, making: Making, spec: JudgeSpec, candidate: Candidate) -> None:
        attempts, case = Attempts(self.judge.tries), Case(making.job, candidate.written, candidate.questions)
        # What it writes is no part of the sample.
        terms = attempts.on(replace(making.terms, sending=making.recorder.sending, listener=None))
        attempts.run(lambda: self.judge.ask(spec, case, terms, attempts.calls), making.took_judgement)

    def _judged(self, candidate: Candidate, spec: JudgeSpec, answer: str) -> Sample:
        """Return the sample with the judgement in *answer*; QualityError when it refuses it."""
        judgement, judge, questions = read_judgement(answer), self.judge.name(spec), candidate.questions
        sample = self._ruled(candidate, rulings(judgement.claims, questions, judge))
        if judgement.score < spec.min_score:
            self.forget(sample.id)
            raise QualityError(f"judge: score {judgement.score:.2f}, want at least {spec.min_score:g}")
        return sample.model_copy(update=judgement_columns(judgement, judge, questions))

    def _unjudged(self, candidate: Candidate, why: str) -> Sample:
        """Return the sample by the rules alone, which says why; QualityError, which says so too, if they refuse it."""
        try:
            sample = self._ruled(candidate, NO_RULINGS)
        except QualityError as error:
            raise QualityError(
                f"{error} (not judged: {why})", field=error.field, provider=error.provider, model=error.model
            ) from error
        issues = [*json.loads(sample.quality_issues or "[]"), f"not judged: {why}"]
        return sample.model_copy(update={"quality_issues": json.dumps(issues)})

    def _ruled(self, candidate: Candidate, found: Rulings) -> Sample:
        try:
            return self._examination.ruled(candidate, found)
        except QualityError:
            self.forget(candidate.id)
            raise


def _wish(topic: Job | Topic, file_ids: tuple[str, ...] = (), seed: int = 0) -> Wish:
    return Wish(f"{topic.topic}. {topic.practice_area}", topic.jurisdiction, file_ids, seed)


def _raw(outcome: Outcome, chain: list[str], prompt_hash: str, ground: Ground) -> RawAnswer:
    completion = outcome.answer()
    return RawAnswer(
        text=completion.text,
        provider=outcome.target.provider.id,
        model=outcome.target.model.id,
        tokens=outcome.usage.tokens,
        thinking=completion.thinking,
        reasoning_tokens=completion.reasoning_tokens,
        thought_ms=None if completion.thought_s is None else round(completion.thought_s * 1000),
        prompt_hash=prompt_hash,
        chain=tuple(chain),
        sources=ground.units,
    )


def _is_judgement(text: str) -> bool:
    try:
        read_judgement(text)
    except AnswerFormatError:
        return False
    return True


def _feedback(error: GenerationError, answer: RawAnswer) -> str:
    """Return what the next draft is told; where only the law of it was wrong, it keeps the question."""
    if isinstance(error, QualityError) and error.field in ("citation", "grounding"):
        return (
            f"{error}\nKeep the question as it was and mend the rest. The question was: {read_draft(answer).question}"
        )
    return str(error)
