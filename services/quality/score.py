"""The quality score of a sample, from 0 to 1, in parts that anybody can recompute.

| part | weight | 1.0 means |
| --- | --- | --- |
| citations | 0.4 | every citation is verified |
| authorities | 0.15 | 1.5 times the authorities asked |
| length | 0.15 | 1.25 times the words asked |
| reasoning | 0.15 | every step has 25 words |
| sections | 0.15 | every section of the type has its heading |
"""

from services.citations.citation import Verdict
from services.drafts.draft import Draft, Wanted
from services.drafts.text import count_words, headings, places_of, steps_of

WEIGHTS = {"citations": 0.4, "authorities": 0.15, "length": 0.15, "reasoning": 0.15, "sections": 0.15}
_STEP_WORDS = 25


def score(draft: Draft, wanted: Wanted) -> tuple[float, list[str]]:
    """Return the score of *draft* (0 to 1, three digits), and the reasons for what it lost."""
    parts = {
        "citations": _verified(wanted),
        "authorities": _authorities(wanted),
        "length": min(1.0, count_words(draft.answer) / max(1.0, 1.25 * wanted.requirements.min_words)),
        "reasoning": _reasoning(draft, wanted),
        "sections": _sections(draft, wanted),
    }
    total = sum(WEIGHTS[name] * value for name, value in parts.items())
    return round(total, 3), [f"{name} {value:.2f}" for name, value in parts.items() if value < 1.0]


def _verified(wanted: Wanted) -> float:
    cited = wanted.citations
    return sum(item.finding.verdict is Verdict.VERIFIED for item in cited) / len(cited) if cited else 0.0


def _authorities(wanted: Wanted) -> float:
    different = len({item.citation.key for item in wanted.citations})
    return min(1.0, different / max(1.0, 1.5 * wanted.requirements.min_citations))


def _reasoning(draft: Draft, wanted: Wanted) -> float:
    steps = steps_of(draft.reasoning) if wanted.requirements.min_steps > 1 else [draft.reasoning]
    return sum(min(1.0, count_words(step) / _STEP_WORDS) for step in steps) / len(steps) if steps else 0.0


def _sections(draft: Draft, wanted: Wanted) -> float:
    asked = {part.heading for part in wanted.kind.parts if part.heading} if wanted.kind.headings else set()
    titles = headings(draft.answer)
    return len(places_of(asked, titles)) / len(asked) if asked else 1.0
