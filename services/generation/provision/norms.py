"""Cuts out of a provision the sentences that can be quoted and applied: who must, must not or may do what, and when.

Only plain sentences are taken, so that facts and outcome can be told from their own words: one subject, one modal
verb, at most one condition, no exception, no pointer to another provision. What is not plain is left alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Force(StrEnum):
    """What a rule does with an act."""

    DUTY = "duty"
    BAN = "prohibition"
    POWER = "power"


@dataclass(frozen=True, slots=True)
class Norm:
    """A sentence of law, taken apart.

    Attributes:
        text: The sentence, word for word.
        start: Where it begins in the text of the provision.
        subject: Who is addressed, or what is dealt with, as in the sentence.
        act: What must, must not or may be done: a verb in its plain form and what belongs to it.
        condition: A clause that must hold, without its "if"; "" for none.
        is_right: It gives a right to the act, which then may be a thing: "a fair hearing".
    """

    text: str
    start: int
    force: Force
    subject: str
    act: str
    condition: str = ""
    is_right: bool = False

    @property
    def is_passive(self) -> bool:
        """The act is done to the subject: "be filed within 30 days"."""
        return self.act.startswith("be ")


_LEAST_WORDS, _MOST_WORDS = 9, 60
_MOST_OF_SUBJECT, _LEAST_OF_ACT, _MOST_OF_ACT, _LEAST_OF_CONDITION = 10, 3, 42, 4
# Signs of a subdivision, and its caption before a dash, are no words of the sentence.
_SIGNS = re.compile(
    r"\s*(?:(?:\(\w{1,5}\)|\d{1,3}[A-Z]{0,2}[.)])\s*)*(?:[A-Z][^.;:\n]{0,90}\.\s?—\s*(?:\(\w{1,5}\)\s*)?)*"
)
_END = re.compile(
    r"(?<![A-Z])(?<!\b[Nn]o)(?<!\b[Aa]rt)(?<!\bpara)(?<!\bsec)\.(?=\s+(?:[(\[“\"]?[A-Z0-9]|\(\w{1,5}\))|\s*\Z)|\n\s*\n"
)
_MODAL = re.compile(
    r" (?P<modal>shall have the right to|has the right to|have the right to|is entitled to|are entitled to"
    r"|shall be entitled to|is required to|are required to|shall not|must not|may not|shall|must|may) "
)
_POWER = re.compile(r"right to|entitled to|^may$")
_FIRST_CONDITION = re.compile(r"^(?:If|Where|When) (?P<condition>[^,;:—]+), (?=(?:the|a|an|any|each|every|no|he|it) )")
_LAST_CONDITION = re.compile(r"^(?P<act>[^;:—]+?),? if (?P<condition>[^;:—]+)$")
_NOT_PLAIN = re.compile(
    r"\b(?:unless|except|excepting|save|notwithstanding|provided that|subject to|without prejudice|other than|only"
    r"|otherwise|as if|as may be|as the case|such|said|thereof|therein|thereto|thereunder|thereafter|hereby|the former"
    r"|the latter|same|so|above|below|following|aforesaid|those|respectively)\b"
    r"|\b(?:this|that) (?:section|article|paragraph|subsection|clause|chapter|title|part|schedule|subparagraph|sentence"
    r"|period|case|point)\b"
    r"|\b(?:sections?|articles?|paragraphs?|subsections?|chapters?|clauses?|schedules?|titles?|points?|rules?|annex"
    r"|subparagraphs?|regulations?|part)\s+(?:[\dIVXLC(]|[A-Z]\b)|U\.S\.C|§",
    re.IGNORECASE,
)
_LOOSE_SUBJECT = re.compile(
    r"^(?:it|they|he|she|this|these|that|those|such|there|which|who|both|neither|either|nothing|all|one|the same)\b"
    r"|\b(?:who|which|that|whom|whose|where|if|when|referred|nor|or|not|and)\b|[,;:()—]",
    re.IGNORECASE,
)
_LOOSE_ACT = re.compile(
    r"\b(?:shall|must|may|unless|where|when|if|whether or not)\b|[;:—]"
    r"|\b(?:it|they|them|he|she|this|these|that)\b(?! \w+ed)",
    re.IGNORECASE,
)
# These state what holds, and ask nobody to do anything.
_STATES = re.compile(
    r"^(?:be (?:deemed|construed|treated|regarded|considered|taken|known|cited|entitled|required|liable|obliged|bound"
    r"|presumed|read|interpreted|subject|incapable|designated|called|open)\b"
    r"|(?:mean|apply|include|come|enter|take effect|cease|expire|extend|consist|constitute|affect|begin|continue"
    r"|remain|have|prejudice|lapse|run|prevent|receive|enjoy|benefit|suffer|retain)\b"
    r"|be\b(?! \w+(?:ed|en|ade|eld|ept|ent|aid|iven|one|own|ought|aught|old|rought|ut)\b))"
)
# "In either event the court may …": what stands before the subject is a condition, told somewhere else.
_LEADS_IN = re.compile(
    r"^(?:in|on|upon|for|at|by|with|without|after|before|during|under|within|to|from|until|as|so|then|thereafter|also"
    r"|however|further|furthermore|where|when|if|unless|in addition|moreover)\b",
    re.IGNORECASE,
)
# An act on something that may not be there ("any change"), or on somebody who is told by what he seems to have done.
_HIDDEN = re.compile(
    r"\b(?:any(?! (?:time|reasonable|place|manner|way|means)\b)|who|whom|whose|appears?|appearing|suspected|alleged)\b",
    re.IGNORECASE,
)
# What takes back or narrows the sentence before it.
_TAKES_BACK = re.compile(r"\s*(?:\(\w{1,5}\)\s*)*(?:But|However|Except|Unless|Provided)\b")
# The words of another law, which this one only puts there.
_AMENDS = re.compile(
    r"\b(?:is|are|be) amended\b|\b(?:insert|substitute|omit)(?:ed)?\b[^.;]{0,40}(?:[—“:]|\n)|\bthere is inserted\b",
    re.IGNORECASE,
)
_NO_VERB_FIRST = re.compile(
    r"\w+ or \b|(?:not|also|then|at|by|for|from|in|of|on|to|upon|with|within|without|\w+ly)\b|[^ ]+,"
)
_AGENTS = re.compile(
    r"(?:^|\b)(?:persons?|part(?:y|ies)|courts?|authorit(?:y|ies)|states?|commissions?|councils?|offices?|ministers?"
    r"|secretar(?:y|ies)|agenc(?:y|ies)|compan(?:y|ies)|undertakings?|bod(?:y|ies)|boards?|committees?|tribunals?"
    r"|governments?|parliament|presidents?|congress|judges?|chair|banks?|firms?|individuals?|subjects?|nationals?"
    r"|members?|boards?|registrars?|police|witness(?:es)?|services?|platforms?|keepers?|providers?|assembly|general"
    r"|libraries|library|worker|people|everyone|child|parents?|spouses?|clerks?"
    r"|(?!order|matter|letter|number|paper|power|chapter|error|factor|register|transfer|offer|answer|water|other|minor"
    r"|grant|warrant|covenant|fee|consumer goods)\w{3,}(?:ers?|ors?|ants?|ees?|ists?))$",
    re.IGNORECASE,
)
_COMPLEMENT = re.compile(r" (?:of|for|in|to|at|on|with|under|from|by|as) ", re.IGNORECASE)
_INDEFINITE = re.compile(r"^(?:an?|any|each|every|no) ", re.IGNORECASE)


def norms(text: str) -> list[Norm]:
    """Return the plain rules of a provision in the order of its text."""
    if _AMENDS.search(text):
        return []
    found = ((_norm(text[start:end], start), end) for start, end in _sentences(text))
    return [norm for norm, end in found if norm is not None and _TAKES_BACK.match(text, end) is None]


def definite(subject: str) -> str:
    """Return a subject as facts name it once it is known who is meant: "Any person" is "the person"."""
    first = subject[:1].lower() + subject[1:] if re.match(r"(?:The|A|An|Any|Each|Every|No) ", subject) else subject
    return _INDEFINITE.sub("the ", first)


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for end in _END.finditer(text):
        stop = end.end() if end[0] == "." else end.start()
        signs = _SIGNS.match(text, begin, stop)
        start = signs.end() if signs else begin
        if start < stop:
            yield start, stop
        begin = end.end()


def _norm(sentence: str, start: int) -> Norm | None:
    """Take a sentence apart; None if it is not plain."""
    plain = " ".join(sentence.split())
    words = len(plain.split())
    if not (_LEAST_WORDS <= words <= _MOST_WORDS and plain.endswith(".") and plain[:1].isupper()):
        return None
    if _NOT_PLAIN.search(plain) or re.search(r"\(\w{1,4}\) ", plain) or plain.count("“") != plain.count("”"):
        return None
    first = _FIRST_CONDITION.match(plain)
    condition = first["condition"] if first else ""
    main = plain[first.end() :] if first else plain
    modal = _MODAL.search(main)
    if modal is None:
        return None
    subject, act = main[: modal.start()], main[modal.end() :].rstrip(".")
    last = _LAST_CONDITION.match(act)
    if last and not condition:
        act, condition = last["act"], last["condition"]
    force = _force(modal["modal"], subject)
    if not _is_plain(subject, act, condition, force):
        return None
    is_right = force is Force.POWER and modal["modal"] != "may"
    return Norm(sentence, start, force, subject, act, condition, is_right)


def _force(modal: str, subject: str) -> Force:
    if modal.endswith(" not") or subject.lower().startswith("no "):
        return Force.BAN
    return Force.POWER if _POWER.search(modal) else Force.DUTY


def _is_plain(subject: str, act: str, condition: str, force: Force) -> bool:
    if len(subject.split()) > _MOST_OF_SUBJECT or _LOOSE_SUBJECT.search(subject) or _LEADS_IN.match(subject):
        return False
    if _HIDDEN.search(act):
        return False
    if not _LEAST_OF_ACT <= len(act.split()) <= _MOST_OF_ACT or _LOOSE_ACT.search(act) or _STATES.match(act):
        return False
    if condition and (len(condition.split()) < _LEAST_OF_CONDITION or _LOOSE_SUBJECT.match(condition)):
        return False
    if re.match(r"be ", act):
        return force is not Force.POWER
    head = _COMPLEMENT.split(subject)[0]
    return _NO_VERB_FIRST.match(act) is None and _AGENTS.search(head) is not None
