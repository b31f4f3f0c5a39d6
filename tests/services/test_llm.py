"""Limiter, router, deadline, discovery and the service that joins them."""

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue import ModelInfo, ProviderInfo
from services.llm.base import Completion, CompletionRequest, ProviderConfig
from services.llm.deadline import call_with_deadline
from services.llm.limit_headers import tokens_per_minute
from services.llm.model_catalogue import ModelCatalogue
from services.llm.rate_limiter import WINDOW_S, RateLimiter, SlidingWindow
from services.llm.router import COOL_DOWN_S, MODEL_GONE_S, Candidate, Router, Target
from services.llm.scripted import ScriptedProvider
from services.llm_service import AUTO, Preference, Prompt
from tests.fakes import CATALOGUE, provider_info, scripted_llm
from utils.cancellation import CancelToken
from utils.clock import ManualClock
from utils.errors import (
    AnswerFormatError,
    AuthenticationError,
    BadRequestError,
    CancelledError,
    GenerationError,
    InputError,
    ModelUnavailableError,
    NoTargetError,
    ProviderConnectionError,
    ProviderServerError,
    ProviderTimeoutError,
    RateLimitError,
)

PROMPT = Prompt(({"role": "user", "content": "hello"},), max_tokens=100)


# --- limiter ---------------------------------------------------------------------------------


@given(
    calls=st.lists(st.tuples(st.integers(1, 500), st.floats(0, 40), st.integers(0, 500)), min_size=1, max_size=60),
    requests=st.integers(1, 8),
)
def test_no_sliding_minute_ever_holds_more_than_the_limit(calls: list[tuple[int, float, int]], requests: int) -> None:
    window, now, log = SlidingWindow(requests, 1000), 0.0, []
    for tokens, pause, used in calls:
        now += pause
        now += window.wait_s(tokens, now)
        assert window.wait_s(tokens, now) < 1e-6
        entry = window.admit(tokens, now)
        log.append((now, entry))
        if used % 2:
            window.settle(entry, min(used, tokens))

    for start, _ in log:
        minute = [entry for at, entry in log if start <= at < start + 60]
        assert len(minute) <= requests
        assert sum(entry.tokens for entry in minute) <= 1000


def test_request_above_a_whole_minute_never_fits() -> None:
    limiter = RateLimiter(10, 100, clock=ManualClock())

    assert math.isinf(SlidingWindow(10, 100).wait_s(101, 0))
    with pytest.raises(BadRequestError, match="more than the limit of 100 tokens"):
        limiter.acquire(101, CancelToken())


def test_settling_gives_back_what_was_not_used() -> None:
    window = SlidingWindow(10, 100)
    entry = window.admit(100, 0.0)
    assert window.wait_s(50, 1.0) == pytest.approx(WINDOW_S - 1)

    window.settle(entry, 20)

    assert window.wait_s(50, 1.0) == 0.0
    assert window.wait_s(1, 1000.0) == 0.0
    window.settle(entry, 90)
    assert window.wait_s(100, 1000.0) == 0.0


def test_callers_are_served_in_order_as_places_come_free() -> None:
    limiter = RateLimiter(100, 10_000, max_concurrency=1, clock=ManualClock())
    first = limiter.acquire(10, CancelToken())
    served: list[int] = []

    def call(number: int) -> None:
        limiter.acquire(10, CancelToken())
        served.append(number)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
    for number, thread in enumerate(threads):
        thread.start()
        while len(limiter._waiting) <= number:
            pass

    limiter.settle(first, 10)
    for number in range(4):
        while len(served) <= number:
            pass
        limiter.settle(first, 10)
    for thread in threads:
        thread.join(5)

    assert served == [0, 1, 2, 3]


def test_waiter_leaves_at_once_when_cancelled() -> None:
    limiter = RateLimiter(1, 10_000, clock=ManualClock())
    limiter.acquire(10, CancelToken())
    cancel, caught = CancelToken(), []

    def wait() -> None:
        try:
            limiter.acquire(10, cancel)
        except CancelledError as error:
            caught.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    cancel.cancel()
    thread.join(5)

    assert len(caught) == 1
    assert not caught[0].in_flight
    assert not limiter._waiting


def test_long_hold_sends_callers_elsewhere_instead_of_letting_them_wait() -> None:
    limiter = RateLimiter(10, 1000, clock=ManualClock())

    limiter.hold(8549)

    with pytest.raises(RateLimitError, match="held for 8549 s") as caught:
        limiter.acquire(10, CancelToken())
    assert caught.value.retry_after_s == 8549
    assert limiter.estimate_wait_s(10) == 8549


