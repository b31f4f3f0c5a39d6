"""Another acts, or is bound, than the provision says."""

import re

from services.grounding.claims.alignment import Claim, Support
from services.grounding.claims.judgement import Failure, Label, Reason
from services.grounding.claims.words import root, roots

# Roles that stand against each other in one rule: whoever names one for another has changed it. A line is a group.
_ROLES = (
    "controller, processor, data subject, supervisory authority",
    "consumer, trader, seller, professional",
    "buyer, seller",
    "landlord, tenant",
    "employer, employee, worker, trade union",
    "claimant, defendant",
    "plaintiff, defendant",
    "applicant, respondent",
    "petitioner, patent owner",
    "licensor, licensee",
    "creditor, debtor",
    "lender, borrower",
    "insurer, insured",
    "prosecutor, accused",
    "prosecution, defen[cs]e",
    "victim, offender",
    "author, publisher",
    "importer, distributor, manufacturer, provider, deployer",
    "issuer, holder, offeror",
    "carrier, passenger, shipper",
    "occupying power, protecting power, detaining power",
    "sending state, receiving state",
    "coastal state, flag state, port state",
    "general assembly, security council, secretary-general, economic and social council",
    "senate, house of representatives",
    "president, congress, supreme court",
    "commission, member states",
    "european parliament, council, commission, european council",
    "secretary of state, local authority, welsh ministers, scottish ministers, first-tier tribunal",
    "court, jury, prosecutor",
    "father, mother",
    "husband, wife",
    "parent, child",
    "director, shareholder, creditor, auditor",
    "trustee, beneficiary",
    "grantor, grantee",
    "assignor, assignee",
    "principal, agent",
    "contracting authority, supplier",
)
_GROUPS = tuple(
    tuple(re.compile(rf"\b{role.strip()}(?:s|'s|’s)?\b", re.IGNORECASE) for role in line.split(",")) for line in _ROLES
)
# A body with a name of its own: "the General Assembly".
_BODY = re.compile(r"\bthe\s(?P<name>[A-Z][a-z]+(?:\s(?:(?:of|and|for)\s(?:the\s)?)?[A-Z][a-z]+){1,4})")
_NO_BODY = re.compile(
    r"\b(?:Act|Convention|Regulations?|Directive|Treaty|Treaties|Charter|Code|Protocol|Statute|Agreement"
    r"|Constitution|Covenant|Declaration"
    r"|Kingdom|States|Union|Republic|Ireland|Wales|Scotland|Journal)\b"
)
_WORDS_OF_A_NAME = 2
# "Only the council may": who alone may or must.
_ONLY = re.compile(
    r"\bonly\s(?:the|an?)\s(?P<who>(?:[A-Za-z-]+\s){0,2}[A-Za-z-]+)(?=\s(?:may|can|must|shall|is|are|has"
    r"|have|to|decides|apply|applies)\b)",
    re.IGNORECASE,
)
# A party and the word that says what it does: "by the council", "on the recommendation of the council".
_PHRASE = re.compile(
    r"\b(?P<how>(?:recommendation|proposal|request|application|consent|approval|permission|advice|petition"
    r"|initiative)"
    r"(?:\smade)?(?:\son\sbehalf)?(?=\s(?:of|by|from))|by|from|against"
    r"|to)(?:(?<!by)(?<!from)(?<!against)(?<!to)\s(?:of|by|from))?\s(?:(?:the|an?|its|his|each"
    r"|any)\s)?(?P<who>[A-Za-z-]+(?:\s[A-Z][A-Za-z-]+){0,3})",
)


def find(claim: Claim, cited: Support) -> Failure | None:
    """Return the party that *claim* puts in the place of another."""
    if not cited.segments:
        return None
    return _replaced(claim, cited) or _strange(claim, cited) or _swapped(claim, cited) or _alone(claim, cited)


def _replaced(claim: Claim, cited: Support) -> Failure | None:
    """Tell a role that the provision does not name in the place of one that it does."""
    segment = cited.segments[0]
    for group in _GROUPS:
        claimed = [(role, found[0]) for role in group if (found := role.search(claim.text))]
        held = [found[0] for role in group if (found := role.search(segment.full))]
        if not claimed or not held or any(_named(role, name, cited) for role, name in claimed):
            continue
        sentence = f"the provision speaks of the {held[0].lower()}, the claim of the {claimed[0][1].lower()}"
        return Failure(Label.CONTRADICTED, Reason.PARTY, sentence, segment.start, segment.end)
    return None


def _strange(claim: Claim, cited: Support) -> Failure | None:
    """Tell a body by its name of which the provision has no word."""
    known = cited.rule.roots | cited.rule.heading_roots
    for body in _BODY.finditer(claim.text):
        named = set() if _NO_BODY.search(body["name"]) else roots(body["name"])
        if len(named) >= _WORDS_OF_A_NAME and not named & known:
            sentence = f"the provision does not speak of the {body['name']}"
            return Failure(Label.CONTRADICTED, Reason.PARTY, sentence)
    return None


def _swapped(claim: Claim, cited: Support) -> Failure | None:
    """Tell two parties that have changed their places, or one that acts in the place of another."""
    segment = cited.segments[0]
    mine, theirs = _phrases(claim.text), _phrases(segment.full)
    for how, who in mine.items():
        if how in theirs and not theirs[how] & who:
            held = any(who & other for word, other in theirs.items() if word != how)
            if held and who <= segment.roots:
                sentence = f'the claim says "{how}" of another party than the provision'
                return Failure(Label.CONTRADICTED, Reason.PARTY, sentence, segment.start, segment.end)
    return None


def _alone(claim: Claim, cited: Support) -> Failure | None:
    """Tell "only the winning party" where the provision has any, or names another beside it."""
    for found in _ONLY.finditer(claim.text):
        head = found["who"].split()[-1]
        for segment in cited.segments:
            named = re.escape(head.lower().rstrip("s"))
            others = re.compile(
                rf"\b(?:any|every|each|all)\s(?:\w+\s)?{named}|\b{named}s?\s(?:or|and)\b|\b(?:or"
                rf"|and)\s(?:by\s)?(?:the\s|an?\s)?{named}"
            )
            beside = others.search(segment.full.lower())
            if beside and not re.search(r"\b(?:only|solely|exclusively|other than)\b", segment.full, re.IGNORECASE):
                sentence = f'the claim says "{found[0]}", the provision "{beside[0]}"'
                return Failure(Label.CONTRADICTED, Reason.PARTY, sentence, segment.start, segment.end)
    return None


def _phrases(text: str) -> dict[str, set[str]]:
    """Return the parties by how they take part; the first of each."""
    found: dict[str, set[str]] = {}
    for phrase in _PHRASE.finditer(text):
        how = phrase["how"].lower().split()[0]
        found.setdefault(root(how) or how, roots(phrase["who"]))
    return {how: who for how, who in found.items() if who}


def _named(role: re.Pattern[str], name: str, cited: Support) -> bool:
    """Tell whether the provision names the role, or has a synonym of it."""
    if role.search(cited.rule.text) or role.search(cited.rule.heading):
        return True
    synonyms = {each for each in roots(name) if each.startswith("=")}
    return bool(synonyms) and synonyms <= cited.rule.roots
