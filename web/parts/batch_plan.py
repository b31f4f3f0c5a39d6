"""What a plan says in words: its cost, what ends it early, what to know before the start."""

from models.contract.answers.batch_reports import BatchPlan, LimitName
from web.formats import duration, money, number
from web.parts.batch_form import EMBEDDED

_LIMITS: dict[LimitName, str] = {
    "max_tokens_total": "The limit on tokens",
    "max_cost_usd": "The limit on cost",
    "max_minutes": "The limit on time",
}


def cost_words(plan: BatchPlan) -> str:
    """Return what it costs, from the cheapest to the dearest of the models that may write, where prices are known."""
    known = [row["cost_usd"] for row in plan["targets"] if row["cost_usd"] is not None]
    if not known:
        return money(None)
    low, high = money(min(known)), money(max(known))
    told = low if low == high else f"{low} to {high}"
    unknown = len(plan["targets"]) - len(known)
    return told if not unknown else f"{told}; {number(unknown)} of {number(len(plan['targets']))} prices not known"


def time_words(plan: BatchPlan) -> str:
    """Return how long it takes at the pace that the limits of the models allow."""
    minutes = plan["expected_minutes"]
    if minutes is None:
        return "not known"
    return "less than a minute" if minutes < 1 else f"about {duration(minutes * 60)}"


def time_note(plan: BatchPlan) -> str:
    """Return what the time follows from: the paces that the plan shows, together."""
    minutes, paces = plan["expected_minutes"], [row["samples_per_minute"] for row in plan["targets"]]
    if minutes is None or None in paces:
        return "it depends on how fast the models answer" if paces else ""
    together = f"{number(sum(pace or 0.0 for pace in paces), 1)} samples a minute"
    return f"their limits allow {together}" if minutes < 1 else f"at the {together} that their limits allow together"


def warnings(plan: BatchPlan) -> list[str]:
    """Return what ends the batch before all samples are made."""
    limit = plan["stopped_by"]
    if limit is None:
        return []
    made, total = number(plan["expected_samples"]), number(plan["total"])
    return [f"{_LIMITS[limit]} will end this batch after about {made} of {total} samples. Raise it, or ask for fewer."]


def notes(plan: BatchPlan, *, is_judged: bool, has_embedded: bool = False) -> list[str]:
    """Return what else to know of the figures; *has_embedded*: the embedded model could be chosen."""
    told = []
    if any(row["target"].partition("/")[0] == EMBEDDED for row in plan["targets"]):
        told.append("The embedded model needs no key and costs nothing. Its samples are good for trying things out.")
    elif has_embedded:
        told.append("The embedded model takes no part unless it is chosen itself, even where all others fail.")
    if any(row["basis"] == "estimated" for row in plan["targets"]):
        told.append("Tokens are estimated, since no answers of this kind were measured yet.")
    told.append("Drafts that are refused are written again, which adds calls and cost.")
    if is_judged:
        told.append("The judge's calls come on top of these figures.")
    if plan["limits"]["max_cost_usd"] is not None:
        told.append("With a limit on cost, only models whose price is known may write.")
    return told
