"""Leads a small model through a sample about one provision.

The code quotes the rule, settles facts and outcome (`case.py`) and names the source; the model writes the scene and
the reason. What it writes is checked: no numbers of its own, no word of law in the scene, nothing that turns the case
round.
"""

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from models.domain import Job
from services.catalogue.rows import SlotValues
from services.generation.casting import names_for
from services.generation.prose import Ask, fields_schema, loops, sentences_of
from services.generation.provision.case import Case, Turn, case_of
from services.generation.provision.norms import Norm, norms
from services.grounding.claims.clauses import clauses
from services.grounding.claims.numbers import quantities
from services.grounding.claims.quantity import same
from services.grounding.claims.words import root, roots
from services.grounding.ground import Ground, Source
from utils.errors import AnswerFormatError, QualityError

_CUT = re.compile(r"\b[A-Z]\.$|\b(?:the|a|an|of|and|or|that|which)\.$")
# Citations are the code's.
_CITES = re.compile(
    r"\b(?:arts?|articles?|ss?|sections?|paras?|paragraphs?|subsections?|chapters?|U S C)\b", re.IGNORECASE
)
_NAME = re.compile(r"\b[A-Z][A-Za-z]+")
_LOOSE = re.compile(r"(?:which|whom|that|how|whether|where|who|it|he|she|they)\b")
# Digits are let through, since a model that may not write those of the law leaves gaps; its numbers are checked.
_CHARS = "[A-Za-z0-9 ,'-]"
_MOST_CHARS, _TRIES, _MAX_TOKENS = 190, 3, 90
_SYSTEM = (
    "You write one sentence of a training text about law in plain English. Use only the law and the facts given. "
    "Add no fact about what the law requires, no number, no exception and no name."
)
_EVERY = re.compile(r"(?:No|Any|Each|Every)\s")
# How much of what a scene says the provision speaks of, at the least.
_OF_THE_LAW, _LEAST_OF_THE_LAW = 0.5, 2
_OF_LAW = re.compile(
    r"\b(?:shall|must|may|can|cannot|should|ought|obliged|required?|requires|allow\w*|permit\w*|entitle\w*|forbid\w*"
    r"|prohibit\w*|breach\w*|violat\w*|compl(?:y|ies|ied|iance)|unlawful\w*|illegal\w*|liab\w*|guilty|fail\w*|refus\w*"
    r"|unless|except\w*|denie[sd]|deny|instead of|rather than)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:fail\w*|breach\w*|violat\w*|unlawful\w*|illegal\w*|lack\w*|unless|except\w*|but|however|although|despite"
    r"|should have|instead|refus\w*|contrary|prohibit\w*|forbid\w*|without)\b",
    re.IGNORECASE,
)
_GRANTS = re.compile(
    r"\b(?:compl(?:y|ies|ied|iance)|fulfil\w*|satisf\w*|permit\w*|allow\w*|entitle\w*|lawful\w*|respected|unless"
    r"|except\w*|however|although|may|can|properly|correctly|successfully)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Brief:
    """What is settled before the model writes a word."""

    source: Source
    case: Case
    person: str
    place: str

    @property
    def quote(self) -> str:
        """The rule as it is quoted: on one line."""
        return " ".join(self.case.norm.text.split())

    @property
    def known(self) -> set[str]:
        """The roots of what the provision, its heading and its instrument speak of."""
        return roots(f"{self.source.title} {self.source.heading} {self.source.text} {self.case.facts}")

    @property
    def text(self) -> str:
        """The brief as the model reads it; without the citation, which is the code's."""
        about = f"{self.source.heading}: " if self.source.heading else ""
        return f"Law: {about}{self.quote}\nFacts: {self.case.facts}\n\n"


class ProvisionScaffold:
    """Writes samples about a provision with a small model. Stateless between calls."""

    def __init__(self, slots: Mapping[str, SlotValues]) -> None:
        self._slots = slots

    def draft(self, job: Job, ground: Ground, ask: Ask, attempt: int = 0) -> str:
        """Return a draft of *job* on the one provision of *ground*, as a large model would have sent it.

        Raises:
            QualityError: the provision has no rule that can be quoted.
            AnswerFormatError: no sentence of the model could be used at the first attempt, or read at a later one.
        """
        brief = self._brief(job, ground)
        writer = _Writer(brief, ask, job.seed + 1_000_003 * attempt)
        scene, reason = writer.scene(), writer.reason()
        # Facts, rule and outcome stand without the model's sentences, which a second try may also lack.
        if not scene and not reason and (attempt == 0 or not writer.was_read):
            raise AnswerFormatError("the model wrote no sentence that could be used")
        return json.dumps(_fields(brief, scene, reason), ensure_ascii=False)

    def _brief(self, job: Job, ground: Ground) -> _Brief:
        source, norm = _rule(ground, job.seed)
        slots = self._slots.get(job.jurisdiction) or next(iter(self._slots.values()))
        draw = random.Random(job.seed)
        return _Brief(
            source=source,
            person=draw.choice(names_for("person", slots)),
            place=draw.choice(slots.places),
            case=case_of(norm, draw.choice(slots.firms), draw),
        )


def _rule(ground: Ground, seed: int) -> tuple[Source, Norm]:
    source = ground.sources[0] if ground.sources else None
    found = norms(source.text) if source is not None else []
    if source is None or not found:
        raise QualityError("grounding: the provision has no rule that can be quoted", field="grounding")
    # Those with a condition make the better cases.
    draw = random.Random(seed)
    return source, draw.choice([norm for norm in found if norm.condition] or found)


class _Writer:
    """Asks for the two sentences of the model."""

    def __init__(self, brief: _Brief, ask: Ask, seed: int) -> None:
        self._brief = brief
        self._ask = ask
        self._seed = seed
        self.was_read = False

    def scene(self) -> str:
        """Return the sentence that tells how the matter comes up; "" where the model finds no sound one."""
        brief = self._brief
        lead = f"{brief.person} of {brief.place} keeps the papers of a matter about "
        wish = (
            f"Write the opening sentence of the story: {brief.person} of {brief.place} has a matter that concerns this "
            "law. Say in a few words what kind of matter it is. Do not say what happened in it and not what the law "
            f"requires. Begin with: {lead}"
        )
        return self._sentence(wish, lead, self._fault_of_scene)

    def reason(self) -> str:
        """Return the sentence that says why the facts lead to the outcome; "" where the model finds no sound one.

        The application stands without it: how the facts meet the rule is told by the code.
        """
        case = self._brief.case
        wish = (
            f"Result: {case.meeting} {case.outcome}\nWrite one sentence that explains this result from the words of "
            f"the law and the facts. Begin with: {case.lead}"
        )
        return self._sentence(wish, case.lead, self._fault_of_reason)

    def _sentence(self, wish: str, lead: str, fault_of: Callable[[str], str | None]) -> str:
        """Return a sentence without a fault; "" when none came."""
        for _ in range(_TRIES):
            self._seed += 1
            schema = fields_schema({"text": f"^{lead}[a-z]{_CHARS}{{20,{_MOST_CHARS}}}[a-z0-9][.]$"})
            try:
                written = self._ask(_SYSTEM, self._brief.text + wish, schema, _MAX_TOKENS, self._seed)["text"]
            except AnswerFormatError:
                continue
            self.was_read = True
            if not (self._fault(written, lead) or fault_of(written[len(lead) :])):
                return " ".join(written.split())
        return ""

    def _fault(self, written: str, lead: str) -> str | None:
        """Return what is wrong with a sentence whatever it is for, or None."""
        if not written.startswith(lead) or len(sentences_of(written)) != 1:
            return "left the form"
        if len(written) - len(lead) >= _MOST_CHARS or _CUT.search(written):
            return "a sentence was cut"
        if loops(written):
            return "went round in a loop"
        return self._brought_in(written[len(lead) :])

    def _brought_in(self, written: str) -> str | None:
        """Return what a sentence has that neither law nor facts have, or None."""
        if _CITES.search(written):
            return "pointed to a provision"
        if not set(_NAME.findall(written)) <= set(_NAME.findall(f"{self._brief.text} {self._brief.source.label}")):
            return "brought in a name"
        known = quantities(self._brief.text)
        if any(not any(same(one, other) for other in known) for one in quantities(written)):
            return "brought in a number"
        return None

    def _fault_of_scene(self, written: str) -> str | None:
        if _LOOSE.match(written):
            return "left out what the matter is about"
        if _OF_LAW.search(written) or _is_denied(written):
            return "told law in the scene"
        said = roots(written)
        if len(said & self._brief.known) < max(min(_LEAST_OF_THE_LAW, len(said)), _OF_THE_LAW * len(said)):
            return "told of another matter"
        return None

    def _fault_of_reason(self, written: str) -> str | None:
        turn = self._brief.case.turn
        if turn in (Turn.KEPT, Turn.USED) and (_DENIES.search(written) or _is_denied(written)):
            return "turned the case round"
        if turn is Turn.BROKEN and self._denies_another_act(written):
            return "told of another breach"
        if turn in (Turn.BROKEN, Turn.NOT_ENGAGED) and _GRANTS.search(written):
            return "turned the case round"
        return None

    def _denies_another_act(self, written: str) -> bool:
        """A clause of *written* denies something else than the act of the rule."""
        norm = self._brief.case.norm
        verb = root(norm.act.removeprefix("be ").split()[0])
        return any(clause.negated and verb not in clause.roots for clause in clauses(written))


def _fields(brief: _Brief, scene: str, reason: str) -> dict[str, str]:
    case, source = brief.case, brief.source
    plain = f"{brief.person} of {brief.place} keeps the papers of a matter."
    parts = {
        "RULE": f'{source.label} provides: "{brief.quote}" [{source.marker}]',
        "APPLICATION": f"{_addressed(case)} {case.facts} {case.meeting} {reason}".rstrip(),
        "CONCLUSION": case.outcome,
    }
    return {
        "question": f"{scene or plain} {case.facts} What follows from {source.label}?",
        "answer": "\n\n".join(f"{heading}: {text}" for heading, text in parts.items()),
        "case_citation": source.label,
        "reasoning": _steps(case),
    }


def _addressed(case: Case) -> str:
    norm = case.norm
    whose = "says what is to become of" if norm.is_passive else "is addressed to"
    whom = _EVERY.sub("every ", norm.subject, count=1) if _EVERY.match(norm.subject) else case.subject
    return f"The rule is a {'right' if norm.is_right else norm.force.value}, and it {whose} {whom}."


def _steps(case: Case) -> str:
    about = (case.condition,) if case.condition else ()
    rows = [
        (_addressed(case), *about, "The first question is whether the rule speaks to these facts."),
        ("The facts are held against the words of the rule", case.conduct, case.meeting),
        ("The outcome is what the rule attaches to such facts", case.meeting, case.outcome),
    ]
    return "\n".join(
        f"Step {number}: {' → '.join(part.rstrip('.') for part in row)}" for number, row in enumerate(rows, 1)
    )


def _is_denied(written: str) -> bool:
    return any(clause.negated for clause in clauses(written))
