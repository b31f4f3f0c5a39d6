"""How answers about the data set are told: which samples, how many, and a question that was not understood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from models.contract.answers.assistant_data import DatasetAnswer
from services.assistant.dataset_queries.queries import Part, Unparsed

EMPTY = "The data set has no samples."
_LINES, _LINE_CHARS = 10, 80
_LACKS = {"authority": "without an authority", "reasoning": "without reasoning", "grounding": "not grounded"}


def number(count: int, what: str) -> str:
    """Return *count* with *what* it counts, in the plural where that fits."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def lines(samples: Iterable[Mapping[str, object]]) -> list[str]:
    """Return a line for each of the first *samples*: its id and the beginning of its question."""
    shown = islice(samples, _LINES)
    return [f"{sample['id']}: {' '.join(str(sample['question']).split())[:_LINE_CHARS]}" for sample in shown]


def samples_of(count: int, part: Part) -> str:
    """Say how many samples of *part* there are."""
    told = [" or ".join(values) for values in part.values.values()]
    told += [f"not {' or '.join(values)}" for values in part.excluded.values()]
    told += [f"about {' or '.join(part.about)}"] if part.about else []
    told += [_LACKS[part.lacks]] if part.lacks else []
    told += [f"citations {part.verdict}"] if part.verdict else []
    told += [part.review] if part.review else []
    told += [f"score at least {part.min_score}"] if part.min_score is not None else []
    told += [f"score at most {part.max_score}"] if part.max_score is not None else []
    return number(count, "sample") + (f" ({', '.join(told)})" if told else "")


def not_understood(question: Unparsed) -> DatasetAnswer:
    """Return the answer to *question*: why there is none, and what can be asked."""
    examples = "; ".join(question.suggestions)
    return {
        "query": None,
        "text": f"Not understood: {question.reason}. You can ask, for example: {examples}.",
        "rows": [],
        "total": 0,
        "link": "/api/stats",
        "unused": [],
        "suggestions": list(question.suggestions),
    }
