"""Figures on the samples of a batch, with flags for short fields."""

from collections import Counter
from collections.abc import Iterable, Mapping

from models.contract.answers.base import StoredSample
from models.contract.answers.dataset import BatchQuality
from models.contract.answers.quality import CitingField
from models.samples.file.row_index import COUNTED
from utils.tokens import TokenCounter

# Average characters below which a field is flagged (set by the API contract).
_LEAST: Mapping[CitingField, int] = {"answer": 300, "reasoning": 100, "case_citation": 50}


def assess(samples: Iterable[StoredSample], counter: TokenCounter) -> BatchQuality:
    """Measure *samples*; lengths in characters, and the tokens of their texts."""
    levels, topics, kinds, jurisdictions = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    characters: Counter[CitingField] = Counter()
    total = tokens = 0
    for sample in samples:
        total += 1
        tokens += sum(counter.count(sample[name] for name in COUNTED))
        for name in _LEAST:
            characters[name] += len(sample[name] or "")
        levels[sample["difficulty"]] += 1
        topics[sample["topic"]] += 1
        kinds[sample["sample_type"]] += 1
        jurisdictions[sample["jurisdiction"]] += 1
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
        "distributions": {
            "difficulty": dict(levels.most_common()),
            "topics": dict(topics.most_common()),
            "sample_types": dict(kinds.most_common()),
            "jurisdictions": dict(jurisdictions.most_common()),
        },
        "quality_score": {"issues": issues, "rating": "Needs Review" if issues else "Good"},
    }
