"""One limiter for each model or account, and what was used before the process began."""

import threading
from collections.abc import Iterable

import pytest
from sqlalchemy import create_engine

from models.batches.usage_store import HourOfUse, UsageStore
from models.batches.work_store import WorkStore
from services.catalogue.catalogue import ModelInfo, ProviderInfo
from services.llm.limits.accounts import Accounts, EarlierUse
from services.llm.limits.limit_headers import StatedLimit
from services.llm.limits.rate_limiter import DAY_S, MINUTE_S, Entry
from services.llm.routing.router import Target
from tests.fakes import CATALOGUE, provider_info, scripted_llm
from utils.clock import ManualClock

GROQ, OLLAMA = provider_info("groq"), provider_info("ollama")


def test_limit_of_an_account_holds_for_all_its_models() -> None:
    llm, _ = scripted_llm({"ollama": ["x"]})
    one, two = (Target(provider_info("ollama"), model) for model in CATALOGUE.models_of("ollama")[:2])

    assert llm.accounts.of(one) is llm.accounts.of(two)


def target(info: ProviderInfo = GROQ, model: str = "m") -> Target:
    return Target(info, ModelInfo(provider=info.id, id=model, context_window=1000))


def accounts(own_server: bool = False) -> Accounts:
    return Accounts(lambda _: own_server)


def test_models_with_limits_of_their_own_share_none() -> None:
    made = accounts()

    assert made.of(target(model="a")) is not made.of(target(model="b"))
    assert made.of(target(model="a")) is made.of(target(model="a"))


def test_limiter_begins_with_what_the_catalogue_says() -> None:
    info = GROQ.model_copy(update={"requests_per_day": 100, "tokens_per_day": 5000, "max_concurrency": 7})

    made = accounts().of(target(info))

    assert (made.minute.calls_limit, made.minute.tokens_limit, made.minute.span_s) == (25, 5500, MINUTE_S)
    assert (made.day.calls_limit, made.day.tokens_limit, made.day.span_s) == (100, 5000, DAY_S)
    assert (made.minute.calls_cap, made.minute.tokens_cap) == (None, None)
    assert (made.concurrency.most, made.concurrency.allowed) == (7, 7)


@pytest.mark.parametrize(
    ("most", "allowed"),
    [pytest.param(64, 4, id="slowly"), pytest.param(2, 2, id="never-more-than-it-takes")],
)
def test_server_of_the_users_own_is_approached_slowly(most: int, allowed: int) -> None:
    info = OLLAMA.model_copy(update={"max_concurrency": most})

    assert accounts(own_server=True).of(target(info)).concurrency.allowed == allowed


def test_many_who_ask_at_once_get_one_limiter_that_was_seeded_once() -> None:
    asked: list[str] = []

    def used(each: Target) -> tuple[Iterable[Entry], Iterable[Entry]]:
        asked.append(each.name)
        return [Entry(0.0, 10)], []

    made = Accounts(lambda _: False, used)
    together = threading.Barrier(8)

    def ask() -> None:
        together.wait(60)
        made.of(target())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert asked == ["groq/m"]
    assert (made.of(target()).minute.calls, made.of(target()).minute.tokens) == (1, 10)


# --- limits that users change ----------------------------------------------------------------


def changed(**fields: object) -> ProviderInfo:
    return GROQ.model_copy(update=fields)


def test_changed_limit_holds_at_once_and_what_was_used_stays() -> None:
    made = accounts()
    limiter = made.of(target())
    limiter.admit(100, 0.0)

    now = changed(requests_per_minute=1, requests_cap=1, tokens_per_minute=900, tokens_cap=900)
    made.adopt({"groq": now}.get)

    assert made.of(target(now)) is limiter
    assert (limiter.minute.calls_limit, limiter.minute.calls_cap, limiter.minute.tokens_limit) == (1, 1, 900)
    assert (limiter.minute.calls, limiter.minute.tokens) == (1, 100)
    assert limiter.wait_s(10, 0.0) == MINUTE_S


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(changed(), id="nothing"),
        pytest.param(changed(name="Another", enabled=False, weight=2.0), id="what-is-no-limit"),
        pytest.param(None, id="provider-is-gone"),
    ],
)
def test_other_changes_leave_what_the_vendor_stated(now: ProviderInfo | None) -> None:
    made = accounts()
    limiter = made.of(target())
    limiter.learn([StatedLimit("requests", "minute", 333, None, None)], 0.0)

    made.adopt(lambda _: now)

    assert limiter.minute.calls_limit == 333


