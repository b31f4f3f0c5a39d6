"""What a judging model is asked of a claim and its provision, and how its answer is read.

The call itself belongs to whoever has the models. As in `services/generation/judge.py` the material is sent as data
between two lines that nobody could foresee, and an answer counts only with the token that stands in the instructions.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from services.drafts.judging import load_template, one_line, parsed_once
from services.drafts.thinking import split_thinking
from services.grounding.claims.judgement import Failure, Judgement, Label, Reason
from services.grounding.claims.law import Rule
from services.grounding.claims.quotations import spans_in
from utils.errors import AnswerFormatError
from utils.unwrapping import Names, held_objects

MAX_TOKENS = 400
# A longer provision is cut: the judge is told.
_MAX_CHARS = 24_000
_REASONS = tuple(reason for reason in Reason if reason is not Reason.QUOTATION)
_VERDICTS = (Label.SUPPORTED, Label.CONTRADICTED, Label.NOT_IN_LAW, Label.WRONG_PROVISION)
_FIELDS = ("token", "verdict", "reason", "words", "why")
_HELD = Names(_FIELDS)
_NAMES = {"mark", "material", "reasons", "token"}

SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "token": {"type": "string"},
        "verdict": {"type": "string", "enum": [*_VERDICTS]},
        "reason": {"type": "string", "enum": [*_REASONS, ""]},
        "words": {"type": "string"},
        "why": {"type": "string"},
    },
    "required": [*_FIELDS],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the judge, and the token that its answer must give back."""

    text: str
    token: str


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    token: str
    verdict: Literal["supported", "contradicted", "not_in_law", "wrong_provision"]
    reason: str = ""
    words: str = ""
    why: str = ""


class GroundingPrompt:
    """Renders what the judge is asked. Thread-safe."""

    def __init__(self, template: Path) -> None:
        """Read *template*.

        Raises:
            ConfigurationError: it cannot be read, or has other names than it should.
        """
        self._template = load_template(template, _NAMES)

    def ask(self, claim: str, rule: Rule, instrument: str) -> Question:
        """Return the question whether *claim* stands in *rule* of *instrument*."""
        mark, token = f"MATERIAL-{secrets.token_hex(8)}", secrets.token_hex(8)
        named = f"{instrument}, {rule.shown}" if instrument else rule.shown
        material = one_line({"claim": claim, "named": named, "provision": _cut(rule.text)})
        text = self._template.render(material=material, mark=mark, token=token, reasons=", ".join(_REASONS))
        return Question(text, token)


def read_answer(text: str, token: str, rule: Rule, found: Judgement) -> Judgement:
    """Return the judgement that the judge's answer *text* makes of the one that the rules *found*.

    Words that the judge gives out as the provision's count only if they stand there.

    Raises:
        AnswerFormatError: it is no judgement by our instructions; says why.
    """
    rest, _ = split_thinking(text)
    held = [one for one in held_objects(rest, _HELD, parsed_once) if one.keys() >= {"token", "verdict"}]
    if len(held) != 1:
        raise AnswerFormatError(f"the judge's answer cannot be read (it holds {len(held)} judgements, want one)")
    try:
        answer = _Answer.model_validate(held[0])
    except ValidationError as error:
        raise AnswerFormatError(f"the judge's answer cannot be read ({str(error)[:120]})") from None
    if not secrets.compare_digest(answer.token.encode(), token.encode()):
        raise AnswerFormatError("the judge did not give back its token: it may have followed the claim, not the rules")
    return _judgement(answer, rule, found)


def _judgement(answer: _Answer, rule: Rule, found: Judgement) -> Judgement:
    spans = spans_in(answer.words, rule.text) if answer.words.strip() else ()
    start, end = (spans[0][0], spans[-1][1]) if spans else (0, 0)
    label = Label(answer.verdict)
    if label is Label.SUPPORTED:
        return Judgement(label, found.support, *((start, end) if spans else (found.start, found.end)))
    failure = Failure(label, _reason(answer.reason, label), answer.why.strip() or str(label), start, end)
    return Judgement(label, found.support, start, end, failure)


def _reason(given: str, label: Label) -> Reason:
    """Return the reason the judge gave, or the one that its verdict has when it gave none of ours."""
    if given in _REASONS:
        return Reason(given)
    return {Label.WRONG_PROVISION: Reason.WRONG_SECTION, Label.NOT_IN_LAW: Reason.NOT_IN_TEXT}.get(
        label, Reason.CONDITION
    )


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_CHARS else f"{text[:_MAX_CHARS]} [the text goes on; it was cut here]"
