"""Conversations: what becomes the question, what the answer, and what would be lost."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.samples.conversation import read_conversation


def turns(*spoken: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": text} for role, text in spoken]


SYSTEM, ASKED, SAID = ("system", "Be brief."), ("user", "q"), ("assistant", "a")


@pytest.mark.parametrize(
    ("given", "question", "answer", "is_whole"),
    [
        pytest.param(turns(ASKED, SAID), "q", "a", True, id="one-exchange"),
        pytest.param(turns(SYSTEM, ASKED, SAID), "q", "a", True, id="with-system"),
        pytest.param([{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "q", "a", True, id="sharegpt"),
        pytest.param(turns(ASKED, ("user", "and?"), SAID), "q\n\nand?", "a", False, id="asked-twice"),
        pytest.param(
            turns(ASKED, SAID, ("user", "why?"), ("assistant", "so")),
            "User: q\n\nAssistant: a\n\nUser: why?", "so", False, id="two-exchanges",
        ),
        pytest.param(turns(ASKED, SAID, ("user", "thanks")), "q", "a", False, id="last-word-of-the-user"),
        pytest.param(turns(ASKED), "q", "", False, id="no-answer"),
        pytest.param(turns(SAID), "", "a", False, id="no-question"),
        pytest.param(
            [{"role": "user", "content": [{"type": "text", "text": "q"}]}, {"role": "assistant", "content": "a"}],
            "q", "a", False, id="parts",
        ),
        pytest.param(
            [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "weight": 0}],
            "q", "a", False, id="other-keys",
        ),
    ],
)  # fmt: skip
def test_last_answer_is_learnt_with_what_it_answers(given: Any, question: str, answer: str, is_whole: bool) -> None:
    for form in (given, orjson.dumps(given).decode()):
        found = read_conversation(form)

        assert found is not None
        assert (found.question, found.answer, found.is_whole) == (question, answer, is_whole)


@pytest.mark.parametrize(
    "said",
    [
        {"role": "assistant", "content": "<think>\nfirst\n</think>\n\na"},
        {"role": "assistant", "content": "a", "reasoning_content": "first"},
        {"role": "assistant", "content": "a", "thinking": "first"},
    ],
)
def test_thought_becomes_the_reasoning(said: dict[str, str]) -> None:
    found = read_conversation([{"role": "user", "content": "q"}, said])

    assert found is not None
    assert (found.answer, found.reasoning) == ("a", "first")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["role", "content", "from", "value"]), inner),
    )
)
def test_anything_is_a_conversation_or_none(value: object) -> None:
    found = read_conversation(value)

    assert found is None or isinstance(found.question, str)
