"""A condition or an exception that the claim adds, denies or changes."""

import re

from services.grounding.claims.alignment import Claim, Support
from services.grounding.claims.clauses import Clause, Kind, clauses
from services.grounding.claims.judgement import Failure, Label, Reason
from services.grounding.claims.segments import Segment
from services.grounding.claims.words import roots

# How many of the words of a condition stand in the provision, at the least.
_SHARE = 0.25
# "Where necessary", "if asked": turns of speech, no conditions.
_TURNS = roots(
    "necessary appropriate possible feasible applicable practicable relevant reasonable asked desirable suitable"
)
_ONLY_IF = re.compile(r"(?:only|provided|on (?:the )?condition|(?:as|so) long as)\b", re.IGNORECASE)
# Words by which a text limits what it says.
_LIMITS = re.compile(
    r"\b(?:if|where|when|unless|except|only|provided|subject to|in cases?|condition|until|once|without"
    r"|other than|requir\w+|must|shall|after|before"
    r"|exclusively|solely|for the purpose\w*|insofar|extent)\b",
    re.IGNORECASE,
)
# How much of "without the consent of the minister" stands in a sentence that demands it.
_DEMANDED = 0.7
_DEMANDS = re.compile(r"\b(?:must|shall|subject to|requir\w+|only (?:with|after|if)|with the)\b", re.IGNORECASE)
# How many words of a "without …" of the provision a claim must have to speak of the same.
_NAMED = 2
_ALWAYS = re.compile(
    r"\b(?:in (?:every|each|all|any) (?:case|event|circumstance|situation)s?|in all circumstances"
    r"|without (?:any )?(?:exception|condition|restriction)s?"
    r"|always|unconditional(?:ly)?|absolute(?:ly)?|outright|automatic(?:ally)?)\b",
    re.IGNORECASE,
)
_CONCEDES = re.compile(
    r"\b(?:even|whether or not|regardless|irrespective|without(?! prejudice| (?:undue )?delay)|independent\w*"
    r"|(?:notwithstanding|despite)(?!\s(?:(?:any|the|other)\s){0,3}(?:provision|article|section|paragraph"
    r"|point|sub)\w*))\b",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"\b(?:all (?:the |of the |of these |of them |of those )?(?:two|three|four|five|six|conditions"
    r"|criteria|tests|requirements|elements|claims|following)"
    r"|(?:each|every one|all) of (?:the|these|those|them)|both (?:of )?(?:the )?(?:conditions|criteria"
    r"|tests|requirements)?|cumulative(?:ly)?)\b",
    re.IGNORECASE,
)
_SOME = re.compile(
    r"\b(?:(?:one|two|three|\d) or more of|at least (?:one|two|three|\d)(?: or more)? (?:of|claims?"
    r"|conditions?)|any (?:one )?of the|one of the"
    r"|either of|in any of)\b",
    re.IGNORECASE,
)
_ONE_IS_ENOUGH = re.compile(
    r"\b(?:(?:is|be) (?:enough|sufficient)|suffic\w+|(?:any |either |only )?one of (?:the|these|those"
    r"|them)|at least one of|any of (?:the|these|those))\b",
    re.IGNORECASE,
)
_ALL_OF_LAW = re.compile(
    r"\b(?:all (?:of )?the following|each of the following|all (?:of )?(?:the|those|these) (?:conditions"
    r"|criteria|requirements)|cumulative(?:ly)?|both)\b",
    re.IGNORECASE,
)


def find(claim: Claim, cited: Support) -> Failure | None:
    """Return a condition or an exception in which *claim* and the provision differ."""
    return (
        _conceded(claim, cited)
        or _spared(claim, cited)
        or _demanded(claim, cited)
        or _always(claim, cited)
        or _quantified(claim, cited)
        or _added(claim, cited)
    )


def _conceded(claim: Claim, cited: Support) -> Failure | None:
    """Tell "even if", "without regard to" where the provision concedes nothing."""
    for clause in claim.clauses:
        if clause.kind is not Kind.CONCESSION or not clause.roots:
            continue
        if any(_CONCEDES.search(segment.full) for segment in cited.segments[:1]):
            continue
        start, end = _span(cited)
        sentence = f'the provision does not say "{clause.text.strip()}"'
        return Failure(Label.CONTRADICTED, Reason.EXCEPTION, sentence, start, end)
    return None


