"""Makes samples for batches and for single requests. What happens to one stands in `services/generation/making.py`."""

import random
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, cast

from models.contract.answers.base import StoredSample
from models.contract.bodies import GenerateRequest
from models.domain import CallUsage, Job, RawAnswer
from models.schemas import Sample
from services.catalogue.catalogue import BALANCE, Catalogue, Topic
from services.generation.judge import JudgeSpec
from services.generation.making import Maker, Making, Recorder
from services.generation.topics import likely
from services.llm.attempts import Attempts
from services.llm.caller import Outcome
from services.llm.limits.gate import Permit
from services.llm.single_calls import CallLog, SingleCalls
from services.llm_service import LLMService, Preference, Terms
from utils.cancellation import CancelToken, time_limit
from utils.clock import Clock
from utils.errors import GenerationError

__all__ = ["GenerationService", "GenerationSettings", "Made", "Making", "Recorder", "Watch"]


# Who waits for one sample waits no longer for a provider's limits while another has room.
_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class GenerationSettings:
    """How long is tried.

    Attributes:
        max_tries: Calls that one sample may take.
        wait_cap_s: Longest wait for a closed provider when nothing else is open.
        time_limit_s: Longest time of a sample that somebody waits for.
    """

    max_tries: int = 3
    wait_cap_s: float = 20.0
    time_limit_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Made:
    """One finished sample.

    Attributes:
        tokens: What it used, failed and refused calls included.
        elapsed_s: How long it took.
        waited_s: How much of that its calls waited for their turn, in seconds by what they waited for.
    """

    sample: StoredSample
    tokens: int
    elapsed_s: float
    waited_s: Mapping[str, float]


class Calls(Protocol):
    """Counts the calls of one sample (`SingleCalls`)."""

    def on(self, terms: Terms) -> Terms:
        """Return *terms* on which every call is noted here."""

    def sending(self, permit: Permit) -> None:
        """Note the call."""

    def used(self, usage: CallUsage) -> None:
        """Count the call that was noted."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who follows a sample while it is made.

    Attributes:
        calls: Counts its calls, and is told their words.
        cancel: Ends the work.
        has_words: Whether a part of the draft under way was told.
        refused: Told of each draft that was refused.
    """

    calls: Calls
    cancel: CancelToken
    has_words: Callable[[], bool]
    refused: Callable[[GenerationError], None]


@dataclass(frozen=True, slots=True)
class UsageRecorder:
    """Keeps only what was used: for samples that belong to no batch."""

    calls: Calls
    told: Callable[[GenerationError], None] = lambda _: None

    def sending(self, permit: Permit) -> None:
        """Note the call."""
        self.calls.sending(permit)

    def answered(self, _answer: RawAnswer, outcome: Outcome) -> None:
        """Count the call."""
        self.calls.used(outcome.usage)

    def failed(self, _error: GenerationError, outcome: Outcome) -> None:
        """Count the call."""
        self.calls.used(outcome.usage)

    def spent(self, outcome: Outcome) -> None:
        """Count the call."""
        self.calls.used(outcome.usage)

    def refused(self, answer: RawAnswer, error: GenerationError) -> None:
        """Tell it; it was counted when it was answered."""
        self.told(error)


