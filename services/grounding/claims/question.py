"""What a judging model may be asked of a draft: whether a claim stands in the provisions that it rests on.

Light: it is loaded by whoever judges, also where there is no law.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from services.grounding.claims.judgement import FALSE, Judgement

if TYPE_CHECKING:
    from services.grounding.claims.law import Law

# Of one sample so many claims are put before its judge; by the others the rules decide.
_MOST = 12


@dataclass(frozen=True, slots=True)
class Passage:
    """A provision that a claim rests on.

    Attributes:
        named: What it is called: "Companies Act 2006, s 172 (Duty to promote the success of the company)".
        text: The whole of it.
        place: Where in it the words stand by which the rules judged; (0, 0) for none.
    """

    named: str
    text: str
    place: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Question:
    """A claim and what it rests on.

    Attributes:
        passages: At least one; of several the claim may rest on any.
        is_doubted: Whether the rules found something against it.
    """

    claim: str
    passages: tuple[Passage, ...]
    is_doubted: bool

    @cached_property
    def id(self) -> str:
        """What verdicts name it by: the same claim of the same texts has the same, and no other."""
        texts = "\0".join([self.claim, *(passage.text for passage in self.passages)])
        return hashlib.sha256(texts.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def question_of(claim: str, keys: Sequence[str], law: Law, found: Judgement) -> Question | None:
    """Return the question that the rules leave open of *claim* on *keys* of *law*; None where they found a fact."""
    rules = [law.rules[key] for key in keys if key in law.rules]
    if not rules or (found.failure is not None and found.failure.is_fact):
        return None
    # Of several nobody says by which the rules judged.
    place = (found.start, found.end) if len(rules) == 1 else (0, 0)
    passages = (Passage(f"{law.title}, {rule.shown}" if law.title else rule.shown, rule.text, place) for rule in rules)
    return Question(claim, tuple(passages), found.label in FALSE)


def chosen(questions: Sequence[Question]) -> tuple[Question, ...]:
    """Return what is put before the judge, each claim once: the doubted ones first, where there are too many."""
    once = list({question.id: question for question in questions}.values())
    kept = {question.id for question in sorted(once, key=lambda question: not question.is_doubted)[:_MOST]}
    return tuple(question for question in once if question.id in kept)
