"""The service that joins limits, routing and calls."""

import threading
from dataclasses import replace

import pytest

from models.domain import CallUsage
from services.llm.adapters.base import Completion
from services.llm.routing.roster import Credentials, RosterState
from services.llm_service import AUTO, LLMService, Preference, Prompt, Terms
from tests.fakes import CATALOGUE, provider_info, scripted_llm, without_limits
from tests.patience import PATIENCE_S, until
from utils.clock import ManualClock
from utils.errors import (
    AnswerFormatError,
    AuthenticationError,
    BudgetSpentError,
    InputError,
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
    assert (row["minute"]["requests"], row["minute"]["requests_limit"], row["in_flight"]) == (
        0,
        25,
        0,
    )  # a refused call is none


# --- the request -----------------------------------------------------------------------------

GROQ = provider_info("groq")


def test_request_is_what_prompt_model_and_provider_say_together() -> None:
    llm, made = scripted_llm({"groq": ["fine"]}, timeout_s=33.0)
    schema = {"type": "object"}

    llm.ask(replace(PROMPT, seed=7, schema=schema), Preference(), NOW)

    request = made["groq"].requests[0]
    assert (request.model, request.messages, request.max_tokens) == ("openai/gpt-oss-120b", PROMPT.messages, 100)
    assert (request.temperature, request.top_p, request.timeout_s) == (0.9, 1.0, 33.0)
    assert (request.seed, request.schema, request.chars, request.may_be_cut) == (7, schema, 5, False)


@pytest.mark.parametrize(
    ("preference", "sent"),
    [
        pytest.param(Preference("groq", "openai/gpt-oss-20b"), True, id="model-that-keeps-one"),
        pytest.param(Preference("groq", "qwen/qwen3.8-27b"), False, id="model-that-does-not"),
        pytest.param(Preference("groq", "never-heard-of"), True, id="unknown-model-until-it-refuses"),
    ],
)
def test_schema_is_sent_to_models_that_keep_one(preference: Preference, sent: bool) -> None:
    llm, made = scripted_llm({"groq": ["fine"]})

    llm.ask(replace(PROMPT, schema={"type": "object"}), preference, NOW)

    assert (made["groq"].requests[0].schema is not None) is sent


@pytest.mark.parametrize(("asked", "sent"), [(None, 0.9), (0.0, 0.0), (1.3, 1.3)])
def test_temperature_of_the_prompt_stands_before_the_providers(asked: float | None, sent: float) -> None:
    llm, made = scripted_llm({"groq": ["fine"]})

    llm.ask(replace(PROMPT, temperature=asked), Preference(), NOW)

    assert made["groq"].requests[0].temperature == sent


def test_timeout_of_the_provider_stands_before_the_general_one() -> None:
    llm, made = scripted_llm({"local": ["fine"]}, timeout_s=33.0)

    llm.ask(PROMPT, Preference(), NOW)

    assert made["local"].requests[0].timeout_s == 600


@pytest.mark.parametrize(
    ("max_tokens", "context"),
    [
        pytest.param(495, 1024, id="just-fits"),
        pytest.param(496, 2048, id="one-more"),
        pytest.param(1, 1024, id="least"),
    ],
)
def test_context_holds_prompt_and_answer_with_some_room_in_whole_kilos(max_tokens: int, context: int) -> None:
    llm, made = scripted_llm({"groq": ["fine"]})

    llm.ask(replace(PROMPT, max_tokens=max_tokens), Preference(), NOW)

    assert made["groq"].requests[0].context_tokens == context


def test_listener_hears_the_pieces_of_the_answer() -> None:
    heard: list[str] = []
    llm, _ = scripted_llm({"groq": ["one two"]})

    llm.ask(PROMPT, Preference(), replace(NOW, listener=lambda kind, text: heard.append(f"{kind}:{text}")))

    assert heard == ["token:one ", "token:two"]


# --- who is asked ----------------------------------------------------------------------------


def test_excluded_targets_are_not_asked_and_avoided_ones_only_last() -> None:
    llm, _ = scripted_llm({"groq": ["fine"]})
    names = [target.name for target in llm.chooser.groups(Preference())[0]]

    first = llm.ask(PROMPT, Preference(), NOW, exclude=names[:1], avoid=names[1:2]).target
    last = llm.ask(PROMPT, Preference(), NOW, exclude=[*names[:1], *names[2:]], avoid=names[1:2]).target

    assert [first.name, last.name] == [names[2], names[1]]


def test_when_all_are_excluded_it_is_said() -> None:
    llm, made = scripted_llm({"groq": ["fine"]})

    with pytest.raises(NoTargetError, match="every model that may be used has failed") as caught:
        llm.ask(PROMPT, Preference("groq", allow_failover=False), NOW, exclude=["groq/openai/gpt-oss-120b"])

    assert caught.value.retry_in_s == 0.0
    assert made["groq"].requests == []


def test_provider_that_was_switched_off_is_said_to_be_unusable() -> None:
    llm, _ = scripted_llm({"groq": ["fine"], "cerebras": ["fine"]})
    off = [row.model_copy(update={"enabled": row.id != "groq"}) for row in CATALOGUE.providers]
    llm.adopt(replace(llm.roster.state, providers=off))

    with pytest.raises(InputError, match=r"Invalid provider: groq\. Available: cerebras"):
        llm.ask(PROMPT, Preference("groq", allow_failover=False), NOW)
    assert llm.ask(PROMPT, Preference("groq"), NOW).target.provider.id == "cerebras"


def test_weights_of_a_request_lead_it_where_several_have_room() -> None:
    llm, made = scripted_llm({"groq": ["x"], "cerebras": ["x"]}, catalogue=without_limits(CATALOGUE))

    for _ in range(40):
        llm.ask(PROMPT, Preference(AUTO, weights=(("groq", 3.0), ("cerebras", 1.0))), NOW)

    assert len(made["groq"].requests) == pytest.approx(30, abs=2)


def test_waiting_is_counted_by_its_cause() -> None:
    clock = ManualClock()
    llm, _ = scripted_llm({"groq": ["fine"]}, clock)
    only = Preference("groq", allow_failover=False)
    target = llm.targets(only)[0]
    limiter = llm.accounts.of(target)
    limiter.minute.calls_limit = 1
    llm.ask(PROMPT, only, NOW)
    done: list[str] = []
    waiting = threading.Thread(target=lambda: done.append(llm.ask(PROMPT, only, Terms("late")).answer().text))
    waiting.start()
    until(lambda: llm.gate.waiting("late")[0] == 1)

    clock.advance(61)
    llm.gate.change(lambda _: None)
    waiting.join(PATIENCE_S)

    assert done == ["fine"]
    assert llm.metrics.registry.get_sample_value("ltp_wait_seconds_total", {"cause": "limit"}) == 61


# --- changes ---------------------------------------------------------------------------------


def changed(llm: LLMService, **credentials: Credentials) -> RosterState:
    return replace(llm.roster.state, credentials={**llm.roster.state.credentials, **credentials})


@pytest.mark.parametrize(
    ("now", "forgiven"),
    [
        pytest.param(Credentials("another"), True, id="key"),
        pytest.param(Credentials("k", "https://own.test"), True, id="address"),
        pytest.param(Credentials("k"), False, id="nothing"),
    ],
)
def test_provider_that_is_reached_in_another_way_starts_with_a_clean_slate(now: Credentials, forgiven: bool) -> None:
    llm, _ = scripted_llm({"groq": [AuthenticationError("bad key", status=401)], "cerebras": ["fine"]})
    llm.models.refresh(["groq"])
    llm.ask(PROMPT, Preference("groq"), NOW)

    llm.adopt(changed(llm, groq=now))

    assert (llm.router.closed() == []) is forgiven
    assert (llm.models.discovery("groq").listed is None) is forgiven


def test_who_waits_for_a_closed_provider_goes_on_with_one_that_is_added() -> None:
    llm, _ = scripted_llm({"groq": [RateLimitError("slow", status=429, retry_after_s=600)], "cerebras": ["fine"]})
    state = llm.roster.state
    llm.adopt(replace(state, credentials={"groq": Credentials("k")}))
    only = Preference("groq", providers=("groq", "cerebras"), models=())
    for _ in llm.chooser.groups(only)[0]:
        llm.ask(PROMPT, only, NOW)
    done: list[str] = []
    waiting = threading.Thread(target=lambda: done.append(llm.ask(PROMPT, only, Terms("late")).target.provider.id))
    waiting.start()
    until(lambda: llm.gate.waiting("late")[0] == 1)

    llm.adopt(state)
    waiting.join(PATIENCE_S)

    assert done == ["cerebras"]


# --- complete --------------------------------------------------------------------------------


def test_complete_says_who_answered() -> None:
    llm, _ = scripted_llm({"groq": [ProviderConnectionError("down")], "cerebras": ["fine"]})

    assert llm.complete(PROMPT, Preference("groq"), NOW).provider == "cerebras"


def test_complete_goes_on_to_nobody_once_its_caller_has_taken_a_piece() -> None:
    llm, made = scripted_llm({"groq": [ProviderServerError("broke off", status=500)], "cerebras": ["fine"]})

    with pytest.raises(ProviderServerError, match="broke off"):
        llm.complete(PROMPT, Preference("groq"), NOW, is_bound=lambda: True)

    assert (len(made["groq"].requests), made["cerebras"].requests) == (1, [])


def test_complete_asks_nobody_twice() -> None:
    llm, made = scripted_llm({"cerebras": [AnswerFormatError("no JSON")]})
    names = [target.model.id for target in llm.chooser.groups(Preference())[0]]

    with pytest.raises(AnswerFormatError):
        llm.complete(PROMPT, Preference(), NOW, tries=9)

    assert [request.model for request in made["cerebras"].requests] == names


def test_complete_tells_the_terms_of_every_call() -> None:
    told: list[str] = []
    llm, _ = scripted_llm({"groq": [ProviderServerError("500", status=500), "fine"]})

    llm.complete(PROMPT, Preference(), Terms(sending=lambda permit: told.append(permit.target.model.id)))

    assert told == ["openai/gpt-oss-120b", "openai/gpt-oss-20b"]


# --- what is told of the house ---------------------------------------------------------------


def test_default_model_is_the_first_that_may_be_chosen_else_the_catalogues() -> None:
    llm, _ = scripted_llm({"groq": ["x"]})
    assert llm.default_model(GROQ) == "openai/gpt-oss-120b"

    llm.models.refresh(["groq"])  # lists nothing: the catalogue stands
    assert llm.default_model(GROQ) == "openai/gpt-oss-120b"
    llm.adopt(replace(llm.roster.state, models=[]))

    assert llm.default_model(GROQ) == GROQ.default_model


@pytest.mark.parametrize(("name", "is_guided"), [("local", True), ("groq", False)])
def test_small_model_is_said_to_need_guidance(name: str, is_guided: bool) -> None:
    llm, _ = scripted_llm({name: ["x"]})

    guided = llm.guided(Preference(name))

    assert (guided is not None) is is_guided
    assert guided is None or guided.provider.id == name


def test_status_lists_every_target_that_may_be_chosen_with_its_limits() -> None:
    llm, _ = scripted_llm({"groq": ["fine"], "cerebras": ["fine"]})
    llm.ask(PROMPT, Preference("cerebras"), NOW)

    rows = {row["target"]: row for row in llm.status()}

    assert {row["provider"] for row in rows.values()} == {"groq", "cerebras"}
    used = rows["cerebras/gpt-oss-120b"]
    assert (used["open"], used["reason"], used["opens_in_s"], used["at_a_time"]) == (True, None, 0.0, 64)
    assert used["minute"] == {
        "requests": 1,
        "requests_limit": 600,
        "tokens": 101,
        "tokens_limit": 48_000,
    }
    assert used["p50_s"] is not None
    assert rows["groq/openai/gpt-oss-120b"]["minute"]["requests"] == 0
    assert rows["groq/openai/gpt-oss-120b"]["p95_s"] is None


def test_status_of_a_refused_key_and_of_a_trial_under_way() -> None:
    clock = ManualClock()
    llm, _ = scripted_llm({"groq": [AuthenticationError("bad", status=401)], "cerebras": ["x"]}, clock)
    llm.ask(PROMPT, Preference("groq"), NOW)
    cerebras = llm.targets(Preference("cerebras"))[0]
    llm.router.record_failure(cerebras, RateLimitError("slow", retry_after_s=5))
    clock.advance(5)
    llm.router.begin(cerebras)

    rows = {row["target"]: row for row in llm.status()}

    refused, tried = rows["groq/openai/gpt-oss-120b"], rows[cerebras.name]
    assert (refused["open"], refused["reason"], refused["opens_in_s"]) == (False, "authentication", 295.0)
    assert (tried["open"], tried["reason"], tried["opens_in_s"]) == (False, "on trial", 1.0)


def test_minute_that_has_passed_is_not_told_any_more() -> None:
    clock = ManualClock()
    llm, _ = scripted_llm({"groq": ["fine"]}, clock)
    llm.ask(PROMPT, Preference(), NOW)

    clock.advance(61)

    row = llm.status()[0]
    assert (row["minute"]["requests"], row["day"]["requests"]) == (0, 1)


@pytest.mark.parametrize("name", ["groq", "cerebras", AUTO])
def test_one_worker_is_of_use_at_least(name: str) -> None:
    llm, _ = scripted_llm({"groq": ["x"], "cerebras": ["x"]})
    both = llm.useful_workers(Preference(AUTO))
    assert both == llm.useful_workers(Preference("groq")) + llm.useful_workers(Preference("cerebras"))

    llm.adopt(replace(llm.roster.state, credentials={}))

    assert llm.useful_workers(Preference(name)) == 1
