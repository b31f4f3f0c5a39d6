"""A second model that scores samples against a rubric, with a reason for each point."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.domain import Job, RawAnswer
from services.llm_service import LLMService, Outcome, Preference, Prompt, Target, Terms
from services.validation.draft import Draft
from utils.errors import ConfigurationError, GenerationError

POINTS = ("legal_correctness", "grounding", "reasoning", "clarity", "difficulty_fit")
BEST = 5
_TRIES = 3
_MAX_TOKENS = 800


@dataclass(frozen=True, slots=True)
class JudgeSpec:
    """Who judges, and from which score (0 to 1) on a sample passes."""

    provider: str
    model: str | None
    min_score: float


class _Point(BaseModel):
    model_config = ConfigDict(extra="ignore")

    score: int = Field(ge=1, le=BEST)
    reason: str


class Judgement(BaseModel):
    """Points from 1 to 5 with reasons."""

    model_config = ConfigDict(extra="ignore")

    legal_correctness: _Point
    grounding: _Point
    reasoning: _Point
    clarity: _Point
    difficulty_fit: _Point

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
    "properties": dict.fromkeys(POINTS, _POINT),
    "required": list(POINTS),
    "additionalProperties": False,
}


class Judge:
    """Asks the judging model. Thread-safe."""

    def __init__(self, llm: LLMService, template: Path) -> None:
        self._llm = llm
        self._path = template
        # The output is a prompt, not HTML.
        environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701  # nosec B701
        try:
            self._template = environment.from_string(template.read_text(encoding="utf-8"))
        except (OSError, TemplateError) as error:
            raise ConfigurationError(f"catalogue: {template}: {error}; restore it") from error

    def check(self, spec: JudgeSpec, author: Preference) -> None:
        """Refuse a judge that nobody can ask, or that would judge its own samples.

        Raises:
            InputError: unknown provider or model.
        """
        self._llm.check(_preference(spec))
        mine, theirs = self._llm.targets(_preference(spec)), self._llm.targets(author)
        if mine and theirs and {target.name for target in theirs} == {mine[0].name} and not author.allow_failover:
            raise ConfigurationError(f"judge: {mine[0].name} would judge its own samples; name another model")

    def ask(self, spec: JudgeSpec, job: Job, draft: Draft, terms: Terms, attempt: int) -> Outcome:
        """Make one call to the judge; the outcome may hold an error."""
        text = self._template.render(job=job, draft=draft, best=BEST)
        targets = self._llm.targets(_preference(spec))
        thinks = bool(targets) and targets[0].model.thinking
        prompt = Prompt(
            messages=({"role": "user", "content": text},),
            schema=SCHEMA,
            seed=job.seed + attempt,
            max_tokens=None if thinks else _MAX_TOKENS,
            temperature=0.0,
            kind="judge",
        )
        return self._llm.ask(prompt, _preference(spec), terms)

    def is_author(self, spec: JudgeSpec, answer: RawAnswer) -> bool:
        """Tell whether the judge wrote the answer itself."""
        targets = self._llm.targets(_preference(spec))
        return bool(targets) and _is(targets[0], answer)

    def name(self, spec: JudgeSpec) -> str:
        """Return who judges, as provider/model."""
        targets = self._llm.targets(_preference(spec))
        return targets[0].name if targets else f"{spec.provider}/{spec.model or ''}"

    @property
    def tries(self) -> int:
        """Calls that one judgement may take."""
        return _TRIES


def read_judgement(text: str) -> Judgement:
    """Read what a judge answered.

    Raises:
        GenerationError: it is no judgement; says why.
    """
    start, end = text.find("{"), text.rfind("}")
    try:
        return Judgement.model_validate(json.loads(text[start : end + 1]))
    except (ValueError, ValidationError) as error:
        raise GenerationError(f"the judge's answer cannot be read ({str(error)[:120]})") from None


def judgement_columns(judgement: Judgement, judge: str) -> dict[str, Any]:
    """Return `judge_score` and `judgement` (JSON, with who judged) of a sample."""
    return {"judge_score": judgement.score, "judgement": json.dumps({"judge": judge, **judgement.model_dump()})}


def _preference(spec: JudgeSpec) -> Preference:
    return Preference(spec.provider, spec.model, allow_failover=False)


def _is(target: Target, answer: RawAnswer) -> bool:
    return (target.provider.id, target.model.id) == (answer.provider, answer.model)
