"""A case on one rule: its facts and its outcome, which are told together so that they agree.

The code settles whether the rule was kept, broken, used, denied, or not engaged, and tells it in the words of the
rule; the model is only asked for the scene and for the reason.
"""

import random
from dataclasses import dataclass
from enum import StrEnum

from services.generation.prose import upper
from services.generation.provision.norms import Force, Norm, definite


class Turn(StrEnum):
    """What becomes of the rule on the facts."""

    KEPT = "kept"
    BROKEN = "broken"
    USED = "used"
    DENIED = "denied"
    NOT_ENGAGED = "not engaged"


@dataclass(frozen=True, slots=True)
class Case:
    """Facts and outcome of a case on a rule.

    Attributes:
        condition: Sentence of the facts on the rule's condition; "" for a rule without one.
        conduct: Sentence of the facts on what was done.
        meeting: How the facts stand to the rule, for the application.
        outcome: Sentence of the conclusion.
        lead: How the model's sentence of the application begins.
    """

    norm: Norm
    turn: Turn
    subject: str
    condition: str
    conduct: str
    meeting: str
    outcome: str
    lead: str

    @property
    def facts(self) -> str:
        """All that the code settles of the facts."""
        return " ".join(part for part in (self.condition, self.conduct) if part)


def turns_of(norm: Norm) -> tuple[Turn, ...]:
    """Return what may become of a rule."""
    own = (Turn.USED, Turn.DENIED) if norm.force is Force.POWER else (Turn.KEPT, Turn.BROKEN)
    return (*own, Turn.NOT_ENGAGED) if norm.condition else own


def case_of(norm: Norm, other: str, draw: random.Random) -> Case:
    """Return a case on *norm*, drawn.

    Args:
        norm: The rule.
        other: Who denies a power or right.
        draw: Chooses what becomes of the rule.
    """
    turn = draw.choice(turns_of(norm))
    subject = definite(norm.subject)
    return Case(
        norm=norm,
        turn=turn,
        subject=subject,
        condition=_condition(norm, turn),
        conduct=upper(_conduct(norm, turn, subject, other)),
        meeting=_meeting(norm, turn),
        outcome=_outcome(norm, turn, subject, other),
        lead=_LEADS[turn],
    )


_LEADS = {
    Turn.KEPT: "The facts agree with the rule because ",
    Turn.BROKEN: "The facts fall short of the rule because ",
    Turn.USED: "The rule covers this step because ",
    Turn.DENIED: "The rule answers the point because ",
    Turn.NOT_ENGAGED: "The condition matters because ",
}


def _condition(norm: Norm, turn: Turn) -> str:
    if not norm.condition:
        return ""
    if turn is Turn.NOT_ENGAGED:
        return f"One thing is missing, since it is agreed not to be the case that {norm.condition}."
    return f"It is agreed that {norm.condition}."


def _conduct(norm: Norm, turn: Turn, subject: str, other: str) -> str:
    if norm.force is Force.POWER:
        did = f"relied on a right to {norm.act}" if norm.is_right else f"wished to {norm.act}"
        if turn is Turn.DENIED:
            denies = "no such right exists" if norm.is_right else "the law does not allow this"
            return f"{subject} {did}, but {other} objected that {denies}."
        return f"{subject} {did}." if norm.is_right else f"{subject} decided to {norm.act}."
    done = (norm.force is Force.DUTY) == (turn is Turn.KEPT)
    if turn is Turn.NOT_ENGAGED:
        done = norm.force is Force.BAN
    came = "come to " if norm.is_passive else ""
    return f"{subject} {'did' if done else 'did not'} {came}{norm.act}."


def _meeting(norm: Norm, turn: Turn) -> str:
    if turn is Turn.NOT_ENGAGED:
        return "The rule depends on a condition, and on these facts the condition is not met."
    met = "The condition of the rule is met. " if norm.condition else ""
    return (
        met
        + {
            Turn.KEPT: "What the rule requires was done."
            if norm.force is Force.DUTY
            else "What the rule forbids was not done.",
            Turn.BROKEN: "What the rule requires was not done."
            if norm.force is Force.DUTY
            else "What the rule forbids was done.",
            Turn.USED: "The step is the very one that the rule allows.",
            Turn.DENIED: "The objection denies the very thing that the rule gives.",
        }[turn]
    )


def _outcome(norm: Norm, turn: Turn, subject: str, other: str) -> str:
    what = "right" if norm.is_right else norm.force.value
    return {
        Turn.KEPT: f"Therefore the {what} was respected, and nothing in the rule stands against what happened.",
        Turn.BROKEN: f"Therefore the {what} was broken, and what happened was contrary to the rule.",
        Turn.USED: f"Therefore {subject} had this {what}, and the rule supports the step.",
        Turn.DENIED: f"Therefore the objection of {other} fails, because the rule gives {subject} this {what}.",
        Turn.NOT_ENGAGED: f"Therefore the rule is not engaged, and no {what} follows from it on these facts.",
    }[turn]
