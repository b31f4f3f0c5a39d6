"""The clauses of a sentence: what each says, whether it denies it, and whether it is a condition or an exception.

This is no grammar: commas and the words that open a clause part a sentence, and words of denial are counted. That
suffices for the plain sentences of answers; of a statute's long ones the clause that a claim speaks of is looked at.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from services.grounding.claims.words import Token, root, roots, tokens


class Kind(StrEnum):
    """What a clause does in its sentence."""

    MAIN = "main"
    CONDITION = "condition"  # if, where, only if, provided that
    EXCEPTION = "exception"  # unless, except, other than
    CONCESSION = "concession"  # even if, without regard to
    RELATIVE = "relative"  # who, which, that
    LACK = "lack"  # without


class Force(StrEnum):
    """How strongly a clause binds."""

    MAY = "may"
    MUST = "must"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a sentence.

    Attributes:
        negated: A word of denial stands in it.
        denying: The roots of verbs and adjectives in it that hold a denial.
    """

    kind: Kind
    text: str
    start: int
    tokens: list[Token]
    negated: bool
    denying: frozenset[str]
    force: Force

    def denied(self, shared: frozenset[str] = frozenset()) -> bool:
        """Tell whether it says that something is not, or may not be.

        Args:
            shared: Roots of denying words that both sides use: "not immune" and "no immunity" are of one mind.
        """
        return self.negated != bool(self.denying - shared)

    @property
    def roots(self) -> set[str]:
        """What it says; numbers are compared by their values."""
        return {token.root for token in self.tokens if token.root and not token.is_number}


