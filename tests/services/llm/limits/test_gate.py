"""The gate: who is let through, in which order, and how those who wait are woken."""

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.catalogue import ModelInfo, ProviderInfo
from services.llm.limits.budget import Budget, Room
from services.llm.limits.concurrency import ConcurrencyLimit
from services.llm.limits.gate import Ask, Gate, Need, Permit
from services.llm.limits.rate_limiter import RateLimiter
from services.llm.limits.windows import MINUTE_S
from services.llm.routing.router import Router, Target
from tests.fakes import provider_info
from tests.patience import PATIENCE_S
from utils.cancellation import CancelToken
from utils.clock import ManualClock, SystemClock
from utils.errors import (
    AuthenticationError,
    BadRequestError,
    BudgetSpentError,
    CancelledError,
    GenerationError,
    NoTargetError,
    ProviderConnectionError,
    RateLimitError,
    TargetsChangedError,
)


def target(provider: ProviderInfo, model: str) -> Target:
    return Target(provider, ModelInfo(provider=provider.id, id=model, context_window=1000))


A, B = target(provider_info("groq"), "a"), target(provider_info("groq"), "b")
C = target(provider_info("cerebras"), "c")


def unpaced(calls: int, tokens: int, at_once: int = 64) -> RateLimiter:
    """Return a limiter whose minute alone holds calls up, so that several may leave at one moment."""
    made = RateLimiter(ConcurrencyLimit(at_once))
    made.minute.calls_limit, made.minute.tokens_limit = calls, tokens
    made.calls.rate = math.inf
    return made


class World:
    """A gate with a limiter for each target, and a clock that moves when told."""

    def __init__(self, calls: int = 1000, tokens: int = 1_000_000, at_once: int = 1000) -> None:
        self.clock = ManualClock()
        self.router = Router(self.clock)
        self.limiters = {each.name: unpaced(calls, tokens, at_once) for each in (A, B, C)}
        self.gate = Gate(self.router, lambda each: self.limiters[each.name], self.clock)

    def ask(self, *groups: list[Target], flow: str = "f", tokens: int = 10, **fields: object) -> Ask:
        return Ask(flow, groups or ([A],), lambda _: Need(tokens, 0, tokens, 0.01), **fields)  # type: ignore[arg-type]  # fields of Ask

    def enter(self, *groups: list[Target], **fields: object) -> Permit:
        permit = self.gate.enter(self.ask(*groups, **fields), CancelToken())  # type: ignore[arg-type]  # as above
        self.gate.sent(permit)
        return permit

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.gate.change(lambda _: None)


class Caller(threading.Thread):
    """Somebody who waits; keeps the permit or the error."""

    def __init__(self, world: World, ask: Ask, done: Callable[["Caller"], None] = lambda _: None) -> None:
        super().__init__(daemon=True)
        self.world, self.ask_, self.cancel, self.done = world, ask, CancelToken(), done
        self.permit: Permit | None = None
        self.error: GenerationError | None = None

    def run(self) -> None:
        try:
            self.permit = self.world.gate.enter(self.ask_, self.cancel)
            self.world.gate.sent(self.permit)
        except GenerationError as error:
            self.error = error
        self.done(self)


@contextmanager
def waiting(world: World, *asks: Ask, done: Callable[[Caller], None] = lambda _: None) -> Iterator[list[Caller]]:
    """Let callers line up one after the other."""
    callers = []
    for ask in asks:
        before = len(world.gate._waiters)
        caller = Caller(world, ask, done)
        caller.start()
        while len(world.gate._waiters) == before and caller.is_alive():
            pass
        callers.append(caller)
    yield callers
    for caller in callers:
        caller.cancel.cancel()
        caller.join(PATIENCE_S)


def test_first_open_target_of_each_group_takes_part_and_the_emptier_one_serves() -> None:
    world = World(at_once=10)

    first = world.enter([A, B], [C])
    second = world.enter([A, B], [C])

    assert [first.target, second.target] == [A, C]
    world.router.record_failure(A, RateLimitError("x", retry_after_s=60))
    third = world.enter([A, B])
    assert (third.target, third.detour) == (B, "rate_limit")


