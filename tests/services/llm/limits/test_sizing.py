"""How large calls are, and how many at a time are of use."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.catalogue import ModelInfo
from services.llm.adapters.pictures import Picture
from services.llm.limits.accounts import Accounts
from services.llm.limits.answer_sizes import AnswerSizes
from services.llm.limits.budget import Budget
from services.llm.limits.sizing import ANSWER_TOKENS, ENOUGH_TOKENS, PICTURE_TOKENS, THINKING_TOKENS, Sizing
from services.llm.routing.router import Target
from services.llm_service import Preference, Prompt, Terms
from tests.fakes import provider_info, scripted_llm

GROQ = provider_info("groq")

PROMPT = Prompt(({"role": "user", "content": "hello"},), max_tokens=100)

NOW = Terms(max_wait_s=0.0)


def test_answer_is_capped_so_that_it_fits_the_minute() -> None:
    llm, made = scripted_llm({"groq": ["fine"]})

    llm.ask(Prompt(PROMPT.messages), Preference(), NOW)

    assert made["groq"].requests[0].max_tokens < GROQ.tokens_per_minute


def test_workers_follow_rate_times_latency() -> None:
    llm, _ = scripted_llm({"groq": ["fine"], "cerebras": ["fine"]})
    slow = llm.useful_workers(Preference("groq", allow_failover=False))
    target = llm.targets(Preference("cerebras"))[0]
    limiter = llm.accounts.of(target)
    limiter.minute.calls_limit, limiter.minute.tokens_limit = 600, None
    llm.sizes.took(target.name, 2.0)

    assert slow == 2  # 5,500 tokens a minute are two answers
    assert 30 <= llm.useful_workers(Preference("cerebras")) <= 34


# --- a target of any size --------------------------------------------------------------------


def target(
    *,
    context: int = 100_000,
    minute: int = 1_000_000,
    calls: int = 1_000,
    account: str = "groq",
    price: tuple[float, float] | None = None,
    **fields: object,
) -> Target:
    """Return a target of a provider with these limits; *price* in US dollars a million tokens."""
    info = GROQ.model_copy(
        update={"id": account, "requests_per_minute": calls, "tokens_per_minute": minute, "max_concurrency": 64}
    )
    prices = {} if price is None else {"price_input": price[0], "price_output": price[1]}
    model = ModelInfo.model_validate(
        {
            "provider": account,
            "id": "m",
            "context_window": context,
            "price_source": "a page",
            "price_date": "2026-01-01",
            **prices,
            **fields,
        }
    )
    return Target(info, model)


def sizing() -> Sizing:
    return Sizing(AnswerSizes(), Accounts(lambda _: False))


def prompt(chars: int = 0, **fields: Any) -> Prompt:
    return Prompt(({"role": "user", "content": "x" * chars},), **fields)


# What `AnswerSizes` adds to every prompt.
EXTRA = 16


def test_prompt_is_as_long_as_all_its_messages() -> None:
    made = Prompt(({"role": "system", "content": "four"}, {"role": "user", "content": "seven77"}))

    assert (made.chars, Prompt(()).chars) == (11, 0)


def test_every_picture_takes_tokens_room_and_money() -> None:
    at = target(context=10_000, price=(1.0, 0.0))
    shown = tuple(Picture("image/png", bytes(size)) for size in (0, 1, 1_000_000))

    [none, one, three] = [sizing().need(prompt(pictures=shown[:count]), at) for count in (0, 1, 3)]

    assert PICTURE_TOKENS >= 1_000
    assert (none.prompt_tokens, none.max_tokens) == (EXTRA, ANSWER_TOKENS)
    assert one.prompt_tokens == EXTRA + PICTURE_TOKENS
    assert (three.prompt_tokens, three.tokens) == (EXTRA + 3 * PICTURE_TOKENS, 10_000)
    assert three.cost_usd == pytest.approx(three.prompt_tokens / 1_000_000)


@pytest.mark.parametrize(
    ("what", "asked", "max_tokens"),
    [
        pytest.param(target(), prompt(), ANSWER_TOKENS, id="usual-answer"),
        pytest.param(target(supports_cot=True), prompt(), THINKING_TOKENS, id="thinking-takes-more"),
        pytest.param(target(), prompt(max_tokens=77), 77, id="what-the-prompt-says"),
        pytest.param(target(supports_cot=True), prompt(max_tokens=77), 77, id="also-of-a-thinking-model"),
        pytest.param(target(max_output=500), prompt(), 500, id="model-writes-no-more"),
        pytest.param(target(max_output=500), prompt(max_tokens=501), 500, id="whatever-the-prompt-says"),
        pytest.param(target(max_output=9_000), prompt(), ANSWER_TOKENS, id="model-could-write-more"),
        pytest.param(target(context=1_000), prompt(), 1_000 - EXTRA, id="window-of-the-model"),
        pytest.param(target(context=1_000), prompt(350), 1_000 - 100 - EXTRA, id="window-holds-the-prompt-too"),
        pytest.param(target(context=1_000), prompt(35_000), 1, id="prompt-fills-the-window"),
        pytest.param(target(context=4_000 + EXTRA), prompt(), 4_000, id="window-that-just-fits"),
        pytest.param(target(context=3_999 + EXTRA), prompt(), 3_999, id="window-one-too-small"),
        pytest.param(
            target(minute=2 * (ENOUGH_TOKENS + EXTRA)), prompt(), ENOUGH_TOKENS, id="half-a-minute-is-just-enough"
        ),
        pytest.param(
            target(minute=2 * (ENOUGH_TOKENS + EXTRA) - 2),
            prompt(),
            4_000,
            id="half-a-minute-is-not-enough-so-the-whole-one",
        ),
        pytest.param(target(minute=3_000), prompt(), 3_000 - EXTRA, id="whole-minute-is-less-than-an-answer"),
        pytest.param(target(minute=3_000), prompt(3_500), 3_000 - 1_000 - EXTRA, id="minute-holds-the-prompt-too"),
        pytest.param(target(minute=100), prompt(35_000), 1, id="prompt-is-larger-than-a-minute"),
        pytest.param(
            target(minute=10_000, supports_cot=True), prompt(), 5_000 - EXTRA, id="half-a-minute-is-enough-for-thinking"
        ),
    ],
)
def test_answer_is_as_long_as_suits_the_model_and_fits_it_and_its_minute(
    what: Target, asked: Prompt, max_tokens: int
) -> None:
    need = sizing().need(asked, what)

    assert need.max_tokens == max_tokens
    assert need.prompt_tokens == int(asked.chars / 3.5) + EXTRA
    assert need.tokens == need.prompt_tokens + need.max_tokens


def test_learned_length_holds_unless_the_prompt_says_one() -> None:
    made = sizing()
    for _ in range(20):
        made.sizes.answered("groq/m", "essay", 3_500, 1_000, 1_000)

    assert made.need(prompt(kind="essay"), target()).max_tokens == 1_182
    assert made.need(prompt(kind="essay", max_tokens=3_000), target()).max_tokens == 3_000
    assert made.need(prompt(kind="essay"), target(account="other")).max_tokens == ANSWER_TOKENS


@pytest.mark.parametrize(
    ("price", "cost_usd"),
    [
        pytest.param((1.0, 2.0), (16 * 1.0 + 4_000 * 2.0) / 1e6, id="known"),
        pytest.param((0.0, 0.0), 0.0, id="free"),
        pytest.param(None, None, id="unknown"),
    ],
)
def test_call_costs_what_its_model_costs_at_most(price: tuple[float, float] | None, cost_usd: float | None) -> None:
    assert sizing().need(prompt(), target(price=price)).cost_usd == pytest.approx(cost_usd)


@pytest.mark.parametrize(
    ("budget", "max_tokens"),
    [
        pytest.param(Budget("b"), 4_000, id="without-limits"),
        pytest.param(Budget("b", max_tokens=4_000 + EXTRA), 4_000, id="just-enough-tokens"),
        pytest.param(Budget("b", max_tokens=3_500 + EXTRA), 3_500, id="a-shorter-answer-is-asked-for"),
        pytest.param(Budget("b", max_tokens=2_000), ENOUGH_TOKENS, id="never-one-that-would-be-cut-off"),
        pytest.param(Budget("b", max_tokens=5_000, tokens=1_500), 3_500 - EXTRA, id="less-what-is-used"),
        pytest.param(Budget("b", max_cost_usd=0.0035 + EXTRA * 1e-6), 3_500, id="as-much-as-the-money-buys"),
        pytest.param(Budget("b", max_cost_usd=0.0), ENOUGH_TOKENS, id="no-money"),
    ],
)
def test_shorter_answer_is_asked_for_where_a_budget_leaves_little(budget: Budget, max_tokens: int) -> None:
    need = sizing().need(prompt(), target(price=(1.0, 1.0)), [Budget("other"), budget])

    assert need.max_tokens == pytest.approx(max_tokens, abs=1)


def test_tightest_of_several_budgets_counts() -> None:
    budgets = [Budget("a", max_tokens=3_900), Budget("b", max_tokens=3_100), Budget("c")]

    assert sizing().need(prompt(), target(), budgets).max_tokens == 3_100 - EXTRA


def test_answer_that_is_short_anyway_is_not_made_longer_by_a_budget() -> None:
    assert sizing().need(prompt(max_tokens=10), target(), [Budget("b", max_tokens=1)]).max_tokens == 10


@given(
    chars=st.integers(0, 50_000),
    context=st.integers(1, 20_000),
    minute=st.integers(1, 20_000),
    max_output=st.none() | st.integers(1, 10_000),
    asked=st.none() | st.integers(1, 10_000),
    thinking=st.booleans(),
)
def test_call_never_takes_more_than_window_and_minute_where_its_prompt_fits(
    chars: int, context: int, minute: int, max_output: int | None, asked: int | None, thinking: bool
) -> None:
    what = target(context=context, minute=minute, max_output=max_output, supports_cot=thinking)

    need = sizing().need(prompt(chars, max_tokens=asked), what)

    assert need.max_tokens >= 1
    assert need.max_tokens <= (max_output or need.max_tokens)
    assert need.max_tokens <= (asked or THINKING_TOKENS)
    if need.prompt_tokens < min(context, minute):
        assert need.tokens <= min(context, minute)


# --- how many at a time ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calls", "minute", "tokens", "pace"),
    [
        pytest.param(10, 10_000, 500, 10, id="by-calls"),
        pytest.param(10, 10_000, 2_500, 4, id="by-tokens"),
        pytest.param(None, 10_000, 2_500, 4, id="no-limit-of-calls"),
        pytest.param(10, None, 2_500, 10, id="no-limit-of-tokens"),
        pytest.param(None, None, 2_500, math.inf, id="no-limits"),
    ],
)
def test_pace_is_that_of_the_tighter_limit(calls: int | None, minute: int | None, tokens: int, pace: float) -> None:
    made, what = sizing(), target()
    window = made.accounts.of(what).minute
    window.calls_limit, window.tokens_limit = calls, minute

    assert made.pace(what, tokens) == pace


@pytest.mark.parametrize(
    ("calls", "latency_s", "at_a_time"),
    [
        pytest.param(60, None, 16, id="before-an-answer-was-seen"),  # 60 a minute, 10 s each: 10, and half as many more
        pytest.param(60, 2.0, 4, id="quick-answers"),
        pytest.param(60, 20.0, 31, id="slow-answers"),
        pytest.param(6, 2.0, 2, id="few-calls"),
        pytest.param(6_000, 20.0, 64, id="never-more-than-the-provider-takes"),
        pytest.param(None, 2.0, 64, id="no-limits"),
    ],
)
def test_useful_number_is_rate_times_latency(calls: int | None, latency_s: float | None, at_a_time: int) -> None:
    made, what = sizing(), target()
    window = made.accounts.of(what).minute
    window.calls_limit, window.tokens_limit = calls, None
    if latency_s is not None:
        made.sizes.took(what.name, latency_s)

    assert made.useful_at(what) == pytest.approx(at_a_time, abs=1 if latency_s else 0)
