"""A second model that scores samples against a rubric, with a reason for each point.

A sample is text that a model wrote, and may speak to its judge. It is therefore sent as data:
one JSON object between two lines that nobody could foresee, with the instructions after it. The
judge must give back a token that stands in the instructions alone. An answer without it, or one
that cannot be read, is no judgement; there is no score by default.

What a sample says of provisions that are here goes to the judge in the same call, with their texts: it rules on each
claim (`services/grounding/claims/judge_model.py`).
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypedDict

from models.contract.bodies import JudgeRequest
from models.domain import Job, RawAnswer
from models.fields import Whole
from services.drafts.draft import Draft
from services.drafts.judging import load_template, one_line, parsed_once
from services.drafts.thinking import split_thinking
from services.grounding.claims import judge_model
from services.grounding.claims.judge_model import REASONS, Verdict
from services.grounding.claims.question import Question
from services.llm.adapters.base import Completion
from services.llm_service import LLMService, Outcome, Preference, Prompt, Target, Terms
from utils.errors import AnswerFormatError, ConfigurationError
from utils.model_names import shown_model
from utils.unwrapping import Names, held_objects

POINTS = ("legal_correctness", "grounding", "reasoning", "clarity", "difficulty_fit")
BEST = 5
_HELD = Names(("token", *POINTS, "claims"))
_TRIES = 3
_MAX_TOKENS = 800
_TOKENS_A_CLAIM = 160
# What the template is made of.
_NAMES = {"best", "mark", "material", "token"}


@dataclass(frozen=True, slots=True)
class JudgeSpec:
    """Who judges, and from which score (0 to 1) on a sample passes."""

    provider: str
    model: str | None
    min_score: float

    @classmethod
    def of(cls, wanted: JudgeRequest | None) -> "JudgeSpec | None":
        """Return what a request says of its judge; None for nobody."""
        return cls(wanted.provider, wanted.model, wanted.min_score) if wanted is not None else None


@dataclass(frozen=True, slots=True)
class Case:
    """What is put before a judge.

    Attributes:
        job: What was wanted of the sample.
        draft: The sample as it was written.
        questions: Its claims of the law to rule on.
    """

    job: Job
    draft: Draft
    questions: tuple[Question, ...] = ()


class _Point(BaseModel):
    model_config = ConfigDict(extra="ignore")

    score: Whole = Field(ge=1, le=BEST)
    reason: str


class Judgement(BaseModel):
    """Points from 1 to 5 with reasons, a verdict on each claim that was asked about, and the token given back."""

    model_config = ConfigDict(extra="ignore")

    token: str = Field("", exclude=True)
    legal_correctness: _Point
    grounding: _Point
    reasoning: _Point
    clarity: _Point
    difficulty_fit: _Point
    claims: tuple[Verdict, ...] = Field((), exclude=True)

    @property
    def score(self) -> float:
        """The mean of all points, 0 to 1: five is 1, one is 0."""
        points = [int(getattr(self, name).score) for name in POINTS]
        return round((sum(points) / len(points) - 1) / (BEST - 1), 3)


_POINT = {
    "type": "object",
    "properties": {"score": {"type": "integer"}, "reason": {"type": "string"}},
    "required": ["score", "reason"],
    "additionalProperties": False,
}
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"token": {"type": "string"}, **dict.fromkeys(POINTS, _POINT)},
    "required": ["token", *POINTS],
    "additionalProperties": False,
}
WITH_CLAIMS: dict[str, object] = {
    "type": "object",
    "properties": {"token": {"type": "string"}, **dict.fromkeys(POINTS, _POINT), "claims": judge_model.SCHEMA},
    "required": ["token", *POINTS, "claims"],
    "additionalProperties": False,
}


class JudgementColumns(TypedDict):
    """What a judgement adds to a sample."""

    judge_score: float
    judgement: str


class Judge:
    """Asks the judging model. Thread-safe."""

    def __init__(self, llm: LLMService, prompts: Path) -> None:
        """Read what is asked, of a sample and of its claims, in the folder *prompts*.

        Raises:
            ConfigurationError: a template cannot be read, or has other names than it should.
        """
        self._llm = llm
        self._template = load_template(prompts / "judge.md", _NAMES)
        self._on_claims = load_template(prompts / "grounding_judge.md", {"reasons"})

    def check(self, spec: JudgeSpec, author: Preference) -> None:
        """Refuse a judge that nobody can ask, or that would judge its own samples.

        Raises:
            InputError: unknown provider or model.
        """
        self._llm.check(_preference(spec))
        mine, theirs = self._llm.targets(_preference(spec)), self._llm.targets(author)
        if mine and theirs and {target.name for target in theirs} == {mine[0].name} and not author.allow_failover:
            raise ConfigurationError(f"judge: {mine[0].name} would judge its own samples; name another model")

    def ask(self, spec: JudgeSpec, case: Case, terms: Terms, attempt: int) -> Outcome:
        """Make one call to the judge; the outcome holds an error when there is no judgement in the answer."""
        token = secrets.token_hex(8)
        targets = self._llm.targets(_preference(spec))
        thinks = bool(targets) and targets[0].model.thinks
        claims = len(case.questions)
        prompt = Prompt(
            messages=({"role": "user", "content": self._text(case, token)},),
            schema=SCHEMA if not claims else WITH_CLAIMS,
            seed=case.job.seed + attempt,
            max_tokens=None if thinks else _MAX_TOKENS + claims * _TOKENS_A_CLAIM,
            temperature=0.0,
            kind="judge" if not claims else "judge of claims",
        )
        return _proven(self._llm.ask(prompt, _preference(spec), terms), token, case.questions)

    def is_author(self, spec: JudgeSpec, answer: RawAnswer) -> bool:
        """Tell whether the judge wrote the answer itself."""
        targets = self._llm.targets(_preference(spec))
        return bool(targets) and _is(targets[0], answer)

    def name(self, spec: JudgeSpec) -> str:
        """Return who judges, as provider/model."""
        targets = self._llm.targets(_preference(spec))
        if not targets:
            return f"{spec.provider}/{shown_model(spec.model or '')}"
        return f"{targets[0].provider.id}/{shown_model(targets[0].model.id)}"

    @property
    def tries(self) -> int:
        """Calls that one judgement may take."""
        return _TRIES

    def _text(self, case: Case, token: str) -> str:
        mark = f"MATERIAL-{secrets.token_hex(8)}"
        text = self._template.render(material=_material(case), mark=mark, token=token, best=BEST)
        return text + self._on_claims.render(reasons=", ".join(REASONS)) if case.questions else text


def read_judgement(text: str) -> Judgement:
    """Read what a judge answered.

    Raises:
        AnswerFormatError: it is no judgement; says why.
    """
    rest, _ = split_thinking(text)
    found = [held for held in held_objects(rest, _HELD, parsed_once) if held.keys() >= set(POINTS)]
    if len(found) != 1:
        raise AnswerFormatError(f"the judge's answer cannot be read (it holds {len(found)} judgements, want one)")
    try:
        return Judgement.model_validate(found[0])
    except ValidationError as error:
        raise AnswerFormatError(f"the judge's answer cannot be read ({str(error)[:120]})") from None


def said_by(completion: Completion) -> str:
    """Return what a judge said, which some put where their thinking belongs."""
    return completion.text if completion.text.strip() else completion.thinking


def judgement_columns(judgement: Judgement, judge: str, questions: Sequence[Question] = ()) -> JudgementColumns:
    """Return `judge_score` and `judgement` (JSON, with who judged, and its verdicts on claims) of a sample."""
    held: dict[str, object] = {"judge": judge, **judgement.model_dump()}
    claims = judge_model.judged_claims(judgement.claims, questions)
    return {"judge_score": judgement.score, "judgement": json.dumps({**held, "claims": claims} if claims else held)}


def _material(case: Case) -> str:
    """Return what is judged as one line of JSON: no text in it can begin a line of its own."""
    job, draft = case.job, case.draft
    wanted = {
        "jurisdiction": job.jurisdiction,
        "topic": job.topic_key,
        "difficulty": job.difficulty,
        "type": job.sample_type,
    }
    sample = {
        "question": draft.question,
        "answer": draft.answer,
        "authorities": draft.case_citation,
        "reasoning": draft.reasoning,
    }
    return one_line({"wanted": wanted, "sample": sample, **judge_model.material(case.questions)})


def _proven(outcome: Outcome, token: str, questions: Sequence[Question]) -> Outcome:
    """Return *outcome*, with an error in place of an answer that is no judgement by our instructions."""
    if outcome.error is not None or outcome.completion is None:
        return outcome
    try:
        judgement = read_judgement(said_by(outcome.completion))
        if not secrets.compare_digest(judgement.token.encode(), token.encode()):
            raise AnswerFormatError(
                "the judge did not give back its token: it may have followed the sample, not the rubric"
            )
        judge_model.check(judgement.claims, questions)
    except AnswerFormatError as error:
        return replace(outcome, completion=None, error=error)
    return outcome


def _preference(spec: JudgeSpec) -> Preference:
    return Preference(spec.provider, spec.model, allow_failover=False)


def _is(target: Target, answer: RawAnswer) -> bool:
    return (target.provider.id, target.model.id) == (answer.provider, answer.model)
