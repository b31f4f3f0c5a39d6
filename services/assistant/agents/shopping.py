"""Leads to products by at most three questions; where the choice stands is kept with the answer, not by the client."""

from collections.abc import Callable, Mapping

from models.contract.answers.batch_reports import BatchPlan
from models.contract.bodies import BatchRequest
from models.fields import validated
from services.assistant.agents.product import NO, YES, what_it_takes
from services.assistant.agents.talk import Talk
from services.assistant.shopping import Shopping, Turn

_STATE = "shopping"


class ShoppingAgent:
    """Asks no model."""

    def __init__(self, shopping: Shopping, plan: Callable[[BatchRequest], BatchPlan]) -> None:
        """Lead by *shopping*; *plan* says what a batch would take."""
        self._shopping = shopping
        self._plan = plan

    def act(self, talk: Talk) -> None:
        """Ask the next question, or end with products and a draft for what is missing."""
        turn = self._turn(talk)
        talk.state[_STATE] = turn.state.to_json()
        talk.shopping = turn.status()
        talk.options = [option.text for option in turn.question.options] if turn.question is not None else []
        talk.cards = list(turn.product_cards)
        talk.draft_batch = dict(turn.draft_batch) if turn.draft_batch is not None else None
        talk.say(turn.text)
        if talk.draft_batch is not None:
            talk.options = [YES, NO]
            plan = self._plan(validated(BatchRequest, dict(talk.draft_batch)))
            talk.say(f" {what_it_takes(plan)} Shall it be started? (yes or no)")

    def _turn(self, talk: Talk) -> Turn:
        state = talk.before.get("state")
        kept = state.get(_STATE) if isinstance(state, Mapping) else None
        if isinstance(kept, Mapping) and not kept.get("is_done"):
            return self._shopping.reply(self._shopping.restore(kept), talk.wanted.query)
        return self._shopping.start(talk.wanted.query)
