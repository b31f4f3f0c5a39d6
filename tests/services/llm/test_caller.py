"""One call under its permit: what is told, counted and learned, whatever becomes of it."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain import CallUsage
from services.llm.adapters.base import Completion, CompletionRequest
from services.llm.adapters.pictures import Picture
from services.llm.adapters.scripted import Step
from services.llm.caller import Outcome
from services.llm.limits.gate import Permit
from services.llm.limits.rate_limiter import RateLimiter
from services.llm_service import Budget, LLMService, Preference, Prompt, Terms
from tests.fakes import scripted_llm
from tests.patience import PATIENCE_S
from utils.cancellation import CancelToken
from utils.clock import ManualClock
from utils.errors import (
    AnswerFormatError,
    BadRequestError,
    CancelledError,
    ConfigurationError,
    GenerationError,
    ModelUnavailableError,
    ProviderConnectionError,
    ProviderServerError,
    ProviderTimeoutError,
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
    assert made["groq"].requests[1].max_tokens == 2 * 50 + 32  # by the one answer that was seen


def test_request_too_large_for_a_minute_closes_nobody_and_teaches_the_limit() -> None:
    error = RateLimitError("Request too large: tokens per minute (TPM): Limit 3000", status=413)
    error.limit = 3000
    llm, _ = scripted_llm({"groq": [error]})

    outcome = llm.ask(PROMPT, Preference(), NOW)

    assert llm.router.closed() == []
    assert llm.accounts.of(outcome.target).minute.tokens_limit == 3000


def test_request_too_large_for_a_bucket_is_made_again_with_a_shorter_answer() -> None:
    def holding(tokens: int) -> Callable[[CompletionRequest], str]:
        def answer(request: CompletionRequest) -> str:
            if request.max_tokens > tokens:
                error = RateLimitError("Request too large: tokens per minute", status=413)
                error.unit = "tokens"
                raise error
            return "fine"

        return answer

    llm, made = scripted_llm({"groq": [holding(3_000)]})
    prompt = Prompt(PROMPT.messages, kind="essay/basic", expected_tokens=800)

    answer = llm.complete(prompt, ONLY, NOW, tries=1)
    longest = [request.max_tokens for request in made["groq"].requests]
    again = llm.ask(prompt, ONLY, NOW)

    assert answer.text == "fine"
    assert longest == sorted(longest, reverse=True)
    assert longest[-1] <= 3_000
    assert made["groq"].requests[-1].max_tokens <= longest[-1]
    assert again.error is None


@pytest.mark.parametrize("kind", ["", "essay/basic"], ids=["a-chat", "no-bucket-is-that-small"])
def test_request_too_large_that_no_shorter_answer_mends_is_given_up(kind: str) -> None:
    error = RateLimitError("Request too large: tokens per minute", status=413)
    error.unit = "tokens"
    llm, made = scripted_llm({"groq": [error]})

    with pytest.raises(BadRequestError):
        llm.complete(Prompt(PROMPT.messages, kind=kind, expected_tokens=800), ONLY, NOW, tries=1)

    assert len(made["groq"].requests) == (3 if kind else 1)  # two thirds, and at last what is enough for any answer


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


# --- a small house of its own ----------------------------------------------------------------


@dataclass
class Told:
    """What the terms of a call were told, in order."""

    steps: list[str] = field(default_factory=list)

    def terms(self, **fields: Any) -> Terms:
        return Terms(
            max_wait_s=0.0,
            sending=lambda permit: self.steps.append(f"sending {permit.target.name}"),
            cut_off=lambda left: self.steps.append(f"cut off, {'had left' if left else 'had not left'}"),
            **fields,
        )


TARGET = "groq/openai/gpt-oss-120b"
ONLY = Preference("groq", "openai/gpt-oss-120b", allow_failover=False)


def limiter_of(llm: LLMService) -> RateLimiter:
    return llm.accounts.of(llm.targets(ONLY)[0])


def answer(text: str = "fine", *, finish: str = "stop", headers: dict[str, str] | None = None) -> Completion:
    return Completion(text, "", "m", 60, 40, finish, headers or {})


def counted(llm: LLMService, name: str, **labels: str) -> float | None:
    of = {"provider": "groq", "model": "openai/gpt-oss-120b", **labels}
    return llm.metrics.registry.get_sample_value(name, of)


# --- what is told when -----------------------------------------------------------------------


def test_call_is_told_before_it_leaves_and_an_answered_one_is_not_cut_off() -> None:
    told = Told()
    llm, made = scripted_llm({"groq": [lambda _: "; ".join(told.steps)]})

    text = llm.ask(PROMPT, ONLY, told.terms()).answer().text

    assert text == f"sending {TARGET}"  # told when the request was made
    assert told.steps == [f"sending {TARGET}"]
    assert len(made["groq"].requests) == 1


def test_failed_call_came_to_its_end_and_is_not_cut_off() -> None:
    told = Told()
    llm, _ = scripted_llm({"groq": [ProviderServerError("500", status=500)]})

    llm.ask(PROMPT, ONLY, told.terms())

    assert told.steps == [f"sending {TARGET}"]


def stopping(when: str, waiting: CancelToken, calling: CancelToken, release: threading.Event) -> tuple[Terms, Any]:
    """Return terms and a step of the provider by which the caller is stopped *when*."""
    told = Told()
    terms = told.terms(waiting=waiting, calling=calling)

    def sending(permit: Permit) -> None:
        terms.sending(permit)
        if when == "while it is noted":
            waiting.cancel()
        elif when == "just before it leaves":
            calling.cancel()

    def step(_: CompletionRequest) -> str:
        if when == "under way":
            calling.cancel()
            release.wait(PATIENCE_S)
        return "fine"

    return replace(terms, sending=sending), (told, step)


@pytest.mark.parametrize(
    ("when", "steps"),
    [
        pytest.param("while it is noted", [f"sending {TARGET}", "cut off, had not left"], id="noted-and-not-sent"),
        pytest.param("just before it leaves", [f"sending {TARGET}", "cut off, had not left"], id="about-to-leave"),
        pytest.param("under way", [f"sending {TARGET}", "cut off, had left"], id="under-way"),
    ],
)
def test_call_that_is_stopped_says_whether_it_had_left(when: str, steps: list[str]) -> None:
    release = threading.Event()
    terms, (told, step) = stopping(when, CancelToken(), CancelToken(), release)
    llm, made = scripted_llm({"groq": [step]})

    with pytest.raises(CancelledError) as caught:
        llm.ask(PROMPT, ONLY, terms)

    release.set()
    assert told.steps == steps
    assert caught.value.in_flight is (when == "under way")
    assert len(made["groq"].requests) == (1 if when == "under way" else 0)
    assert limiter_of(llm).in_flight == 0


def test_call_cut_off_under_way_counts_all_that_it_may_have_used_against_the_limits_and_nothing_against_budgets() -> (
    None
):
    release, budget = threading.Event(), Budget("b", max_tokens=10_000)
    terms, (_, step) = stopping("under way", CancelToken(), CancelToken(), release)
    llm, _ = scripted_llm({"groq": [step]})

    with pytest.raises(CancelledError):
        llm.ask(PROMPT, ONLY, replace(terms, budgets=(budget,)))

    release.set()
    assert limiter_of(llm).minute.tokens == 100 + 17  # the answer that was asked for, and the prompt
    assert (budget.tokens, budget.room(10_000, None).value) == (0, "yes")


def test_client_that_cannot_be_made_ends_the_call_before_anything_is_told() -> None:
    told = Told()
    llm, made = scripted_llm({"groq": ["fine"]})

    def refuse() -> None:
        raise ConfigurationError("the client is not installed")

    made["groq"]._make_client = refuse  # type: ignore[method-assign]  # stands for an SDK that is missing
    made["groq"]._client_made = None

    with pytest.raises(ConfigurationError, match="not installed"):
        llm.ask(PROMPT, ONLY, told.terms())

    assert told.steps == ["cut off, had not left"]
    assert (limiter_of(llm).in_flight, limiter_of(llm).minute.calls) == (0, 0)


def test_installation_that_lacks_what_the_call_needs_is_no_failure_of_the_target() -> None:
    told = Told()
    llm, _ = scripted_llm({"groq": [ConfigurationError("no engine")]})

    with pytest.raises(ConfigurationError, match="no engine"):
        llm.ask(PROMPT, ONLY, told.terms())

    assert told.steps == [f"sending {TARGET}", "cut off, had left"]
    assert llm.router.closed() == []
    assert limiter_of(llm).in_flight == 0


# --- what counts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "tokens"),
    [
        pytest.param(ProviderServerError("500", status=500), 0, id="refused-with-a-status"),
        pytest.param(RateLimitError("slow", status=429), 0, id="rate-limit"),
        pytest.param(BadRequestError("bad", status=400), 0, id="bad-request"),
        pytest.param(ProviderConnectionError("refused"), 0, id="never-arrived"),
        pytest.param(ProviderTimeoutError("late"), 117, id="nobody-knows-what-it-used"),
        pytest.param(AnswerFormatError("not JSON"), 117, id="nor-where-it-could-not-be-read"),
    ],
)
def test_failed_call_counts_against_the_limits_what_its_vendor_may_count(error: GenerationError, tokens: int) -> None:
    llm, _ = scripted_llm({"groq": [error]})
    budget = Budget("b", max_tokens=10_000)

    outcome = llm.ask(PROMPT, ONLY, Terms(max_wait_s=0.0, budgets=(budget,)))

    limiter = limiter_of(llm)
    assert outcome.error is error
    calls = 0 if isinstance(error, RateLimitError) else 1
    assert (limiter.minute.calls, limiter.minute.tokens, limiter.in_flight) == (calls, tokens, 0)
    assert (budget.tokens, budget.room(10_000, None).value) == (0, "yes")
    assert outcome.usage == CallUsage(
        "groq", "openai/gpt-oss-120b", failed=True, rate_limited=isinstance(error, RateLimitError)
    )


def test_answered_call_counts_what_it_used_everywhere() -> None:
    llm, _ = scripted_llm({"groq": [answer()]})
    budget = Budget("b", max_tokens=10_000, max_cost_usd=1.0)

    outcome = llm.ask(PROMPT, ONLY, Terms(max_wait_s=0.0, budgets=(budget,)))

    cost_usd = 60 * 0.15e-6 + 40 * 0.6e-6
    assert replace(outcome.usage, cost_usd=None) == CallUsage("groq", "openai/gpt-oss-120b", 60, 40)
    assert outcome.usage.cost_usd == pytest.approx(cost_usd)
    assert (limiter_of(llm).minute.tokens, budget.tokens, llm.daily.tokens) == (100, 100, 100)
    assert budget.cost_usd == llm.daily.cost_usd == pytest.approx(cost_usd)


def test_vendor_that_states_no_usage_is_taken_at_the_prompts_estimate() -> None:
    llm, _ = scripted_llm({"groq": [Completion("fine", "", "m", 0, 40, "stop", {})]})

    usage = llm.ask(PROMPT, ONLY, NOW).usage

    assert (usage.prompt_tokens, usage.completion_tokens) == (17, 40)


@pytest.mark.parametrize(
    ("step", "outcome", "prompt", "completion"),
    [
        pytest.param(answer(), "answered", 60, 40, id="answered"),
        pytest.param(answer(" "), "answered", 60, 40, id="empty-answers-are-paid-for"),
        pytest.param(ProviderServerError("500", status=500), "failed", 0, 0, id="failed"),
        pytest.param(RateLimitError("slow", status=429), "rate_limited", 0, 0, id="rate-limited"),
    ],
)
def test_metrics_count_every_outcome_once(step: Step, outcome: str, prompt: int, completion: int) -> None:
    llm, _ = scripted_llm({"groq": [step]})

    llm.ask(PROMPT, ONLY, NOW)

    outcomes = {name: counted(llm, "ltp_model_calls_total", outcome=name) for name in ("answered", "failed")}
    outcomes["rate_limited"] = counted(llm, "ltp_model_calls_total", outcome="rate_limited")
    assert {name for name, value in outcomes.items() if value} == {outcome}
    assert outcomes[outcome] == 1
    assert counted(llm, "ltp_model_tokens_total", kind="prompt") == prompt
    assert counted(llm, "ltp_model_tokens_total", kind="completion") == completion
    assert counted(llm, "ltp_model_call_duration_seconds_count") == 1


# --- what is learned -------------------------------------------------------------------------


def test_answer_teaches_length_prompt_and_latency() -> None:
    clock = ManualClock()

    def slow(_: CompletionRequest) -> str:
        clock.advance(3.0)
        return "x" * 400

    llm, _ = scripted_llm({"groq": [slow]}, clock)

    outcome = llm.ask(replace(PROMPT, kind="essay"), ONLY, NOW)

    assert outcome.latency_s == 3.0
    assert llm.sizes.mean(TARGET, "essay") == 100
    assert llm.sizes.prompt_tokens(TARGET, 5) == 16 + int(100 / 5 * 5 * 1.02)
    assert llm.sizes.latency_s(TARGET, 0.5) == pytest.approx(3.0, rel=0.1)


def test_what_pictures_take_is_not_put_down_to_the_words_beside_them() -> None:
    llm, _ = scripted_llm({"groq": [Completion("Paid.", "", "m", 3_000, 20, "stop", {})]})
    shown = replace(PROMPT, kind="page", pictures=(Picture("image/png", b"x"),))

    seen = llm.ask(shown, Preference("groq"), NOW)

    assert seen.usage.prompt_tokens == 3_000
    assert llm.sizes.mean(seen.target.name, "page") == 20
    assert llm.sizes.prompt_tokens(seen.target.name, 350) == 16 + 100


@pytest.mark.parametrize(
    ("step", "may_be_cut", "mean"),
    [
        pytest.param(answer(), False, 40, id="whole-answer"),
        pytest.param(answer("half", finish="length"), False, 200, id="cut-off-means-twice-what-was-asked"),
        pytest.param(answer("half", finish="length"), True, None, id="chat-that-may-be-cut-teaches-nothing"),
        pytest.param(answer(), True, None, id="nor-does-a-whole-one"),
        pytest.param(ProviderServerError("500"), False, None, id="failure-teaches-nothing"),
    ],
)
def test_length_of_answers_is_learned_from_those_that_say_something_of_it(
    step: Step, may_be_cut: bool, mean: float | None
) -> None:
    llm, _ = scripted_llm({"groq": [step]})

    llm.ask(replace(PROMPT, may_be_cut=may_be_cut), ONLY, NOW)

    assert llm.sizes.mean(TARGET, "") == mean


@pytest.mark.parametrize(
    ("completion", "may_be_cut", "fails"),
    [
        pytest.param(answer("half", finish="length"), False, True, id="cut"),
        pytest.param(answer("half", finish="length"), True, False, id="cut-where-it-may-be"),
        pytest.param(answer(" \n", finish="length"), True, True, id="nothing-but-white-space"),
        pytest.param(answer("", finish="stop"), True, True, id="empty"),
        pytest.param(answer("fine", finish="content_filter"), False, False, id="vendors-own-word"),
        pytest.param(answer("fine", finish=""), False, False, id="no-word"),
    ],
)
def test_answer_counts_where_there_is_one_and_it_is_whole(
    completion: Completion, may_be_cut: bool, fails: bool
) -> None:
    llm, _ = scripted_llm({"groq": [completion]})

    outcome = llm.ask(replace(PROMPT, may_be_cut=may_be_cut), ONLY, NOW)

    assert outcome.completion == completion
    assert (outcome.error is not None) is outcome.usage.failed is fails
    assert llm.router.closed() == []


def busy() -> RateLimitError:
    error = RateLimitError("too many concurrent requests", status=429)
    error.is_overload = True
    return error


@pytest.mark.parametrize(
    ("error", "allowed"),
    [
        pytest.param(busy(), 32, id="busy-without-a-hint-is-too-much-at-a-time"),
        pytest.param(RateLimitError("too many", status=429), 64, id="too-many-in-a-minute-are-not-too-many-at-a-time"),
        pytest.param(RateLimitError("slow", status=429, retry_after_s=5), 64, id="hint-says-when"),
        pytest.param(RateLimitError("too large", status=413), 64, id="too-large-says-nothing-of-it"),
        pytest.param(ProviderServerError("500", status=500), 64, id="nor-does-a-fault"),
    ],
)
def test_refusal_that_says_so_halves_the_calls_at_a_time(error: GenerationError, allowed: int) -> None:
    llm, _ = scripted_llm({"groq": [error]})

    llm.ask(PROMPT, ONLY, NOW)

    assert limiter_of(llm).concurrency.allowed == allowed


def test_limits_in_the_words_and_headers_of_a_refusal_are_taken_over() -> None:
    error = RateLimitError("Limit 3000 tokens, 12 requests a minute", status=429, retry_after_s=1)
    error.limit, error.calls_limit = 3000, 12
    error.headers = {"x-ratelimit-limit-requests": "500"}
    llm, _ = scripted_llm({"groq": [error]})

    llm.ask(PROMPT, ONLY, NOW)

    limiter = limiter_of(llm)
    assert (limiter.minute.tokens_limit, limiter.minute.calls_limit, limiter.day.calls_limit) == (3000, 12, 500)


def test_refusal_for_the_limit_of_an_account_closes_all_its_models() -> None:
    llm, _ = scripted_llm({"ollama": [RateLimitError("slow", status=429, retry_after_s=30)]})

    llm.ask(PROMPT, Preference("ollama"), NOW)

    rows = [row for row in llm.status() if row["provider"] == "ollama"]
    assert len(rows) > 1
    assert {(row["open"], row["reason"], row["opens_in_s"]) for row in rows} == {(False, "rate_limit", 30.0)}


@pytest.mark.parametrize(
    ("quota", "hint", "reopens_in_s"),
    [
        pytest.param(True, None, 86_400 - 3600, id="until-midnight"),
        pytest.param(True, 7200.0, 7200, id="until-the-vendor-says"),
        pytest.param(False, 7200.0, 7200, id="so-long-a-wait-is-a-quota"),
    ],
)
def test_spent_quota_closes_until_the_day_ends(quota: bool, hint: float | None, reopens_in_s: float) -> None:
    clock = ManualClock()
    clock.advance(3600)
    error = RateLimitError("limit", status=429, retry_after_s=hint)
    error.quota = quota
    llm, _ = scripted_llm({"groq": [error]}, clock)

    llm.ask(PROMPT, ONLY, NOW)

    assert llm.router.closed()[0]["reopens_in_s"] == reopens_in_s


def test_request_that_is_too_large_comes_back_as_one_that_is_not_tried_again() -> None:
    llm, _ = scripted_llm({"groq": [RateLimitError("Request too large", status=413)]})

    error = llm.ask(PROMPT, ONLY, NOW).error

    assert error is not None
    assert (error.category, error.retryable, error.status) == ("bad_request", False, 413)
    assert "Request too large" in str(error)


@pytest.mark.parametrize(
    ("error", "due"),
    [
        pytest.param(ModelUnavailableError("gone", status=404), ["groq"], id="missing-model"),
        pytest.param(ProviderServerError("500"), [], id="other-fault"),
    ],
)
def test_missing_model_puts_the_providers_list_in_doubt(error: GenerationError, due: list[str]) -> None:
    clock = ManualClock()
    llm, _ = scripted_llm({"groq": [error]}, clock)
    llm.models.refresh(["groq"])
    llm.ask(PROMPT, Preference(), NOW)

    clock.advance(301)

    assert llm.models.refresh_due(["groq"]) == due


def test_answer_of_a_trial_opens_the_target_again() -> None:
    clock = ManualClock()
    llm, _ = scripted_llm({"groq": [RateLimitError("slow", status=429, retry_after_s=500), "fine"]}, clock)
    llm.ask(PROMPT, ONLY, NOW)
    clock.advance(500)

    llm.ask(PROMPT, ONLY, NOW)

    assert llm.router._health == {}


def test_failure_is_logged_with_its_facts_and_without_the_prompt(caplog: pytest.LogCaptureFixture) -> None:
    llm, _ = scripted_llm({"groq": [RateLimitError("slow", status=429, retry_after_s=5)]})

    with caplog.at_level(logging.INFO):
        llm.ask(Prompt(({"role": "user", "content": "a secret question"},)), ONLY, NOW)

    record = next(record for record in caplog.records if record.message == "call failed").__dict__
    facts = [record[name] for name in ("provider", "category", "scope", "status", "retry_after_s", "reason")]
    assert facts == ["groq", "rate_limit", "model", 429, 5, "slow"]
    assert "a secret question" not in str(record)


# --- outcomes --------------------------------------------------------------------------------


def test_outcome_without_an_answer_raises_what_stood_in_its_way() -> None:
    llm, _ = scripted_llm({"groq": [ProviderServerError("500")]})
    outcome = llm.ask(PROMPT, ONLY, NOW)

    with pytest.raises(ProviderServerError):
        outcome.answer()
    with pytest.raises(AnswerFormatError, match=f"^{TARGET}: no answer$"):
        Outcome(outcome.target, outcome.usage, 1.0).answer()


STEPS: list[Step] = [
    answer(),
    answer(" "),
    answer("half", finish="length"),
    ProviderServerError("500", status=500),
    ProviderTimeoutError("late"),
    BadRequestError("bad", status=400),
    RateLimitError("too large", status=413),
]


@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=12))
def test_whatever_comes_every_place_is_given_back_and_every_answer_is_paid_for(script: list[Step]) -> None:
    clock, budget = ManualClock(), Budget("b", max_tokens=10_000)
    llm, _ = scripted_llm({"groq": script}, clock)
    answers = 0
    for step in script:
        clock.advance(61)
        outcome = llm.ask(PROMPT, ONLY, Terms(budgets=(budget,), max_wait_s=0.0))
        answers += isinstance(step, Completion)
        assert (outcome.completion is not None) is isinstance(step, Completion)

    assert limiter_of(llm).in_flight == 0
    assert budget.tokens == llm.daily.tokens == 100 * answers
    assert budget.room(10_000 - 100 * answers, None).value == "yes"
