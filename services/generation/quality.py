"""Judges a draft: named checks, each a pure function with a reason of its own.

A check never asks for what the prompt of the type did not ask. Order: fields,
steps, words, sections, citations; the first reason found is returned.
"""

import re

from services.catalogue import Limits, SampleType
from services.citations.extractor import distinct
from services.generation.parser import Draft

_STEP = re.compile(r"^\W{0,4}step\s+(\d{1,2})\s*\W{0,4}[:.)–—-]", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(r"\b[\w'’-]+\b")
# A heading: a Markdown heading, a bold line, a short label before a colon, or alone on its line.
_HEADING = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*(?P<hash>[^\n#]{1,80})|\*\*(?P<bold>[^*\n]{1,80})\*\*"
    r"|(?:\d{1,2}[.)][ \t]*)?(?P<label>[A-Za-z][^:\n]{0,60}):|(?P<bare>[A-Za-z][^:.!?,;\n]{1,60})[ \t]*$)",
    re.MULTILINE,
)
_MAX_HEADING_WORDS = 8
# A little over the asked length harms nobody.
_OVER = 1.2


def judge(draft: Draft, kind: SampleType, limits: Limits, words_tolerance: float = 0.8) -> str | None:
    """Return why *draft* is refused, or None when it is good enough.

    Args:
        draft: What the model wrote.
        kind: The sample type that was asked for.
        limits: What type and difficulty ask.
        words_tolerance: Share of the minimum words from which an answer passes.
    """
    return (
        check_fields(draft)
        or check_steps(draft, limits)
        or check_reasoning_length(draft, limits)
        or check_words(draft, limits, words_tolerance)
        or check_sections(draft, kind)
        or check_citations(draft, limits)
    )


def check_fields(draft: Draft) -> str | None:
    """Every field that the model writes must hold text."""
    empty = [name for name in ("question", "answer", "case_citation", "reasoning") if not getattr(draft, name).strip()]
    return f"empty fields: {', '.join(empty)}" if empty else None


def check_steps(draft: Draft, limits: Limits) -> str | None:
    """The reasoning counts `Step 1:` to `Step n:` without a gap, n within the limits."""
    numbers = [int(match.group(1)) for match in _STEP.finditer(draft.reasoning)]
    if numbers != list(range(1, len(numbers) + 1)):
        return f"reasoning steps: got the numbers {numbers}, want 1, 2, 3 and so on"
    if not limits.min_steps <= len(numbers) <= limits.max_steps:
        return f"reasoning steps: got {len(numbers)}, want {limits.min_steps} to {limits.max_steps}"
    return None


def check_reasoning_length(draft: Draft, limits: Limits) -> str | None:
    """The reasoning has the characters that the level asks."""
    length = len(draft.reasoning)
    if length < limits.min_reasoning_chars:
        return f"reasoning too short: got {length} characters, want at least {limits.min_reasoning_chars}"
    return None


def check_words(draft: Draft, limits: Limits, tolerance: float) -> str | None:
    """The answer is as long as asked, give or take."""
    words = count_words(draft.answer)
    least = int(limits.min_words * tolerance)
    if words < least:
        return f"answer too short: got {words} words, want at least {least}"
    if limits.max_words is not None and words > limits.max_words * _OVER:
        return f"answer too long: got {words} words, want at most {int(limits.max_words * _OVER)}"
    return None


def check_sections(draft: Draft, kind: SampleType) -> str | None:
    """Enough of the type's keywords stand in headings, not just anywhere in the text."""
    if not kind.counted:
        return None
    titles = [title.casefold() for title in headings(draft.answer)]
    found = [key for key in kind.counted if any(_holds(title, key) for title in titles)]
    if len(found) < kind.min_counted:
        missing = ", ".join(key for key in kind.counted if key not in found)
        return f"sections: got {len(found)} of at least {kind.min_counted}, missing {missing}"
    return None


def check_citations(draft: Draft, limits: Limits) -> str | None:
    """Citation field and answer name enough different authorities."""
    if len(distinct(draft.case_citation)) >= limits.min_citations:
        return None  # the field alone is enough, and the answer is long to read
    count = len(distinct(draft.case_citation, draft.answer))
    if count < limits.min_citations:
        return f"citations: got {count}, want at least {limits.min_citations}"
    return None


def count_words(text: str) -> int:
    """Count words; a hyphenated or contracted word is one."""
    return len(_WORD.findall(text))


def headings(text: str) -> list[str]:
    """Return the headings of *text* in order."""
    found = []
    for match in _HEADING.finditer(text):
        title = next(group for group in match.groups() if group is not None)
        if len(title.split()) <= _MAX_HEADING_WORDS:
            found.append(title.strip(" *_:#"))
    return found


def _holds(title: str, key: str) -> bool:
    word = key.rstrip(":").casefold()
    return re.search(rf"\b{re.escape(word)}\b", title) is not None