def _spared(claim: Claim, cited: Support) -> Failure | None:
    """Tell "without the consent of" where the provision demands it."""
    for clause in claim.clauses:
        whole = _weighed(claim, clause)
        if clause.kind is not Kind.LACK or not whole:
            continue
        near = [
            segment
            for segment in cited.rule.segments
            if sum(claim.weights.get(root, 0.0) for root in clause.roots & segment.roots) >= _DEMANDED * whole
        ]
        read = [(segment, clauses(segment.full)) for segment in near]
        if any(each.negated or each.denying or each.kind is Kind.LACK for _, law in read for each in law):
            continue
        for segment, law in read:
            if _DEMANDS.search(segment.full) or any(each.kind is Kind.CONDITION for each in law):
                sentence = f'the claim says "{clause.text.strip()}", the provision: "{segment.text.strip()[:200]}"'
                return Failure(Label.CONTRADICTED, Reason.EXCEPTION, sentence, segment.start, segment.end)
    return None


def _demanded(claim: Claim, cited: Support) -> Failure | None:
    """Tell "only with the consent of" where the provision says "without"."""
    if any(clause.negated or clause.kind in (Kind.LACK, Kind.CONCESSION) for clause in claim.clauses):
        return None
    for segment in cited.segments:
        for clause in clauses(segment.full):
            if clause.kind is Kind.LACK and len(clause.roots & claim.weights.keys()) >= _NAMED:
                sentence = f'the provision says "{clause.text.strip()[:200]}", the claim the contrary'
                return Failure(Label.CONTRADICTED, Reason.EXCEPTION, sentence, segment.start, segment.end)
    return None


def _always(claim: Claim, cited: Support) -> Failure | None:
    found = _ALWAYS.search(claim.text)
    if not found or not cited.segments:
        return None
    segment = cited.segments[0]
    limits = [each for each in clauses(segment.full) if each.kind is Kind.EXCEPTION]
    if not limits:
        return None
    sentence = f'the claim says "{found[0]}", the provision makes an exception: "{limits[0].text.strip()}"'
    return Failure(Label.CONTRADICTED, Reason.EXCEPTION, sentence, segment.start, segment.end)


def _quantified(claim: Claim, cited: Support) -> Failure | None:
    """Tell all for some, and one for all."""
    law = " ".join(segment.full for segment in cited.segments)
    for mine, theirs in ((_ALL, _SOME), (_ONE_IS_ENOUGH, _ALL_OF_LAW)):
        claimed, held = mine.search(claim.text), theirs.search(law)
        if claimed and held and not theirs.search(claim.text) and not mine.search(law):
            start, end = _span(cited)
            sentence = f'the claim says "{claimed[0]}", the provision "{held[0]}"'
            return Failure(Label.CONTRADICTED, Reason.CONDITION, sentence, start, end)
    return None


def _added(claim: Claim, cited: Support) -> Failure | None:
    """Tell a condition or an exception of which nothing stands in the provision, or not as a condition."""
    limits = [segment for segment in cited.segments if _LIMITS.search(segment.full)]
    for clause in claim.clauses:
        if clause.kind not in (Kind.CONDITION, Kind.EXCEPTION) or clause.roots <= _TURNS:
            continue
        held = [root for root in clause.roots if root in cited.rule.roots]
        is_only = _ONLY_IF.match(clause.text.strip()) is not None
        limited = not is_only or any(
            root in limit for root in held for limit in (_limit(segment) for segment in limits)
        )
        if len(held) < _SHARE * len(clause.roots) or not limited:
            sentence = f'no condition or exception "{clause.text.strip(" (,.")}" stands in the provision'
            return Failure(Label.NOT_IN_LAW, Reason.CONDITION, sentence)
    return None


def _limit(segment: Segment) -> set[str]:
    """Return what the conditions of a sentence say; of an item of a list all of it."""
    if segment.opening and _LIMITS.search(segment.opening):
        return set(segment.own)
    found = _LIMITS.search(segment.text)
    return roots(segment.text[found.start() :]) if found else set()


def _weighed(claim: Claim, clause: Clause) -> float:
    return sum(claim.weights.get(root, 0.0) for root in clause.roots)


def _span(cited: Support) -> tuple[int, int]:
    return (cited.segments[0].start, cited.segments[0].end) if cited.segments else (0, 0)
