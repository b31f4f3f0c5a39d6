"""The checks, by name. Each returns why a draft is refused, or None.

A sample type lists in its front matter the checks it must pass, so that no check
asks for what the type's prompt did not ask. Pure functions.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from services.drafts.draft import Draft, Wanted
from services.drafts.text import (
    count_words,
    folded_words,
    headings,
    is_english,
    places_of,
    share_of_english,
    step_numbers,
    steps_of,
)

Check = Callable[[Draft, Wanted], str | None]
# A little more than the asked length is accepted.
_OVER = 1.2
_MIN_STEP_WORDS = 6
_MIN_ENGLISH = 0.1
_LANGUAGE_FROM_WORDS = 20
_ALIKE = 0.8
_COMPARED_FROM_WORDS = 8
_ENDS = (".", "!", "?", '"', "”", "’", "'", ")", "]", "*", "…")
_PROMPT = (
    "Do not reuse this question",
    "Never invent an authority",
    "One JSON object and nothing else",
    "Each step builds on the one before",
    "Bring in where it helps",
    "each at the start of a line and followed by a colon",
)
# What a leftover is, its pattern, and strings of which every match holds one, without case: far cheaper to look for.
_LEFTOVERS: tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...] = (
    ("a thinking tag", re.compile(r"</?(?:think|thinking|reasoning|reflection)>", re.IGNORECASE), ("<",)),
    ("words of the model about itself", re.compile(r"\bas an? (?:AI|artificial intelligence|(?:large )?language model)\b|\bI(?:'m| am) an? (?:AI|language model)\b|\bI cannot provide legal advice\b", re.IGNORECASE), (" ai", "artificial intelligence", "language model", "cannot provide legal advice")),
    ("a placeholder", re.compile(r"\[(?:insert|your|name|date|party|case name|citation|todo|tbd)\b[^\]\n]{0,40}\]|<(?:insert|your|name|placeholder)[^>\n]{0,40}>|\bTODO\b|\bTBD\b|\blorem ipsum\b|\bX{4,}\b", re.IGNORECASE), ("[insert", "[your", "[name", "[date", "[party", "[case name", "[citation", "<", "todo", "tbd", "lorem ipsum", "xxxx")),
    ("a code fence", re.compile(r"```"), ("```",)),
    ("a piece of the answer's JSON", re.compile(r'^[ \t]*[{"][ \t]*"?(?:question|answer|reasoning|case_citation)"?\s*:', re.MULTILINE), ("{", '"')),
    ("words of the prompt", re.compile("|".join(map(re.escape, _PROMPT))), tuple(map(str.casefold, _PROMPT))),
)  # fmt: skip
# Letters of other scripts that `re` takes for one of ASCII without case: then no string is looked for first.
_LIKE_ASCII = ("\u0130", "\u0131", "\u017f", "\u212a")


def check_fields(draft: Draft, _wanted: Wanted) -> str | None:
    """Every field that the model writes must hold text."""
    empty = [name for name in ("question", "answer", "case_citation", "reasoning") if not getattr(draft, name).strip()]
    return f"empty fields: {', '.join(empty)}" if empty else None


def check_steps(draft: Draft, wanted: Wanted) -> str | None:
    """The reasoning counts `Step 1:` to `Step n:` without a gap, n within what is required."""
    numbers, required = step_numbers(draft.reasoning), wanted.requirements
    if numbers != list(range(1, len(numbers) + 1)):
        return f"reasoning steps: got the numbers {numbers}, want 1, 2, 3 and so on"
    if not required.min_steps <= len(numbers) <= required.max_steps:
        return f"reasoning steps: got {len(numbers)}, want {required.min_steps} to {required.max_steps}"
    return None


def check_substance(draft: Draft, _wanted: Wanted) -> str | None:
    """Each step has enough words and does not repeat another."""
    seen: set[str] = set()
    for number, step in enumerate(steps_of(draft.reasoning), 1):
        if (words := count_words(step)) < _MIN_STEP_WORDS:
            return f"reasoning step {number}: got {words} words, want at least {_MIN_STEP_WORDS}"
        said = " ".join(folded_words(step))
        if said in seen:
            return f"reasoning step {number}: repeats another step"
        seen.add(said)
    return None


def check_reasoning_length(draft: Draft, wanted: Wanted) -> str | None:
    """The reasoning has at least the characters that the difficulty asks."""
    length, least = len(draft.reasoning), wanted.requirements.min_reasoning_chars
    return f"reasoning too short: got {length} characters, want at least {least}" if length < least else None


def check_words(draft: Draft, wanted: Wanted) -> str | None:
    """The answer has about the length asked."""
    words, required = count_words(draft.answer), wanted.requirements
    least = int(required.min_words * wanted.words_tolerance)
    if words < least:
        return f"answer too short: got {words} words, want at least {least}"
    if required.max_words is not None and words > required.max_words * _OVER:
        return f"answer too long: got {words} words, want at most {int(required.max_words * _OVER)}"
    return None


def check_sections(draft: Draft, wanted: Wanted) -> str | None:
    """Enough of the type's sections stand as headings, in the order of the type."""
    kind = wanted.kind
    if not kind.counted:
        return None
    titles = headings(draft.answer)
    found = places_of(kind.counted, titles)
    if len(found) < kind.min_counted:
        missing = ", ".join(key for key in kind.counted if key not in found)
        return f"sections: got {len(found)} of at least {kind.min_counted}, missing {missing}"
    return _out_of_order(titles, wanted)


