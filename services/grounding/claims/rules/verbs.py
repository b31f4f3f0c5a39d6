"""The same verb with another modal: "may" for "shall", "may" for "may not"."""

import re
from dataclasses import dataclass

from services.grounding.claims.alignment import Claim, Support
from services.grounding.claims.clauses import Force, Kind
from services.grounding.claims.judgement import Failure, Label, Reason
from services.grounding.claims.subject import said
from services.grounding.claims.words import stem

_MODAL = re.compile(
    r"\b(?P<modal>may|can|could|shall|must|has to|have to|is to|are to|will)(?P<no>\s(?:not|never"
    r"|in no case|under no circumstances))?"
    r"(?:,\s[^,]{1,60},)?\s(?:(?:also|then|in all cases|always|immediately|\w+ly)\s)?(?:be\s"
    r"|have\s)?(?:(?:also|\w+ly)\s)?(?P<verb>[a-z]{3,})",
    re.IGNORECASE,
)
_MAY = frozenset({"may", "can", "could"})
_NO_SUBJECT = re.compile(r"\b(?:no|neither|nor|nothing|nobody|none|only|not)\b", re.IGNORECASE)
_NO_OBJECT = re.compile(r"\s(?:no|nothing|neither)\b", re.IGNORECASE)
_RELEASES = re.compile(
    r"\b(?:need not|needs not|(?:is|are) (?:not (?:obliged|required|bound)|under no (?:duty|obligation))"
    r"|no (?:duty|obligation)"
    r"|optional|at (?:its|his|her|their) discretion)\b",
    re.IGNORECASE,
)
_BINDS = re.compile(
    r"\b(?:must|shall(?! not)|duty|dut(?:y|ies) of|is required to|are required to|obliged to)\b", re.IGNORECASE
)
_FREES = re.compile(r"\b(?:may|not|no|unless|except|optional|discretion)\b", re.IGNORECASE)
_CHOICE = re.compile(r"\b(?:entitl|right|power|permit|allow|free|option|choos|elect)\w*", re.IGNORECASE)
_WORDS_BEFORE = 60


@dataclass(frozen=True, slots=True)
class _Verb:
    stem: str
    force: Force
    negated: bool
    text: str


def find(claim: Claim, cited: Support) -> Failure | None:
    """Return the verb of *claim* that the provision has with another modal, and with that alone."""
    if not cited.segments or any(clause.kind in (Kind.CONDITION, Kind.EXCEPTION) for clause in claim.clauses):
        return None
    segment = cited.segments[0]
    released = _RELEASES.search(claim.text)
    if released and _BINDS.search(segment.full) and not _FREES.search(segment.full):
        sentence = f'the provision binds, the claim says "{released[0]}"'
        return Failure(Label.CONTRADICTED, Reason.MODAL, sentence, segment.start, segment.end)
    law = _verbs(said(segment.full))
    for mine in _verbs(claim.text):
        theirs = [verb for verb in law if verb.stem == mine.stem]
        if len({(verb.force, verb.negated) for verb in theirs}) != 1:
            continue
        verb = theirs[0]
        if verb.negated != mine.negated:
            reason, differs = Reason.NEGATION, True
        else:
            # Where a right is given, "shall" and "may" are of one mind.
            reason = Reason.MODAL
            differs = verb.force is not mine.force and not mine.negated and _CHOICE.search(segment.full) is None
        if differs:
            sentence = f'the provision says "{verb.text}", the claim "{mine.text}"'
            return Failure(Label.CONTRADICTED, reason, sentence, segment.start, segment.end)
    return None


def _verbs(text: str) -> list[_Verb]:
    """Return the verbs behind modals, without those whose subject denies or restricts them."""
    found = []
    for modal in _MODAL.finditer(text):
        before = re.split(r"[;:—.]", text[max(0, modal.start() - _WORDS_BEFORE) : modal.start()])[-1]
        if _NO_SUBJECT.search(before):
            continue
        force = Force.MAY if modal["modal"].lower() in _MAY else Force.MUST
        negated = bool(modal["no"]) or _NO_OBJECT.match(text, modal.end()) is not None
        found.append(_Verb(stem(modal["verb"].lower()), force, negated, " ".join(modal[0].split())))
    return found
