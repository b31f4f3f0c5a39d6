"""The service that joins limits, routing and calls."""

import pytest

from models.domain import CallUsage
from services.llm.adapters.base import Completion
from services.llm_service import Preference, Prompt, Terms
from tests.fakes import scripted_llm
from utils.clock import ManualClock
from utils.errors import (
    BudgetSpentError,
    ModelUnavailableError,
    NoTargetError,
    ProviderConnectionError,
    ProviderServerError,
    RateLimitError,
)

PROMPT = Prompt(({"role": "user", "content": "hello"},), max_tokens=100)

NOW = Terms(max_wait_s=0.0)


def test_spent_day_is_left_for_another_provider_until_its_reset() -> None:
    clock = ManualClock()
    headers = {
        "x-ratelimit-limit-requests": "2",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "2h0m0s",
    }
    llm, made = scripted_llm({"groq": [Completion("x", "", "m", 5, 5, "stop", headers)], "cerebras": ["y"]}, clock)
    only = Preference("groq", "openai/gpt-oss-120b", allow_failover=False)

    llm.ask(PROMPT, Preference("groq"), NOW)
    asked_elsewhere = llm.ask(PROMPT, Preference("groq"), NOW).target
    with pytest.raises(NoTargetError) as nobody:
        llm.ask(PROMPT, only, NOW)
    clock.advance(7201)
    llm.ask(PROMPT, only, NOW)

    assert asked_elsewhere.name == "groq/openai/gpt-oss-20b"
    assert nobody.value.retry_in_s == pytest.approx(7200)
    assert [request.model for request in made["groq"].requests].count("openai/gpt-oss-120b") == 2


def test_complete_goes_on_to_the_next_model_and_then_the_next_provider() -> None:
    llm, made = scripted_llm(
        {"groq": [ModelUnavailableError("gone", status=404), ProviderConnectionError("down")], "cerebras": ["fine"]}
    )
    used: list[CallUsage] = []

    assert llm.complete(PROMPT, Preference("groq"), NOW, used=used.append).text == "fine"
    assert [request.model for request in made["groq"].requests] == ["openai/gpt-oss-120b", "openai/gpt-oss-20b"]
    assert [usage.failed for usage in used] == [True, True, False]


def test_complete_gives_up_after_its_tries_and_without_failover_after_one_target() -> None:
    llm, made = scripted_llm(
        {"groq": [ProviderServerError("500", status=500)], "cerebras": [ProviderServerError("500", status=500)]}
    )

    with pytest.raises(ProviderServerError):
        llm.complete(PROMPT, Preference("groq"), NOW)
    with pytest.raises(ProviderServerError, match="500"):
        llm.complete(PROMPT, Preference("groq", allow_failover=False), NOW)

    assert len(made["groq"].requests) + len(made["cerebras"].requests) == 4


def test_long_retry_after_closes_the_target_and_others_go_on() -> None:
    llm, _ = scripted_llm({"groq": [RateLimitError("slow", retry_after_s=8549, status=429)], "cerebras": ["fine"]})
    only = Preference("groq", "openai/gpt-oss-120b", allow_failover=False)

    first = llm.ask(PROMPT, Preference("groq"), NOW)

    assert first.usage.rate_limited
    assert llm.ask(PROMPT, Preference("groq"), NOW).target.name != first.target.name
    with pytest.raises(NoTargetError) as caught:
        llm.ask(PROMPT, only, NOW)
    assert caught.value.retry_in_s == 8549


def test_daily_budget_begins_anew_with_the_day() -> None:
    clock = ManualClock()
    llm, _ = scripted_llm({"groq": ["fine"]}, clock)
    llm.daily.max_tokens = 350

    llm.ask(PROMPT, Preference(), NOW)
    with pytest.raises(BudgetSpentError, match=r"daily budget reached: 101 of 350 tokens"):
        llm.ask(Prompt(PROMPT.messages, max_tokens=200), Preference(), NOW)
    clock.advance(86_400)

    assert llm.ask(Prompt(PROMPT.messages, max_tokens=200), Preference(), NOW).answer()


def test_status_of_targets_tells_limits_and_health() -> None:
    llm, _ = scripted_llm({"groq": [RateLimitError("slow", retry_after_s=60, status=429)]})
    llm.ask(PROMPT, Preference(), NOW)

    row = next(row for row in llm.status() if row["model"] == "openai/gpt-oss-120b")

    assert (row["open"], row["reason"], row["opens_in_s"]) == (False, "rate_limit", 60)
    assert (row["minute"]["requests"], row["minute"]["requests_limit"], row["in_flight"]) == (1, 25, 0)
