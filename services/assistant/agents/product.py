"""Finds ready parts of the data set; for new samples it drafts a batch, says what it takes, and asks first."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

from models.contract.answers.batch_reports import BatchPlan
from models.contract.bodies import BatchRequest
from models.fields import validated
from services.assistant.agents.talk import Talk
from services.assistant.product_service import ProductService
from services.assistant.shopping import Shopping

_CARDS = 5
YES, NO = "yes", "no"
# Offers that were taken; older ones are no longer what their session said last.
_REMEMBERED = 10_000


class Product:
    """Never starts anything without a yes to what it offered."""

    def __init__(
        self,
        products: ProductService,
        shopping: Shopping,
        plan: Callable[[BatchRequest], BatchPlan],
        start: Callable[[BatchRequest], str],
    ) -> None:
        """Search *products*; *plan* says what a batch would take, *start* starts one and returns its id."""
        self._products = products
        self._shopping = shopping
        self._plan = plan
        self._start = start
        self._taking = threading.Lock()
        self._taken: OrderedDict[str, str] = OrderedDict()

    def act(self, talk: Talk) -> None:
        """Answer with products, an offer, or what was started."""
        if talk.intent_name == "product_search":
            self._search(talk)
        elif talk.to_offer == "yes":
            self._begin(talk)
        elif talk.to_offer == "no":
            talk.say("Nothing was started.")
        else:
            self._offer(talk)

    def _search(self, talk: Talk) -> None:
        text = talk.wanted.query
        found = self._products.find(text, self._shopping.filters_of(text), _CARDS)
        talk.cards = found["products"]
        if talk.cards:
            lines = [f"{card['name']}: {card['matching']} of {card['samples']} samples match" for card in talk.cards]
            talk.say("\n".join(lines))
        else:
            talk.say(
                "No product matches. Save a part of the data set as one with POST /api/v1/products, or ask in the mode "
                "shopping to be led to one."
            )

    def _offer(self, talk: Talk) -> None:
        draft: Mapping[str, object] = {**self._shopping.draft_of(talk.wanted.query)}
        plan = self._plan(validated(BatchRequest, dict(draft)))
        talk.draft_batch = dict(draft)
        talk.options = [YES, NO]
        talk.say(f"{_told(draft)} {what_it_takes(plan)} Nothing is started. Shall it be? (yes or no)")

    def _begin(self, talk: Talk) -> None:
        """Start what was offered, once: a yes that is sent twice, or by two clients, starts nothing more."""
        offered = talk.before.get("draft_batch")
        body: dict[str, object] = dict(offered) if isinstance(offered, Mapping) else {}
        key = str(talk.before.get("run_id", ""))
        with self._taking:
            if key in self._taken:
                talk.batch_id = self._taken[key]
                talk.say(f"It was started already, as {talk.batch_id}.")
                return
            talk.batch_id = self._start(validated(BatchRequest, body))
            self._taken[key] = talk.batch_id
            while len(self._taken) > _REMEMBERED:
                self._taken.popitem(last=False)
        talk.say(
            f"Started as {talk.batch_id}. GET /api/v1/generate/batch/status?batch_id={talk.batch_id} tells how it goes."
        )


def _told(draft: Mapping[str, object]) -> str:
    named = [str(draft[name]) for name in ("difficulty", "sample_type", "topic", "jurisdiction") if draft.get(name)]
    mix = draft.get("mix")
    named += list(mix["topics"]) if isinstance(mix, Mapping) else []
    return f"That would be a batch of {draft['count']} samples{': ' + ', '.join(named) if named else ''}."


def what_it_takes(plan: BatchPlan) -> str:
    """Say what a batch would use."""
    tokens, cost = plan["expected_tokens"], plan["expected_cost_usd"]
    price = "at a price that is not known" if cost is None else f"some {cost:.2f} USD"
    return f"It takes some {tokens} tokens, {price}."