class GenerationService:
    """Makes samples. Thread-safe: all state of a sample is in its `Making`."""

    def __init__(  # what a sample needs
        self,
        catalogue: Catalogue,
        llm: LLMService,
        maker: Maker,
        clock: Clock,
        settings: GenerationSettings,
        calls: CallLog,
    ) -> None:
        self._catalogue = catalogue
        self._llm = llm
        self.maker = maker
        self._clock = clock
        self._settings = settings
        self._calls = calls

    def attempts(self) -> Attempts:
        """Return the budget of calls of one sample."""
        return Attempts(self._settings.max_tries)

    def check(self, wanted: GenerateRequest) -> None:
        """Refuse what cannot be made; InputError says why."""
        preference, judge = self._asked(wanted)
        if judge is not None:
            self.maker.judge.check(judge, preference)
        self.maker.check_ground(self._job(wanted, 0))

    def make(self, wanted: GenerateRequest, counter: int = 0, watch: Watch | None = None) -> Made:
        """Make one sample and wait for it; nothing is stored.

        Args:
            wanted: The request; its type `balance` picks a core type by *counter*.
            counter: Place in the cycle of core types.
            watch: Who follows it.

        Raises:
            InputError: the request names something unknown; lists what is known.
            GenerationError: no sample could be made.
        """
        return self._make(wanted, counter, self.attempts(), watch)

    def _asked(self, wanted: GenerateRequest) -> tuple[Preference, JudgeSpec | None]:
        # Who names a model wants that one: its failure is the answer, not another model's sample.
        preference = Preference(wanted.provider or "", wanted.model, allow_failover=wanted.model is None)
        self._llm.check(preference)
        return preference, JudgeSpec.of(wanted.judge)

    def _make(self, wanted: GenerateRequest, counter: int, attempts: Attempts, watch: Watch | None = None) -> Made:
        preference, judge = self._asked(wanted)
        if judge is not None:
            self.maker.judge.check(judge, preference)
        job = self._job(wanted, counter)
        if "sample_type" not in wanted.model_fields_set:
            job = self.maker.fitted(job, preference)
        self.maker.check_ground(job)
        started = self._clock.monotonic()
        watch = watch or _unwatched(SingleCalls(self._calls))
        limit = time_limit(self._settings.time_limit_s, "the sample (setting ANSWER_TIMEOUT_S)", watch.cancel)
        with limit as cancel:
            wait_cap_s = self._settings.wait_cap_s
            terms = watch.calls.on(Terms(calling=cancel, waiting=cancel, max_wait_s=wait_cap_s, patience_s=_PATIENCE_S))
            recorder = UsageRecorder(watch.calls, watch.refused)
            making = Making(job, preference, judge, terms, recorder, attempts, is_bound=watch.has_words)
            sample = self.maker.make(making)
        self.maker.forget(sample.id)  # whether it is stored is the caller's choice
        waited_s = {cause: round(seconds, 2) for cause, seconds in attempts.waited_s.items()}
        return Made(_stored(sample), attempts.tokens, round(self._clock.monotonic() - started, 2), waited_s)

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
        jurisdiction: str | None = None,
    ) -> tuple[StoredSample | None, int, float, str | None]:
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
        attempts = self.attempts()
        started = self._clock.monotonic()
        try:
            made = self._make(wanted, counter, attempts)
        except GenerationError as error:
            return None, attempts.tokens, self._clock.monotonic() - started, error.labelled()
        made.sample["batch_id"] = batch_id
        return made.sample, made.tokens, made.elapsed_s, None

    def fitted(self, jobs: Iterator[Job], preference: Preference) -> Iterator[Job]:
        """Yield *jobs* as `Maker.fitted` has them; what the law answers is looked up once a topic."""
        kinds: dict[str, Job] = {}
        for job in jobs:
            if job.circuit not in kinds:
                kinds[job.circuit] = self.maker.fitted(job, preference)
            fits = kinds[job.circuit]
            yield replace(job, sample_type=fits.sample_type, use_rag=fits.use_rag)

    def answers(self, file_ids: tuple[str, ...], is_small: bool) -> Callable[[Topic], float]:
        """Return what tells how likely the documents, or those named, answer a topic, 0 to 1."""
        return lambda topic: self.maker.answers(topic, file_ids, is_small)

    def elsewhere(self, job: Job, avoided: Collection[str]) -> Job | None:
        """Return *job* on another topic that the documents are likely to answer; None if there is none.

        Args:
            job: What found no ground.
            avoided: Circuits of topics that found none either.
        """
        is_small = self._catalogue.sample_type(job.sample_type).needs_law
        jobs = {
            topic: replace(job, practice_area=topic.practice_area, topic=topic.topic)
            for topic in self._catalogue.topics_of(job.jurisdiction)
        }
        left = [topic for topic, other in jobs.items() if other.circuit not in avoided]
        chosen = likely(left, self.answers(job.file_ids, is_small))
        return jobs[random.Random(job.seed).choice(chosen)] if chosen else None

    def conclude(self, job: Job, answer: RawAnswer, spec: JudgeSpec | None, why: str) -> Sample:
        """Return the sample of an answer that was paid for, without another call; as `Maker.conclude`."""
        return self.maker.conclude(job, answer, spec, why)

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
        row = self._catalogue.sample_type(kind)
        return Job(
            practice_area=wanted.practice_area,
            topic=wanted.topic,
            difficulty=self._catalogue.difficulty(wanted.difficulty).id,
            sample_type=row.id,
            jurisdiction=self._catalogue.jurisdiction(wanted.jurisdiction or self._catalogue.default_jurisdiction).id,
            seed=secrets.randbits(31),
            instruction=wanted.reasoning_instruction,
            use_rag=wanted.use_rag or bool(wanted.file_ids) or row.needs_law,
            file_ids=wanted.file_ids,
        )


def _unwatched(calls: Calls) -> Watch:
    return Watch(calls, CancelToken(), lambda: False, lambda _: None)


def _stored(sample: Sample) -> StoredSample:
    return cast("StoredSample", sample.model_dump())  # the model has these fields
