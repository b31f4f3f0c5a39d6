"""Router, deadline, discovery and the service that joins them."""

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain import CallUsage
from services.catalogue import ModelInfo, ProviderInfo
from services.llm.base import Completion, CompletionRequest, ProviderConfig
from services.llm.deadline import CallThreads
from services.llm.model_catalogue import ModelCatalogue
from services.llm.router import COOL_DOWN_S, MODEL_GONE_S, Router, Target
from services.llm.scripted import ScriptedProvider
from services.llm_service import AUTO, Preference, Prompt, Terms
from tests.fakes import CATALOGUE, ROSTER, provider_info, scripted_llm
from tests.patience import PATIENCE_S
from utils.cancellation import CancelToken
from utils.clock import ManualClock
from utils.errors import (
    AnswerFormatError,
    AuthenticationError,
    BadRequestError,
    BudgetSpentError,
    CancelledError,
    GenerationError,
    InputError,
    ModelUnavailableError,
    NoTargetError,
    ProviderConnectionError,
    ProviderServerError,
    ProviderTimeoutError,
    RateLimitError,
    StorageError,
)

PROMPT = Prompt(({"role": "user", "content": "hello"},), max_tokens=100)


# --- deadline --------------------------------------------------------------------------------


def test_call_that_answers_is_passed_on() -> None:
    assert CallThreads("x").call(lambda: 7, 5, CancelToken(), "x") == 7
    with pytest.raises(ZeroDivisionError):
        CallThreads("x").call(lambda: 1 // 0, 5, CancelToken(), "x")
    with pytest.raises(TypeError, match="returned nothing"):
        CallThreads("x").call(lambda: None, 5, CancelToken(), "x")


def test_call_is_left_at_its_deadline_and_at_a_stop() -> None:
    forever = threading.Event()
    cancel = CancelToken()
    threading.Timer(0.05, cancel.cancel).start()

    with pytest.raises(ProviderTimeoutError, match=r"within 0\.01 s"):
        CallThreads("x").call(lambda: forever.wait(PATIENCE_S), 0.01, CancelToken(), "x")
    with pytest.raises(CancelledError) as caught:
        CallThreads("x").call(lambda: forever.wait(PATIENCE_S), 10, cancel, "x")

    assert caught.value.in_flight
    forever.set()


# --- router ----------------------------------------------------------------------------------

GROQ = provider_info("groq")
CEREBRAS = provider_info("cerebras")


def target(provider: ProviderInfo, model: str) -> Target:
    return Target(provider, ModelInfo(provider=provider.id, id=model, context_window=1000))


A, B, C = target(GROQ, "a"), target(GROQ, "b"), target(CEREBRAS, "c")


def choose(router: Router, *targets: Target) -> Target:
    """Take the first open target, as the gate does."""
    chosen = next(each for each in targets if router.opens_in_s(each) == 0.0)
    router.begin(chosen)
    return chosen


@pytest.mark.parametrize(
    ("error", "left"),
    [
        pytest.param(ModelUnavailableError("gone", status=404), B, id="model-scope-leaves-its-siblings"),
        pytest.param(AuthenticationError("bad key", status=401), C, id="key-scope-takes-the-whole-key"),
        pytest.param(ProviderConnectionError("refused"), C, id="provider-scope-takes-the-provider"),
        pytest.param(RateLimitError("slow down", retry_after_s=8549), B, id="rate-limit-takes-the-model"),
        pytest.param(BadRequestError("bad"), A, id="request-scope-takes-nothing"),
        pytest.param(ProviderServerError("500"), A, id="one-server-error-is-forgiven"),
    ],
)
def test_failure_closes_what_it_reaches(error: GenerationError, left: Target) -> None:
    router = Router(ManualClock())

    router.record_failure(A, error)

    assert choose(router, A, B, C) is left


def test_three_server_errors_in_a_row_close_a_model_and_a_success_forgives() -> None:
    router = Router(ManualClock())
    for _ in range(2):
        router.record_failure(A, ProviderServerError("500"))
    router.record_success(A)
    for _ in range(2):
        router.record_failure(A, ProviderServerError("500"))
    assert choose(router, A, B) is A

    router.record_failure(A, ProviderServerError("500"))

    assert choose(router, A, B) is B
    assert router.closed() == [{"target": "groq/a", "reason": "server_error", "reopens_in_s": COOL_DOWN_S[0]}]


def test_closed_target_gets_one_trial_and_a_longer_pause_each_time() -> None:
    clock = ManualClock()
    router = Router(clock)
    for pause in (*COOL_DOWN_S, COOL_DOWN_S[-1]):
        router.record_failure(A, ProviderConnectionError("refused"))
        router.record_failure(A, ProviderConnectionError("refused, under way when it closed"))
        clock.advance(pause - 0.1)
        assert choose(router, A, C) is C
        clock.advance(0.2)
        assert choose(router, A, C) is A
        assert choose(router, A, C) is C

    router.record_cancelled(A)
    assert choose(router, A, C) is A
    router.record_success(A)
    assert choose(router, A, C) is A
    assert choose(router, A, C) is A


def test_late_success_does_not_reopen_a_target_that_the_vendor_closed_meanwhile() -> None:
    router = Router(ManualClock())
    router.record_failure(A, RateLimitError("slow", retry_after_s=600))

    router.record_success(A)

    assert choose(router, A, C) is C


def test_pauses_for_passing_faults_stay_under_a_minute() -> None:
    assert max(COOL_DOWN_S) < 60 < MODEL_GONE_S


def test_closed_target_says_why_and_when_it_reopens() -> None:
    router = Router(ManualClock())
    router.record_failure(A, RateLimitError("x", retry_after_s=40))
    router.record_failure(C, AuthenticationError("bad key"))

    assert (router.opens_in_s(A), router.reason(A)) == (40, "rate_limit")
    assert (router.opens_in_s(C), router.reason(C)) == (math.inf, "authentication")
    assert [row["reopens_in_s"] for row in router.closed()] == [40, None]


def test_longer_hint_extends_a_closed_target() -> None:
    router = Router(ManualClock())
    router.record_failure(A, RateLimitError("x", retry_after_s=10))

    router.record_failure(A, RateLimitError("x", retry_after_s=60))

    assert router.closed()[0]["reopens_in_s"] == 60


FAULTS = [
    ModelUnavailableError("m"),
    RateLimitError("r", retry_after_s=5),
    ProviderServerError("s"),
    ProviderConnectionError("c"),
    BadRequestError("b"),
]


@given(st.lists(st.tuples(st.sampled_from([A, B, C]), st.sampled_from([None, *FAULTS]), st.floats(0, 30)), max_size=40))
def test_router_always_recovers(history: list[tuple[Target, GenerationError | None, float]]) -> None:
    clock = ManualClock()
    router = Router(clock)
    for each, error, pause in history:
        clock.advance(pause)
        if error is None:
            router.record_success(each)
        else:
            router.record_failure(each, error)

    clock.advance(MODEL_GONE_S)

    assert choose(router, A, B, C) is A


# --- discovery -------------------------------------------------------------------------------


def catalogue_listing(*names: str) -> ModelCatalogue:
    made = ModelCatalogue(ROSTER, lambda _: list(names))
    made.refresh(["groq", "ollama"])
    return made


def test_without_discovery_dead_models_are_left_out() -> None:
    models = ModelCatalogue(ROSTER, lambda _: []).usable(GROQ)

    assert models[0].id == GROQ.default_model
    assert "llama-3.3-70b-versatile" not in {model.id for model in models}


def test_discovery_brings_a_dead_model_back_and_takes_an_unlisted_one_away() -> None:
    models = catalogue_listing("llama-3.3-70b-versatile", "never-heard-of").usable(GROQ)

    assert [model.id for model in models] == ["llama-3.3-70b-versatile"]


def test_server_of_the_users_own_offers_what_it_lists() -> None:
    models = catalogue_listing("mistral:7b").usable(provider_info("ollama"))

    assert [model.id for model in models] == ["mistral:7b"]


def test_failed_discovery_is_remembered_and_the_catalogue_stands() -> None:
    def fail(_: str) -> list[str]:
        raise ProviderConnectionError("refused")

    made = ModelCatalogue(ROSTER, fail)
    made.refresh(["groq"])

    assert made.discovery("groq").reason == "refused"
    assert made.usable(GROQ)


def test_list_is_asked_for_again_when_it_is_old_or_a_model_of_it_was_missing() -> None:
    clock, asked = ManualClock(), []

    def listing(name: str) -> list[str]:
        asked.append(name)
        return []

    made = ModelCatalogue(ROSTER, listing, clock=clock)
    made.refresh(["groq", "cerebras"])
    made.doubt("groq")
    made.refresh_due(["groq", "cerebras"])  # just asked: a dead model must not become a storm of lists
    clock.advance(301)
    made.refresh_due(["groq", "cerebras"])
    clock.advance(6 * 3600 - 300)
    made.refresh_due(["groq", "cerebras"])

    assert asked == ["groq", "cerebras", "groq", "cerebras"]


def test_dead_model_asked_for_by_name_is_tried_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    made = ModelCatalogue(ROSTER, lambda _: [])

    assert made.find(GROQ, "llama-3.3-70b-versatile").retired
    assert made.find(GROQ, "brand-new").context_window == 8192
    assert [record.__dict__["replacement"] for record in caplog.records] == ["openai/gpt-oss-120b"]


# --- service ---------------------------------------------------------------------------------

NOW = Terms(max_wait_s=0.0)


def test_call_goes_to_the_default_and_accounts_its_tokens() -> None:
    llm, made = scripted_llm({"groq": ["fine"]})

    outcome = llm.ask(PROMPT, Preference(), NOW)

    assert (outcome.target.name, outcome.answer().text) == ("groq/openai/gpt-oss-120b", "fine")
    assert made["groq"].requests[0].max_tokens == 100
    assert llm.limits.of(outcome.target).minute.tokens == outcome.usage.tokens
    assert outcome.usage.cost_usd == pytest.approx(
        outcome.usage.prompt_tokens * 0.15e-6 + outcome.usage.completion_tokens * 0.6e-6
    )


def test_answer_is_capped_so_that_it_fits_the_minute() -> None:
    llm, made = scripted_llm({"groq": ["fine"]})

    llm.ask(Prompt(PROMPT.messages), Preference(), NOW)

    assert made["groq"].requests[0].max_tokens < GROQ.tokens_per_minute


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

    limiter = llm.limits.of(target)
    assert (limiter.minute.tokens_limit, limiter.minute.calls_limit, limiter.day.calls_limit) == (8000, 25, 1000)
    assert 3900 < made["groq"].requests[1].max_tokens <= 4000


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


def test_limit_of_an_account_holds_for_all_its_models() -> None:
    llm, _ = scripted_llm({"ollama": ["x"]})
    one, two = (Target(provider_info("ollama"), model) for model in CATALOGUE.models_of("ollama")[:2])

    assert llm.limits.of(one) is llm.limits.of(two)


def test_request_too_large_for_a_minute_closes_nobody_and_teaches_the_limit() -> None:
    error = RateLimitError("Request too large: tokens per minute (TPM): Limit 3000", status=413)
    error.limit = 3000
    llm, _ = scripted_llm({"groq": [error]})

    outcome = llm.ask(PROMPT, Preference(), NOW)

    assert llm.router.closed() == []
    assert llm.limits.of(outcome.target).minute.tokens_limit == 3000


def test_quota_without_a_hint_closes_its_model_until_midnight() -> None:
    error = RateLimitError("daily limit", status=429)
    error.quota = True
    llm, _ = scripted_llm({"groq": [error]})  # the clock stands at midnight

    llm.ask(PROMPT, Preference(), NOW)

    assert llm.router.closed()[0]["reopens_in_s"] == 86_400


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


def test_auto_works_at_all_providers_at_once_and_leaves_the_embedded_model_alone() -> None:
    llm, _ = scripted_llm({"groq": ["x"], "cerebras": ["x"], "local": ["x"]})
    groups = llm.chooser.groups(Preference(AUTO))

    assert [target.provider.id for target in llm.targets(Preference(AUTO))] == ["groq", "cerebras"]
    assert [len(group) > 1 for group in groups] == [True, True]
    assert all(len(group) == 1 for group in llm.chooser.groups(Preference(AUTO, allow_failover=False)))
    assert {t.provider.id for t in llm.chooser.groups(Preference("groq"))[0]} == {"groq", "cerebras"}
    assert {t.provider.id for t in llm.chooser.groups(Preference("local"))[0]} == {"local"}


def test_orders_of_providers_and_models_can_be_given() -> None:
    llm, _ = scripted_llm({"groq": ["x"], "cerebras": ["x"]})

    auto = Preference(AUTO, providers=("cerebras", "groq"), models=("groq/openai/gpt-oss-20b",))

    assert [target.name for target in llm.targets(auto)] == ["cerebras/gpt-oss-120b", "groq/openai/gpt-oss-20b"]
    with pytest.raises(InputError, match="Invalid provider: mistral"):
        llm.check(Preference(AUTO, providers=("mistral",)))


def test_budget_in_money_uses_only_models_of_known_price() -> None:
    llm, _ = scripted_llm({"mistral": ["x"]})
    priced = Preference("mistral", priced_only=True)

    names = [target.model.id for target in llm.chooser.groups(priced)[0]]

    assert names
    assert "mistral-small-2407" not in names
    with pytest.raises(InputError, match="has a known price"):
        llm.check(Preference("mistral", "made-up-model", allow_failover=False, priced_only=True))


def test_long_retry_after_closes_the_target_and_others_go_on() -> None:
    llm, _ = scripted_llm({"groq": [RateLimitError("slow", retry_after_s=8549, status=429)], "cerebras": ["fine"]})
    only = Preference("groq", "openai/gpt-oss-120b", allow_failover=False)

    first = llm.ask(PROMPT, Preference("groq"), NOW)

    assert first.usage.rate_limited
    assert llm.ask(PROMPT, Preference("groq"), NOW).target.name != first.target.name
    with pytest.raises(NoTargetError) as caught:
        llm.ask(PROMPT, only, NOW)
    assert caught.value.retry_in_s == 8549


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
    assert llm.limits.of(llm.targets(Preference())[0]).in_flight == 0


def test_call_that_its_caller_cannot_record_is_not_made() -> None:
    llm, made = scripted_llm({"groq": ["fine"]})

    def refuse(_: object) -> None:
        raise StorageError("disk full")

    with pytest.raises(StorageError):
        llm.ask(PROMPT, Preference(), Terms(sending=refuse))

    limiter = llm.limits.of(llm.targets(Preference())[0])
    assert (made["groq"].requests, limiter.in_flight, limiter.minute.tokens) == ([], 0, 0)


def test_daily_budget_begins_anew_with_the_day() -> None:
    clock = ManualClock()
    llm, _ = scripted_llm({"groq": ["fine"]}, clock)
    llm.daily.max_tokens = 350

    llm.ask(PROMPT, Preference(), NOW)
    with pytest.raises(BudgetSpentError, match=r"daily budget reached: 101 of 350 tokens"):
        llm.ask(Prompt(PROMPT.messages, max_tokens=200), Preference(), NOW)
    clock.advance(86_400)

    assert llm.ask(Prompt(PROMPT.messages, max_tokens=200), Preference(), NOW).answer()


def test_workers_follow_rate_times_latency() -> None:
    llm, _ = scripted_llm({"groq": ["fine"], "cerebras": ["fine"]})
    slow = llm.useful_workers(Preference("groq", allow_failover=False))
    target = llm.targets(Preference("cerebras"))[0]
    limiter = llm.limits.of(target)
    limiter.minute.calls_limit, limiter.minute.tokens_limit = 600, None
    llm.sizes.took(target.name, 2.0)

    assert slow == 2  # 5,500 tokens a minute are two answers
    assert 30 <= llm.useful_workers(Preference("cerebras")) <= 34


def test_status_of_targets_tells_limits_and_health() -> None:
    llm, _ = scripted_llm({"groq": [RateLimitError("slow", retry_after_s=60, status=429)]})
    llm.ask(PROMPT, Preference(), NOW)

    row = next(row for row in llm.status() if row["model"] == "openai/gpt-oss-120b")

    assert (row["open"], row["reason"], row["opens_in_s"]) == (False, "rate_limit", 60)
    assert (row["minute"]["requests"], row["minute"]["requests_limit"], row["in_flight"]) == (1, 25, 0)


def test_unknown_provider_lists_the_usable_ones() -> None:
    llm, _ = scripted_llm({"groq": ["x"], "cerebras": ["x"]})

    with pytest.raises(InputError, match=r"Invalid provider: mistral\. Available: groq, cerebras"):
        llm.check(Preference("mistral"))
    llm.check(Preference(AUTO))
    llm.check(Preference())


def test_nothing_set_up_is_said_with_the_next_step() -> None:
    llm, _ = scripted_llm({})

    with pytest.raises(InputError, match="set a key"):
        _ = llm.default_provider


def test_generate_answers_as_a_dictionary_and_limits_are_told() -> None:
    provider = ScriptedProvider(ProviderConfig("x", "http://x"), ["hello there"], ["m1"])

    assert provider.generate("m", "prompt") == {
        "text": "hello there",
        "thinking": "",
        "model": "m",
        "tokens_used": 102,
        "finish_reason": "stop",
    }
    assert provider.get_rate_limits() == {"requests_per_minute": 60, "tokens_per_minute": 10_000}
    assert provider.list_models() == ["m1"]
    assert isinstance(provider.requests[0], CompletionRequest)


def test_scripted_failure_comes_out_typed_with_provider_and_model() -> None:
    provider = ScriptedProvider(ProviderConfig("x", "http://x"), [ConnectionRefusedError("no")])

    with pytest.raises(ProviderConnectionError) as caught:
        provider.generate("m", "prompt")

    assert (caught.value.provider, caught.value.model) == ("x", "m")
