"""What a model does not take is learnt once, and never asked for without end."""

from hypothesis import given
from hypothesis import strategies as st

from services.llm.routing.accepted import Accepted, AcceptedParameters
from utils.error_parameters import JSON_SCHEMA, PARAMETERS

REFUSABLE = sorted({*PARAMETERS, JSON_SCHEMA})
REFUSALS = st.lists(st.tuples(st.sets(st.sampled_from(REFUSABLE), max_size=3), st.none() | st.integers(1, 50)))


@given(REFUSALS)
def test_requests_to_one_model_are_adapted_a_bounded_number_of_times(
    refusals: list[tuple[set[str], int | None]],
) -> None:
    known = AcceptedParameters()
    adapted = 0
    for refused, most in refusals:
        sent = known.of("p/m")
        smaller = most if most is not None and (sent.most_tokens is None or most < sent.most_tokens) else None
        adapted += known.learn("p/m", sent, refused, smaller)

    assert adapted <= len(REFUSABLE) + 50


def test_what_another_call_has_learnt_already_is_worth_another_request() -> None:
    known = AcceptedParameters()
    sent = known.of("p/m")
    known.learn("p/m", sent, ["top_p"], None)

    assert known.learn("p/m", sent, ["top_p"], None)
    assert not known.learn("p/m", Accepted(frozenset({"top_p"})), ["top_p"], None)
    assert not known.learn("p/m", Accepted(frozenset({"top_p"})), ["messages"], None)


def test_models_of_a_changed_provider_are_asked_again() -> None:
    known = AcceptedParameters()
    known.learn("p/m", Accepted(), ["seed"], None)
    known.learn("q/m", Accepted(), ["seed"], None)

    known.forget("p")

    assert (known.of("p/m").left_out, known.of("q/m").left_out) == (frozenset(), frozenset({"seed"}))


def test_plain_json_is_asked_for_before_no_form_at_all() -> None:
    known = AcceptedParameters()
    with_schema = known.of("p/m")

    known.learn("p/m", with_schema, [JSON_SCHEMA], None)
    known.learn("p/m", with_schema, [JSON_SCHEMA], None)  # another call that was under way
    plain = known.of("p/m")
    known.learn("p/m", plain, [JSON_SCHEMA], None)

    assert plain.left_out == {JSON_SCHEMA}
    assert known.of("p/m").left_out == {JSON_SCHEMA, "response_format"}