def test_weights_share_the_load() -> None:
    world = World(calls=10**6, at_once=10**6)
    served = Counter(
        world.enter([A], [C], weights={"groq": 3.0, "cerebras": 1.0}).target.provider.id for _ in range(400)
    )

    assert served["groq"] == pytest.approx(300, abs=3)


def test_who_waits_takes_whichever_target_opens_first() -> None:
    world = World(calls=1)
    world.enter([A])
    world.enter([C])
    with waiting(world, world.ask([A], [C])) as (caller,):
        assert world.gate.waiting("f")[:2] == (1, "limit")
        world.clock.advance(3)
        world.limiters[C.name].minute.calls_limit = 2
        world.gate.change(lambda _: None)
        caller.join(PATIENCE_S)

    assert caller.permit
    assert (caller.permit.target, caller.permit.cause, caller.permit.waited_s) == (C, "limit", 3)


def test_flows_take_turns_however_many_of_each_wait() -> None:
    world = World(calls=1)
    world.enter([A])
    order: list[str] = []
    asks = [world.ask(flow="big") for _ in range(6)] + [world.ask(flow="small") for _ in range(2)]
    with waiting(world, *asks, done=lambda caller: order.append(caller.ask_.flow)):
        for served in range(1, 9):
            world.advance(MINUTE_S)
            while len(order) < served:
                pass

    assert order == ["big", "small", "big", "small", "big", "big", "big", "big"]


def test_large_call_is_not_overtaken_at_its_target_but_others_use_what_it_does_not_want() -> None:
    world = World(tokens=100)
    held = world.enter([A], tokens=60)
    with waiting(world, world.ask([A], tokens=80)) as (large,):
        with waiting(world, world.ask([A], tokens=10)) as (small,):
            assert world.enter([A], [C], tokens=10).target is C
            assert (large.permit, small.permit) == (None, None)
            world.gate.settle(held, 10, 10, 0.0)
            large.join(PATIENCE_S)
            small.join(PATIENCE_S)
            assert small.permit
        assert large.permit


def test_place_that_comes_free_wakes_the_first_in_line() -> None:
    world = World(at_once=1)
    held = world.enter()
    with waiting(world, world.ask(), world.ask()) as (first, second):
        assert world.gate.waiting("f") == (2, "concurrency", None)
        world.gate.settle(held, 10, 10, None)
        first.join(PATIENCE_S)

        assert first.permit
        assert second.is_alive()


def test_cancelled_waiter_leaves_at_once_and_the_next_one_leads() -> None:
    world = World(calls=1)
    world.enter()
    with waiting(world, world.ask(), world.ask()) as (first, second):
        first.cancel.cancel()
        first.join(PATIENCE_S)
        world.advance(MINUTE_S)
        second.join(PATIENCE_S)

    assert isinstance(first.error, CancelledError)
    assert not first.error.in_flight
    assert second.permit


def test_first_in_line_wakes_by_itself_when_its_window_opens() -> None:
    world = World(calls=1)
    limiter = world.limiters[A.name]
    limiter.minute.span_s = 0.05
    permit = world.enter()
    world.gate._clock = SystemClock()  # the one test whose point is that time passes
    limiter.minute.move(permit.entry, world.gate._clock.monotonic())

    assert world.enter().waited_s > 0


def test_closed_targets_are_waited_for_as_long_as_the_ask_allows() -> None:
    world = World()
    world.router.record_failure(A, RateLimitError("x", retry_after_s=30))
    with pytest.raises(NoTargetError, match=r"groq/a: rate_limit") as soon:
        world.enter([A], max_wait_s=20.0)
    with waiting(world, world.ask([A], max_wait_s=40.0)) as (patient,):
        assert world.gate.waiting("f") == (1, "closed", 30.0)
        world.advance(30)
        patient.join(PATIENCE_S)

    assert soon.value.retry_in_s == 30
    assert patient.permit


def test_closed_target_gets_one_trial_at_a_time() -> None:
    world = World()
    world.router.record_failure(A, ProviderConnectionError("refused"))
    world.advance(5.1)
    with waiting(world, world.ask(), world.ask()) as (first, second):
        first.join(PATIENCE_S)
        assert first.permit
        assert second.permit is None
        world.router.record_success(A)
        world.gate.change(lambda _: None)
        second.join(PATIENCE_S)
        assert second.permit


