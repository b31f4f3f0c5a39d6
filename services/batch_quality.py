"""What the samples of a batch are like, in numbers, with flags for what looks thin."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from models.row_index import COUNTED
from utils.tokens import TokenCounter

# Average characters below which a field is flagged (the contract's numbers).
_LEAST = {"answer": 300, "reasoning": 100, "case_citation": 50}
_DISTRIBUTIONS = {
    "difficulty": "difficulty",
    "topics": "topic",
    "sample_types": "sample_type",
    "jurisdictions": "jurisdiction",
}


def assess(samples: Iterable[Mapping[str, Any]], counter: TokenCounter) -> dict[str, Any]:
    """Return `metrics`, `distributions` and `quality_score`; lengths in characters, tokens of the texts."""
    counts = {name: Counter[str]() for name in _DISTRIBUTIONS}
    characters: Counter[str] = Counter()
    total = tokens = 0
    for sample in samples:
        total += 1
        tokens += sum(counter.count(sample[name] for name in COUNTED))
        for name in _LEAST:
            characters[name] += len(sample[name] or "")
        for name, column in _DISTRIBUTIONS.items():
            counts[name][str(sample[column])] += 1
    averages = {name: round(characters[name] / total, 2) if total else 0.0 for name in _LEAST}
    issues = [
        f"Average {name.replace('_', ' ')} has {averages[name]:g} characters, want at least {least}"
        for name, least in _LEAST.items()
        if averages[name] < least
    ]
    return {
        "metrics": {
            "total_samples": total,
            "total_tokens": tokens,
            "avg_tokens_per_sample": round(tokens / total, 2) if total else 0.0,
            "avg_answer_length": averages["answer"],
            "avg_reasoning_length": averages["reasoning"],
            "avg_citation_length": averages["case_citation"],
        },
        "distributions": {name: dict(counted.most_common()) for name, counted in counts.items()},
        "quality_score": {"issues": issues, "rating": "Needs Review" if issues else "Good"},
    }
