"""What a batch may spend, where several processes spend it."""

from dataclasses import dataclass

from models.batches.work_item import SentCall
from utils.errors import BudgetHeldError, BudgetSpentError


@dataclass(frozen=True, slots=True)
class SpendLimits:
    """What a batch may use in all, where several processes use it; None for no limit.

    Attributes:
        call_usd: What the call may cost that is about to leave; None when its price is not known.
    """

    max_tokens: int | None = None
    max_cost_usd: float | None = None
    call_usd: float | None = None


def check_budget(limits: SpendLimits, call: SentCall, used: tuple[int, float], under_way: tuple[int, float]) -> None:
    """Refuse a call that might go beyond *limits*, with what was *used* and what is *under_way*: tokens and US dollars.

    Raises:
        BudgetSpentError: not even what was used leaves room for it.
        BudgetHeldError: calls under way may leave room for it when they have come in.
    """
    spent, held = [], False
    for limit, was, wanted, set_aside, unit in (
        (limits.max_tokens, used[0], call.tokens, under_way[0], "tokens"),
        (limits.max_cost_usd, used[1], call.usd or 0.0, under_way[1], "USD"),
    ):
        if limit is not None and was + wanted > limit:
            spent.append(f"{was:g} of {limit:g} {unit}")
        held = held or (limit is not None and was + wanted + set_aside > limit)
    if spent:
        told = " and ".join(spent)
        raise BudgetSpentError(f"budget of the batch reached: {told} used, another call could exceed it")
    if held:
        raise BudgetHeldError("budget of the batch: what is left is set aside for calls under way")