def test_request_that_fits_no_minute_is_refused() -> None:
    with pytest.raises(BadRequestError, match="larger than a minute"):
        World(tokens=100).enter(tokens=101)


def test_budget_makes_calls_wait_for_each_other_and_then_refuses() -> None:
    world = World()
    budget = Budget("budget of the batch", max_tokens=100)
    held = world.enter(tokens=60, budgets=(budget,))
    with waiting(world, world.ask(tokens=60, budgets=(budget,))) as (next_one,):
        assert world.gate.waiting("f")[1] == "budget"
        world.gate.settle(held, 60, 60, 0.1)
        next_one.join(PATIENCE_S)

    assert isinstance(next_one.error, BudgetSpentError)
    assert (budget.tokens, budget.cost_usd) == (60, 0.1)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 60), st.floats(0, 20), st.integers(0, 60)), max_size=60)
)
def test_whoever_is_let_through_keeps_every_limit(calls: list[tuple[str, int, float, int]]) -> None:
    world = World(calls=5, tokens=100)
    log: list[tuple[float, Permit]] = []
    for flow, tokens, pause, used in calls:
        world.advance(pause)
        while True:
            ask = world.ask([A], [C], flow=flow, tokens=tokens, max_wait_s=0.0)
            waits = [world.limiters[each.name].wait_s(tokens, world.clock.monotonic()) for each in (A, C)]
            if min(waits) == 0.0:
                break
            world.advance(min(wait for wait in waits if not math.isinf(wait)) + 0.001)
        permit = world.gate.enter(ask, CancelToken())
        world.gate.sent(permit)
        log.append((world.clock.monotonic(), permit))
        world.gate.settle(permit, min(used, tokens), min(used, tokens), 0.0)

    for each in (A, C):
        mine = [(at, permit) for at, permit in log if permit.target is each]
        for start, _ in mine:
            minute = [permit for at, permit in mine if start <= at < start + 60]
            assert len(minute) <= 5
            assert sum(permit.entry.tokens for permit in minute) <= 100


def test_flow_that_ended_is_forgotten() -> None:
    world = World()
    world.enter(flow="gone")

    world.gate.forget("gone")

    assert world.gate._tags == {}
    assert world.gate.waiting("gone") == (0, "", None)


def test_target_to_avoid_serves_only_while_no_other_is_free() -> None:
    world = World(calls=1)

    first = world.enter([A], [C], avoid=frozenset({C.name}))
    second = world.enter([A], [C], avoid=frozenset({C.name}))

    assert [first.target, second.target] == [A, C]
    world.router.record_failure(B, RateLimitError("x", retry_after_s=600))
    with waiting(world, world.ask([B, A], avoid=frozenset({A.name}))) as (caller,):
        world.advance(MINUTE_S)
        caller.join(PATIENCE_S)
    assert caller.permit
    assert caller.permit.target is A


# --- what a place takes, and what comes back -------------------------------------------------


def test_place_takes_of_limits_and_budgets_what_the_call_may_need_and_gives_back_what_it_did_not() -> None:
    world = World()
    budget = Budget("b", max_tokens=100, max_cost_usd=1.0)
    permit = world.enter(tokens=60, budgets=(budget,))
    limiter = world.limiters[A.name]
    assert (limiter.minute.tokens, limiter.in_flight, budget.room(41, 0.0).value) == (60, 1, "wait")

    world.gate.settle(permit, 20, 25, 0.005)

    assert (limiter.minute.tokens, limiter.in_flight) == (20, 0)
    assert (budget.tokens, budget.cost_usd) == (25, 0.005)


def test_place_that_was_never_used_leaves_nothing_behind() -> None:
    world = World()
    permit = world.gate.enter(world.ask(tokens=60), CancelToken())

    world.gate.settle(permit, 0, 0, None)

    limiter = world.limiters[A.name]
    assert (limiter.minute.calls, limiter.minute.tokens, limiter.in_flight) == (0, 0, 0)