_EXCEPTION = (
    r"unless|except(?:ing)?(?:\s(?:where|if|when|that|for|as|in|to))?|save(?:\s(?:where|if|when|that|for"
    r"|as|in|to))|other\sthan"
    r"|apart\sfrom|with\sthe\sexception\sof|excluding|but\snot"
)
_CONCESSION = (
    r"even\s(?:if|where|when|while|though|as|against|after|before|in|without|unfounded)|without\sregard\s(?:to|for)"
    r"|regardless(?:\sof)?"
    r"|irrespective\sof|whether\sor\snot|no\smatter|notwithstanding|despite|in\sspite\sof"
)
_CONDITION = (
    r"only\s(?:if|where|when|once|after|with|on|for|in|by|to)|provided(?:\sthat)?(?=\s)|on\s(?:the\s)?condition\sthat"
    r"|(?:as|so)\slong\sas|if|where|when|in\scases?\s(?:where|of)|to\sthe\sextent\sthat|as\ssoon\sas|once"
)
_RELATIVE = r"who|whom|whose|which|that(?=\s(?:is|are|was|were|has|have|may|shall|must|it|they|he|the|a|an)\b)"
# "Agents not designated by the sending State".
_RELATIVE += (
    r"|(?<!is\s)(?<!are\s)(?<!be\s)(?<!been\s)(?<!was\s)(?<!were\s)(?<!has\s)(?<!have\s)(?<!had\s)"
    r"not\s(?=\w{3,}ed\s(?:in|by|to|as|under|on|with|for|from)\b)"
)
_OPENER = re.compile(
    rf"\b(?:(?P<concession>{_CONCESSION})|(?P<exception>{_EXCEPTION})|(?P<condition>{_CONDITION})"
    rf"|(?P<relative>{_RELATIVE})"
    r"|(?P<lack>without(?!\s(?:\w+\s)?(?:delay|prejudice)))"
    r"|(?P<main>but|whereas|while|although|however))\b"
    r"|(?P<sign>[;:—]|\((?!\w{1,4}\))|,\s)",
    re.IGNORECASE,
)
# "Provides", "provided for in": no condition.
_NO_OPENER = re.compile(
    r"^(?:provided\s(?:for|by|in|to|under|with)|where\sappropriate|where\snecessary|once\sa)", re.IGNORECASE
)
# "A person who is not the owner may …": where the sentence goes on behind its description.
_MAIN_VERB = re.compile(
    r"\w+(?:\s[^\s,;:()]+){2,14}?\s(?P<verb>may|shall|must|can|could|will|(?:has|have|is|are)\sto)\s", re.IGNORECASE
)
_VERB_FIRST = re.compile(r"^\s*(?:and\s|or\s)?(?:shall|may|must|can|will|is|are|was|were)\b", re.IGNORECASE)
# "Shall ensure that": what follows is what is ordered.
_COMPLEMENT = re.compile(
    r"\b(?:ensur(?:e|es|ing)|provid(?:e|es|ing)|says?|stat(?:es?|ing)|means?|agrees?|so|such|requires?"
    r"|establish(?:es)?|declares?)\s$",
    re.IGNORECASE,
)
# Words of denial that deny nothing.
_IDLE = re.compile(
    r"\b(?:no|not)\s(?:later|earlier|less|more|fewer|longer)\sthan\b|\bnot\s(?:exceed\w*|only|less|more)\b"
    r"|\bwithout\s(?:\w+\s)?(?:delay|prejudice)\b|\bnot-for-profit\b|\bwhether\sor\snot\b|\bif\snot\b|\bno\.\s?\d",
    re.IGNORECASE,
)
_DENIAL = re.compile(r"\b(?:not|no|never|nobody|none|nor|neither|cannot|nothing|no\sone)\b|n[’']t\b", re.IGNORECASE)
# Verbs and adjectives that hold a denial; as a part of a name ("prohibited rent") they hold none.
_DENYING = re.compile(
    r"\b(?:prohibits|forbids|forbade|bars|bans|denies|precludes|excludes|exempts|disallows|shuts\sout"
    r"|rules\sout|leaves\sout|refrains?"
    r"|prevents|escapes?|excuses|relieves|spares|disqualifies|deprives|strips|rejects|withholds"
    r"|(?:falls?|lies?|remains?|stays?|left|is|are|be)\s(?:\w+ly\s)?outside"
    r"|(?:is|are|was|were|be|been|being|remains?|stays?)\s(?:\w+ly\s)?(?:prohibited|forbidden|barred"
    r"|banned|precluded|excluded|denied|unlawful"
    r"|illegal|void|invalid|immune|exempt(?:ed)?|ineligible|inadmissible|inapplicable|excused|relieved"
    r"|released|freed|spared|left\sout"
    r"|disqualified|deprived|unable|impossible|unavailable|shut\sout|ruled\sout))\b",
    re.IGNORECASE,
)
_MAY = re.compile(
    r"\b(?:may|can|could|lets?|allow(?:s|ed)?|permit(?:s|ted)?|entitle[sd]?|empower(?:s|ed)?"
    r"|authori[sz]e[sd]?|enable[sd]?|is\sfree\sto|"
    r"are\sfree\sto|has\sthe\s(?:right|power)|have\sthe\s(?:right|power)|optional(?:ly)?"
    r"|at\sits\sdiscretion|leaves?\sit\sto|option(?:al)?|need\snot)\b",
    re.IGNORECASE,
)
_MUST = re.compile(
    r"\b(?:must|shall|oblige[sd]?|require[sd]?(?!\sby)|ha(?:s|ve|d)\sto|dut(?:y|ies)|is\sto|are\sto"
    r"|need(?:s|ed)?\sto|needs(?!\sof)|bound\sto|compel(?:s|led)?|"
    r"mandatory|obligat\w+|makes?|demands?|ought\sto)\b",
    re.IGNORECASE,
)


def denials(text: str) -> int:
    """Return how many words of *text* deny something."""
    return len(_DENIAL.findall(_IDLE.sub(" ", text)))


def clauses(text: str) -> list[Clause]:
    """Return the clauses of a sentence in order; at least one if it has a word."""
    made: list[Clause] = []
    last_fragment: int | None = None
    for start, end, kind in _spans(text):
        piece = text[start:end]
        words = tokens(piece)
        if words:
            last_fragment = len(made) if kind is None else last_fragment
            made.append(_clause(piece, start, words, kind, made))
    if last_fragment is not None and not any(clause.kind is Kind.MAIN and clause.roots for clause in made):
        fragment = made[last_fragment]  # "where …, the court decides"
        made[last_fragment] = _clause(fragment.text, fragment.start, fragment.tokens, Kind.MAIN, [])
    return _with_subjects(made)


