"""What a claim that repeats a sentence of its provision changed in it."""

import re
from collections.abc import Sequence

from services.grounding.claims.alignment import Support
from services.grounding.claims.clauses import Kind, clauses, denials
from services.grounding.claims.copying import REFERS, Change, Copy
from services.grounding.claims.judgement import Failure, Label, Reason
from services.grounding.claims.terms import Term
from services.grounding.claims.words import root

# How much of an exception stands in one exception or condition of the provision, at the least.
_HELD = 0.6
_MODALS = {"may": "may", "can": "may", "must": "must", "shall": "must"}
# Where a right is given, "shall" and "may" are of one mind; where something is denied as well.
_OF_ONE_MIND = re.compile(r"\s*(?:not|never|only|(?:be|have)\s(?:\w+\s)?(?:entitled|right|free|able))\b")
# A name has so many words at most.
_NAME = 3
# An exception in the midst of a sentence has so many at most: more is another sentence.
_EXCEPTION = 8
_MONTHS = frozenset("january february march april may june july august september october november december".split())
_LIMITS = (Kind.EXCEPTION, Kind.CONDITION)
# Nouns for who acts: "the inspector", "an employee", "the authority".
_ACTOR = re.compile(
    r"\w{2,}(?:[^aeiou]er|[^aeiou]or|eur|ee|ist)s?|(?:minister|secretary|author|occupant|claimant|applicant"
    r"|defendant|respondent|tenant|consultant|agent|president|authorit|council|court|tribunal|board|commission"
    r"|committee|agenc|ministr|state|compan|parliament|constable|woman|man|child|parent|spouse|police)\w{0,3}"
)


def find(copy: Copy, cited: Support) -> Failure | None:
    """Return a denial, a modal, a reference, an exception or a party in which *copy* differs from its sentence."""
    return (
        _denied(copy)
        or _excepted(copy, cited)
        or next((failure for change in copy.changes if (failure := _changed(copy, change, cited))), None)
    )


def _denied(copy: Copy) -> Failure | None:
    """Tell a denial that only one of the two has."""
    pieces = [clauses(f"{_words(change.mine)} {_words(change.theirs)}") for change in copy.changes]
    # "Provided they have no branch" and "unless they have a branch" are of one mind.
    in_other_words = any(each.denying or each.kind in (*_LIMITS, Kind.LACK) for piece in pieces for each in piece)
    in_other_words |= any(each.denying for each in clauses(copy.before))
    if in_other_words or denials(copy.said) == denials(copy.held):
        return None
    change = next((one for one in copy.changes if denials(one.said) != denials(one.held)), None)
    return _differs(copy, change, Reason.NEGATION) if change is not None else None


def _excepted(copy: Copy, cited: Support) -> Failure | None:
    """Tell an exception or a condition that was put in, in the midst of the sentence or behind it."""
    put_in = [_words(change.mine) for change in copy.changes if len(change.mine) > len(change.theirs)]
    for text in (copy.before, *put_in, copy.behind):
        for clause in clauses(text):
            if clause.kind in _LIMITS and clause.roots and not _is_limit(clause.roots, cited):
                said = clause.text.strip(" (,.")
                sentence = f'no condition or exception "{said}" stands in the provision'
                start, end = copy.segment.start, copy.segment.end
                # A condition may be a fact of the case: "if the tenant paid late, he must …".
                sure = clause.kind is Kind.EXCEPTION
                return Failure(Label.NOT_IN_LAW, Reason.CONDITION, sentence, start, end, sure=sure)
    return None


def _is_limit(said: set[str], cited: Support) -> bool:
    """Tell whether an exception or a condition of the provision says enough of *said*."""
    return any(
        len(said & (clause.roots | (piece.own if opened else set()))) >= _HELD * len(said)
        for piece in cited.rule.segments
        if len(said & piece.roots) >= _HELD * len(said)
        for opened in (any(clause.kind in _LIMITS for clause in clauses(piece.opening)),)
        for clause in clauses(piece.full)
        if clause.kind in _LIMITS
    )


def _changed(copy: Copy, change: Change, cited: Support) -> Failure | None:
    if _other_modal(change):
        return _differs(copy, change, Reason.MODAL)
    if _other_place(change):
        return _differs(copy, change, Reason.NUMBER)
    if _other_party(change) or _other_name(change, cited):
        return _differs(copy, change, Reason.PARTY)
    if _without_exception(copy, change) or _other_link(change):
        return _differs(copy, change, Reason.CONDITION)
    return None


def _other_modal(change: Change) -> bool:
    mine, theirs = ({_MODALS[one.word] for one in side if one.word in _MODALS} for side in (change.mine, change.theirs))
    is_other = len(mine) == len(theirs) == 1 and mine != theirs
    return is_other and _OF_ONE_MIND.match(change.follows) is None and not denials(change.said + " " + change.held)


def _other_place(change: Change) -> bool:
    """Tell "subsection (7)" for "subsection (2)"; numbers of other things are compared by their values."""
    mine, theirs = ({one.word for one in side if _is_place(one)} for side in (change.mine, change.theirs))
    is_reference = any(REFERS.search(side.lower()) for side in (change.said, change.held))
    is_label = any(one.is_label for one in change.theirs) and any(one.is_label for one in change.mine)
    return bool(mine and theirs) and not theirs <= mine and (is_reference or is_label)


def _is_place(term: Term) -> bool:
    return term.is_label or term.word[0].isdigit()


def _other_party(change: Change) -> bool:
    """Tell who acts in the claim in the place of somebody else."""
    held = {root(one.word) for one in change.theirs if _ACTOR.fullmatch(one.word)}
    said = {root(one.word) for one in change.mine if _ACTOR.fullmatch(one.word)}
    is_short = max(len(change.mine), len(change.theirs)) <= _NAME
    return is_short and bool(held and said) and held.isdisjoint(said)


def _other_name(change: Change, cited: Support) -> bool:
    """Tell a name that the provision does not have in the place of another word: "the High Court"."""
    names = [one.word for one in change.mine if one.is_capital and one.word not in _MONTHS]
    is_short = 0 < len(change.theirs) <= _NAME and len(change.mine) <= _NAME
    text = cited.rule.text
    return is_short and bool(names) and not any(re.search(rf"\b{re.escape(one)}\b", text, re.I) for one in names)


def _without_exception(copy: Copy, change: Change) -> bool:
    """Tell an exception in the midst of the sentence that the claim leaves out: "in a place other than a dwelling"."""
    if change.mine or len(change.theirs) > _EXCEPTION or any(clause.kind in _LIMITS for clause in clauses(copy.before)):
        return False
    return any(clause.kind is Kind.EXCEPTION for clause in clauses(_words(change.theirs)))


def _other_link(change: Change) -> bool:
    """Tell "or" for "and" between what must be there together, and the other way round."""
    mine, theirs = ({one.word for one in side} for side in (change.mine, change.theirs))
    return (mine, theirs) in (({"or"}, {"and"}), ({"and"}, {"or"}))


def _words(terms: Sequence[Term]) -> str:
    return " ".join(f"({one.word})" if one.is_label else one.word for one in terms)


def _differs(copy: Copy, change: Change, reason: Reason) -> Failure:
    sentence = f'the provision says "{change.held}", the claim "{change.said}"'
    sure = reason is not Reason.PARTY  # who acts may have another name
    return Failure(Label.CONTRADICTED, reason, sentence, copy.segment.start, copy.segment.end, sure=sure)