@pytest.mark.parametrize("spent", [0, 1])
def test_spent_budget_refuses_at_once_whichever_of_several_it_is(spent: int) -> None:
    budgets = [Budget("first", max_tokens=100), Budget("second", max_tokens=100)]
    budgets[spent].tokens = 95
    world = World()

    with pytest.raises(BudgetSpentError, match=rf"^{budgets[spent].name} reached: 95 of 100 tokens"):
        world.enter(tokens=10, budgets=tuple(budgets))

    assert world.limiters[A.name].in_flight == 0
    assert all(budget.room(5, None) is Room.YES for budget in budgets)  # nothing was set aside


def test_caller_that_is_stopped_already_does_not_line_up() -> None:
    world, stopped = World(), CancelToken()
    stopped.cancel()

    with pytest.raises(CancelledError, match="before waiting"):
        world.gate.enter(world.ask(), stopped)

    assert world.gate.waiting("f") == (0, "", None)
    assert world.limiters[A.name].in_flight == 0


def test_whoever_waits_is_sent_back_to_choose_anew_when_providers_change() -> None:
    world = World(calls=1)
    world.enter()
    with waiting(world, world.ask(), world.ask(flow="other")) as callers:
        world.gate.recall()
        for caller in callers:
            caller.join(PATIENCE_S)

        assert [type(caller.error) for caller in callers] == [TargetsChangedError, TargetsChangedError]
    assert world.gate.waiting("f") == (0, "", None)


# --- detours ---------------------------------------------------------------------------------


def test_first_choice_is_no_detour() -> None:
    assert World().enter([A, B]).detour == ""


def test_spent_day_leads_to_the_next_choice_and_says_so() -> None:
    world = World()
    world.limiters[A.name].day.hold_until = 3600.0

    permit = world.enter([A, B])

    assert (permit.target, permit.detour) == (B, "quota")


@pytest.mark.parametrize(
    ("hold_s", "served"), [pytest.param(74.0, A, id="short-wait"), pytest.param(76.0, B, id="spent-quota")]
)
def test_short_wait_for_a_window_is_waited_and_a_long_one_is_a_spent_quota(hold_s: float, served: Target) -> None:
    world = World()
    world.limiters[A.name].day.hold_until = hold_s

    with waiting(world, world.ask([A, B])) as (caller,):
        world.advance(hold_s)
        caller.join(PATIENCE_S)

    assert caller.permit
    assert caller.permit.target is served


def test_target_that_is_too_small_for_the_call_is_passed_over() -> None:
    world = World()
    world.limiters[A.name].minute.tokens_limit = 50

    permit = world.enter([A, B], tokens=60)

    assert (permit.target, permit.detour) == (B, "quota")


def test_call_too_large_for_one_and_closed_at_the_other_waits_for_the_other() -> None:
    world = World()
    world.limiters[A.name].minute.tokens_limit = 50
    world.router.record_failure(B, RateLimitError("x", retry_after_s=30))
    with waiting(world, world.ask([A, B], tokens=60)) as (caller,):
        assert world.gate.waiting("f") == (1, "closed", 30.0)
        world.advance(30)
        caller.join(PATIENCE_S)

    assert caller.permit
    assert caller.permit.target is B


def test_nobody_open_names_the_first_reasons_once_each() -> None:
    world = World()
    for each in (A, B, C):
        world.router.record_failure(each, AuthenticationError("refused"))

    with pytest.raises(NoTargetError) as caught:
        world.enter([A, B], [C, A])

    assert str(caught.value) == (
        "no provider is open for this request"
        " (groq/a: authentication; groq/b: authentication; cerebras/c: authentication)"
    )
    assert caught.value.retry_in_s is None


def test_without_any_target_nobody_is_open() -> None:
    with pytest.raises(NoTargetError, match=r"^no provider is open for this request$"):
        World().enter([])


@pytest.mark.parametrize(
    ("avoid", "served"),
    [
        pytest.param({A.name}, B, id="next-of-the-group"),
        pytest.param({A.name, B.name}, C, id="other-group"),
        pytest.param({A.name, B.name, C.name}, A, id="nobody-else-is-free"),
        pytest.param({C.name}, A, id="not-concerned"),
    ],
)
def test_avoided_target_serves_only_where_no_other_is_free(avoid: set[str], served: Target) -> None:
    assert World().enter([A, B], [C], avoid=frozenset(avoid)).target is served


