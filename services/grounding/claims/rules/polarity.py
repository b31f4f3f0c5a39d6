"""What the provision forbids and the claim allows, or the other way round; must for may."""

import re

from services.grounding.claims.alignment import Claim, Support
from services.grounding.claims.clauses import Clause, Force, Kind, clauses
from services.grounding.claims.judgement import Failure, Label, Reason
from services.grounding.claims.segments import Segment
from services.grounding.claims.subject import said

# How much of what a clause of the claim shares with the provision must stand in clauses that say the contrary, how much
# of the claim that must be, and how much more of it must stand there than in clauses that say the same.
_MOST, _ENOUGH, _MORE = 0.5, 0.2, 2.0
# The same of a claim that denies: it may deny in other words what the provision says in a way of its own.
_ENOUGH_DENIED = 0.4
# These decide what a sentence says; conditions and descriptions in it are often said by a word that holds the denial.
_DECIDING = (Kind.MAIN, Kind.EXCEPTION)
# "Only the council may" and "nobody but the council may" are of one mind.
_WORDS = 2  # a description of one word is found in any claim
_ONLY = re.compile(r"\b(?:only|solely|exclusively|but|unless)\b", re.IGNORECASE)


def find(claim: Claim, cited: Support) -> Failure | None:
    """Return where a clause of *claim* says what the provision denies, or binds where that leaves free."""
    if not cited.segments:
        return None
    read = [(segment, clauses(said(segment.full))) for segment in cited.segments]
    segment, law = read[0]
    return (
        _denied(claim, read)
        or _forbidden(claim, read)
        or _described(claim, law, segment)
        or next((found for clause in claim.clauses if (found := _stronger(claim, clause, law, cited))), None)
    )


def _denied(claim: Claim, read: list[tuple[Segment, list[Clause]]]) -> Failure | None:
    """Tell a main clause that affirms what the provision denies, or denies what it affirms."""
    main = _main(claim)
    if not main or _restricted(claim):
        return None
    shared = frozenset(root for segment, _ in read for root in segment.roots if root in claim.weights)
    denied = {clause.denied(shared) for clause in main if clause.roots}
    if len(denied) != 1:
        return None
    mine = denied.pop()
    sides = []
    for segment, law in read:
        deciding = [clause for clause in law if clause.kind in _DECIDING]
        contrary = [each for each in deciding if each.denied(shared) != mine]
        same = _weight(claim, main, [each for each in deciding if each.denied(shared) == mine])
        sides.append((_weight(claim, main, contrary), same, _weight(claim, main, deciding), segment, contrary))
    most_same = max(same for _, same, _, _, _ in sides)
    other, same, held, segment, contrary = max(sides, key=lambda side: side[0])
    enough = _ENOUGH_DENIED if mine else _ENOUGH
    if other < _MOST * held or other < enough * claim.total or other < _MORE * same or other <= most_same:
        return None
    if mine and any(_denies(clause) for _, law in read for clause in law):
        return None  # it may be this that the claim denies
    exceptions = [each for _, law in read[:1] for each in law if each.kind is Kind.EXCEPTION]
    if not mine and not _excepts(claim) and _weight(claim, main, exceptions):
        return None  # "no patent unless applied for" says that it has to be applied for
    best = max(contrary, key=lambda each: _weight(claim, main, [each]))
    says, claims = ("affirms", "denies") if mine else ("denies", "affirms")
    sentence = f'the provision {says} what the claim {claims}: "{best.text.strip()[:200]}"'
    return Failure(Label.CONTRADICTED, Reason.NEGATION, sentence, segment.start, segment.end)


def _denies(clause: Clause) -> bool:
    """Tell whether what a sentence decides is a denial, in whatever words."""
    return clause.kind is Kind.LACK or (clause.kind is not Kind.CONDITION and bool(clause.negated or clause.denying))


def _main(claim: Claim) -> list[Clause]:
    """Return its main clauses; of several those that have a verb which binds or denies."""
    main = [clause for clause in claim.clauses if clause.kind is Kind.MAIN]
    return [clause for clause in main if clause.force or clause.negated or clause.denying] or main


def _forbidden(claim: Claim, read: list[tuple[Segment, list[Clause]]]) -> Failure | None:
    """Tell a permission where a sentence near the best forbids, and none permits."""
    main = _main(claim)
    permits = any(clause.force is Force.MAY for clause in main) and not any(clause.denied() for clause in main)
    if _restricted(claim) or not permits:
        return None
    binding = [(segment, _binding(law)) for segment, law in read]
    if any(not clause.negated and clause.force is Force.MAY for _, law in binding for clause in law):
        return None
    for segment, law in binding:
        if any(clause.negated and _weight(claim, main, [clause]) >= _ENOUGH * claim.total for clause in law):
            sentence = f'the provision forbids what the claim permits: "{segment.text.strip()[:200]}"'
            return Failure(Label.CONTRADICTED, Reason.NEGATION, sentence, segment.start, segment.end)
    return None


def _binding(law: list[Clause]) -> list[Clause]:
    return [clause for clause in law if clause.kind is Kind.MAIN and clause.force]


def _excepts(claim: Claim) -> bool:
    return any(clause.kind is Kind.EXCEPTION for clause in claim.clauses)


def _restricted(claim: Claim) -> bool:
    """Tell whether *claim* permits or forbids only under a condition, which turns round what it says."""
    if any(clause.kind is Kind.CONDITION and clause.text.lower().startswith("only") for clause in claim.clauses):
        return True
    return _ONLY.search(claim.text) is not None and not _excepts(claim)


def _described(claim: Claim, law: list[Clause], segment: Segment) -> Failure | None:
    """Tell a description or a condition with a denial ("who is not the owner") all of which the claim affirms."""
    if any(clause.negated or clause.denying for clause in claim.clauses) or _ONLY.search(claim.text):
        return None
    for clause in law:
        if clause.kind in _DECIDING or not clause.negated or len(clause.roots) < _WORDS:
            continue
        if clause.roots <= claim.weights.keys():
            sentence = f'the provision says "{clause.text.strip()[:200]}", the claim the contrary'
            return Failure(Label.CONTRADICTED, Reason.NEGATION, sentence, segment.start, segment.end)
    return None


def _stronger(claim: Claim, clause: Clause, law: list[Clause], cited: Support) -> Failure | None:
    """Tell a duty in *clause* where the provision only permits."""
    if clause.kind is not Kind.MAIN or clause.force is not Force.MUST or clause.denied():
        return None
    segment = cited.segments[0]
    forces = {each.force for each in law if each.kind is Kind.MAIN and each.force}
    whole = sum(claim.weights.get(root, 0.0) for root in clause.roots)
    if forces != {Force.MAY} or _weight(claim, [clause], law) < _MOST * whole:
        return None
    if any(each.force is Force.MUST for other in cited.segments[1:] for each in clauses(other.full)):
        return None
    sentence = f'the provision permits, the claim obliges: "{segment.text.strip()[:200]}"'
    return Failure(Label.CONTRADICTED, Reason.MODAL, sentence, segment.start, segment.end)


def _weight(claim: Claim, mine: list[Clause], law: list[Clause]) -> float:
    """Return the weight of what clauses of the claim share with clauses of the provision."""
    held = {root for each in law for root in each.roots}
    return sum(claim.weights.get(root, 0.0) for root in {root for clause in mine for root in clause.roots} & held)
