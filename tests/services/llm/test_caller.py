"""One call under its permit: what is told, counted and learned, whatever becomes of it."""

import threading

import pytest

from services.llm.adapters.base import Completion
from services.llm_service import Preference, Prompt, Terms
from tests.fakes import scripted_llm
from tests.patience import PATIENCE_S
from utils.cancellation import CancelToken
from utils.errors import (
    AnswerFormatError,
    CancelledError,
    RateLimitError,
    StorageError,
)

PROMPT = Prompt(({"role": "user", "content": "hello"},), max_tokens=100)

NOW = Terms(max_wait_s=0.0)


def test_call_goes_to_the_default_and_accounts_its_tokens() -> None:
    llm, made = scripted_llm({"groq": ["fine"]})

    outcome = llm.ask(PROMPT, Preference(), NOW)

    assert (outcome.target.name, outcome.answer().text) == ("groq/openai/gpt-oss-120b", "fine")
    assert made["groq"].requests[0].max_tokens == 100
    assert llm.accounts.of(outcome.target).minute.tokens == outcome.usage.tokens
    assert outcome.usage.cost_usd == pytest.approx(
        outcome.usage.prompt_tokens * 0.15e-6 + outcome.usage.completion_tokens * 0.6e-6
    )


@pytest.mark.parametrize(
    ("completion", "says"),
    [
        pytest.param(Completion("half", "", "m", 1, 1, "length", {}), "cut off at 100 tokens", id="cut"),
        pytest.param(Completion(" ", "I thought", "m", 1, 1, "stop", {}), "only its thinking", id="thinking-only"),
        pytest.param(Completion("", "", "m", 1, 0, "stop", {}), "sent nothing", id="empty"),
    ],
)
def test_success_without_content_is_a_failure_that_was_paid_for(completion: Completion, says: str) -> None:
    llm, _ = scripted_llm({"groq": [completion]})

    outcome = llm.ask(PROMPT, Preference(), NOW)

    assert outcome.usage.failed
    assert outcome.usage.prompt_tokens == 1
    with pytest.raises(AnswerFormatError, match=says):
        outcome.answer()


def test_limits_that_the_vendor_states_replace_ours() -> None:
    headers = {"x-ratelimit-limit-tokens": "8000", "x-ratelimit-limit-requests": "1000"}
    llm, made = scripted_llm({"groq": [Completion("fine", "", "m", 50, 50, "stop", headers)]})

    target = llm.ask(Prompt(PROMPT.messages), Preference(), NOW).target
    llm.ask(Prompt(PROMPT.messages), Preference(), NOW)

    limiter = llm.accounts.of(target)
    assert (limiter.minute.tokens_limit, limiter.minute.calls_limit, limiter.day.calls_limit) == (8000, 25, 1000)
    assert 3900 < made["groq"].requests[1].max_tokens <= 4000


def test_request_too_large_for_a_minute_closes_nobody_and_teaches_the_limit() -> None:
    error = RateLimitError("Request too large: tokens per minute (TPM): Limit 3000", status=413)
    error.limit = 3000
    llm, _ = scripted_llm({"groq": [error]})

    outcome = llm.ask(PROMPT, Preference(), NOW)

    assert llm.router.closed() == []
    assert llm.accounts.of(outcome.target).minute.tokens_limit == 3000


def test_quota_without_a_hint_closes_its_model_until_midnight() -> None:
    error = RateLimitError("daily limit", status=429)
    error.quota = True
    llm, _ = scripted_llm({"groq": [error]})  # the clock stands at midnight

    llm.ask(PROMPT, Preference(), NOW)

    assert llm.router.closed()[0]["reopens_in_s"] == 86_400


def test_cancelled_call_leaves_no_mark_on_the_target_and_gives_its_place_back() -> None:
    cancel = CancelToken()
    release = threading.Event()
    llm, _ = scripted_llm({"groq": [lambda _: str(release.wait(PATIENCE_S))]})
    threading.Timer(0.05, cancel.cancel).start()

    with pytest.raises(CancelledError) as caught:
        llm.ask(PROMPT, Preference(), Terms(calling=cancel))

    release.set()
    assert caught.value.in_flight
    assert llm.router.closed() == []
    assert llm.accounts.of(llm.targets(Preference())[0]).in_flight == 0


def test_call_that_its_caller_cannot_record_is_not_made() -> None:
    llm, made = scripted_llm({"groq": ["fine"]})

    def refuse(_: object) -> None:
        raise StorageError("disk full")

    with pytest.raises(StorageError):
        llm.ask(PROMPT, Preference(), Terms(sending=refuse))

    limiter = llm.accounts.of(llm.targets(Preference())[0])
    assert (made["groq"].requests, limiter.in_flight, limiter.minute.tokens) == ([], 0, 0)
