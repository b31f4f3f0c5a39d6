"""Decides when two alike texts are about different law: variations of one template, not duplicates.

"duties under section 172" and "duties under section 175" differ in one word of hundreds and
in everything that matters. Lexical and vector similarity cannot tell them apart.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from models.contract.answers.quality import Difference
from services.citations.on_demand import CitationReader

_PROVISION = re.compile(
    r"(?<![\w])(?:sections?|ss?\.?|§§?|articles?|arts?\.?|rules?|regulations?|regs?\.?|schedules?|paragraphs?|clauses?|amendments?|titles?)\s?(\d{1,4}[A-Za-z]{0,2})\b",
    re.IGNORECASE,
)
# Concepts that replace each other in otherwise equal questions.
_OPPOSED = tuple(
    tuple(re.compile(rf"\b{term}\b", re.IGNORECASE) for term in terms)
    for terms in (
        ("direct effect", "indirect effect"),
        ("actus reus", "mens rea"),
        ("void", "voidable"),
        ("murder", "manslaughter"),
        ("libel", "slander"),
        ("freehold", "leasehold"),
        ("express", "implied"),
        ("condition", "warranty"),
        ("robbery", "burglary", "theft"),
        ("vertical", "horizontal"),
        ("plaintiff", "defendant"),
        ("claimant", "defendant"),
        ("regulation", "directive"),
        ("offer", "acceptance"),
        ("legal", "equitable"),
        ("public nuisance", "private nuisance"),
        ("negligent", "fraudulent", "innocent"),
        ("unilateral", "bilateral"),
        ("joint tenancy", "tenancy in common"),
        ("general jurisdiction", "specific jurisdiction"),
        ("strict scrutiny", "intermediate scrutiny", "rational basis"),
    )
)


@dataclass(frozen=True, slots=True)
class Law:
    """The law that a text is about, as far as rules can tell."""

    jurisdiction: str
    authorities: frozenset[str]
    provisions: frozenset[str]
    concepts: frozenset[str]


def law_of(sample: Mapping[str, object], extractor: CitationReader) -> Law:
    """Read the law of a sample out of its texts."""
    texts = [str(sample.get(name) or "") for name in ("question", "answer", "case_citation")]
    question, text = texts[0], " ".join(texts)
    return Law(
        str(sample.get("jurisdiction") or ""),
        frozenset(extractor.distinct(*texts)),
        frozenset(number.casefold() for number in _PROVISION.findall(text)),
        frozenset(_concepts(question)),
    )


def differs(one: Law, other: Law) -> Difference:
    """Return how the law of two texts differs, or ""; each must have something that the other lacks."""
    if one.jurisdiction and other.jurisdiction and one.jurisdiction != other.jurisdiction:
        return "jurisdiction"
    for name in _COMPARED:
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine - theirs and theirs - mine:
            return name
    return ""


_COMPARED: tuple[Difference, ...] = ("provisions", "authorities", "concepts")


def _concepts(question: str) -> set[str]:
    found = set()
    for terms in _OPPOSED:
        present = [term.pattern for term in terms if term.search(question)]
        if len(present) == 1:  # a text with both concepts is about neither in particular
            found.add(present[0])
    return found
