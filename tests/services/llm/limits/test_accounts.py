"""One limiter for each model or account, and what was used before the process began."""

import threading
from collections.abc import Mapping

import pytest
from sqlalchemy import create_engine

from models.batches.usage_store import HourOfUse, UsageStore
from models.batches.work_store import WorkStore
from services.catalogue.catalogue import ModelInfo, ProviderInfo
from services.llm.limits.accounts import Accounts, EarlierUse
from services.llm.limits.limit_headers import StatedLimit
from services.llm.limits.windows import DAY_S, MINUTE_S, Entry
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
    assert (made.concurrency.most, made.concurrency.allowed) == (7, 7)


@pytest.mark.parametrize(
    ("most", "allowed"),
    [pytest.param(64, 8, id="slowly"), pytest.param(2, 2, id="never-more-than-it-takes")],
)
def test_server_of_the_users_own_is_approached_slowly(most: int, allowed: int) -> None:
    info = OLLAMA.model_copy(update={"max_concurrency": most})

    assert accounts(own_server=True).of(target(info)).concurrency.allowed == allowed


def test_many_who_ask_at_once_get_one_limiter_that_was_seeded_once() -> None:
    asked: list[str] = []

    class Before(EarlierUse):
        def of(self, each: Target) -> tuple[list[Entry], list[Entry]]:
            asked.append(each.name)
            return [Entry(0.0, 10)], []

    made = Accounts(lambda _: False, Before(Sent(), Used(), Kept(), ManualClock()))
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
    assert (limiter.minute.calls_limit, limiter.minute.tokens_limit) == (1, 900)
    assert (limiter.minute.calls, limiter.minute.tokens) == (1, 100)
    assert limiter.wait_s(10, 0.0) >= MINUTE_S


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
    limiter.learn([StatedLimit("requests", "minute", 333, None, None)], 0.0, 0.0)

    made.adopt(lambda _: now)

    assert limiter.minute.calls_limit == 333


def test_limit_that_is_taken_back_is_the_catalogues_again() -> None:
    made = accounts()
    limiter = made.of(target())
    made.adopt(lambda _: changed(requests_per_minute=1, requests_cap=1))

    made.adopt(lambda _: GROQ)

    assert limiter.minute.calls_limit == 25


def test_cap_of_a_user_stands_over_the_vendors_word_from_the_first_call_on() -> None:
    limiter = accounts().of(target(changed(requests_per_minute=5, requests_cap=5)))

    limiter.learn([StatedLimit("requests", "minute", 1000, None, None)], 0.0, 0.0)

    assert limiter.minute.calls_limit == 5


# --- what was used before --------------------------------------------------------------------


class Sent(WorkStore):
    """Calls that were sent, by account: seconds since 1970 and tokens."""

    def __init__(self, **calls: list[tuple[float, int]]) -> None:
        self.calls = calls

    def sent_since(self, account: str, at: float) -> list[tuple[float, int]]:
        return [row for row in self.calls.get(account, []) if row[0] >= at]


class Kept:
    """What was learned, in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, Mapping[str, Mapping[str, float | None]]] = {}

    def recall(self, account: str) -> Mapping[str, Mapping[str, float | None]]:
        return self.rows.get(account, {})

    def keep(self, account: str, learned: Mapping[str, Mapping[str, float | None]]) -> None:
        self.rows[account] = learned


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
    earlier = EarlierUse(Sent(**{"groq/m": [(now - 61, 1), (now - 60, 2), (now - 5, 3)]}), Used(), Kept(), clock)

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

    _, day = EarlierUse(Sent(), Used(*rows), Kept(), clock).of(target())

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

    _, day = EarlierUse(Sent(), Used(*rows), Kept(), at_half_past_nine()).of(target(info))

    assert [entry.tokens for entry in day] == tokens


def test_earlier_use_holds_the_first_call_of_a_new_process() -> None:
    clock = at_half_past_nine()
    info = GROQ.model_copy(update={"requests_per_day": 4})
    earlier = EarlierUse(Sent(), Used(hour("2026-01-02T08", calls=4)), Kept(), clock)

    made = Accounts(lambda _: False, earlier).of(target(info))

    assert made.long_wait_s(1, clock.monotonic()) == pytest.approx(DAY_S - 1800)


def test_today_is_the_day_in_utc_of_all_models_together() -> None:
    rows = [hour("2026-01-01T23", tokens=5), hour("2026-01-02T00"), hour("2026-01-02T09", "x", "cerebras")]

    assert EarlierUse(Sent(), Used(*rows), Kept(), at_half_past_nine()).today() == (200, 0.5)
    assert EarlierUse(Sent(), Used(), Kept(), at_half_past_nine()).today() == (0, 0)


# --- what was learned before -----------------------------------------------------------------


def refused(made: Accounts, each: Target, hint_s: float) -> None:
    """Let *each* refuse one call, and take calls again after *hint_s*."""
    limiter = made.of(each)
    entry = limiter.admit(10, 100.0)
    limiter.sent(entry, 100.0)
    limiter.refused(entry, "requests", hint_s, 100.1)
    limiter.settle(entry, 0)
    looking = limiter.admit(10, 100.1 + hint_s)
    limiter.sent(looking, 100.1 + hint_s)
    limiter.shut_s(101.0 + hint_s)


def test_what_was_learned_is_kept_once_and_holds_in_the_next_process() -> None:
    kept, clock = Kept(), ManualClock()
    earlier = EarlierUse(Sent(), Used(), kept, clock)
    own = target(changed(id="mine", adapter="openai_compatible"))
    made = Accounts(lambda _: True, earlier)
    limiter = made.of(own)
    for at in range(40):
        limiter.sent(limiter.admit(10, 50.0 + at), 50.0 + at)
    refused(made, own, 10.5)

    made.keep(own)

    assert limiter.minute.calls_limit == 40
    assert Accounts(lambda _: True, EarlierUse(Sent(), Used(), kept, clock)).of(own).minute.calls_limit == 40


def test_nothing_learned_is_nothing_kept() -> None:
    kept = Kept()
    made = Accounts(lambda _: False, EarlierUse(Sent(), Used(), kept, ManualClock()))

    made.keep(target())

    assert kept.rows == {}


def test_limits_of_a_catalogue_are_a_guess_at_a_server_of_the_users_own_unless_the_user_set_them() -> None:
    guessed = accounts(own_server=True).of(target())
    set_by_user = accounts(own_server=True).of(target(changed(requests_per_minute=7, requests_cap=7)))

    assert (guessed.minute.calls_limit, guessed.minute.tokens_limit) == (None, None)
    assert set_by_user.minute.calls_limit == 7


def test_as_many_calls_at_a_time_as_there_are_workers_where_the_provider_states_no_number() -> None:
    info = GROQ.model_copy(update={"max_concurrency": None})

    assert Accounts(lambda _: False, most_at_once=200).of(target(info)).concurrency.allowed == 200
