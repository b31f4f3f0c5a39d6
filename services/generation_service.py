"""From a job to a sample: route, draft, keep the answer, read it, judge it, try again.

One sample has a budget of calls. A failed call goes on to another target at once; a
refused draft is written again with the reason in the prompt. An answer that was paid
for is handed to the recorder before anything is read out of it.
"""

import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import uuid_utils

from models.domain import Job, RawAnswer
from models.requests import GenerateRequest
from models.schemas import Sample
from services.catalogue import BALANCE, Catalogue, Limits
from services.examiner import Examiner, Task
from services.generation.guided import Guide, guided_draft
from services.generation.parser import parse_answer
from services.generation.prompts import SAMPLE_SCHEMA, PromptRenderer
from services.generation.scaffold import Scaffold
from services.generation.trail import (
    Assignment,
    GenerationLimits,
    Made,
    Recorder,
    Trail,
    UsageRecorder,
)
from services.judge import Judge, Judgement, JudgeSpec, judgement_columns, read_judgement
from services.llm.single_calls import CallLog, SingleCalls
from services.llm_service import LLMService, Outcome, Permit, Preference, Prompt, Terms
from services.validation.draft import Draft
from utils.cancellation import time_limit
from utils.clock import Clock, iso
from utils.errors import (
    AnswerFormatError,
    BudgetSpentError,
    GenerationError,
    NoTargetError,
    QualityError,
)