def _out_of_order(titles: list[str], wanted: Wanted) -> str | None:
    """Say which section of the type is out of order; sections that recur have no order."""
    asked = [part.heading for part in wanted.kind.parts]
    if len(set(asked)) < len(asked):
        return None
    for (before, first), (heading, second) in pairwise(places_of(asked, titles).items()):
        if second < first:
            return f"sections: {heading} stands before {before}, want {', '.join(asked)}"
    return None


def check_citations(draft: Draft, wanted: Wanted) -> str | None:
    """Citation field and answer name enough different authorities."""
    least = wanted.requirements.min_citations
    keys = {item.citation.key for item in wanted.citations if item.field in ("case_citation", "answer", None)}
    return f"citations: got {len(keys)}, want at least {least}" if len(keys) < least else None


def check_jurisdiction(_draft: Draft, wanted: Wanted) -> str | None:
    """Most authorities of the citation field are of the jurisdiction asked for; others are for comparison."""
    cited = [item.citation.jurisdiction for item in wanted.citations if item.field == "case_citation"]
    own = sum(name == wanted.jurisdiction for name in cited)
    if cited and own * 2 < len(cited):
        others = ", ".join(sorted({name for name in cited if name != wanted.jurisdiction}))
        return (
            f"jurisdiction: got {own} of {len(cited)} authorities of {wanted.jurisdiction}, the others are of {others}"
        )
    return None


def check_language(draft: Draft, _wanted: Wanted) -> str | None:
    """Question, answer and reasoning are English prose."""
    for name in ("question", "answer", "reasoning"):
        text = getattr(draft, name)
        if count_words(text) >= _LANGUAGE_FROM_WORDS and not is_english(text, _MIN_ENGLISH):
            return f"language: the {name} is not English prose ({share_of_english(text):.0%} common words)"
    return None


def check_leftovers(draft: Draft, _wanted: Wanted) -> str | None:
    """No leftovers: tags, fences, placeholders, words of the prompt, a cut-off end."""
    for name in ("question", "answer", "reasoning", "case_citation"):
        text = getattr(draft, name)
        lower = text.lower()
        is_plain = text.isascii() or not any(sign in text for sign in _LIKE_ASCII)
        for what, pattern, hints in _LEFTOVERS:
            found = None if is_plain and not any(hint in lower for hint in hints) else pattern.search(text)
            if found:
                return f"leftovers: {what} in the {name} ({found.group(0).strip()[:40]!r})"
    if not draft.answer.rstrip().endswith(_ENDS):
        return f"leftovers: the answer ends in the middle of a sentence ({draft.answer.rstrip()[-40:]!r})"
    return None


def check_distinct(draft: Draft, _wanted: Wanted) -> str | None:
    """Question and answer are not the same text."""
    question = set(folded_words(draft.question))
    if len(question) < _COMPARED_FROM_WORDS:
        return None
    answer = set(folded_words(draft.answer))
    if len(answer) >= _COMPARED_FROM_WORDS and len(question & answer) / len(question | answer) >= _ALIKE:
        return "distinct: the answer repeats the question"
    return None


CHECKS: dict[str, Check] = {
    "fields": check_fields,
    "steps": check_steps,
    "substance": check_substance,
    "reasoning_length": check_reasoning_length,
    "words": check_words,
    "sections": check_sections,
    "citations": check_citations,
    "jurisdiction": check_jurisdiction,
    "language": check_language,
    "leftovers": check_leftovers,
    "distinct": check_distinct,
}


def examine(draft: Draft, wanted: Wanted) -> str | None:
    """Return the first reason to refuse *draft* among the checks of its type, or None."""
    reasons = (CHECKS[name](draft, wanted) for name in wanted.kind.checks)
    return next((reason for reason in reasons if reason is not None), None)


def problems(draft: Draft, wanted: Wanted) -> dict[str, str]:
    """Return the reason of every check of the type that *draft* fails, by the check's name."""
    found = ((name, CHECKS[name](draft, wanted)) for name in wanted.kind.checks)
    return {name: reason for name, reason in found if reason is not None}