# --- deadline --------------------------------------------------------------------------------


def test_call_that_answers_is_passed_on() -> None:
    assert call_with_deadline(lambda: 7, 5, CancelToken(), "x") == 7
    with pytest.raises(ZeroDivisionError):
        call_with_deadline(lambda: 1 // 0, 5, CancelToken(), "x")
    with pytest.raises(TypeError, match="returned nothing"):
        call_with_deadline(lambda: None, 5, CancelToken(), "x")


def test_call_is_left_at_its_deadline_and_at_a_stop() -> None:
    forever = threading.Event()
    cancel = CancelToken()
    threading.Timer(0.05, cancel.cancel).start()

    with pytest.raises(ProviderTimeoutError, match=r"within 0\.01 s"):
        call_with_deadline(lambda: forever.wait(10), 0.01, CancelToken(), "x")
    with pytest.raises(CancelledError) as caught:
        call_with_deadline(lambda: forever.wait(10), 10, cancel, "x")

    assert caught.value.in_flight
    forever.set()


# --- router ----------------------------------------------------------------------------------

GROQ = provider_info("groq")
CEREBRAS = provider_info("cerebras")


def target(provider: ProviderInfo, model: str) -> Target:
    return Target(provider, ModelInfo(provider=provider.id, id=model, context_window=1000))


A, B, C = target(GROQ, "a"), target(GROQ, "b"), target(CEREBRAS, "c")


def in_order(*targets: Target) -> list[Candidate]:
    return [Candidate(each, tier) for tier, each in enumerate(targets)]


def choose(router: Router, *targets: Target) -> Target:
    return router.choose(in_order(*targets), lambda _: 0.0)


def test_first_open_target_is_chosen_and_equals_share_by_load() -> None:
    router = Router(ManualClock())

    assert choose(router, A, B, C) is A
    assert router.choose([Candidate(A, 0), Candidate(C, 0)], lambda each: 9.0 if each is A else 1.0) is C


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


def test_all_closed_says_when_the_first_reopens_or_that_none_will() -> None:
    router = Router(ManualClock())
    router.record_failure(A, RateLimitError("x", retry_after_s=40))
    router.record_failure(C, AuthenticationError("bad key"))

    with pytest.raises(NoTargetError, match=r"groq/a: rate_limit") as soon:
        choose(router, A, C)
    with pytest.raises(NoTargetError) as never:
        choose(router, C)

    assert soon.value.retry_in_s == 40
    assert never.value.retry_in_s is None
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
    made = ModelCatalogue(CATALOGUE, lambda _: list(names))
    made.refresh(["groq", "ollama"])
    return made


def test_without_discovery_dead_models_are_left_out() -> None:
    models = ModelCatalogue(CATALOGUE, lambda _: []).usable(GROQ)

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

    made = ModelCatalogue(CATALOGUE, fail)
    made.refresh(["groq"])

    assert made.discovery("groq").reason == "refused"
    assert made.usable(GROQ)


def test_dead_model_asked_for_by_name_is_tried_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    made = ModelCatalogue(CATALOGUE, lambda _: [])

    assert made.find(GROQ, "llama-3.3-70b-versatile").retired
    assert made.find(GROQ, "brand-new").context_window == 8192
    assert [record.__dict__["replacement"] for record in caplog.records] == ["openai/gpt-oss-120b"]


# --- service ---------------------------------------------------------------------------------


def test_call_goes_to_the_default_and_accounts_its_tokens() -> None:
    llm, made = scripted_llm({"groq": ["fine"]})
    chosen = llm.route(Preference())

    completion = llm.call(chosen, PROMPT, CancelToken())

    assert (chosen.name, completion.text) == ("groq/openai/gpt-oss-120b", "fine")
    assert made["groq"].requests[0].max_tokens == 100
    assert llm._limiter(chosen)._window._tokens == completion.tokens


def test_answer_is_capped_so_that_it_fits_the_minute() -> None:
    llm, made = scripted_llm({"groq": ["fine"]})

    llm.call(llm.route(Preference()), Prompt(PROMPT.messages), CancelToken())

    assert made["groq"].requests[0].max_tokens < GROQ.tokens_per_minute


@pytest.mark.parametrize(
    ("completion", "says"),
    [
        pytest.param(Completion("half", "", "m", 1, 1, "length", {}), "cut off at 100 tokens", id="cut"),
        pytest.param(Completion(" ", "I thought", "m", 1, 1, "stop", {}), "only its thinking", id="thinking-only"),
        pytest.param(Completion("", "", "m", 1, 0, "stop", {}), "sent nothing", id="empty"),
    ],
)
def test_success_without_content_is_a_failure(completion: Completion, says: str) -> None:
    llm, _ = scripted_llm({"groq": [completion]})

    with pytest.raises(AnswerFormatError, match=says):
        llm.call(llm.route(Preference()), PROMPT, CancelToken())


def test_limit_that_the_vendor_states_replaces_ours() -> None:
    stated = Completion("fine", "", "m", 50, 50, "stop", {"x-ratelimit-limit-tokens": "8000"})
    llm, made = scripted_llm({"groq": [stated]})
    chosen = llm.route(Preference())

    llm.call(chosen, Prompt(PROMPT.messages), CancelToken())
    llm.call(chosen, Prompt(PROMPT.messages), CancelToken())

    assert llm._limiter(chosen).tokens_per_minute == 8000
    assert 3900 < made["groq"].requests[1].max_tokens <= 4000


@pytest.mark.parametrize(
    ("headers", "limit"),
    [
        ({"x-ratelimit-limit-tokens-minute": "60000", "x-ratelimit-limit-requests-day": "14400"}, 60000),
        ({"x-ratelimit-limit-tokens": "8000"}, 8000),
        ({"x-ratelimit-limit-tokens": "0"}, None),
        ({"x-ratelimit-limit-tokens": "many"}, None),
        ({}, None),
    ],
)
def test_limits_are_read_from_the_headers_of_each_vendor(headers: dict[str, str], limit: int | None) -> None:
    assert tokens_per_minute(headers) == limit


def test_complete_goes_on_to_the_next_model_and_then_the_next_provider() -> None:
    llm, made = scripted_llm(
        {"groq": [ModelUnavailableError("gone", status=404), ProviderConnectionError("down")], "cerebras": ["fine"]}
    )

    assert llm.complete(PROMPT, Preference("groq"), CancelToken()).text == "fine"
    assert [request.model for request in made["groq"].requests] == ["openai/gpt-oss-120b", "openai/gpt-oss-20b"]


def test_complete_gives_up_after_its_tries_and_without_failover_after_one_target() -> None:
    llm, made = scripted_llm(
        {"groq": [ProviderServerError("500", status=500)], "cerebras": [ProviderServerError("500", status=500)]}
    )

    with pytest.raises(ProviderServerError):
        llm.complete(PROMPT, Preference("groq"), CancelToken())
    with pytest.raises(NoTargetError, match="has failed for this request"):
        llm.complete(PROMPT, Preference("groq", allow_failover=False), CancelToken())

    assert len(made["groq"].requests) + len(made["cerebras"].requests) == 4


def test_auto_spreads_over_providers_and_leaves_the_embedded_model_alone() -> None:
    llm, _ = scripted_llm({"groq": ["x"], "cerebras": ["x"], "local": ["x"]})
    first_tier = [c.target.provider.id for c in llm.candidates(Preference(AUTO)) if c.tier == 0]

    assert first_tier == ["groq", "cerebras"]
    assert all(c.tier == 0 for c in llm.candidates(Preference(AUTO, allow_failover=False)))
    assert {c.target.provider.id for c in llm.candidates(Preference("groq"))} == {"groq", "cerebras"}
    assert {c.target.provider.id for c in llm.candidates(Preference("local"))} == {"local"}


def test_long_retry_after_holds_the_target_and_moves_on() -> None:
    llm, _ = scripted_llm({"groq": [RateLimitError("slow", retry_after_s=8549, status=429)], "cerebras": ["fine"]})
    first = llm.route(Preference("groq"))

    with pytest.raises(RateLimitError):
        llm.call(first, PROMPT, CancelToken())

    assert llm.route(Preference("groq")).name != first.name
    with pytest.raises(RateLimitError, match="held"):
        llm.call(first, PROMPT, CancelToken())


def test_cancelled_call_leaves_no_mark_on_the_target() -> None:
    cancel = CancelToken()
    release = threading.Event()
    llm, _ = scripted_llm({"groq": [lambda _: str(release.wait(10))]})
    chosen = llm.route(Preference())
    threading.Timer(0.05, cancel.cancel).start()

    with pytest.raises(CancelledError):
        llm.call(chosen, PROMPT, cancel)

    release.set()
    assert llm.router.closed() == []


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
