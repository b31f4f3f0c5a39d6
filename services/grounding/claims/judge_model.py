"""What a judging model is shown of the claims of a draft, and how its verdicts on them are read.

The call is the one that scores the sample (`services/generation/judge.py`), whose material, token and mark hold for the
claims too.
"""

from collections.abc import Collection, Sequence
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from services.grounding.claims.judgement import Failure, Judgement, Label, Reason
from services.grounding.claims.question import Question
from utils.errors import AnswerFormatError

# All provisions of a sample together: some 6,000 tokens. They get equal shares; a longer one is cut.
_MAX_CHARS = 24_000
_WHY_CHARS = 300
_CUT = "[…]"
VerdictName = Literal["supported", "contradicted", "not_in_law", "wrong_provision", "undecided"]
_FIELDS = ("id", "verdict", "reason", "words", "why")
REASONS = tuple(reason for reason in Reason if reason is not Reason.QUOTATION)

SCHEMA: dict[str, object] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "verdict": {"type": "string", "enum": [*get_args(VerdictName)]},
            "reason": {"type": "string", "enum": [*REASONS, ""]},
            "words": {"type": "string"},
            "why": {"type": "string"},
        },
        "required": [*_FIELDS],
        "additionalProperties": False,
    },
}


class Verdict(BaseModel):
    """What the judge says of one claim, named by the id of its question."""

    model_config = ConfigDict(extra="ignore")

    id: str
    verdict: VerdictName
    reason: str = ""
    words: str = ""
    why: str = ""


class JudgedClaim(TypedDict):
    """A claim with the judge's verdict, as it is stored with the sample."""

    claim: str
    provisions: list[str]
    verdict: VerdictName
    reason: str
    words: str
    why: str


def material(questions: Sequence[Question]) -> dict[str, object]:
    """Return what is shown of *questions*: each text once, and the claims with those that they rest on."""
    if not questions:
        return {}
    places: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for passage in (passage for question in questions for passage in question.passages):
        places.setdefault((passage.named, passage.text), set()).add(passage.place)
    marks = {key: f"P{number}" for number, key in enumerate(places, 1)}
    room = _MAX_CHARS // len(places)
    claims = [
        {
            "id": question.id,
            "claim": question.claim,
            "provisions": [marks[passage.named, passage.text] for passage in question.passages],
        }
        for question in questions
    ]
    provisions = [
        {"provision": marks[named, text], "named": named, "text": _excerpt(text, around, room)}
        for (named, text), around in places.items()
    ]
    return {"provisions": provisions, "claims": claims}


def _excerpt(text: str, places: Collection[tuple[int, int]], room: int) -> str:
    """Return about *room* characters of *text* at most, around *places*, with a sign where it is cut."""
    if len(text) <= room:
        return text
    size = room // len(places)
    shown: list[tuple[int, int]] = []
    for start in sorted(max(0, min(sum(place) // 2 - size // 2, len(text) - size)) for place in places):
        if shown and start <= shown[-1][1]:
            shown[-1] = (shown[-1][0], start + size)
        else:
            shown.append((start, start + size))
    pieces = [text[start:end] for start, end in shown]
    before, behind = [_CUT] if shown[0][0] else [], [_CUT] if shown[-1][1] < len(text) else []
    return " ".join([*before, f" {_CUT} ".join(pieces), *behind])


def check(verdicts: Sequence[Verdict], questions: Sequence[Question]) -> None:
    """Refuse an answer that does not hold one verdict on each question.

    Raises:
        AnswerFormatError: says how many are missing, or that one stands twice.
    """
    given = [verdict.id for verdict in verdicts]
    missing = {question.id for question in questions} - set(given)
    if missing:
        raise AnswerFormatError(f"the judge gave no verdict on {len(missing)} of {len(questions)} claims")
    if len(set(given)) != len(given):
        raise AnswerFormatError("the judge gave two verdicts on one claim")


def rulings(verdicts: Sequence[Verdict], questions: Sequence[Question], judge: str) -> dict[str, Judgement]:
    """Return what *judge* decided, by the id of the question; what it left undecided is not in it."""
    asked = {question.id: question for question in questions}
    return {
        verdict.id: _ruling(verdict, asked[verdict.id], judge)
        for verdict in verdicts
        if verdict.id in asked and Label(verdict.verdict) is not Label.UNDECIDED
    }


def judged_claims(verdicts: Sequence[Verdict], questions: Sequence[Question]) -> list[JudgedClaim]:
    """Return the claims that were put before the judge, with its verdicts."""
    by_id = {verdict.id: verdict for verdict in verdicts}
    return [
        {
            "claim": question.claim,
            "provisions": [passage.named for passage in question.passages],
            "verdict": verdict.verdict,
            "reason": verdict.reason,
            "words": _words(verdict, question),
            "why": verdict.why,
        }
        for question in questions
        if (verdict := by_id.get(question.id)) is not None
    ]


def _ruling(verdict: Verdict, question: Question, judge: str) -> Judgement:
    label = Label(verdict.verdict)
    if label is Label.SUPPORTED:
        return Judgement(label, 1.0)
    words = _words(verdict, question)
    why = " ".join(verdict.why.split())[:_WHY_CHARS].rstrip(".") or f"the claim is {label}"
    sentence = f'{why}; the provision says "{words}"' if words else why
    reason = _reason(verdict.reason, label)
    return Judgement(label, 0.0, failure=Failure(label, reason, f"{sentence} (judge {judge})", sure=True))


def _words(verdict: Verdict, question: Question) -> str:
    """Return the words that decide; "" where they stand in none of the provisions."""
    from services.grounding.claims.quotations import spans_in

    words = " ".join(verdict.words.split())[:_WHY_CHARS]
    return words if words and any(spans_in(words, passage.text) for passage in question.passages) else ""


def _reason(given: str, label: Label) -> Reason:
    """Return the reason the judge gave, or the one that its verdict has when it gave none of ours."""
    if given in REASONS:
        return Reason(given)
    return {Label.WRONG_PROVISION: Reason.WRONG_SECTION, Label.NOT_IN_LAW: Reason.NOT_IN_TEXT}.get(
        label, Reason.CONDITION
    )
