"""From a job to a sample: route, draft, keep the answer, read it, judge it, try again.

One sample has a budget of calls. A failed call goes on to another target at once; a
refused draft is written again with the reason in the prompt. An answer that was paid
for is handed to `keep` before anything is read out of it.
"""

import json
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any

import uuid_utils

from models.domain import Job, RawAnswer
from models.schemas import GenerateRequest, Sample
from services.catalogue import BALANCE, Catalogue
from services.generation.parser import parse_answer
from services.generation.prompts import SAMPLE_SCHEMA, PromptRenderer
from services.generation.quality import judge
from services.generation.scaffold import Scaffold
from services.generation.trail import GenerationLimits, Made, Trail
from services.llm_service import LLMService, Preference, Prompt, Target, TargetHeldError
from utils.cancellation import CancelToken
from utils.clock import Clock, iso
from utils.errors import (
    AnswerFormatError,
    CancelledError,
    GenerationError,
    NoTargetError,
    QualityError,
)

__all__ = ["GenerationLimits", "GenerationService", "Made", "Trail"]
Keep = Callable[[RawAnswer | None], None]


class GenerationService:
    """Makes samples. Thread-safe: all state of a sample is in its `Trail`."""

    def __init__(
        self,
        catalogue: Catalogue,
        llm: LLMService,
        scaffold: Scaffold,
        clock: Clock,
        limits: GenerationLimits,
    ) -> None:
        self._catalogue = catalogue
        self._llm = llm
        self._renderer = PromptRenderer(catalogue)
        self._scaffold = scaffold
        self._clock = clock
        self._max_tries = limits.max_tries
        self._words_tolerance = limits.words_tolerance
        self._wait_cap_s = limits.wait_cap_s

    def generate(
        self,
        job: Job,
        preference: Preference,
        cancel: CancelToken,
        trail: Trail,
        answer: RawAnswer | None = None,
        keep: Keep = lambda _: None,
    ) -> Sample:
        """Return a sample of *job* that passed every check.

        Args:
            job: What is wanted.
            preference: Which provider and model may be used.
            cancel: Ends every wait.
            trail: Filled with what it took.
            answer: An answer paid for earlier and not judged yet.
            keep: Called with each answer before it is read, and with None once it is refused.

        Raises:
            QualityError, AnswerFormatError: the last draft was refused, the budget is spent.
            GenerationError: the last call failed.
            NoTargetError: no provider is open.
            CancelledError: *cancel* was set.
        """
        feedback = ""
        if answer is not None:
            trail.tokens += answer.tokens
        while True:
            try:
                if answer is None:
                    answer = self._obtain(job, preference, cancel, trail, feedback)
                    keep(answer)
                return self.judge(job, answer)
            except (AnswerFormatError, QualityError) as error:
                if answer is not None:
                    keep(None)
                answer = None
                feedback = str(error)
                trail.failures.append(error)
                if trail.calls >= self._max_tries:
                    raise

    def judge(self, job: Job, answer: RawAnswer) -> Sample:
        """Read and check an answer.

        Raises:
            AnswerFormatError: no sample can be read out of it.
            QualityError: a check refuses it; says which and why.
        """
        try:
            draft = parse_answer(answer.text, answer.thinking)
        except RecursionError:
            raise AnswerFormatError("the answer is nested too deeply") from None
        kind = self._catalogue.sample_type(job.sample_type)
        limits = self._catalogue.limits(kind, self._catalogue.difficulty(job.difficulty))
        reason = judge(draft, kind, limits, self._words_tolerance)
        if reason is not None:
            raise QualityError(reason, provider=answer.provider, model=answer.model)
        return Sample.model_validate(
            {
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
        sample = self.generate(job, preference, CancelToken(), trail)
        return Made(sample.model_dump(), trail.tokens, round(self._clock.monotonic() - started, 2))

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
        info = self._catalogue.provider(provider)
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

    def _obtain(self, job: Job, preference: Preference, cancel: CancelToken, trail: Trail, feedback: str) -> RawAnswer:
        """Get one answer, from target to target, within the budget of calls."""
        while True:
            if cancel.is_cancelled:
                raise CancelledError("stopped between two tries")
            target = self._route(preference, cancel, trail)
            trail.target = target
            trail.detour = self._llm.detour(preference, target)
            trail.calls += 1
            try:
                return self._draft(job, target, cancel, trail, feedback)
            except CancelledError:
                raise
            except TargetHeldError:
                trail.calls -= 1  # nothing was sent
            except GenerationError as error:
                trail.tokens += error.tokens
                trail.chain.append(f"{target.name}: {error.category}")
                if isinstance(error, AnswerFormatError):
                    raise
                trail.failures.append(error)
                trail.excluded.append(target.name)
                if trail.calls >= self._max_tries:
                    raise

    def _route(self, preference: Preference, cancel: CancelToken, trail: Trail) -> Target:
        """Choose a target, waiting for one when it reopens soon."""
        waited = False
        while True:
            try:
                return self._llm.route(preference, trail.excluded)
            except NoTargetError as error:
                last = trail.failures[-1] if trail.failures else None
                if trail.excluded and last is not None and last.retryable:
                    # Everything else was tried: the same target may be asked again once it is open.
                    trail.excluded.clear()
                    continue
                if waited or error.retry_in_s is None or error.retry_in_s > self._wait_cap_s or trail.excluded:
                    # A refused draft is no reason why nobody is open, and would be taken for a new one.
                    if last is None or isinstance(last, AnswerFormatError | QualityError):
                        raise
                    raise last from None
                waited = True
                if cancel.wait(error.retry_in_s):
                    raise CancelledError("stopped while waiting for a provider") from None

    def _draft(self, job: Job, target: Target, cancel: CancelToken, trail: Trail, feedback: str) -> RawAnswer:
        if target.model.guided:
            return self._guided_draft(job, target, cancel, trail)
        rendered = self._renderer.render(job, feedback)
        prompt = Prompt(
            messages=({"role": "user", "content": rendered.text},), schema=SAMPLE_SCHEMA, seed=job.seed + trail.calls
        )
        completion = self._llm.call(target, prompt, cancel)
        trail.tokens += completion.tokens
        return self._answer(target, trail, completion.text, completion.tokens, completion.thinking, rendered.sha256)

    def _guided_draft(self, job: Job, target: Target, cancel: CancelToken, trail: Trail) -> RawAnswer:
        """Lead a small model through the sample; its calls count as one try."""
        used = 0

        def ask(system: str, question: str, schema: dict[str, object], max_tokens: int, seed: int) -> dict[str, str]:
            nonlocal used
            messages = ({"role": "system", "content": system}, {"role": "user", "content": question})
            prompt = Prompt(messages=messages, schema=schema, seed=seed, max_tokens=max_tokens)
            try:
                completion = self._llm.call(target, prompt, cancel)
            except AnswerFormatError as error:
                trail.tokens += error.tokens
                error.tokens = 0  # counted; the scaffold may go on
                raise
            used += completion.tokens
            trail.tokens += completion.tokens
            return _fields(completion.text)

        text = self._scaffold.draft(job, ask, trail.calls)
        return self._answer(target, trail, text, used, "", self._renderer.render(job).sha256)

    @staticmethod
    def _answer(target: Target, trail: Trail, text: str, tokens: int, thinking: str, prompt_hash: str) -> RawAnswer:
        trail.chain.append(f"{target.name}: answered")
        return RawAnswer(
            text=text,
            provider=target.provider.id,
            model=target.model.id,
            tokens=tokens,
            thinking=thinking,
            prompt_hash=prompt_hash,
            chain=tuple(trail.chain),
        )


def _fields(text: str) -> dict[str, str]:
    try:
        value = json.loads(text, strict=False)
    except ValueError:
        raise AnswerFormatError(f"the engine's answer is no JSON (begins {text[:40]!r})") from None
    return {name: str(part) for name, part in value.items()}