def test_limit_that_is_taken_back_is_the_catalogues_again() -> None:
    made = accounts()
    limiter = made.of(target())
    made.adopt(lambda _: changed(requests_per_minute=1, requests_cap=1))

    made.adopt(lambda _: GROQ)

    assert (limiter.minute.calls_limit, limiter.minute.calls_cap) == (25, None)


def test_cap_of_a_user_stands_over_the_vendors_word_from_the_first_call_on() -> None:
    limiter = accounts().of(target(changed(requests_per_minute=5, requests_cap=5)))

    limiter.learn([StatedLimit("requests", "minute", 1000, None, None)], 0.0)

    assert limiter.minute.calls_limit == 5


# --- what was used before --------------------------------------------------------------------


class Sent(WorkStore):
    """Calls that were sent, by account: seconds since 1970 and tokens."""

    def __init__(self, **calls: list[tuple[float, int]]) -> None:
        self.calls = calls

    def sent_since(self, account: str, at: float) -> list[tuple[float, int]]:
        return [row for row in self.calls.get(account, []) if row[0] >= at]


class Used(UsageStore):
    """What was used, by hour."""

    def __init__(self, *rows: HourOfUse) -> None:
        super().__init__(create_engine("sqlite://"))
        self.rows = rows

    def hours(self, since: str) -> list[HourOfUse]:
        return [row for row in self.rows if row.hour >= since]


def hour(at: str, model: str = "m", provider: str = "groq", calls: int = 1, tokens: int = 100) -> HourOfUse:
    return HourOfUse(at, provider, model, calls, tokens, 0.25)


def at_half_past_nine() -> ManualClock:
    """Return a clock that has run for a while: it is 09:30 on 2 January 2026."""
    clock = ManualClock()
    clock.advance(33.5 * 3600)
    return clock


def test_calls_of_the_last_minute_count_from_the_moment_they_left() -> None:
    clock = at_half_past_nine()
    now = clock.now().timestamp()
    earlier = EarlierUse(Sent(**{"groq/m": [(now - 61, 1), (now - 60, 2), (now - 5, 3)]}), Used(), clock)

    minute, day = earlier.of(target())

    assert [(clock.monotonic() - entry.at, entry.tokens) for entry in minute] == [(60, 2), (5, 3)]
    assert day == []


def test_day_counts_by_hour_at_its_end_so_that_nothing_leaves_the_window_too_early() -> None:
    clock = at_half_past_nine()
    rows = [
        hour("2026-01-01T08", tokens=1),
        hour("2026-01-01T09", tokens=2, calls=4),
        hour("2026-01-02T08", tokens=3),
        hour("2026-01-02T09", tokens=4),
    ]

    _, day = EarlierUse(Sent(), Used(*rows), clock).of(target())

    ages_h = [((clock.monotonic() - entry.at) / 3600, entry.tokens, entry.calls) for entry in day]
    assert ages_h == [(23.5, 2, 4), (0.5, 3, 1), (0.0, 4, 1)]


@pytest.mark.parametrize(
    ("info", "tokens"),
    [
        pytest.param(GROQ, [1], id="of-the-model-alone"),
        pytest.param(GROQ.model_copy(update={"limit_scope": "account"}), [1, 2], id="of-all-models-of-the-account"),
    ],
)
def test_day_counts_what_the_vendor_counts_together(info: ProviderInfo, tokens: list[int]) -> None:
    rows = [
        hour("2026-01-02T08", tokens=1),
        hour("2026-01-02T08", "other", tokens=2),
        hour("2026-01-02T08", "m", "cerebras", tokens=4),
    ]

    _, day = EarlierUse(Sent(), Used(*rows), at_half_past_nine()).of(target(info))

    assert [entry.tokens for entry in day] == tokens


def test_earlier_use_holds_the_first_call_of_a_new_process() -> None:
    clock = at_half_past_nine()
    info = GROQ.model_copy(update={"requests_per_day": 4})
    earlier = EarlierUse(Sent(), Used(hour("2026-01-02T08", calls=4)), clock)

    made = Accounts(lambda _: False, earlier.of).of(target(info))

    assert made.wait_s(1, clock.monotonic()) == pytest.approx(DAY_S - 1800)


def test_today_is_the_day_in_utc_of_all_models_together() -> None:
    rows = [hour("2026-01-01T23", tokens=5), hour("2026-01-02T00"), hour("2026-01-02T09", "x", "cerebras")]

    assert EarlierUse(Sent(), Used(*rows), at_half_past_nine()).today() == (200, 0.5)
    assert EarlierUse(Sent(), Used(), at_half_past_nine()).today() == (0, 0)
