"""Reads a draft out of an answer and has it examined: it becomes a sample at once, or once its judge has ruled."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import uuid_utils

from models.domain import Job, RawAnswer
from models.samples.thinking_source import ThinkingSource
from models.schemas import Sample
from services.catalogue.catalogue import Catalogue
from services.drafts.draft import Draft
from services.drafts.parser import parse_answer
from services.grounding.claims.question import Question, chosen
from services.grounding.ground import NO_GROUND
from services.grounding.proof import NO_RULINGS, Rulings, without_markers
from services.quality.examiner import Examined, Examiner, Task
from utils.clock import Clock, iso
from utils.errors import AnswerFormatError, QualityError
from utils.model_names import shown_model

T = TypeVar("T")
# Answers that are examined at a time. The interpreter works on one anyway: of those that come together the first is
# done first, and its worker sends the next call, where all of them in slices would be done, and send, at the end.
_AT_A_TIME = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A draft that was read and examined.

    Attributes:
        answer: What it was read out of.
        draft: As the sample will have it, without markers.
        task: What was asked, and the draft as it was written.
        fields: The sample but for what the examiner found.
    """

    answer: RawAnswer
    draft: Draft
    task: Task
    fields: Mapping[str, object]
    examined: Examined

    @property
    def id(self) -> str:
        """The id of the sample."""
        return str(self.fields["id"])

    @property
    def written(self) -> Draft:
        """The draft with the markers of provisions."""
        return self.task.written or self.draft

    @property
    def questions(self) -> tuple[Question, ...]:
        """What of the law a judge is asked."""
        return chosen(self.examined.proof.questions) if self.examined.proof is not None else ()

    def sample(self) -> Sample:
        """Return the sample."""
        return Sample.model_validate({**self.fields, **self.examined.marks})


class Examination:
    """Reads and examines answers, a few at a time. Thread-safe."""

    def __init__(self, catalogue: Catalogue, examiner: Examiner, clock: Clock) -> None:
        self._catalogue = catalogue
        self._examiner = examiner
        self._grounder = examiner.prover.grounder
        self._clock = clock
        self._examining = threading.Semaphore(_AT_A_TIME)

    def candidate(self, job: Job, answer: RawAnswer, *, is_judged: bool = False) -> Candidate:
        """Read and check an answer; what a judge rules on is left open where it *is_judged*.

        Raises:
            AnswerFormatError: no sample can be read out of it.
            QualityError: a check refuses it; says which and why.
        """
        with self._examining:
            return self._examined(job, answer, is_judged)

    def ruled(self, candidate: Candidate, rulings: Rulings = NO_RULINGS) -> Sample:
        """Return the sample of a candidate by what its judge ruled; where it did not, the rules decide.

        Raises:
            QualityError: it says what is not in the law.
        """
        one = candidate
        with self._examining:
            examined = _by(one.answer, lambda: self._examiner.ruled(one.examined, one.draft, one.task, rulings))
        return Candidate(one.answer, one.draft, one.task, one.fields, examined).sample()

    def _examined(self, job: Job, answer: RawAnswer, is_judged: bool) -> Candidate:
        written = read_draft(answer)
        ground = self._grounder.of_units(answer.sources) if answer.sources else NO_GROUND
        draft = written.without(without_markers) if ground.sources else written
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
            "model": shown_model(answer.model),
            "created_at": iso(self._clock.now()),
            "tokens_used": answer.tokens,
            "prompt_hash": answer.prompt_hash,
            "thinking": written.thinking or None,
            "thinking_source": _thinking_source(answer) if written.thinking or answer.reasoning_tokens else None,
            "failover_chain": json.dumps([_shown_step(step) for step in answer.chain]),
        }
        kind = self._catalogue.sample_type(job.sample_type)
        requirements = self._catalogue.requirements(kind, self._catalogue.difficulty(job.difficulty))
        owner = f"{job.circuit}/{job.sample_type}/{job.difficulty}/{job.seed}"
        task = Task(kind, requirements, job.jurisdiction, owner, ground, written, is_judged)
        return Candidate(answer, draft, task, fields, _by(answer, lambda: self._examiner.examine(draft, task, fields)))


def read_draft(answer: RawAnswer) -> Draft:
    """Return the draft in an answer.

    Raises:
        AnswerFormatError: there is none.
    """
    try:
        return parse_answer(answer.text, answer.thinking)
    except RecursionError:
        raise AnswerFormatError("the answer is nested too deeply") from None


def _by(answer: RawAnswer, examine: Callable[[], T]) -> T:
    """Return what *examine* returns; its refusal names who wrote the answer."""
    try:
        return examine()
    except QualityError as error:
        error.provider, error.model = answer.provider, answer.model
        raise


def _thinking_source(answer: RawAnswer) -> str:
    model = shown_model(answer.model)
    return ThinkingSource(answer.provider, model, answer.reasoning_tokens, answer.thought_ms).to_json()


def _shown_step(step: str) -> str:
    """Return "provider/model: outcome" with the model as samples name it."""
    target, colon, outcome = step.rpartition(": ")
    provider, slash, model = target.partition("/")
    return f"{provider}{slash}{shown_model(model)}{colon}{outcome}"
