"""The first page: how much there is, what is thin, what it cost, who is well; for a new user, what to do."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from api.edge.deps import services
from models.contract.answers.monitoring import TargetState, UsageRow
from models.fields import ALIAS_DIFFICULTY, DIFFICULTIES
from utils.errors import UnavailableError
from web.formats import money
from web.page_spec import MenuEntry, PageSpec
from web.parts.balance import Balance, balance_of
from web.parts.charts import BarChart, by_day, largest, last_days
from web.rendering import page

_DAYS = 30
_OTHERS = "others"
_THIN = 6


@dataclass(frozen=True, slots=True)
class _Provider:
    """A provider as the overview shows it."""

    name: str
    models: int
    open: int
    reason: str | None
    opens_in_s: float | None


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/", "overview", _overview)
    ui.add_url_rule("/overview/quality", "overview_quality", _quality)


def _overview() -> ResponseReturnValue:
    platform = services()
    stats = platform.dataset.detailed_statistics()
    today = datetime.now(UTC).date()
    names = {row["id"]: row["name"] for row in platform.catalogue.providers()["providers"]}
    providers = _providers(platform.usage.targets(), names)
    chosen = {name: request.args.get(name, "") for name in ("area", "sample_type", "jurisdiction")}
    return page(
        "overview.html",
        stats=stats,
        tokens_total=platform.usage.summary("model")["total"],
        growth=_growth(today, {row["day"]: row["count"] for row in stats["day_breakdown"]}),
        spent=_spent(today, platform.usage.summary("day,model", last_days(today, _DAYS)[0])["usage"]),
        balance=_balance(chosen),
        chosen=chosen,
        alias=ALIAS_DIFFICULTY,
        types=platform.catalogue.sample_types()["sample_types"],
        jurisdictions=platform.catalogue.jurisdictions()["jurisdictions"],
        providers=providers,
        can_write=any(one.open for one in providers),
        running=platform.batches.running_count(),
    )


def _quality() -> ResponseReturnValue:
    """The figures that take a while to measure, fetched when the page is there."""
    try:
        return page("overview_quality.html", report=services().quality.report(), waits="")
    except UnavailableError as error:
        return page("overview_quality.html", report=None, waits=str(error))


def _balance(chosen: Mapping[str, str]) -> Balance:
    return balance_of(services().dataset.cells(), DIFFICULTIES, chosen, _THIN, unplanned=(ALIAS_DIFFICULTY,))


def _growth(today: date, counts: Mapping[str, int]) -> BarChart:
    values = {day: {"": float(count)} for day, count in counts.items()}
    return by_day(last_days(today, _DAYS), values, [""])


def _spent(today: date, rows: Sequence[UsageRow]) -> BarChart:
    totals: dict[str, float] = defaultdict(float)
    for row in rows:
        totals[row["model"]] += row["priced_usd"]
    paid = {name: cost for name, cost in totals.items() if cost}
    named = largest(paid)
    if len(paid) > len(named):
        named[-1] = _OTHERS
    values: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        values[row["day"]][row["model"] if row["model"] in named else _OTHERS] += row["priced_usd"]
    return by_day(last_days(today, _DAYS), values, named, money, smallest_step=0.0)


def _providers(targets: Sequence[TargetState], names: Mapping[str, str]) -> list[_Provider]:
    found: dict[str, list[TargetState]] = defaultdict(list)
    for target in targets:
        found[target["provider"]].append(target)
    return [_provider(names.get(key, key), rows) for key, rows in found.items()]


def _provider(name: str, rows: Sequence[TargetState]) -> _Provider:
    opened = sum(row["open"] for row in rows)
    closed = [row for row in rows if not row["open"]]
    waits = [row["opens_in_s"] for row in closed if row["opens_in_s"] is not None]
    reason = closed[0]["reason"] if closed and not opened else None
    return _Provider(name, len(rows), opened, reason, min(waits) if waits and not opened else None)


SPEC = PageSpec(_add_to, MenuEntry(10, "ui.overview", "home", "Overview"))
