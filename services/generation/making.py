"""Makes one sample: draft, keep the answer, read it, examine it, have it judged, write it again.

`Making` is one sample under way, the only place of its state. `Maker` takes it through: a refused draft is
written again with the reason in the prompt; a failed call goes on to another target (`services/llm/attempts.py`).
Both within one budget of calls. An answer that was paid for is handed to the recorder before anything is read out
of it.
"""

import json
import threading
from dataclasses import dataclass, field, replace
from typing import Protocol

import uuid_utils

from models.domain import Job, RawAnswer
from models.schemas import Sample
from services.catalogue.catalogue import Catalogue, Requirements
from services.drafts.draft import Draft
from services.drafts.parser import parse_answer
from services.generation.guided import Guide, guided_draft
from services.generation.judge import Judge, Judgement, JudgeSpec, judgement_columns, read_judgement, said_by
from services.generation.prompts import SAMPLE_SCHEMA, PromptRenderer
from services.generation.provision.choosing import one_provision
from services.grounding.ground import NO_GROUND, Ground, Wish
from services.grounding.proof import without_markers
from services.llm.attempts import Attempts
from services.llm_service import LLMService, Outcome, Permit, Preference, Prompt, Terms
from services.quality.examiner import Examiner, Task
from utils.clock import Clock, iso
from utils.errors import AnswerFormatError, CancelledError, GenerationError, InputError, QualityError, RefusedError
from utils.model_names import shown_model

