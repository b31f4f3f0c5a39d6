"""Leads a small model through one draft: many short calls that count as one try."""

from dataclasses import dataclass, replace

from models.domain import CallUsage, Job
from services.generation.provision.lead import ProvisionScaffold
from services.generation.scaffold import Scaffold
from services.grounding.ground import Ground
from services.llm.adapters.base import Completion
from services.llm_service import LLMService, Outcome, Preference, Prompt, Target, Terms
from utils.clock import Clock
from utils.errors import AnswerFormatError, BudgetSpentError, CancelledError, GenerationError, NoTargetError
from utils.unwrapping import parsed


@dataclass(frozen=True, slots=True)
class Guide:
    """What leads a small model: through a sample about a provision, and through any other."""

    llm: LLMService
    scaffold: Scaffold
    provisions: ProvisionScaffold
    clock: Clock


def guided_draft(job: Job, ground: Ground, target: Target, terms: Terms, attempt: int, guide: Guide) -> Outcome:
    """Return what came of a draft of *job* by *target*, with the use of all its calls together.

    Args:
        job: What is wanted.
        ground: The one provision that it is about; none for a sample that is about no provision.
        target: The small model.
        terms: As of `LLMService.ask`.
        attempt: Number of the try.
        guide: What leads the model.

    Raises:
        InputError: the catalogue has nothing to lead the model with.
        NoTargetError, BudgetSpentError, CancelledError: as of `LLMService.ask`.
    """
    only = Preference(target.provider.id, target.model.id, allow_failover=False)
    # Only the first call begins a try.
    following = replace(terms, sending=lambda _: None)
    started = guide.clock.monotonic()
    parts: list[CallUsage] = []

    def ask(system: str, question: str, schema: dict[str, object], max_tokens: int, seed: int) -> dict[str, str]:
        messages = ({"role": "system", "content": system}, {"role": "user", "content": question})
        prompt = Prompt(messages=messages, schema=schema, seed=seed, max_tokens=max_tokens)
        outcome = guide.llm.ask(prompt, only, following if parts else terms)
        parts.append(outcome.usage)
        return _fields(outcome.answer().text)

    try:
        if ground.sources:
            text = guide.provisions.draft(job, ground, ask, attempt)
        else:
            text = guide.scaffold.draft(job, ask, attempt)
    except (CancelledError, NoTargetError, BudgetSpentError):
        raise
    except GenerationError as error:
        if not parts:  # nothing was asked: there is no try that failed
            raise
        error.provider, error.model = target.provider.id, target.model.id
        return _joined(target, parts, guide.clock.monotonic() - started, error=error)
    return _joined(target, parts, guide.clock.monotonic() - started, text)


def _joined(
    target: Target, parts: list[CallUsage], latency_s: float, text: str = "", error: GenerationError | None = None
) -> Outcome:
    prompt_tokens = sum(part.prompt_tokens for part in parts)
    answer_tokens = sum(part.completion_tokens for part in parts)
    cost_usd = target.model.cost_usd(prompt_tokens, answer_tokens)
    usage = CallUsage(target.provider.id, target.model.id, prompt_tokens, answer_tokens, cost_usd, error is not None)
    made = Completion(text, "", target.model.id, prompt_tokens, answer_tokens, "stop", {})
    return Outcome(target, usage, latency_s, made, error)


def _fields(text: str) -> dict[str, str]:
    try:
        value = parsed(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise AnswerFormatError(f"the small model's answer is no JSON (begins {text[:40]!r})")
    return {name: str(part) for name, part in value.items()}
