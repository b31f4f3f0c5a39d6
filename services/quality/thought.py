"""The thought of a sample: its own reasoning in steps, and apart from it the trace that the provider sent.

The first is training data. The second is kept beside the sample and goes nowhere else: into no export unless asked
for, to no model.
"""

from models.contract.answers.base import StoredSample
from models.contract.answers.thought import ProviderTrace, ReasoningStep, Thought
from models.samples.thinking_source import ThinkingSource, thinking_source_in
from services.citations.checker import CitationChecker
from services.citations.citation import SHOWN
from services.drafts.text import step_numbers, steps_of


def thought_of(sample: StoredSample, checker: CitationChecker) -> Thought:
    """Return the thought of *sample*, the authorities of each step checked now."""
    source = thinking_source_in(sample["thinking_source"])
    steps = _steps(sample["reasoning"] or "", checker)
    named = {authority["normalized"] for step in steps for authority in step["authorities"]}
    cited = [one.citation.normalized for one in checker.check_sample(sample) if one.field != "reasoning"]
    return {
        "chain_of_thought": {
            "steps": steps,
            "total_thinking_time_ms": source.duration_ms if source else None,
            "reasoning_tokens": source.reasoning_tokens if source else None,
            "source": "sample",
            "uncovered": [name for name in dict.fromkeys(cited) if name not in named],
        },
        "provider_trace": _trace(sample, source),
    }


def _steps(reasoning: str, checker: CitationChecker) -> list[ReasoningStep]:
    said = steps_of(reasoning)
    numbers = step_numbers(reasoning)
    if not said and reasoning.strip():  # free prose is one step
        said, numbers = [reasoning.strip()], [1]
    return [_step(number, text, checker) for number, text in zip(numbers, said, strict=True)]


def _step(number: int, text: str, checker: CitationChecker) -> ReasoningStep:
    return {
        "step": number,
        "description": text,
        "duration_ms": None,
        "authorities": [
            {
                "text": one.citation.text,
                "normalized": one.citation.normalized,
                "verdict": SHOWN[one.finding.verdict],
            }
            for one in checker.check(text)
        ],
    }


def _trace(sample: StoredSample, source: ThinkingSource | None) -> ProviderTrace | None:
    text = sample["thinking"]
    if not text:
        return None
    return {
        "text": text,
        "provider": source.provider if source else sample["provider"],
        "model": source.model if source else sample["model"],
        "reasoning_tokens": source.reasoning_tokens if source else None,
        "duration_ms": source.duration_ms if source else None,
    }
