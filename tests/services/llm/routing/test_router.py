"""The health of targets: what closes, for how long, how far, and how it comes back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.catalogue import ModelInfo, ProviderInfo
from services.llm.routing.router import COOL_DOWN_S, MODEL_GONE_S, REFUSED_S, TRIAL_LOOK_S, TRIAL_S, Router, Target
from tests.fakes import provider_info
from utils.clock import ManualClock
from utils.errors import (
    AnswerFormatError,
    AuthenticationError,
    BadRequestError,
    GenerationError,
    ModelUnavailableError,
    ProviderConnectionError,
    ProviderServerError,
    ProviderTimeoutError,
    QualityError,
    RateLimitError,
    Scope,
    UnclassifiedError,
)

GROQ = provider_info("groq")

CEREBRAS = provider_info("cerebras")


def target(provider: ProviderInfo, model: str) -> Target:
    return Target(provider, ModelInfo(provider=provider.id, id=model, context_window=1000))


History = list[tuple[Target, GenerationError | None, float]]
"""Target, how its call failed, and the seconds before it."""

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
    assert (router.opens_in_s(C), router.reason(C)) == (REFUSED_S, "authentication")
    assert [row["reopens_in_s"] for row in router.closed()] == [40, 300.0]


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


def after(history: History) -> tuple[ManualClock, Router]:
    """Return a router that saw *history*, and its clock."""
    clock = ManualClock()
    router = Router(clock)
    for each, error, pause_s in history:
        clock.advance(pause_s)
        if error is None:
            router.record_success(each)
        else:
            router.record_failure(each, error)
    return clock, router


@given(st.lists(st.tuples(st.sampled_from([A, B, C]), st.sampled_from([None, *FAULTS]), st.floats(0, 30)), max_size=40))
def test_router_always_recovers(history: History) -> None:
    clock, router = after(history)

    clock.advance(MODEL_GONE_S)

    assert choose(router, A, B, C) is A


# --- how far and how long --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "closes_at"),
    [
        pytest.param(ProviderServerError("500", status=500), 3, id="server-error"),
        pytest.param(ProviderTimeoutError("late"), 3, id="timeout"),
        pytest.param(UnclassifiedError("what"), 5, id="general"),
        pytest.param(ProviderConnectionError("refused"), 1, id="connection"),
        pytest.param(RateLimitError("slow down"), 1, id="rate-limit"),
        pytest.param(ModelUnavailableError("gone", status=404), 1, id="model-gone"),
        pytest.param(AuthenticationError("bad key", status=401), 1, id="key"),
    ],
)
def test_target_closes_at_the_failure_that_is_proof_and_not_before(error: GenerationError, closes_at: int) -> None:
    router = Router(ManualClock())
    for _ in range(closes_at - 1):
        router.record_failure(A, error)
        assert (router.opens_in_s(A), router.reason(A)) == (0.0, "")

    router.record_failure(A, error)

    assert router.opens_in_s(A) > 0
    assert router.reason(A) == error.category


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(BadRequestError("bad field", status=400), id="bad-request"),
        pytest.param(AnswerFormatError("no JSON"), id="no-json"),
        pytest.param(QualityError("too short"), id="too-short"),
        pytest.param(RateLimitError("larger than a minute", scope=Scope.REQUEST), id="too-large"),
    ],
)
def test_fault_of_one_request_never_closes_however_often_it_comes(error: GenerationError) -> None:
    router = Router(ManualClock())

    for _ in range(20):
        router.record_failure(A, error)

    assert router.opens_in_s(A) == 0.0
    assert router.closed() == []


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        pytest.param(RateLimitError("slow down"), 10.0, id="rate-limit-without-a-hint"),
        pytest.param(RateLimitError("slow down", retry_after_s=3.5), 3.5, id="rate-limit-with-a-hint"),
        pytest.param(ModelUnavailableError("decommissioned", status=400), MODEL_GONE_S, id="400-decommissioned"),
        pytest.param(ModelUnavailableError("blocked", status=403), MODEL_GONE_S, id="403-blocked"),
        pytest.param(ModelUnavailableError("no such model", status=404), MODEL_GONE_S, id="404"),
        pytest.param(ModelUnavailableError("gone", status=410), MODEL_GONE_S, id="410"),
        pytest.param(ModelUnavailableError("flex tier is full", status=498), COOL_DOWN_S[0], id="498-full-passes"),
        pytest.param(ModelUnavailableError("loading"), COOL_DOWN_S[0], id="without-a-status-passes"),
        pytest.param(ModelUnavailableError("mend it", retry_after_s=60), 60, id="hint-of-the-embedded-engine"),
        pytest.param(ProviderConnectionError("refused"), COOL_DOWN_S[0], id="connection"),
        pytest.param(AuthenticationError("bad key", retry_after_s=5), REFUSED_S, id="key-whatever-the-hint"),
    ],
)
def test_target_is_closed_for_as_long_as_its_fault_lasts(error: GenerationError, seconds: float) -> None:
    router = Router(ManualClock())

    router.record_failure(A, error)

    assert router.opens_in_s(A) == seconds


@pytest.mark.parametrize(
    ("scope", "closed"),
    [
        pytest.param(Scope.MODEL, [A], id="model"),
        pytest.param(Scope.KEY, [A, B], id="key"),
        pytest.param(Scope.PROVIDER, [A, B], id="provider"),
        pytest.param(Scope.REQUEST, [], id="request"),
    ],
)
def test_scope_of_a_failure_says_which_targets_close(scope: Scope, closed: list[Target]) -> None:
    router = Router(ManualClock())

    router.record_failure(A, RateLimitError("slow down", scope=scope))

    assert [each for each in (A, B, C) if router.opens_in_s(each) > 0] == closed


def test_failures_of_a_model_are_no_failures_of_its_sibling() -> None:
    router = Router(ManualClock())
    for each in (A, A, B, B):
        router.record_failure(each, ProviderServerError("500"))

    assert (router.opens_in_s(A), router.opens_in_s(B)) == (0.0, 0.0)
    router.record_failure(A, ProviderServerError("500"))

    assert (router.opens_in_s(A), router.opens_in_s(B)) == (COOL_DOWN_S[0], 0.0)


def test_longest_of_all_that_closes_a_target_counts() -> None:
    router = Router(ManualClock())
    router.record_failure(A, RateLimitError("slow", retry_after_s=30))
    router.record_failure(A, ProviderConnectionError("refused"))

    assert router.opens_in_s(A) == 30
    assert router.opens_in_s(B) == COOL_DOWN_S[0]


# --- trials ----------------------------------------------------------------------------------


def closed_and_due(clock: ManualClock) -> Router:
    """Return a router whose target A was closed, and may be tried now."""
    router = Router(clock)
    router.record_failure(A, RateLimitError("slow", retry_after_s=10))
    clock.advance(10)
    return router


def test_while_one_tries_the_others_look_again_soon() -> None:
    clock = ManualClock()
    router = closed_and_due(clock)
    assert router.opens_in_s(A) == 0.0

    router.begin(A)

    assert router.opens_in_s(A) == TRIAL_LOOK_S
    assert router.reason(A) == ""
    assert router.closed() == []


def test_trial_that_nobody_ended_is_given_up() -> None:
    clock = ManualClock()
    router = closed_and_due(clock)
    router.begin(A)

    clock.advance(TRIAL_S - 0.5)
    nearly = router.opens_in_s(A)
    clock.advance(0.5)

    assert (nearly, router.opens_in_s(A)) == (0.5, 0.0)


def test_trial_that_fails_by_the_requests_own_fault_lets_the_next_one_try() -> None:
    router = closed_and_due(ManualClock())
    router.begin(A)

    router.record_failure(A, BadRequestError("bad field"))

    assert router.opens_in_s(A) == 0.0


@pytest.mark.parametrize(
    "error", [pytest.param(ProviderServerError("500"), id="server"), pytest.param(ProviderTimeoutError("x"), id="late")]
)
def test_trial_that_fails_closes_at_once_though_it_is_the_first_of_its_kind(error: GenerationError) -> None:
    router = closed_and_due(ManualClock())
    router.begin(A)

    router.record_failure(A, error)

    assert router.opens_in_s(A) == COOL_DOWN_S[1]  # the second time that it closes
    assert router.reason(A) == error.category


def test_success_of_a_trial_forgets_how_often_it_was_closed() -> None:
    clock = ManualClock()
    router = Router(clock)
    for pause in COOL_DOWN_S[:2]:
        router.record_failure(A, ProviderConnectionError("refused"))
        assert router.opens_in_s(A) == pause
        clock.advance(pause)
    router.begin(A)

    router.record_success(A)
    router.record_failure(A, ProviderConnectionError("refused"))

    assert router.opens_in_s(A) == COOL_DOWN_S[0]


def test_call_to_an_open_target_is_no_trial() -> None:
    router = Router(ManualClock())
    router.record_failure(A, ProviderServerError("500"))

    router.begin(A)

    assert router.opens_in_s(A) == 0.0


@pytest.mark.parametrize(
    ("late", "until"),
    [
        pytest.param(RateLimitError("again", retry_after_s=5), 30, id="shorter-hint"),
        pytest.param(ProviderServerError("500"), 30, id="no-hint"),
        pytest.param(RateLimitError("again", retry_after_s=31), 31, id="longer-hint"),
    ],
)
def test_late_failure_of_a_closed_target_only_ever_extends_by_its_hint(late: GenerationError, until: float) -> None:
    router = Router(ManualClock())
    router.record_failure(A, RateLimitError("slow", retry_after_s=30))

    router.record_failure(A, late)

    assert (router.opens_in_s(A), router.reason(A)) == (until, "rate_limit")


# --- forgiving -------------------------------------------------------------------------------


def test_changed_settings_forgive_the_provider_its_key_and_its_models_and_nobody_else() -> None:
    other = target(GROQ.model_copy(update={"id": "groq-2"}), "a")
    spaced = target(GROQ, "a model with spaces")
    router = Router(ManualClock())
    for each in (A, spaced, C, other):
        router.record_failure(each, RateLimitError("slow", retry_after_s=60))
    router.record_failure(A, AuthenticationError("bad key"))
    router.record_failure(A, ProviderConnectionError("refused"))

    router.forgive("groq")

    assert [router.opens_in_s(each) for each in (A, B, spaced, C, other)] == [0.0, 0.0, 0.0, 60, 60]
    assert [row["target"] for row in router.closed()] == ["cerebras/c", "groq-2/a"]


def test_reopened_target_gives_no_reason_any_more() -> None:
    clock = ManualClock()
    router = Router(clock)
    router.record_failure(A, RateLimitError("slow", retry_after_s=10))

    clock.advance(10)

    assert (router.reason(A), router.closed(), router.opens_in_s(A)) == ("", [], 0.0)


@given(
    st.lists(st.tuples(st.sampled_from([A, B, C]), st.sampled_from([None, *FAULTS]), st.floats(0, 30)), max_size=30),
    st.sampled_from([A, B, C]),
)
def test_stated_wait_is_long_enough_and_not_longer_than_needed(history: History, asked: Target) -> None:
    clock, router = after(history)
    wait_s = router.opens_in_s(asked)
    assert 0.0 <= wait_s <= MODEL_GONE_S
    assert (router.reason(asked) == "") == (wait_s == 0.0)

    clock.advance(0.9 * wait_s)
    assert router.opens_in_s(asked) == pytest.approx(0.1 * wait_s, abs=1e-6)
    clock.advance(0.1 * wait_s + 1e-6)

    assert router.opens_in_s(asked) == 0.0


# --- targets ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "account"),
    [
        pytest.param(GROQ, "groq/a", id="limits-by-model"),
        pytest.param(provider_info("ollama"), "ollama", id="limits-by-account"),
    ],
)
def test_target_says_what_its_vendor_counts_limits_by(provider: ProviderInfo, account: str) -> None:
    made = target(provider, "a")

    assert (made.name, made.account) == (f"{provider.id}/a", account)
    assert made == target(provider, "a")
    assert len({made, target(provider, "a"), target(provider, "b")}) == 2


GATEWAY = provider_info("openai")


def test_refused_key_is_not_waited_for_and_is_tried_again_by_itself() -> None:
    clock = ManualClock()
    router = Router(clock)
    router.record_failure(A, AuthenticationError("bad key", status=401))
    assert (router.wait_s(A), router.wait_s(B), router.opens_in_s(B)) == (math.inf, math.inf, REFUSED_S)

    clock.advance(REFUSED_S)

    assert (router.wait_s(A), router.wait_s(B)) == (0.0, 0.0)


def test_refusal_of_a_vendor_behind_a_gateway_closes_its_model_alone() -> None:
    router = Router(ManualClock())
    first, second = target(GATEWAY, "one"), target(GATEWAY, "two")

    router.record_failure(first, AuthenticationError("no credit", scope=Scope.MODEL, status=402))

    assert (router.wait_s(first), router.wait_s(second)) == (math.inf, 0.0)


def test_key_at_a_gateway_is_refused_once_two_models_in_a_row_say_so() -> None:
    router = Router(ManualClock())
    one, two, three = (target(GATEWAY, name) for name in ("one", "two", "three"))

    router.record_failure(one, AuthenticationError("bad key", status=401))
    assert router.wait_s(two) == 0.0
    router.record_success(two)  # so the key is good
    router.record_failure(two, AuthenticationError("bad key", status=401))
    assert router.wait_s(three) == 0.0
    router.record_failure(three, AuthenticationError("bad key", status=401))

    assert router.wait_s(target(GATEWAY, "four")) == math.inf
