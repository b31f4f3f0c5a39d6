"""What a model wrote becomes a draft, or is refused with a reason."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.drafts.draft import Draft
from services.drafts.parser import parse_answer, split_thinking
from utils.errors import AnswerFormatError

FIELDS = {"question": "q", "answer": "a", "case_citation": "c", "reasoning": "r"}


PLAIN = json.dumps(FIELDS)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(f"Here it is:\n```json\n{PLAIN}\n```\nHope that helps!", id="fence"),
        pytest.param(f"```json\n{PLAIN}", id="unclosed-fence"),
        pytest.param(f"Sure! {PLAIN} Anything else?", id="prose-around"),
        pytest.param(f"<think>let me {{see}}</think>{PLAIN}", id="thinking"),
        pytest.param(f"<think>a</think><reasoning>b</reasoning>{PLAIN}", id="two-blocks"),
        pytest.param(f"so I thought</think>{PLAIN}", id="orphaned-end"),
        pytest.param(f"<think>never closed {PLAIN}", id="unclosed-thinking"),
        pytest.param(json.dumps({"sample": FIELDS}), id="wrapped"),
        pytest.param(json.dumps({"samples": [FIELDS]}), id="wrapped-list"),
        pytest.param(PLAIN[:-1] + ",}", id="trailing-comma"),
        pytest.param(PLAIN.replace('"a"', '"a\n\tb"'), id="raw-control-characters"),
        pytest.param(PLAIN.replace('"', "'"), id="single-quotes"),
        pytest.param(f"[{PLAIN}]", id="list"),
    ],
)
def test_sample_is_read_out_of(text: str) -> None:
    draft = parse_answer(text)

    assert draft.question == "q"
    assert draft.answer.startswith("a")
    assert draft.reasoning == "r"


@pytest.mark.parametrize(
    "text", ["", "   ", "I cannot do that.", "{", "[]", "{}", '{"x": 1}', "null", "<think>only</think>"]
)
def test_answer_without_a_sample_is_refused(text: str) -> None:
    with pytest.raises(AnswerFormatError):
        parse_answer(text)


def test_thinking_is_kept_apart() -> None:
    draft = parse_answer(f"<think>first</think>{PLAIN}", thinking="sent apart")

    assert draft.thinking == "sent apart\n\nfirst"
    assert split_thinking("no thinking") == ("no thinking", "")
    assert split_thinking("<think>open end") == ("", "open end")


def test_lists_objects_and_numbers_become_text() -> None:
    draft = parse_answer(
        json.dumps(
            {**FIELDS, "reasoning": ["Step 1: a", "Step 2: b"], "answer": {"ISSUE": "x", "RULE": 3}, "question": None}
        )
    )

    assert draft.reasoning == "Step 1: a\nStep 2: b"
    assert draft.answer == "ISSUE: x\nRULE: 3"
    assert draft.question == ""


@given(st.text(max_size=400))
def test_any_text_gives_a_draft_or_a_clear_refusal(text: str) -> None:
    with contextlib.suppress(AnswerFormatError):
        assert isinstance(parse_answer(text), Draft)


PLAIN_TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00<`"), max_size=60)


@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, PLAIN_TEXT)), st.text("abc .,:\n", max_size=30))
def test_what_is_written_as_json_is_read_back_whatever_stands_before_it(fields: dict[str, str], before: str) -> None:
    draft = parse_answer(before + json.dumps(fields))

    assert {name: getattr(draft, name) for name in FIELDS} == {name: value.strip() for name, value in fields.items()}