__all__ = ["Assignment", "GenerationLimits", "GenerationService", "Made", "Parts", "Recorder", "Trail"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What writes and judges drafts, besides the models."""

    scaffold: Scaffold
    examiner: Examiner
    judge: Judge


class GenerationService:
    """Makes samples. Thread-safe: all state of a sample is in its `Trail`."""

    def __init__(
        self,
        catalogue: Catalogue,
        llm: LLMService,
        parts: Parts,
        clock: Clock,
        limits: GenerationLimits,
        calls: CallLog,
    ) -> None:
        self._catalogue = catalogue
        self._llm = llm
        self._renderer = PromptRenderer(catalogue)
        self._scaffold = parts.scaffold
        self._examiner = parts.examiner
        self.judge = parts.judge
        self._clock = clock
        self._max_tries = limits.max_tries
        self._wait_cap_s = limits.wait_cap_s
        self._time_limit_s = limits.time_limit_s
        self._calls = calls

    def generate(
        self,
        assignment: Assignment,
        terms: Terms,
        recorder: Recorder,
        trail: Trail,
        answer: RawAnswer | None = None,
    ) -> Sample:
        """Return a sample of the job that passed every check.

        Args:
            assignment: What is wanted, who may do it, who judges it.
            terms: Whose turn it is, what may be spent, what ends it.
            recorder: Told of every step before the next one.
            trail: Filled with what it took.
            answer: An answer paid for earlier and not judged yet.

        Raises:
            QualityError, AnswerFormatError: the last draft was refused, the budget of calls is spent.
            GenerationError: the last call failed.
            NoTargetError: no provider is open.
            BudgetSpentError: what may be spent is spent.
            CancelledError: a token of *terms* was set.
        """

        def sending(permit: Permit) -> None:
            trail.calls += 1
            trail.target, trail.detour = permit.target, permit.detour
            recorder.sending(permit)

        job, writing = assignment.job, replace(terms, sending=sending)
        judging = replace(terms, sending=recorder.sending)
        if answer is not None:
            trail.tokens += answer.tokens
        trail.answer = answer
        feedback = ""
        while True:
            if answer is None:
                answer = self._obtain(job, assignment.preference, writing, recorder, trail, feedback)
            try:
                sample = self.examine(job, answer)
                if assignment.judge is None:
                    return sample
                return self._judged(sample, assignment.judge, job, answer, judging, recorder, trail)
            except (AnswerFormatError, QualityError) as error:
                recorder.refused(answer, error)
                feedback = _feedback(error, answer)
                answer = trail.answer = None
                trail.failures.append(error)
                if trail.calls >= self._max_tries:
                    raise

    def examine(self, job: Job, answer: RawAnswer) -> Sample:
        """Read and check an answer.

        Raises:
            AnswerFormatError: no sample can be read out of it.
            QualityError: a check refuses it; says which and why.
        """
        draft = _read(answer)
        kind = self._catalogue.sample_type(job.sample_type)
        fields = {
            "id": f"{answer.provider}_{uuid_utils.uuid7()}",
            "question": draft.question,
            "answer": draft.answer,
            "topic": job.topic_key,
            "difficulty": job.difficulty,
            "case_citation": draft.case_citation,
            "reasoning": draft.reasoning,
            "jurisdiction": job.jurisdiction,
            "sample_type": job.sample_type,
            "provider": answer.provider,
            "model": answer.model,
            "created_at": iso(self._clock.now()),
            "tokens_used": answer.tokens,
            "prompt_hash": answer.prompt_hash,
            "thinking": draft.thinking or None,
            "failover_chain": json.dumps(answer.chain),
        }
        owner = f"{job.circuit}/{job.sample_type}/{job.difficulty}/{job.seed}"
        task = Task(kind, self.limits_of(job), job.jurisdiction, owner)
        try:
            marks = self._examiner.examine(draft, task, fields)
        except QualityError as error:
            error.provider, error.model = answer.provider, answer.model
            raise
        return Sample.model_validate({**fields, **marks})

    def _judged(  # noqa: PLR0913, PLR0917  # everything one judgement touches
        self,
        sample: Sample,
        spec: JudgeSpec,
        job: Job,
        answer: RawAnswer,
        terms: Terms,
        recorder: Recorder,
        trail: Trail,
    ) -> Sample:
        """Return *sample* with its judgement; QualityError when its score is too low.

        The judge's answer is kept as the draft is: neither is asked for twice. A sample that could
        not be judged is kept and says so, since its draft is paid for.
        """
        if self.judge.is_author(spec, answer):
            return _unjudged(sample, "the judge wrote it itself")
        problem = ""
        for attempt in range(self.judge.tries):
            if not answer.judgement:
                try:
                    outcome = self.judge.ask(spec, job, _read(answer), terms, attempt)
                except (NoTargetError, BudgetSpentError) as error:  # the draft is paid for
                    return _unjudged(sample, error.labelled() if isinstance(error, GenerationError) else str(error))
                trail.tokens += outcome.usage.tokens
                if outcome.error is not None:
                    problem = outcome.error.labelled()
                    recorder.spent(outcome)
                    continue
                answer = replace(answer, judgement=outcome.answer().text)
                recorder.answered(answer, outcome)
                trail.answer = answer
            try:
                judgement = read_judgement(answer.judgement)
            except GenerationError as error:
                problem, answer = str(error), replace(answer, judgement="")
                continue
            return self._scored(sample, spec, judgement)
        return _unjudged(sample, problem)

    def _scored(self, sample: Sample, spec: JudgeSpec, judgement: Judgement) -> Sample:
        """Return *sample* with its judgement; QualityError when its score is too low."""
        if judgement.score < spec.min_score:
            self.forget(sample.id)
            raise QualityError(f"judge: score {judgement.score:.2f}, want at least {spec.min_score:g}")
        return sample.model_copy(update=judgement_columns(judgement, self.judge.name(spec)))

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
        return (
            self._scored(sample, spec, read_judgement(answer.judgement)) if answer.judgement else _unjudged(sample, why)
        )

    def make(self, wanted: GenerateRequest, trail: Trail, counter: int = 0) -> Made:
        """Make one sample and wait for it; nothing is stored.

        Args:
            wanted: The request; its type `balance` picks a core type by *counter*.
            trail: Filled with what it took, also on failure.
            counter: Place in the cycle of core types.

        Raises:
            InputError: the request names something unknown; lists what is known.
            GenerationError: no sample could be made.
        """
        # Who names a model wants that one: its failure is the answer, not another model's sample.
        preference = Preference(wanted.provider or "", wanted.model, allow_failover=wanted.model is None)
        self._llm.check(preference)
        job = self._job(wanted, counter)
        started = self._clock.monotonic()
        with time_limit(self._time_limit_s, "the sample (setting ANSWER_TIMEOUT_S)") as cancel:
            calls = SingleCalls(self._calls)
            terms = calls.on(Terms(calling=cancel, waiting=cancel, max_wait_s=self._wait_cap_s))
            sample = self.generate(Assignment(job, preference), terms, UsageRecorder(calls), trail)
        self.forget(sample.id)  # whether it is stored is the caller's choice
        return Made(sample.model_dump(), trail.tokens, round(self._clock.monotonic() - started, 2))

    def forget(self, sample_id: str) -> None:
        """Say that a sample which was examined will not be stored."""
        self._examiner.duplicates.forget(sample_id)

    def generate_single_sample(  # noqa: PLR0913, PLR0917  # a fixed name with fixed arguments, for existing callers
        self,
        practice_area: str,
        topic: str,
        difficulty: str,
        counter: int = 0,
        provider: str = "",
        model: str | None = None,
        reasoning_instruction: str | None = None,
        batch_id: str | None = None,
        sample_type: str = "case_analysis",
        jurisdiction: str = "uk",
    ) -> tuple[dict[str, Any] | None, int, float, str | None]:
        """Make one sample, with the outcome as a tuple instead of an exception.

        Returns:
            The sample or None, tokens used, elapsed seconds, and None or "[category] reason".

        Raises:
            InputError: an argument names something unknown.
        """
        wanted = GenerateRequest(
            practice_area=practice_area,
            topic=topic,
            difficulty=difficulty,
            provider=provider,
            model=model,
            sample_type=sample_type,
            jurisdiction=jurisdiction,
            reasoning_instruction=reasoning_instruction,
        )
        trail = Trail()
        started = self._clock.monotonic()
        try:
            made = self.make(wanted, trail, counter)
        except GenerationError as error:
            return None, trail.tokens, self._clock.monotonic() - started, error.labelled()
        return {**made.sample, "batch_id": batch_id}, made.tokens, made.elapsed_s, None

    def get_next_model(self, current_model: str, failed_models: Collection[str], provider: str) -> str | None:
        """Return the model of *provider* to use after *current_model*, or None when all failed."""
        info = self._llm.roster.provider(provider)
        names = [model.id for model in self._llm.models.usable(info)] if info else []
        start = names.index(current_model) + 1 if current_model in names else 0
        return next(
            (name for name in names[start:] + names[:start] if name not in {*failed_models, current_model}), None
        )

    def get_next_provider_and_model(
        self, provider: str, model: str, failed_models_by_provider: Mapping[str, Collection[str]]
    ) -> tuple[str | None, str | None]:
        """Return the next target: a model of *provider*, else the next provider's first; else (None, None)."""
        following = self.get_next_model(model, failed_models_by_provider.get(provider, ()), provider)
        if following is not None:
            return provider, following
        for info in self._llm.factory.enabled():
            failed = failed_models_by_provider.get(info.id, ())
            usable = next((row.id for row in self._llm.models.usable(info) if row.id not in failed), None)
            if info.id != provider and usable is not None:
                return info.id, usable
        return None, None

    def _job(self, wanted: GenerateRequest, counter: int) -> Job:
        kind = wanted.sample_type
        if kind == BALANCE:
            core = self._catalogue.core_types
            kind = core[counter % len(core)].id
        return Job(
            practice_area=wanted.practice_area,
            topic=wanted.topic,
            difficulty=self._catalogue.difficulty(wanted.difficulty).id,
            sample_type=self._catalogue.sample_type(kind).id,
            jurisdiction=self._catalogue.jurisdiction(wanted.jurisdiction).id,
            seed=secrets.randbits(31),
            instruction=wanted.reasoning_instruction,
        )

    def prompt(self, job: Job, feedback: str = "", variant: int = 0) -> tuple[Prompt, str]:
        """Return the one prompt of *job* and its hash; *variant* makes another draw of it."""
        rendered = self._renderer.render(job, feedback)
        messages = ({"role": "user", "content": rendered.text},)
        kind = f"{job.sample_type}/{job.difficulty}"
        return Prompt(messages=messages, schema=SAMPLE_SCHEMA, seed=job.seed + variant, kind=kind), rendered.sha256

    def limits_of(self, job: Job) -> Limits:
        """Return what the checks ask of a sample of *job*."""
        kind = self._catalogue.sample_type(job.sample_type)
        return self._catalogue.limits(kind, self._catalogue.difficulty(job.difficulty))

    def _obtain(  # what generate was given, and the feedback
        self, job: Job, preference: Preference, terms: Terms, recorder: Recorder, trail: Trail, feedback: str
    ) -> RawAnswer:
        """Get one answer, from target to target, within the budget of calls."""
        while True:
            try:
                outcome, prompt_hash = self._draft(job, preference, terms, trail, feedback)
            except NoTargetError as nobody:
                last = trail.failures[-1] if trail.failures else None
                # A refused draft is no reason why nobody is open, and would be taken for a new one.
                if last is None or isinstance(last, AnswerFormatError | QualityError):
                    raise
                raise last from nobody
            trail.tokens += outcome.usage.tokens
            if outcome.error is None:
                answer = _raw(outcome, trail, prompt_hash)
                recorder.answered(answer, outcome)
                trail.answer = answer
                return answer
            error = outcome.error
            trail.chain.append(f"{outcome.target.name}: {error.category}")
            trail.failures.append(error)
            if isinstance(error, AnswerFormatError):
                feedback = str(error)
            else:
                (trail.avoided if error.retryable else trail.excluded).append(outcome.target.name)
            recorder.failed(error, outcome)
            if trail.calls >= self._max_tries:
                raise error

    def _draft(
        self, job: Job, preference: Preference, terms: Terms, trail: Trail, feedback: str
    ) -> tuple[Outcome, str]:
        small = self._llm.guided(preference)
        if small is not None:
            outcome = guided_draft(job, small, terms, trail.calls, Guide(self._llm, self._scaffold, self._clock))
            return outcome, self._renderer.render(job).sha256
        prompt, prompt_hash = self.prompt(job, feedback, trail.calls)
        return self._llm.ask(prompt, preference, terms, trail.excluded, trail.avoided), prompt_hash


def _raw(outcome: Outcome, trail: Trail, prompt_hash: str) -> RawAnswer:
    completion = outcome.answer()
    trail.chain.append(f"{outcome.target.name}: answered")
    return RawAnswer(
        text=completion.text,
        provider=outcome.target.provider.id,
        model=outcome.target.model.id,
        tokens=outcome.usage.tokens,
        thinking=completion.thinking,
        prompt_hash=prompt_hash,
        chain=tuple(trail.chain),
    )


def _read(answer: RawAnswer) -> Draft:
    try:
        return parse_answer(answer.text, answer.thinking)
    except RecursionError:
        raise AnswerFormatError("the answer is nested too deeply") from None


def _feedback(error: GenerationError, answer: RawAnswer) -> str:
    """Return what the next try is told; where only an authority was wrong, it keeps the question."""
    if isinstance(error, QualityError) and error.field == "citation":
        return f"{error}\nKeep the question as it was and mend the rest. The question was: {_read(answer).question}"
    return str(error)


def _unjudged(sample: Sample, why: str) -> Sample:
    issues = [*json.loads(sample.quality_issues or "[]"), f"not judged: {why}"]
    return sample.model_copy(update={"quality_issues": json.dumps(issues)})
