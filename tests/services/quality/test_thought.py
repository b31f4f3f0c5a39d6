"""What a sample reasons, and what its model thought, are told apart."""

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contract.answers.base import StoredSample
from models.fields import LARGEST
from models.samples.thinking_source import ThinkingSource, thinking_source_in
from models.schemas import COLUMNS
from services.quality.thought import thought_of
from tests.fakes import CHECKER, SAMPLE

STEPS = """Step 1: Carlill v Carbolic Smoke Ball Co [1893] 1 QB 256 shows an offer to the world.
Step 2: The display is none: Fisher v Bell [1961] 1 QB 394.
Step 3: So there was no offer."""


def stored(**fields: object) -> StoredSample:
    return cast("StoredSample", {**dict.fromkeys(COLUMNS), **SAMPLE, **fields})


def test_steps_of_a_sample_have_their_authorities_and_no_time() -> None:
    told = thought_of(stored(reasoning=STEPS, answer="See Theft Act 1968, s 1.", case_citation=""), CHECKER)

    chain = told["chain_of_thought"]
    assert [(step["step"], step["description"][:9], step["duration_ms"]) for step in chain["steps"]] == [
        (1, "Carlill v", None),
        (2, "The displ", None),
        (3, "So there ", None),
    ]
    assert [[one["normalized"] for one in step["authorities"]] for step in chain["steps"]] == [
        ["[1893] 1 QB 256"],
        ["[1961] 1 QB 394"],
        [],
    ]
    assert (len(chain["uncovered"]), chain["source"]) == (1, "sample")
    assert (chain["reasoning_tokens"], chain["total_thinking_time_ms"], told["provider_trace"]) == (None, None, None)


def test_authority_that_a_step_names_is_covered() -> None:
    told = thought_of(stored(reasoning=STEPS, answer="x", case_citation="Fisher v Bell [1961] 1 QB 394"), CHECKER)

    assert told["chain_of_thought"]["uncovered"] == []


def test_reasoning_without_steps_is_one_step() -> None:
    (step,) = thought_of(stored(reasoning=" It follows. "), CHECKER)["chain_of_thought"]["steps"]

    assert (step["step"], step["description"]) == (1, "It follows.")
    assert thought_of(stored(reasoning=""), CHECKER)["chain_of_thought"]["steps"] == []


@pytest.mark.parametrize(
    ("column", "provider", "tokens", "duration_ms"),
    [
        pytest.param(ThinkingSource("groq", "m-1", 40, 1200).to_json(), "groq", 40, 1200, id="all-known"),
        pytest.param(ThinkingSource("anthropic", "m-1").to_json(), "anthropic", None, None, id="vendor-does-not-count"),
        pytest.param(None, "xai", None, None, id="of-an-earlier-version"),
        pytest.param("[not ours", "xai", None, None, id="of-others"),
    ],
)
def test_trace_of_the_provider_says_whose_it_is(
    column: str | None, provider: str, tokens: int | None, duration_ms: int | None
) -> None:
    sample = stored(thinking="I weigh.", thinking_source=column, provider="xai", model="m-1", reasoning=STEPS)

    told = thought_of(sample, CHECKER)

    assert told["provider_trace"] == {
        "text": "I weigh.",
        "provider": provider,
        "model": "m-1",
        "reasoning_tokens": tokens,
        "duration_ms": duration_ms,
    }
    assert told["chain_of_thought"]["total_thinking_time_ms"] == duration_ms
    assert "I weigh." not in str(told["chain_of_thought"])


_COUNTS = st.none() | st.integers(0, LARGEST)


@given(st.text(), st.text(), _COUNTS, _COUNTS)
def test_source_that_is_written_is_read_again(
    provider: str, model: str, tokens: int | None, duration_ms: int | None
) -> None:
    source = ThinkingSource(provider, model, tokens, duration_ms)

    assert thinking_source_in(source.to_json()) == source


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["provider", "model", "reasoning_tokens"]), inner),
    max_leaves=6,
)


@given(st.one_of(st.text(), _JSON.map(json.dumps), _JSON))
def test_column_of_others_is_read_without_an_error(column: object) -> None:
    found = thinking_source_in(column)

    assert found is None or isinstance(found.provider, str)
