"""The calls of one question: who is left out, who is avoided, when it ends, and what is told."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain import CallUsage
from services.catalogue.catalogue import ModelInfo
from services.llm.adapters.base import Completion
from services.llm.attempts import Attempts
from services.llm.caller import Outcome, Terms
from services.llm.limits.gate import Need, Permit
from services.llm.limits.windows import Entry
from services.llm.routing.router import Target
from services.llm_service import Preference, Prompt
from tests.fakes import provider_info, scripted_llm
from utils.errors import (
    AnswerFormatError,
    AuthenticationError,
    BadRequestError,
    BudgetSpentError,
    CancelledError,
    GenerationError,
    ModelUnavailableError,
    NoTargetError,
    ProviderServerError,
    ProviderTimeoutError,
    QualityError,
    RateLimitError,
    StorageError,
)

A, B = (Target(provider_info("groq"), ModelInfo(provider="groq", id=name, context_window=1000)) for name in "ab")
ANSWER = Completion("fine", "", "a", 10, 5, "stop", {})


def outcome(error: GenerationError | None = None, target: Target = A, tokens: int = 10) -> Outcome:
    usage = CallUsage("groq", target.model.id, tokens, failed=error is not None)
    return Outcome(target, usage, 1.0, None if error else ANSWER, error)


def permit(target: Target = A, detour: str = "") -> Permit:
    return Permit(target, Need(10, 5, 5, None), Entry(0.0, 10), (), detour, 0.0, "")


class Question:
    """Runs attempts over *steps*: each an outcome, or what asking raises."""

    def __init__(self, attempts: Attempts, steps: Sequence[Outcome | Exception]) -> None:
        self.attempts = attempts
        self.steps = list(steps)
        self.seen: list[Outcome] = []
        self.left_out: list[tuple[list[str], list[str]]] = []
        self.terms = attempts.on(Terms())

    def call(self) -> Outcome:
        self.left_out.append((list(self.attempts.excluded), list(self.attempts.avoided)))
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        self.terms.sending(permit(step.target))
        return step

    def run(self, must_stop: Callable[[], bool] = lambda: False) -> Outcome:
        return self.attempts.run(self.call, self.seen.append, must_stop)


def test_first_answer_ends_it() -> None:
    asked = Question(Attempts(3), [outcome(), outcome()])

    assert asked.run().answer() is ANSWER
    assert len(asked.steps) == 1
    assert asked.attempts.chain == ["groq/a: answered"]
    assert (asked.attempts.failures, asked.attempts.excluded, asked.attempts.avoided) == ([], [], [])


PASSING = [
    pytest.param(RateLimitError("x"), id="rate-limit"),
    pytest.param(ProviderServerError("x"), id="server"),
    pytest.param(ProviderTimeoutError("x"), id="timeout"),
]
LASTING = [
    pytest.param(ModelUnavailableError("x"), id="model-gone"),
    pytest.param(AuthenticationError("x"), id="key"),
    pytest.param(BadRequestError("x"), id="bad-request"),
]


@pytest.mark.parametrize("error", PASSING)
def test_target_whose_failure_may_pass_is_avoided_and_not_excluded(error: GenerationError) -> None:
    asked = Question(Attempts(3), [outcome(error), outcome(target=B)])

    asked.run()

    assert asked.left_out == [([], []), ([], ["groq/a"])]
    assert asked.attempts.chain == [f"groq/a: {error.category}", "groq/b: answered"]


@pytest.mark.parametrize("error", LASTING)
def test_target_whose_failure_lasts_is_excluded(error: GenerationError) -> None:
    asked = Question(Attempts(3), [outcome(error), outcome(target=B)])

    asked.run()

    assert asked.left_out[1] == (["groq/a"], [])


def test_answer_that_could_not_be_read_leaves_its_target_in() -> None:
    asked = Question(Attempts(3), [outcome(AnswerFormatError("no JSON")), outcome()])

    asked.run()

    assert asked.left_out[1] == ([], [])
    assert asked.attempts.chain == ["groq/a: json_error", "groq/a: answered"]


@pytest.mark.parametrize("error", [*PASSING, *LASTING, pytest.param(AnswerFormatError("no JSON"), id="unreadable")])
def test_without_a_second_chance_every_failure_excludes(error: GenerationError) -> None:
    asked = Question(Attempts(3, again=False), [outcome(error), outcome(target=B)])

    asked.run()

    assert asked.left_out[1] == (["groq/a"], [])


@pytest.mark.parametrize("most", [1, 2, 5])
def test_question_takes_no_more_calls_than_it_may_and_ends_with_the_last_failure(most: int) -> None:
    errors = [ProviderServerError(f"fault {number}") for number in range(10)]
    asked = Question(Attempts(most), [outcome(error) for error in errors])

    with pytest.raises(ProviderServerError, match=f"^fault {most - 1}$"):
        asked.run()

    assert asked.attempts.calls == most
    assert asked.attempts.are_spent
    assert asked.attempts.failures == errors[:most]
    assert len(asked.attempts.chain) == most


def test_calls_of_earlier_drafts_count() -> None:
    attempts = Attempts(2)
    Question(attempts, [outcome()]).run()
    assert not attempts.are_spent

    with pytest.raises(ProviderServerError):
        Question(attempts, [outcome(ProviderServerError("x")), outcome()]).run()

    assert attempts.calls == 2


def test_nobody_goes_on_where_the_caller_has_taken_what_came() -> None:
    asked = Question(Attempts(3), [outcome(ProviderServerError("broke off")), outcome()])

    with pytest.raises(ProviderServerError, match="broke off"):
        asked.run(must_stop=lambda: True)

    assert asked.attempts.calls == 1


def test_every_outcome_is_told_before_the_next_call_the_last_one_too() -> None:
    steps = [outcome(ProviderServerError("x")), outcome(RateLimitError("x"), B), outcome(BadRequestError("x"))]
    asked = Question(Attempts(3), steps)

    with pytest.raises(BadRequestError):
        asked.run()

    assert asked.seen == steps


def test_failure_to_record_an_outcome_ends_it() -> None:
    asked = Question(Attempts(3), [outcome(), outcome()])

    def refuse(_: Outcome) -> None:
        raise StorageError("disk full")

    with pytest.raises(StorageError):
        asked.attempts.run(asked.call, refuse)

    assert len(asked.steps) == 1


def test_tokens_of_every_answer_count_refused_ones_too() -> None:
    asked = Question(Attempts(3), [outcome(AnswerFormatError("x"), tokens=70), outcome(tokens=30)])

    asked.run()

    assert asked.attempts.tokens == 100


# --- nobody is open --------------------------------------------------------------------------

NOBODY = NoTargetError("no provider is open", 30.0)


@pytest.mark.parametrize(
    ("again", "before", "says"),
    [
        pytest.param(True, None, "no provider is open", id="nothing-was-tried"),
        pytest.param(False, None, "no provider is open", id="nothing-was-tried-and-no-second-chance"),
        pytest.param(True, RateLimitError("slow down"), "slow down", id="the-call-that-failed-says-more"),
        pytest.param(
            True, AnswerFormatError("no JSON"), "no provider is open", id="an-unreadable-answer-does-not-say-why"
        ),
        pytest.param(True, QualityError("too short"), "no provider is open", id="nor-does-a-refused-one"),
        pytest.param(
            False, AnswerFormatError("no JSON"), "no JSON", id="where-all-were-tried-once-it-is-what-came-of-it"
        ),
        pytest.param(False, BadRequestError("bad field"), "bad field", id="last-failure"),
    ],
)
def test_when_nobody_is_open_it_is_said_why(again: bool, before: GenerationError | None, says: str) -> None:
    attempts = Attempts(5, again)
    if before is not None:
        attempts.failures.append(before)

    with pytest.raises(GenerationError, match=f"^{says}$") as caught:
        Question(attempts, [NOBODY]).run()

    assert caught.value.__cause__ is NOBODY
    assert attempts.calls == 0


def test_last_of_several_failures_says_why() -> None:
    steps: list[Outcome | Exception] = [
        outcome(RateLimitError("first")),
        outcome(ModelUnavailableError("second"), B),
        NOBODY,
    ]

    with pytest.raises(ModelUnavailableError, match="second"):
        Question(Attempts(5), steps).run()


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(BudgetSpentError("spent"), id="budget"),
        pytest.param(CancelledError("stopped"), id="stopped"),
        pytest.param(StorageError("disk full"), id="cannot-be-noted"),
    ],
)
def test_what_no_other_target_can_mend_ends_it_at_once(error: Exception) -> None:
    asked = Question(Attempts(5), [outcome(ProviderServerError("x")), error, outcome()])

    with pytest.raises(type(error)) as caught:
        asked.run()

    assert caught.value is error
    assert len(asked.steps) == 1


# --- counting --------------------------------------------------------------------------------


def test_call_is_counted_before_anybody_else_hears_of_it() -> None:
    attempts = Attempts(3)
    heard: list[tuple[int, Target | None, str]] = []
    own = attempts.on(Terms(sending=lambda _: heard.append((attempts.calls, attempts.target, attempts.detour))))

    own.sending(permit(A))
    own.sending(permit(B, "rate_limit"))

    assert heard == [(1, A, ""), (2, B, "rate_limit")]


def test_call_that_could_not_be_noted_counts_all_the_same() -> None:
    attempts = Attempts(1)

    def refuse(_: Permit) -> None:
        raise StorageError("disk full")

    with pytest.raises(StorageError):
        attempts.on(Terms(sending=refuse)).sending(permit())

    assert attempts.are_spent


def test_other_terms_stay_as_they_are() -> None:
    terms = Terms("flow", max_wait_s=7.0)

    own = Attempts(1).on(terms)

    assert (own.flow, own.max_wait_s, own.calling, own.waiting, own.cut_off) == (
        "flow",
        7.0,
        terms.calling,
        terms.waiting,
        terms.cut_off,
    )


ERRORS = [None, RateLimitError("r"), BadRequestError("b"), AnswerFormatError("j"), ModelUnavailableError("m")]


@given(
    st.lists(st.tuples(st.sampled_from([A, B]), st.sampled_from(ERRORS)), min_size=8, max_size=8),
    st.integers(1, 8),
    st.booleans(),
)
def test_chain_tells_every_call_and_failures_every_one_that_failed(
    history: list[tuple[Target, GenerationError | None]], most: int, again: bool
) -> None:
    asked = Question(Attempts(most, again), [outcome(error, target) for target, error in history])
    tried = asked.attempts
    answered = any(error is None for _, error in history[:most])
    if answered:
        asked.run()
    else:
        with pytest.raises(GenerationError) as caught:
            asked.run()
        assert caught.value is tried.failures[-1]

    assert tried.calls == len(tried.chain) == len(asked.seen) <= most
    assert len(tried.failures) == tried.calls - answered
    assert answered or tried.are_spent
    assert tried.tokens == 10 * tried.calls
    assert again or not tried.avoided


def test_request_that_was_only_adapted_takes_no_try() -> None:
    refused = BadRequestError("Unknown parameter: 'seed'")
    refused.parameters = ("seed",)
    longer = BadRequestError("max_tokens is too large")
    longer.most_tokens = 50
    llm, made = scripted_llm({"groq": [refused, longer, "fine"]})
    prompt = Prompt(({"role": "user", "content": "x"},), max_tokens=100, seed=1)

    answer = llm.complete(prompt, Preference("groq"), Terms(max_wait_s=0.0), tries=1)

    assert answer.text == "fine"
    assert [(row.left_out, row.max_tokens) for row in made["groq"].requests] == [
        (frozenset(), 100),
        (frozenset({"seed"}), 100),
        (frozenset({"seed"}), 50),
    ]
    assert llm.accepted.of("groq/openai/gpt-oss-120b").left_out == {"seed"}
