"""What a model wrote becomes a draft, or is refused with a reason."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.drafts.draft import Draft
from services.drafts.parser import parse_answer, split_thinking
from utils.errors import AnswerFormatError, RefusedError

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
    "text", ["", "   ", "I have no idea.", "{", "[]", "{}", '{"x": 1}', "null", "<think>only</think>"]
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


PLAIN_TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="<`&"), max_size=60)


@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, PLAIN_TEXT)), st.text("abc .,:\n", max_size=30))
def test_what_is_written_as_json_is_read_back_whatever_stands_before_it(fields: dict[str, str], before: str) -> None:
    draft = parse_answer(before + json.dumps(fields))

    assert {name: getattr(draft, name) for name in FIELDS} == {name: value.strip() for name, value in fields.items()}


SAMPLE = {
    "question": "May § 3 bind a minor?",
    "answer": 'Yes, unless "necessary".',
    "case_citation": "Nash v Inman [1908] 2 KB 1",
    "reasoning": "Step 1: Rule.\nStep 2: Facts.",
}
TEXT = json.dumps(SAMPLE)
QUOTED = json.dumps(TEXT)
SCHEMA = json.dumps({"type": "object", "properties": {name: {"type": "string"} for name in SAMPLE}})
IN_SCHEMA = json.dumps(
    {"type": "object", "properties": {name: {"type": "string", "value": SAMPLE[name]} for name in SAMPLE}}
)
VALUES_IN_SCHEMA = json.dumps({"type": "object", "properties": SAMPLE, "required": list(SAMPLE)})
CALL = json.dumps({"id": "1", "type": "function", "function": {"name": "give", "arguments": TEXT}})
TITLED = json.dumps({name.replace("_", " ").title(): value for name, value in SAMPLE.items()})
KEBAB = json.dumps({name.replace("_", "-").upper(): value for name, value in SAMPLE.items()})
LABELLED = "\n\n".join(f"## {name.replace('_', ' ').title()}\n{value}" for name, value in SAMPLE.items())
TAGGED = "".join(f"<{name}>{value}</{name}>\n" for name, value in SAMPLE.items())
PARAMETERS = "".join(f"<parameter={name}>\n{value}\n</parameter>" for name, value in SAMPLE.items())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"\ufeff{TEXT}", id="byte-order-mark"),
        pytest.param(f'{{"name": "give", "arguments": {TEXT}}}', id="arguments"),
        pytest.param(f'{{"name": "give", "arguments": {QUOTED}}}', id="arguments-as-text"),
        pytest.param(f'<tool_call>\n{{"name": "give", "parameters": {TEXT}}}\n</tool_call>', id="tool-call"),
        pytest.param(f"<function=give>{TEXT}</function>", id="function"),
        pytest.param(f"[{CALL}]", id="calls-in-a-list"),
        pytest.param(json.dumps({"tool_calls": [json.loads(CALL)]}), id="tool-calls"),
        pytest.param(f'{{"data": {{"items": [{{"output": {QUOTED}}}]}}}}', id="nested"),
        pytest.param(QUOTED, id="in-a-string"),
        pytest.param(json.dumps(QUOTED), id="in-a-string-in-a-string"),
        pytest.param(QUOTED[1:-1], id="quotes-escaped"),
        pytest.param(f"{SCHEMA}\n{TEXT}", id="schema-first"),
        pytest.param(f"The schema:\n```json\n{SCHEMA}\n```\nThe sample:\n```json\n{TEXT}\n```", id="schema-in-a-fence"),
        pytest.param(IN_SCHEMA, id="values-beside-types"),
        pytest.param(VALUES_IN_SCHEMA, id="values-in-place-of-types"),
        pytest.param(f"{json.dumps(dict.fromkeys(SAMPLE, '...'))}\n{TEXT}", id="form-first"),
        pytest.param(
            "<|channel|>analysis<|message|>So {I} think<|end|><|start|>assistant"
            f"<|channel|>final<|message|>{TEXT}<|return|>",
            id="harmony",
        ),
        pytest.param(
            f"<|channel|>commentary to=functions.give <|constrain|>json<|message|>{TEXT}<|call|>", id="harmony-call"
        ),
        pytest.param(f"analysisI think so.assistantfinal{TEXT}", id="harmony-bare"),
        pytest.param(f"[THINK]Maybe {{so}}.[/THINK]{TEXT}", id="mistral-thinking"),
        pytest.param(f"◁think▷Maybe.◁/think▷{TEXT}", id="kimi-thinking"),
        pytest.param(f"<think>{TEXT}</think>", id="in-the-thinking"),
        pytest.param(
            f"<think>A draft: {json.dumps(dict.fromkeys(SAMPLE, 'draft'))}</think>{TEXT}", id="draft-in-thinking"
        ),
        pytest.param(TITLED, id="title-case"),
        pytest.param(KEBAB, id="kebab-case"),
        pytest.param(json.dumps([{"name": name, "value": value} for name, value in SAMPLE.items()]), id="pairs"),
        pytest.param(json.dumps([{name: value} for name, value in SAMPLE.items()]), id="piece-by-piece"),
        pytest.param(
            json.dumps(
                {"question": SAMPLE["question"], "response": {k: v for k, v in SAMPLE.items() if k != "question"}}
            ),
            id="on-two-levels",
        ),
        pytest.param(LABELLED, id="headings"),
        pytest.param(LABELLED.replace("## ", "**").replace("\nMay", ":** May"), id="bold"),
        pytest.param("\n".join(f"{name}: {value}" for name, value in SAMPLE.items()), id="lines"),
        pytest.param(TAGGED, id="tags"),
        pytest.param(f"<tool_call><function=give>{PARAMETERS}</function></tool_call>", id="parameters"),
        pytest.param(TEXT.replace("\\u00a7", "&sect;"), id="entity"),
        pytest.param(TEXT.replace("\\u00a7", "&amp;#xA7;"), id="entity-escaped-twice"),
        pytest.param(TEXT.replace("\\u00a7", "\\xa7"), id="escape-of-a-script"),
    ],
)
def test_sample_is_found_whatever_is_around_it(text: str) -> None:
    draft = parse_answer(text)

    assert {name: getattr(draft, name) for name in SAMPLE} == SAMPLE


def test_sample_in_the_thinking_is_taken_where_the_text_is_empty() -> None:
    draft = parse_answer("", thinking=f"I think so.\n{TEXT}")

    assert draft.question == SAMPLE["question"]


@pytest.mark.parametrize(
    "command",
    r"\frac{1}{2} \times \beta \textbf{a} \theta \nu \rho \alpha \nabla \neq \right) \text{a} \sum_{i} \(x\) \[y\]"
    r" \underline{a} \usepackage \tau \forall \bar{x} \rightarrow \notin \section{a} \$ \% \flat \bigcup".split(),
)
@pytest.mark.parametrize("written", ["as it is", "escaped", "in a string"])
def test_command_of_latex_stays_what_it_is(command: str, written: str) -> None:
    source = '{"question": "q", "answer": "Half: COMMAND of it", "case_citation": "c", "reasoning": "r\\nNext: r"}'
    text = source.replace("COMMAND", command.replace("\\", "\\\\") if written == "escaped" else command)

    draft = parse_answer(json.dumps(text) if written == "in a string" else text)

    assert draft.answer == f"Half: {command} of it"
    assert draft.reasoning == "r\nNext: r"


@pytest.mark.parametrize("word", ["Next", "nuclear", "note", "e.g. so", "i) so", "to", "the", "right", "rules"])
@pytest.mark.parametrize("sign", ["\n", "\t", "\r\n", "\n\n"])
def test_line_end_or_tab_before_a_word_stays_one(word: str, sign: str) -> None:
    draft = parse_answer(json.dumps({**SAMPLE, "answer": f"First{sign}{word} second"}))

    assert draft.answer == f"First{sign}{word} second"


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=80))
def test_no_control_character_gets_into_a_draft(text: str) -> None:
    draft = parse_answer(json.dumps({**SAMPLE, "answer": f"a{text}"}))

    assert not any((char < " " and char not in "\t\n\r") or "\x7f" <= char < "\xa0" for char in draft.answer)


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot provide legal advice on evading the police.",
        "Sorry, I am unable to generate this sample.",
        "<think>This is bad.</think>I won't assist with that request.",
    ],
)
def test_refusal_is_told_as_one_in_the_words_of_the_model(text: str) -> None:
    with pytest.raises(RefusedError, match=r"the model refused: (I|Sorry)"):
        parse_answer(text)