def _with_subjects(made: list[Clause]) -> list[Clause]:
    """Return the clauses with what stands before the first verb read as a part of the clause of that verb."""
    first = next((i for i, clause in enumerate(made) if clause.kind is Kind.MAIN and clause.force), None)
    if first is None:
        return made
    verb = made[first]
    return [
        replace(clause, negated=clause.negated != verb.negated, denying=clause.denying | verb.denying, force=verb.force)
        if i < first and clause.kind is Kind.MAIN
        else clause
        for i, clause in enumerate(made)
    ]


def _spans(text: str) -> list[tuple[int, int, Kind | None]]:
    """Return where clauses begin and end; None for what goes on behind a comma."""
    bounds: list[tuple[int, Kind | None]] = [(0, Kind.MAIN)]
    for found in _OPENER.finditer(text):
        name = found.lastgroup or "sign"
        if name == "sign":
            bounds.append((found.end(), Kind.MAIN if found["sign"] == ";" else None))
        elif len(bounds) > 1 and bounds[-1][1] and not roots(text[bounds[-1][0] : found.start()]):
            continue  # "even where that is impossible", "without regard to where"
        elif name == "relative" and _COMPLEMENT.search(text, max(0, found.start() - 16), found.start()):
            continue
        elif not _NO_OPENER.match(text, found.start()):
            bounds.append((found.start(), Kind(name)))
            if name == "relative":
                verb = _MAIN_VERB.match(text, found.start())
                bounds += [(verb.start("verb"), Kind.MAIN)] if verb else []
    ends = [*(start for start, _ in bounds[1:]), len(text)]
    return [(start, end, kind) for (start, kind), end in zip(bounds, ends, strict=True)]


def _clause(piece: str, start: int, words: list[Token], kind: Kind | None, before: list[Clause]) -> Clause:
    bare = _IDLE.sub(" ", piece)
    negated, force = bool(_DENIAL.search(bare)), _force(bare)
    denying = frozenset(root(found[0].split()[-1].lower()) for found in _DENYING.finditer(bare))
    if kind is None:
        # What stands behind a comma goes on with what was said, unless it has a verb of its own.
        last = before[-1] if before else None
        if last is not None and last.kind is not Kind.CONDITION and _VERB_FIRST.match(piece):
            main = _join(before, negated, denying, force) or last
            return Clause(Kind.MAIN, piece, start, words, main.negated, main.denying, force or main.force)
        if last is not None and not force:
            return Clause(last.kind, piece, start, words, last.negated != negated, last.denying | denying, last.force)
        kind = Kind.MAIN
    if kind is Kind.EXCEPTION:
        ruled = next((clause for clause in reversed(before) if clause.kind is Kind.MAIN), None)
        negated = (ruled is None or not ruled.denied()) != negated
    return Clause(kind, piece, start, words, negated, denying, force)


def _join(before: list[Clause], negated: bool, denying: frozenset[str], force: Force) -> Clause | None:
    """Give the verb of a clause to its subject, which commas part from it: "no award, as …, shall be made"."""
    joined: Clause | None = None
    for i in range(len(before) - 1, -1, -1):
        clause = before[i]
        if clause.kind is not Kind.MAIN:
            continue
        if joined and clause.force:
            break
        both = clause.negated != negated
        before[i] = replace(clause, negated=both, denying=clause.denying | denying, force=clause.force or force)
        joined = joined or before[i]
        if clause.force:
            break
    return joined


def _force(text: str) -> Force:
    may, must = _MAY.search(text), _MUST.search(text)
    if may and (not must or may.start() < must.start()):
        return Force.MAY
    return Force.MUST if must else Force.NONE