# Answers that are examined at a time. The interpreter works on one anyway: of those that come together the first is
# done first, and its worker sends the next call, where all of them in slices would be done, and send, at the end.
_AT_A_TIME = 2


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
    """

    job: Job
    preference: Preference
    judge: JudgeSpec | None
    terms: Terms
    recorder: Recorder
    attempts: Attempts
    answer: RawAnswer | None = None
    feedback: str = field(default="", init=False)

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
        self.judge = judge
        self._renderer = PromptRenderer(catalogue)
        self._grounder = examiner.prover.grounder
        self._clock = clock
        self._examining = threading.Semaphore(_AT_A_TIME)

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
                sample = self.examine(making.job, making.paid())
                return sample if making.judge is None else self._judged(sample, making, making.judge)
            except (AnswerFormatError, QualityError, RefusedError) as error:
                making.refuse(error)
                if making.attempts.are_spent:
                    raise

    def examine(self, job: Job, answer: RawAnswer) -> Sample:
        """Read and check an answer.

        Raises:
            AnswerFormatError: no sample can be read out of it.
            QualityError: a check refuses it; says which and why.
        """
        with self._examining:
            return self._examined(job, answer)

    def _examined(self, job: Job, answer: RawAnswer) -> Sample:
        draft = _read(answer)
        ground = self._grounder.of_units(answer.sources) if answer.sources else NO_GROUND
        plain = draft.without(without_markers) if ground.sources else draft
        fields = {
            "id": f"{answer.provider}_{uuid_utils.uuid7()}",
            "question": plain.question,
            "answer": plain.answer,
            "topic": job.topic_key,
            "difficulty": job.difficulty,
            "case_citation": plain.case_citation,
            "reasoning": plain.reasoning,
            "jurisdiction": job.jurisdiction,
            "sample_type": job.sample_type,
            "provider": answer.provider,
            "model": shown_model(answer.model),
            "created_at": iso(self._clock.now()),
            "tokens_used": answer.tokens,
            "prompt_hash": answer.prompt_hash,
            "thinking": draft.thinking or None,
            "failover_chain": json.dumps([_shown_step(step) for step in answer.chain]),
        }
        kind = self._catalogue.sample_type(job.sample_type)
        owner = f"{job.circuit}/{job.sample_type}/{job.difficulty}/{job.seed}"
        task = Task(kind, self.requirements_of(job), job.jurisdiction, owner, ground, draft)
        try:
            marks = self._examiner.examine(plain, task, fields)
        except QualityError as error:
            error.provider, error.model = answer.provider, answer.model
            raise
        return Sample.model_validate({**fields, **marks})

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
        sample = self.examine(job, answer)
        if spec is None:
            return sample
        if not answer.judgement:
            return _unjudged(sample, why)
        return self._scored(sample, spec, read_judgement(answer.judgement))

    def forget(self, sample_id: str) -> None:
        """Say that a sample which was examined will not be stored."""
        self._examiner.duplicates.forget(sample_id)

    def check_ground(self, job: Job) -> None:
        """Refuse a job that shall stand on documents where none can be; InputError says why."""
        if job.use_rag:
            self._grounder.check(job.file_ids, job.jurisdiction)

    def fitted(self, job: Job, preference: Preference) -> Job:
        """Return *job*, whose type nobody asked for, as its model does it best.

        A small model is right more often about a provision that it is shown; so it gets one where the law that is here
        answers the topic.
        """
        kind = self._catalogue.law_type
        if kind is None or self._llm.guided(preference) is None:
            return job
        if not job.use_rag and not self._grounder.answers(_wish(job)):
            return job
        return replace(job, sample_type=kind.id, use_rag=True)

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
                self._check_guided(making.job)
                prompt_hash = self._renderer.render(making.job).sha256
                return guided_draft(making.job, ground, small, terms, attempts.calls, self._guide)
            prompt, prompt_hash = self.prompt(making.job, making.feedback, attempts.calls, ground)
            return self._llm.ask(prompt, making.preference, terms, attempts.excluded, attempts.avoided)

        attempts.run(call, lambda outcome: making.took(outcome, prompt_hash, ground))

    def _ground(self, job: Job) -> Ground:
        """Return what a sample of *job* may stand on; NoGroundError where nothing answers its topic."""
        if not job.use_rag:
            return NO_GROUND
        wish = _wish(job)
        if not self._catalogue.sample_type(job.sample_type).needs_law:
            return self._grounder.ground(wish)
        return one_provision(self._grounder, wish)

    def _check_guided(self, job: Job) -> None:
        if job.use_rag and not self._catalogue.sample_type(job.sample_type).needs_law:
            raise InputError(
                f"use_rag: the embedded model stands on documents in samples about one provision only, and "
                f"{job.sample_type!r} is none; ask for sample_type 'provision', or for a larger model"
            )

    def _judged(self, sample: Sample, making: Making, spec: JudgeSpec) -> Sample:
        """Return *sample* with its judgement; QualityError when its score is too low.

        A sample that could not be judged is kept and says so, since its draft is paid for.
        """
        if self.judge.is_author(spec, making.paid()):
            return _unjudged(sample, "the judge wrote it itself")
        if not _is_judgement(making.paid().judgement):
            try:
                self._ask_judge(making, spec)
            except CancelledError:
                raise
            except GenerationError as error:
                return _unjudged(sample, error.labelled())
        return self._scored(sample, spec, read_judgement(making.paid().judgement))

    def _ask_judge(self, making: Making, spec: JudgeSpec) -> None:
        attempts, draft = Attempts(self.judge.tries), _read(making.paid())
        terms = attempts.on(replace(making.terms, sending=making.recorder.sending))
        attempts.run(
            lambda: self.judge.ask(spec, making.job, draft, terms, attempts.calls),
            making.took_judgement,
        )

    def _scored(self, sample: Sample, spec: JudgeSpec, judgement: Judgement) -> Sample:
        """Return *sample* with its judgement; QualityError when its score is too low."""
        if judgement.score < spec.min_score:
            self.forget(sample.id)
            raise QualityError(f"judge: score {judgement.score:.2f}, want at least {spec.min_score:g}")
        return sample.model_copy(update=judgement_columns(judgement, self.judge.name(spec)))


def _wish(job: Job) -> Wish:
    return Wish(f"{job.topic}. {job.practice_area}", job.jurisdiction, job.file_ids, job.seed)


def _raw(outcome: Outcome, chain: list[str], prompt_hash: str, ground: Ground) -> RawAnswer:
    completion = outcome.answer()
    return RawAnswer(
        text=completion.text,
        provider=outcome.target.provider.id,
        model=outcome.target.model.id,
        tokens=outcome.usage.tokens,
        thinking=completion.thinking,
        prompt_hash=prompt_hash,
        chain=tuple(chain),
        sources=ground.units,
    )


def _read(answer: RawAnswer) -> Draft:
    try:
        return parse_answer(answer.text, answer.thinking)
    except RecursionError:
        raise AnswerFormatError("the answer is nested too deeply") from None


def _shown_step(step: str) -> str:
    """Return "provider/model: outcome" with the model as samples name it."""
    target, colon, outcome = step.rpartition(": ")
    provider, slash, model = target.partition("/")
    return f"{provider}{slash}{shown_model(model)}{colon}{outcome}"


def _is_judgement(text: str) -> bool:
    try:
        read_judgement(text)
    except AnswerFormatError:
        return False
    return True


def _feedback(error: GenerationError, answer: RawAnswer) -> str:
    """Return what the next draft is told; where only the law of it was wrong, it keeps the question."""
    if isinstance(error, QualityError) and error.field in ("citation", "grounding"):
        return f"{error}\nKeep the question as it was and mend the rest. The question was: {_read(answer).question}"
    return str(error)


def _unjudged(sample: Sample, why: str) -> Sample:
    issues = [*json.loads(sample.quality_issues or "[]"), f"not judged: {why}"]
    return sample.model_copy(update={"quality_issues": json.dumps(issues)})