def test_provider_of_more_weight_in_the_catalogue_gets_more() -> None:
    heavy = target(provider_info("groq").model_copy(update={"weight": 4.0}), "a")
    world = World(calls=10**6, at_once=10**6)

    served = Counter(world.enter([heavy], [C]).target.provider.id for _ in range(100))

    assert served["groq"] == pytest.approx(80, abs=2)


@given(
    st.lists(
        st.tuples(st.integers(1, 50), st.floats(0.0, 1.0), st.integers(0, 3)),
        max_size=40,
    )
)
def test_no_order_of_calls_and_answers_takes_a_budget_beyond_its_limit(calls: list[tuple[int, float, int]]) -> None:
    world = World()
    budget = Budget("b", max_tokens=200, max_cost_usd=0.05)  # each call may cost 0.01
    under_way: list[tuple[Permit, float]] = []
    for tokens, share, keep in calls:
        if budget.room(tokens, 0.01) is not Room.WAIT:
            try:
                under_way.append((world.enter(tokens=tokens, budgets=(budget,)), share))
            except BudgetSpentError:
                assert budget.tokens + tokens > 200 or budget.cost_usd + 0.01 > 0.05
        while len(under_way) > keep:
            permit, used = under_way.pop(0)
            world.gate.settle(permit, 0, int(permit.need.tokens * used), 0.01 * used)

    assert budget.tokens <= 200
    assert budget.cost_usd <= 0.05 + 1e-9


# --- answers that fit what is left, and patience ---------------------------------------------


def test_shorter_answer_is_asked_for_where_the_minute_has_no_more_left_and_it_is_enough() -> None:
    world = World(tokens=5_500)
    world.gate.settle(world.enter(tokens=2_550), 2_550, 2_550, 0.0)
    need = Need(4_000, 500, 3_500, 0.01, least_tokens=2_000)

    permit = world.gate.enter(Ask("f", [[A]], lambda _: need), CancelToken())

    assert (permit.need.tokens, permit.need.max_tokens) == (2_950, 2_450)


def test_shorter_answer_that_would_not_be_enough_is_not_asked_for() -> None:
    assert Need(4_000, 500, 3_500, None, least_tokens=2_000).within(2_499).tokens == 4_000
    assert Need(4_000, 500, 3_500, None, least_tokens=2_000).within(2_500).max_tokens == 2_000
    assert Need(4_000, 500, 3_500, None).within(2_500).tokens == 4_000


@pytest.mark.parametrize(
    ("patience_s", "served"), [pytest.param(3.0, B, id="impatient"), pytest.param(75.0, A, id="patient")]
)
def test_who_is_impatient_takes_the_next_of_its_group_rather_than_wait_for_a_limit(
    patience_s: float, served: Target
) -> None:
    world = World(calls=1)
    world.enter([A])

    with waiting(world, world.ask([A, B], patience_s=patience_s)) as (caller,):
        world.advance(MINUTE_S)
        caller.join(PATIENCE_S)

    assert caller.permit
    assert caller.permit.target is served


def test_who_is_impatient_still_waits_where_nobody_else_has_room() -> None:
    world = World(calls=1)
    world.enter([A])

    with waiting(world, world.ask([A], patience_s=3.0)) as (caller,):
        assert world.gate.waiting("f")[:2] == (1, "limit")
        world.advance(MINUTE_S)
        caller.join(PATIENCE_S)

    assert caller.permit


def test_target_whose_vendor_refused_is_passed_over_until_somebody_may_look() -> None:
    world = World()
    permit = world.enter([A])
    world.gate.change(lambda now: world.limiters[A.name].refused(permit.entry, "requests", 30.0, now))
    world.gate.settle(permit, 0, 0, None)

    detour = world.enter([A, B])
    with pytest.raises(NoTargetError, match=r"groq/a: rate_limit") as nobody:
        world.enter([A], max_wait_s=10.0)

    assert (detour.target, detour.detour) == (B, "rate_limit")
    assert nobody.value.retry_in_s == 30
